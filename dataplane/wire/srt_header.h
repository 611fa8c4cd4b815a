// The 16 bytes in front of every SRT packet. draft-sharabayko-srt §3, §3.1, §3.2
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |0|                    Packet Sequence Number                   |   data packet
//  |P P|O|K K|R|                   Message Number                  |
//  |                           Timestamp                           |
//  |                  Destination SRT Socket ID                    |
//
//  |1|         Control Type        |            Subtype            |   control packet
//  |                   Type-specific Information                   |
//  |                           Timestamp                           |
//  |                  Destination SRT Socket ID                    |
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"

namespace fanlight::wire {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::uint32_t kControlBit = 0x8000'0000;
inline constexpr std::uint32_t kMessageNumberMask = 0x03FF'FFFF;
inline constexpr unsigned kKeyShift = 27;

enum class Boundary : std::uint8_t { kMiddle = 0, kLast = 1, kFirst = 2, kWhole = 3 };
enum class KeyFlag : std::uint8_t { kClear = 0, kEven = 1, kOdd = 2, kBoth = 3 };

struct DataHeader {
  SeqNo seq{};
  Boundary boundary = Boundary::kWhole;
  bool in_order = false;
  KeyFlag key = KeyFlag::kClear;
  bool retransmitted = false;
  std::uint32_t message = 1;  // 26 bits; 0 is reserved for packet-filter packets.
  WireTime time{};
  SocketId destination{};
  friend bool operator==(const DataHeader&, const DataHeader&) = default;
};

enum class ControlType : std::uint16_t {
  kHandshake = 0x0000,
  kKeepAlive = 0x0001,
  kAck = 0x0002,
  kNak = 0x0003,
  kCongestion = 0x0004,
  kShutdown = 0x0005,
  kAckAck = 0x0006,
  kDropRequest = 0x0007,
  kPeerError = 0x0008,
  kUser = 0x7FFF,
};

// Subtypes of kUser.
inline constexpr std::uint16_t kUserKeyRequest = 3;
inline constexpr std::uint16_t kUserKeyResponse = 4;

struct ControlHeader {
  ControlType type = ControlType::kKeepAlive;
  std::uint16_t subtype = 0;
  std::uint32_t info = 0;  // The type-specific word.
  WireTime time{};
  SocketId destination{};
  friend bool operator==(const ControlHeader&, const ControlHeader&) = default;
};

// True when the datagram is long enough for a header and its first bit says control.
[[nodiscard]] inline bool is_control(ByteSpan datagram) noexcept {
  const auto reader = FixedReader<kHeaderBytes>::over(datagram);
  return reader && (reader->u32<0>() & kControlBit) != 0;
}
// The word at +12, whatever the packet kind; empty when shorter than a header.
[[nodiscard]] inline std::optional<SocketId> peek_destination(ByteSpan datagram) noexcept {
  const auto reader = FixedReader<kHeaderBytes>::over(datagram);
  if (!reader) return std::nullopt;
  return SocketId{reader->u32<12>()};
}

[[nodiscard]] std::optional<DataHeader> parse_data_header(ByteSpan datagram) noexcept;
// Type may be one this enum does not name: unknown types are for the caller to ignore.
[[nodiscard]] inline std::optional<ControlHeader> parse_control_header(ByteSpan datagram) noexcept {
  constexpr std::uint32_t kTypeMask = 0x7FFF;
  const auto reader = FixedReader<kHeaderBytes>::over(datagram);
  if (!reader) return std::nullopt;
  const std::uint32_t first = reader->u32<0>();
  if (!(first & kControlBit)) return std::nullopt;
  return ControlHeader{.type = static_cast<ControlType>(first >> 16 & kTypeMask),
                       .subtype = static_cast<std::uint16_t>(first & 0xFFFF),
                       .info = reader->u32<4>(),
                       .time = {reader->u32<8>()},
                       .destination = SocketId{reader->u32<12>()}};
}

// The second word of a data header, of which the flags and the message number make the whole.
[[nodiscard]] std::uint32_t message_word(const DataHeader& header) noexcept;
void write_data_header(std::span<std::byte, kHeaderBytes> out, const DataHeader& header) noexcept;
void write_control_header(std::span<std::byte, kHeaderBytes> out, const ControlHeader& header) noexcept;

// A control packet without content: header and the 4 bytes of padding libsrt sends. Answers 20, or 0 when `out` is
// too small.
[[nodiscard]] std::size_t write_bare_control(MutableByteSpan out, const ControlHeader& header) noexcept;

}  // namespace fanlight::wire
