#include "net/answers.h"

#include "net/arp.h"
#include "net/checksum.h"
#include "net/ip_header.h"
#include "net/ndp.h"

namespace fanlight::net {
namespace {

constexpr std::uint8_t kIcmpv4EchoReply = 0;
constexpr std::uint8_t kIcmpv6EchoReply = 129;

std::size_t answer_arp(const Interface& interface, ByteSpan packet, MutableByteSpan out) {
  const std::optional<ArpPacket> arp = parse_arp(packet);
  if (!arp || !arp->is_request || !interface.is_own(arp->target) || interface.is_own(arp->sender)) return 0;
  return write_arp_frame(out, arp->sender_mac,
                         {.is_request = false,
                          .sender_mac = interface.mac,
                          .sender = arp->target,
                          .target_mac = arp->sender_mac,
                          .target = arp->sender});
}

NdpMessage advertisement(const Interface& interface, const IpAddress& own, bool is_solicited) {
  return {.is_solicitation = false,
          .is_solicited = is_solicited,
          .is_override = true,
          .target = own,
          .link_address = interface.mac};
}

// To everybody: the answer to an address probe, and the announcement.
std::size_t advertise_to_all(const Interface& interface, const IpAddress& own, MutableByteSpan out) {
  return write_ndp_frame(out, {interface.mac, group_mac_of(kAllNodes), own, kAllNodes},
                         advertisement(interface, own, false));
}

std::size_t answer_ndp(const Interface& interface, ByteSpan message, const FrameView& view, MutableByteSpan out) {
  const std::optional<NdpMessage> asked = parse_ndp(message);
  if (!asked || !asked->is_solicitation || !interface.is_own(asked->target)) return 0;
  if (view.remote.ip == IpAddress{}) return advertise_to_all(interface, asked->target, out);
  const MacAddress asker = asked->link_address.value_or(view.source_mac);
  return write_ndp_frame(out, {interface.mac, asker, asked->target, view.remote.ip},
                         advertisement(interface, asked->target, true));
}

// The request's own bytes but for type and checksum (RFC 792, RFC 4443 §4.2).
std::size_t answer_echo(const Interface& interface, ByteSpan message, const FrameView& view, MutableByteSpan out) {
  const bool is_v4 = view.remote.ip.is_v4();
  const std::size_t offset = kEthernetBytes + (is_v4 ? kIpv4Bytes : kIpv6Bytes);
  if (message.size() < kIcmpEchoBytes || offset + message.size() > kFrameBytesMax) return 0;
  const auto size = static_cast<std::uint16_t>(message.size());
  const IpRoute route{view.local.ip, view.remote.ip, is_v4 ? kProtocolIcmp : kProtocolIcmpv6};

  ByteWriter writer{out};
  write_ethernet(writer, {view.source_mac, interface.mac, is_v4 ? kEtherTypeIpv4 : kEtherTypeIpv6});
  write_ip_header(writer, route, size);
  writer.u8(is_v4 ? kIcmpv4EchoReply : kIcmpv6EchoReply);
  writer.u8(0);
  writer.u16(0);
  writer.bytes(message.subspan(4));
  if (writer.written() == 0) return 0;

  std::uint64_t sum = sum_of(out.subspan(offset, size));
  if (!is_v4) sum += pseudo_sum(route.source, route.destination, route.protocol) + sum_of_field(size);
  store_be16(out.data() + offset + 2, checksum_of(sum));
  return writer.written();
}

}  // namespace

std::size_t write_answer(const Interface& interface, ByteSpan frame, const FrameView& view,
                         MutableByteSpan out) noexcept {
  if (!is_station(view.source_mac) || view.source_mac == interface.mac) return 0;
  switch (view.kind) {
    case FrameKind::kArp:
      return answer_arp(interface, view.payload_of(frame), out);
    case FrameKind::kNdp:
      return answer_ndp(interface, view.payload_of(frame), view, out);
    case FrameKind::kEcho:
      return answer_echo(interface, view.payload_of(frame), view, out);
    case FrameKind::kUdp:
    case FrameKind::kGroups:
    case FrameKind::kUnreachable:
    case FrameKind::kOther:
      return 0;
  }
  return 0;
}

std::size_t write_announcement(const Interface& interface, const IpAddress& own, MutableByteSpan out) noexcept {
  if (!interface.is_own(own)) return 0;
  if (!own.is_v4()) return advertise_to_all(interface, own, out);
  return write_arp_frame(out, kMacBroadcast, {.sender_mac = interface.mac, .sender = own, .target = own});
}

}  // namespace fanlight::net
