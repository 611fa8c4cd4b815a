// Why a CONCLUSION is turned down, as it travels in the request type. srt-wire §2.4
#pragma once

#include <cstdint>
#include <string_view>

namespace fanlight::wire {

enum class Reject : std::int32_t {
  kUnknown = 1000,
  kSystem = 1001,
  kPeer = 1002,
  kResource = 1003,
  kRogue = 1004,
  kBacklog = 1005,
  kInternal = 1006,
  kClosing = 1007,
  kVersion = 1008,
  kBadSecret = 1010,
  kUnsecure = 1011,
  kMessageApi = 1012,
  kCongestion = 1013,
  kFilter = 1014,
  kGroup = 1015,
  kTimeout = 1016,  // Never said by a peer: nobody answered.
  kCrypto = 1017,
  kBadRequest = 2400,
  kUnauthorized = 2401,
  kOverload = 2402,
  kForbidden = 2403,
  kNotFound = 2404,
  kBadMode = 2405,
  kUnacceptable = 2406,
  kConflict = 2409,
  kUnsupportedMedia = 2415,  // What the stream carries does not go over SRT.
  kLocked = 2423,
  kServer = 2500,
  kUnimplemented = 2501,
  kGateway = 2502,
  kDown = 2503,
  kNoRoom = 2507,
};

// A few words for people: "stream not found".
[[nodiscard]] std::string_view describe(Reject reason) noexcept;

}  // namespace fanlight::wire
