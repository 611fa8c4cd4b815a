// Key material (KM) message. draft §3.2.2, srt-wire §4.2. Travels as plain bytes, never word-swapped.
//
//  +0 0x12 | +1 0x2029 "HAI" | +3 KF (2 bits) | +4 KEKI | +8 cipher | +9 auth | +10 SE | +14 salt/4 | +15 SEK/4
//  +16 salt, 16 bytes | +32 wrapped key(s): keys × length + 8; with both keys the even one comes first
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "wire/srt_header.h"

namespace fanlight::wire {

inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kKeyMessageBytesMax = 104;

using Salt = std::array<std::byte, kSaltBytes>;

enum class Cipher : std::uint8_t { kAesCtr = 2, kAesGcm = 4 };

struct KeyMessage {
  KeyFlag keys = KeyFlag::kEven;  // kEven, kOdd or kBoth.
  Cipher cipher = Cipher::kAesCtr;
  std::size_t key_bytes = 16;  // 16, 24 or 32.
  Salt salt{};
  ByteSpan wrapped{};  // View into the parsed bytes.
};

// Empty unless version, type, sign, SE, KF, cipher/auth pair and all lengths are as they must be, to the byte.
// A GCM message parses: refusing it is policy.
[[nodiscard]] std::optional<KeyMessage> parse_key_message(ByteSpan content) noexcept;
// Answers the size in bytes, 0 when `out` is too small.
[[nodiscard]] std::size_t write_key_message(MutableByteSpan out, const KeyMessage& message) noexcept;

// State word of a failed KMRSP; travels little-endian (srt-wire §1.4).
enum class KeyState : std::uint8_t {
  kUnsecured = 0,
  kSecuring = 1,
  kSecured = 2,
  kNoSecret = 3,
  kBadSecret = 4,
  kBadCrypto = 5
};

// A 0x7FFF packet carrying a key message (kUserKeyRequest or kUserKeyResponse).
[[nodiscard]] std::size_t write_key_packet(MutableByteSpan out, std::uint16_t subtype, ByteSpan message, WireTime time,
                                           SocketId destination) noexcept;

}  // namespace fanlight::wire
