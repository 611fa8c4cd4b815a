#include "net/unreachable.h"

#include <algorithm>

#include "net/ip_header.h"

namespace fanlight::net {
namespace {

constexpr std::size_t kIcmpHeadBytes = 8;
constexpr std::uint8_t kUnreachableV4 = 3;
constexpr std::uint8_t kTooLongV4 = 4;
constexpr std::uint8_t kCodeMaxV4 = 15;  // RFC 1812 §5.2.7.1
constexpr std::uint8_t kUnreachableV6 = 1;
constexpr std::uint16_t kFragmentMask = 0x3FFF;

// `said`: the datagram's bytes behind its IP header, by that header's own length.
QuotedDatagram parse_udp(ByteSpan message, std::size_t at, std::size_t said, QuotedDatagram quoted) {
  const ByteSpan datagram = message.subspan(at);
  const auto reader = FixedReader<kUdpBytes>::over(datagram);
  if (!reader) return {};
  const std::size_t length = reader->u16<4>();
  if (length < kUdpBytes || said < kUdpBytes) return {};
  quoted.verdict = Verdict::kUnreachable;
  quoted.source.port = reader->u16<0>();
  quoted.destination.port = reader->u16<2>();
  quoted.payload_offset = at + kUdpBytes;
  quoted.payload_size = std::min({datagram.size(), length, said}) - kUdpBytes;
  return quoted;
}

QuotedDatagram parse_v4(ByteSpan message) {
  const ByteSpan packet = message.subspan(kIcmpHeadBytes);
  const auto reader = FixedReader<kIpv4Bytes>::over(packet);
  if (!reader) return {};
  const std::size_t header_bytes = (reader->u8<0>() & 0x0Fu) * 4;
  const std::size_t total = reader->u16<2>();
  if (reader->u8<0>() >> 4 != 4 || header_bytes < kIpv4Bytes || header_bytes > packet.size() || total < header_bytes)
    return {};
  if (reader->u8<9>() != kProtocolUdp || (reader->u16<6>() & kFragmentMask) != 0)
    return {.verdict = Verdict::kIcmpOther};
  return parse_udp(message, kIcmpHeadBytes + header_bytes, total - header_bytes,
                   {.source = {load_ipv4(packet.data() + 12)}, .destination = {load_ipv4(packet.data() + 16)}});
}

QuotedDatagram parse_v6(ByteSpan message) {
  const ByteSpan packet = message.subspan(kIcmpHeadBytes);
  const auto reader = FixedReader<kIpv6Bytes>::over(packet);
  if (!reader || reader->u8<0>() >> 4 != 6) return {};
  if (reader->u8<6>() != kProtocolUdp) return {.verdict = Verdict::kIcmpOther};
  return parse_udp(message, kIcmpHeadBytes + kIpv6Bytes, reader->u16<4>(),
                   {.source = {load_ipv6(packet.data() + 8)}, .destination = {load_ipv6(packet.data() + 24)}});
}

}  // namespace

bool says_unreachable(ByteSpan message, bool is_v4) noexcept {
  const auto reader = FixedReader<kIcmpHeadBytes>::over(message);
  if (!reader) return false;
  const std::uint8_t code = reader->u8<1>();
  if (!is_v4) return reader->u8<0>() == kUnreachableV6;
  return reader->u8<0>() == kUnreachableV4 && code != kTooLongV4 && code <= kCodeMaxV4;
}

QuotedDatagram parse_quoted_datagram(ByteSpan message, bool is_v4) noexcept {
  if (message.size() < kIcmpHeadBytes) return {};
  return is_v4 ? parse_v4(message) : parse_v6(message);
}

}  // namespace fanlight::net
