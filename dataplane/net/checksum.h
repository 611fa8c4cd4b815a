// The Internet checksum (RFC 1071) and what UDP and ICMPv6 put in front of it.
//
// A partial sum is a std::uint64_t: 16-bit words as they lie in memory, carries not yet folded. Partial sums add freely
// (thousands of them before 64 bits are full), and byte order does not matter until a number is stored (§2(B)).
#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/ip.h"

namespace fanlight::net {

// Partial sum of the bytes; an odd last byte counts as if a zero byte followed.
[[nodiscard]] std::uint64_t sum_of(ByteSpan bytes) noexcept;

// What a 16-bit field holding `value` adds to a partial sum.
constexpr std::uint64_t sum_of_field(std::uint16_t value) { return __builtin_bswap16(value); }

// Sixteen bits, still in memory order. Zero only when everything summed was zero.
constexpr std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xFFFF) + (sum >> 16));
}

// The number for the checksum field, ready for store_be16().
constexpr std::uint16_t checksum_of(std::uint64_t sum) {
  return __builtin_bswap16(static_cast<std::uint16_t>(~fold(sum)));
}

// True when the sum includes a checksum field and that field is right.
constexpr bool is_intact(std::uint64_t sum) { return fold(sum) == 0xFFFF; }

// Both addresses and the protocol: the part of a pseudo header (RFC 768, RFC 8200 §8.1) that a session never changes.
[[nodiscard]] std::uint64_t pseudo_sum(const IpAddress& source, const IpAddress& destination,
                                       std::uint8_t protocol) noexcept;

// The sum of a payload that may lie in several segments. Computed once per packet; each viewer adds its header's.
class PayloadSum {
 public:
  PayloadSum() = default;
  explicit PayloadSum(ByteSpan bytes) { append(bytes); }

  // After an odd number of bytes the next segment's words straddle: its sum counts byte-swapped (RFC 1071 §2(B)).
  void append(ByteSpan bytes) { append(PayloadSum{sum_of(bytes), (bytes.size() & 1) != 0}); }
  void append(PayloadSum next) {
    words_ += is_odd_ ? __builtin_bswap16(fold(next.words_)) : next.words_;
    is_odd_ ^= next.is_odd_;
  }
  friend PayloadSum operator+(PayloadSum front, PayloadSum back) {
    front.append(back);
    return front;
  }
  // Of a payload whose sum was folded before; its odd last byte, if any, is the datagram's last.
  static PayloadSum of_folded(std::uint16_t sum) { return {sum, false}; }
  // Of 16 bytes, for the loop that stamps a header per packet.
  static PayloadSum of_16_bytes(const std::byte* at) {
    std::uint64_t words[2];
    std::memcpy(words, at, sizeof words);
    return {(words[0] & 0xFFFF'FFFF) + (words[0] >> 32) + (words[1] & 0xFFFF'FFFF) + (words[1] >> 32), false};
  }
  [[nodiscard]] std::uint64_t partial() const { return words_; }

 private:
  PayloadSum(std::uint64_t words, bool is_odd) : words_(words), is_odd_(is_odd) {}
  std::uint64_t words_ = 0;
  bool is_odd_ = false;
};

}  // namespace fanlight::net
