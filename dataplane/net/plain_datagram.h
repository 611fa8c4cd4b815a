// The frame that comes a million times a second, judged in one go: a UDP datagram over IPv4 without options, whole,
// from a host to our address. Whatever is not that, or has anything wrong with it, goes the long way (net/frame.cc),
// which finds the same and can say why.
#pragma once

#include <cstring>

#include "net/checksum.h"
#include "net/frame.h"
#include "net/ip_header.h"

namespace fanlight::net {
namespace detail {

inline std::uint64_t words_of_8(const std::byte* at) {
  std::uint64_t words;
  std::memcpy(&words, at, sizeof words);
  return (words & 0xFFFF'FFFF) + (words >> 32);
}

// As Interface::is_possible_peer(), of an address in host order.
inline bool is_possible_host(const Interface& interface, std::uint32_t host, std::uint32_t own) {
  const std::uint32_t first = host >> 24;
  if (first == 0 || first == 127 || first >= 224 || host == own) return false;
  if (interface.ipv4_prefix >= 31) return true;
  const auto host_bits = static_cast<std::uint32_t>(std::uint64_t{0xFFFF'FFFF} >> interface.ipv4_prefix);
  return ((host ^ own) & ~host_bits) != 0 || (host & host_bits) != host_bits;
}

}  // namespace detail

// True when the frame is such a datagram; `view` then says what judge_frame() would.
[[nodiscard]] inline bool judge_plain_datagram(const Interface& interface, ByteSpan frame, FrameView& view) noexcept {
  constexpr std::size_t kUdpAt = kEthernetBytes + kIpv4Bytes;
  constexpr std::uint16_t kFragmentMask = 0x3FFF;
  if (frame.size() < kUdpAt + kUdpBytes) return false;
  const std::byte* const at = frame.data();
  const std::byte* const ip = at + kEthernetBytes;
  const std::byte* const udp = at + kUdpAt;
  const std::size_t total = load_be16(ip + 2);
  const std::size_t length = load_be16(udp + 4);
  const bool is_plain = std::memcmp(at, interface.mac.data(), kMacBytes) == 0 &&
                        (at[kMacBytes] & std::byte{1}) == std::byte{0} &&
                        load_be16(at + 2 * kMacBytes) == kEtherTypeIpv4 && ip[0] == std::byte{0x45} &&
                        ip[9] == std::byte{kProtocolUdp} && (load_be16(ip + 6) & kFragmentMask) == 0;
  if (!is_plain || total > frame.size() - kEthernetBytes || length < kUdpBytes || kIpv4Bytes + length > total)
    return false;

  const std::uint32_t own = load_be32(std::as_bytes(std::span{interface.ipv4.bytes}).data() + 12);
  const std::uint16_t port = load_be16(udp + 2);
  if (!interface.has_ipv4() || load_be32(ip + 16) != own || load_be16(udp) == 0 || !interface.has_udp_port(port) ||
      !detail::is_possible_host(interface, load_be32(ip + 12), own))
    return false;

  const std::uint64_t addresses = detail::words_of_8(ip + 12);
  std::uint32_t last_of_head;
  std::memcpy(&last_of_head, ip + 8, sizeof last_of_head);
  if (interface.verify_ip_checksum && !is_intact(detail::words_of_8(ip) + last_of_head + addresses)) return false;
  if (interface.verify_udp_checksum && load_be16(udp + 6) != 0 &&
      !is_intact(addresses + sum_of_field(kProtocolUdp) + sum_of_field(static_cast<std::uint16_t>(length)) +
                 sum_of({udp, length})))
    return false;

  view.verdict = Verdict::kAccepted;
  view.kind = FrameKind::kUdp;
  view.source_mac = load_mac(at + kMacBytes);
  view.remote = {load_ipv4(ip + 12), load_be16(udp)};
  view.local = {interface.ipv4, port};
  view.payload_offset = kUdpAt + kUdpBytes;
  view.payload_size = length - kUdpBytes;
  return true;
}

}  // namespace fanlight::net
