// IP and UDP headers of one session, built once and stamped per packet.
//
// A head is plain bytes, so that it can lie in an envelope: 28 for IPv4, 48 for IPv6, complete but for what changes
// with the payload. Until then the checksum fields hold what never changes of their sums, in memory order:
//   IPv4 checksum: the header's sum with total length 0.   UDP checksum: both addresses and the protocol.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/ip.h"
#include "net/checksum.h"
#include "net/ip_header.h"

namespace fanlight::net {

inline constexpr std::size_t kUdpHeadBytesV4 = kIpv4Bytes + kUdpBytes;
inline constexpr std::size_t kUdpHeadBytesV6 = kIpv6Bytes + kUdpBytes;

struct UdpHead {
  std::array<std::byte, kUdpHeadBytesV6> bytes{};
  std::uint8_t size = 0;
  [[nodiscard]] ByteSpan view() const { return {bytes.data(), size}; }
};

enum class ChecksumMode : std::uint8_t {
  kSoftware,  // The whole UDP checksum, from the payload's sum.
  kDevice,    // The pseudo header's sum alone, not complemented: the device adds header and payload.
};

// Both addresses must be of one family.
[[nodiscard]] UdpHead make_udp_head(const Endpoint& local, const Endpoint& remote,
                                    std::uint8_t hop_limit = kHopLimit) noexcept;

namespace detail {

inline std::uint64_t load_sum(const std::byte* p) {
  std::uint16_t sum;
  std::memcpy(&sum, p, sizeof sum);
  return sum;
}

// RFC 768: a sum of zero is sent as all ones, for zero means none.
inline std::uint16_t udp_checksum(std::uint64_t sum) {
  const std::uint16_t checksum = checksum_of(sum);
  return checksum == 0 ? 0xFFFF : checksum;
}

inline void stamp_udp(std::byte* udp, std::uint16_t length, PayloadSum payload, ChecksumMode mode) {
  const std::uint64_t pseudo = load_sum(udp + 6) + sum_of_field(length);
  store_be16(udp + 4, length);
  if (mode == ChecksumMode::kDevice) {
    store_be16(udp + 6, __builtin_bswap16(fold(pseudo)));
    return;
  }
  std::uint32_t ports;
  std::memcpy(&ports, udp, sizeof ports);
  store_be16(udp + 6, udp_checksum(pseudo + ports + sum_of_field(length) + payload.partial()));
}

}  // namespace detail

// Copies `head` to the front of `out` and stamps it for a payload of `payload_bytes` whose sum is `payload` (unread in
// kDevice mode). Answers the bytes written, 0 when they do not fit or the datagram would be too long for its family.
[[nodiscard]] inline std::size_t write_udp_head(MutableByteSpan out, ByteSpan head, std::uint16_t payload_bytes,
                                                PayloadSum payload, ChecksumMode mode) noexcept {
  if (out.size() < head.size()) return 0;
  std::byte* at = out.data();
  if (head.size() == kUdpHeadBytesV4) {
    if (payload_bytes > 0xFFFF - kUdpHeadBytesV4) return 0;
    std::memcpy(at, head.data(), kUdpHeadBytesV4);
    const auto total = static_cast<std::uint16_t>(kUdpHeadBytesV4 + payload_bytes);
    store_be16(at + 2, total);
    store_be16(at + 10, checksum_of(detail::load_sum(at + 10) + sum_of_field(total)));
  } else {
    if (head.size() != kUdpHeadBytesV6 || payload_bytes > 0xFFFF - kUdpBytes) return 0;
    std::memcpy(at, head.data(), kUdpHeadBytesV6);
    store_be16(at + 4, static_cast<std::uint16_t>(kUdpBytes + payload_bytes));
  }
  detail::stamp_udp(at + head.size() - kUdpBytes, static_cast<std::uint16_t>(kUdpBytes + payload_bytes), payload, mode);
  return head.size();
}

[[nodiscard]] inline std::size_t write_udp_head(MutableByteSpan out, const UdpHead& head, std::uint16_t payload_bytes,
                                                PayloadSum payload, ChecksumMode mode) noexcept {
  return write_udp_head(out, head.view(), payload_bytes, payload, mode);
}

}  // namespace fanlight::net
