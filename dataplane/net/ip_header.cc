#include "net/ip_header.h"

#include <array>

#include "net/checksum.h"

namespace fanlight::net {
namespace {

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kFragmentMask = 0x3FFF;  // More fragments, and the offset.

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr int kExtensionHeadersMax = 8;

// Whether one of a Hop-by-Hop header's options is RFC 2711's. RFC 8200 §4.2
bool has_router_alert(ByteSpan options) {
  constexpr std::byte kPadOne{0};
  constexpr std::byte kRouterAlert{5};
  while (options.size() >= 2) {
    if (options[0] == kPadOne) {
      options = options.subspan(1);
      continue;
    }
    const std::size_t size = 2 + static_cast<std::size_t>(options[1]);
    if (size > options.size()) return false;
    if (options[0] == kRouterAlert && size == 4) return true;
    options = options.subspan(size);
  }
  return false;
}

// Steps over extension headers until something that is not one. False when one of them does not fit.
bool skip_extensions(ByteSpan packet, IpHeader& ip) {
  for (int i = 0; i < kExtensionHeadersMax; ++i) {
    if (ip.protocol == kFragmentHeader) {
      ip.is_fragment = true;
      return true;
    }
    if (ip.protocol != kHopByHop && ip.protocol != kDestinationOptions) return true;
    if (ip.protocol == kHopByHop && i != 0) return false;  // RFC 8200 §4.1: first or not at all.
    if (ip.payload_size < 8) return false;
    const std::byte* at = packet.data() + ip.payload_offset;
    const std::size_t size = (static_cast<std::size_t>(at[1]) + 1) * 8;
    if (ip.payload_size < size) return false;
    if (ip.protocol == kHopByHop) ip.has_router_alert = has_router_alert({at + 2, size - 2});
    ip.protocol = static_cast<std::uint8_t>(at[0]);
    ip.payload_offset += size;
    ip.payload_size -= size;
  }
  return false;
}

void write_ipv4(ByteWriter& writer, const IpRoute& route, std::uint16_t payload_bytes) {
  std::array<std::byte, kIpv4Bytes> bytes{};
  ByteWriter header{bytes};
  header.u16(0x4500);
  header.u16(static_cast<std::uint16_t>(kIpv4Bytes + payload_bytes));
  header.u16(0);
  header.u16(kDontFragment);
  header.u8(route.hop_limit);
  header.u8(route.protocol);
  header.u16(0);
  write_ip(header, route.source);
  write_ip(header, route.destination);
  store_be16(bytes.data() + 10, checksum_of(sum_of(bytes)));
  writer.bytes(bytes);
}

void write_ipv6(ByteWriter& writer, const IpRoute& route, std::uint16_t payload_bytes) {
  writer.u32(0x6000'0000);
  writer.u16(payload_bytes);
  writer.u8(route.protocol);
  writer.u8(route.hop_limit);
  write_ip(writer, route.source);
  write_ip(writer, route.destination);
}

}  // namespace

IpHeader parse_ipv4(ByteSpan packet, bool verify_checksum) noexcept {
  const auto reader = FixedReader<kIpv4Bytes>::over(packet);
  if (!reader) return {};
  const std::size_t header_bytes = (reader->u8<0>() & 0x0Fu) * 4;
  const std::size_t total = reader->u16<2>();
  if (reader->u8<0>() >> 4 != 4 || header_bytes < kIpv4Bytes) return {.verdict = Verdict::kBadIpHeader};
  if (total < header_bytes || total > packet.size()) return {};
  if (verify_checksum && !is_intact(sum_of(packet.first(header_bytes)))) return {.verdict = Verdict::kBadChecksum};
  return {.verdict = Verdict::kAccepted,
          .source = load_ipv4(packet.data() + 12),
          .destination = load_ipv4(packet.data() + 16),
          .protocol = reader->u8<9>(),
          .hop_limit = reader->u8<8>(),
          .is_fragment = (reader->u16<6>() & kFragmentMask) != 0,
          .payload_offset = header_bytes,
          .payload_size = total - header_bytes};
}

IpHeader parse_ipv6(ByteSpan packet) noexcept {
  const auto reader = FixedReader<kIpv6Bytes>::over(packet);
  if (!reader) return {};
  if (reader->u8<0>() >> 4 != 6) return {.verdict = Verdict::kBadIpHeader};
  IpHeader ip{.verdict = Verdict::kAccepted,
              .source = load_ipv6(packet.data() + 8),
              .destination = load_ipv6(packet.data() + 24),
              .protocol = reader->u8<6>(),
              .hop_limit = reader->u8<7>(),
              .payload_offset = kIpv6Bytes,
              .payload_size = reader->u16<4>()};
  if (ip.payload_size > packet.size() - kIpv6Bytes || !skip_extensions(packet, ip)) return {};
  return ip;
}

void write_ip_header(ByteWriter& writer, const IpRoute& route, std::uint16_t payload_bytes) noexcept {
  route.source.is_v4() ? write_ipv4(writer, route, payload_bytes) : write_ipv6(writer, route, payload_bytes);
}

}  // namespace fanlight::net
