// IPv4 (RFC 791) and IPv6 (RFC 8200) headers: bytes to fields and back. Options and extension headers are stepped over,
// never obeyed; fragments are named, never put together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/verdict.h"

namespace fanlight::net {

inline constexpr std::size_t kIpv4Bytes = 20;
inline constexpr std::size_t kIpv6Bytes = 40;
inline constexpr std::size_t kUdpBytes = 8;
inline constexpr std::size_t kIcmpEchoBytes = 8;

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

inline constexpr std::uint8_t kHopLimit = 64;
inline constexpr std::uint8_t kHopLimitGroup = 1;  // RFC 1112 §6.1: who wants more, says so.
inline constexpr std::uint8_t kHopLimitNdp = 255;  // RFC 4861 §7.1: proves that no router passed it on.

inline IpAddress load_ipv4(const std::byte* p) {
  IpAddress ip = IpAddress::v4(0, 0, 0, 0);
  std::memcpy(ip.bytes.data() + 12, p, 4);
  return ip;
}
inline IpAddress load_ipv6(const std::byte* p) {
  IpAddress ip;
  std::memcpy(ip.bytes.data(), p, 16);
  return ip;
}
// Four bytes of an IPv4 address, sixteen of an IPv6 address.
inline void write_ip(ByteWriter& writer, const IpAddress& ip) {
  writer.bytes(std::as_bytes(std::span{ip.bytes}).subspan(ip.is_v4() ? 12 : 0));
}

struct IpHeader {
  Verdict verdict = Verdict::kMalformed;  // kAccepted: the fields below stand, and the payload lies in the packet.
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;
  bool is_fragment = false;
  bool has_router_alert = false;   // IPv6: RFC 2711's option.
  std::size_t payload_offset = 0;  // From the IP header's first byte.
  std::size_t payload_size = 0;    // By the header's own lengths: Ethernet padding is not payload.
};

[[nodiscard]] IpHeader parse_ipv4(ByteSpan packet, bool verify_checksum) noexcept;
[[nodiscard]] IpHeader parse_ipv6(ByteSpan packet) noexcept;

// What write_ip_header() is told. Both addresses are of one family, which decides the header.
struct IpRoute {
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = kHopLimit;
};

// Twenty or forty bytes, IPv4 with DF set, identification 0 (RFC 6864 §4.1) and its checksum.
void write_ip_header(ByteWriter& writer, const IpRoute& route, std::uint16_t payload_bytes) noexcept;

}  // namespace fanlight::net
