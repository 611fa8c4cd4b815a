#include "net/frame.h"

#include "net/arp.h"
#include "net/checksum.h"
#include "net/igmp.h"
#include "net/ip_header.h"
#include "net/mld.h"
#include "net/ndp.h"
#include "net/plain_datagram.h"
#include "net/unreachable.h"

namespace fanlight::net {
namespace {

constexpr std::uint8_t kIcmpv4EchoRequest = 8;
constexpr std::uint8_t kIcmpv6EchoRequest = 128;

Verdict name(FrameView& view, FrameKind kind, Verdict verdict) {
  view.kind = kind;
  return verdict;
}

std::uint64_t sum_with_pseudo(const IpHeader& ip, ByteSpan segment) {
  return pseudo_sum(ip.source, ip.destination, ip.protocol) + sum_of_field(static_cast<std::uint16_t>(segment.size())) +
         sum_of(segment);
}

// RFC 768; RFC 8200 §8.1: without a checksum in IPv4 only, where zero says that none was made.
bool has_good_udp_checksum(const Interface& interface, const IpHeader& ip, ByteSpan segment) {
  if (load_be16(segment.data() + 6) == 0) return ip.source.is_v4();
  return !interface.verify_udp_checksum || is_intact(sum_with_pseudo(ip, segment));
}

Verdict judge_udp(const Interface& interface, const IpHeader& ip, ByteSpan payload, FrameView& view) {
  const auto reader = FixedReader<kUdpBytes>::over(payload);
  if (!reader) return Verdict::kMalformed;
  const std::size_t length = reader->u16<4>();
  if (length < kUdpBytes || length > payload.size()) return Verdict::kMalformed;
  view.remote.port = reader->u16<0>();
  view.local.port = reader->u16<2>();
  if (view.remote.port == 0) return Verdict::kMalformed;  // RFC 768: wants no answer. Everything here is answered.
  if (!interface.has_udp_port(view.local.port)) return Verdict::kUnknownUdpPort;
  if (!has_good_udp_checksum(interface, ip, payload.first(length))) return Verdict::kBadChecksum;
  view.payload_offset += kUdpBytes;
  view.payload_size = length - kUdpBytes;
  return name(view, FrameKind::kUdp, Verdict::kAccepted);
}

// Of one of ours, to one host (RFC 1122 §3.2.2). The host may say so, and any router on the way.
Verdict judge_unreachable(const Interface& interface, const IpHeader& ip, ByteSpan message, FrameView& view) {
  const QuotedDatagram quoted = parse_quoted_datagram(message, ip.source.is_v4());
  if (quoted.verdict != Verdict::kUnreachable) return quoted.verdict;
  const IpAddress& to = quoted.destination.ip;
  const bool is_ours = quoted.source.ip == ip.destination && interface.is_own(quoted.source.ip) &&
                       interface.has_udp_port(quoted.source.port);
  const bool is_to_a_host =
      quoted.destination.port != 0 && to.is_v4() == ip.source.is_v4() && interface.is_possible_peer(to);
  if (!is_ours || !is_to_a_host) return Verdict::kIcmpOther;
  view.remote = quoted.destination;
  view.local = quoted.source;
  view.payload_offset += quoted.payload_offset;
  view.payload_size = quoted.payload_size;
  return name(view, FrameKind::kUnreachable, Verdict::kUnreachable);
}

Verdict judge_icmpv4(const Interface& interface, const IpHeader& ip, ByteSpan payload, FrameView& view) {
  const auto reader = FixedReader<kIcmpEchoBytes>::over(payload);
  if (!reader) return Verdict::kMalformed;
  if (!is_intact(sum_of(payload))) return Verdict::kBadChecksum;
  if (says_unreachable(payload, true)) return judge_unreachable(interface, ip, payload, view);
  if (reader->u8<0>() != kIcmpv4EchoRequest || reader->u8<1>() != 0) return Verdict::kIcmpOther;
  return name(view, FrameKind::kEcho, Verdict::kIcmpEcho);
}

// RFC 4861 §7.1.1, §7.1.2
bool is_valid_ndp(const IpHeader& ip, const NdpMessage& message) {
  if (ip.hop_limit != kHopLimitNdp) return false;
  if (message.is_solicited && is_multicast(ip.destination)) return false;
  if (ip.source != IpAddress{}) return true;
  return message.is_solicitation && ip.destination == solicited_node_of(message.target) && !message.link_address;
}

Verdict judge_ndp(const IpHeader& ip, ByteSpan payload, FrameView& view) {
  const std::optional<NdpMessage> message = parse_ndp(payload);
  if (!message || !is_valid_ndp(ip, *message)) return Verdict::kMalformed;
  return name(view, FrameKind::kNdp, Verdict::kNdp);
}

// RFC 3376 §4: never from further away than this link.
Verdict judge_igmp(const IpHeader& ip, ByteSpan payload, FrameView& view) {
  if (payload.size() < kIgmpBytesMin || ip.hop_limit != kHopLimitGroup) return Verdict::kMalformed;
  if (!is_intact(sum_of(payload))) return Verdict::kBadChecksum;
  return name(view, FrameKind::kGroups, Verdict::kIgmp);
}

// RFC 3810 §5, §6.2: from this link, and where routers look at it.
Verdict judge_mld(const IpHeader& ip, FrameView& view) {
  if (ip.hop_limit != kHopLimitGroup || !is_link_local(ip.source) || !ip.has_router_alert) return Verdict::kMalformed;
  return name(view, FrameKind::kGroups, Verdict::kMld);
}

Verdict judge_icmpv6(const Interface& interface, const IpHeader& ip, ByteSpan payload, FrameView& view) {
  const auto reader = FixedReader<kIcmpEchoBytes>::over(payload);
  if (!reader) return Verdict::kMalformed;
  if (!is_intact(sum_with_pseudo(ip, payload))) return Verdict::kBadChecksum;
  const std::uint8_t type = reader->u8<0>();
  if (is_mld(type)) return judge_mld(ip, view);
  if (type == kIcmpv6Solicitation || type == kIcmpv6Advertisement) return judge_ndp(ip, payload, view);
  if (ip.source == IpAddress{}) return Verdict::kBadIpHeader;
  if (says_unreachable(payload, false)) return judge_unreachable(interface, ip, payload, view);
  const bool is_echo = type == kIcmpv6EchoRequest && reader->u8<1>() == 0 && !is_multicast(ip.destination);
  return is_echo ? name(view, FrameKind::kEcho, Verdict::kIcmpEcho) : Verdict::kIcmpOther;
}

// The unspecified address may ask whether an address is taken (RFC 4862 §5.4.2), and, from a switch that has none, who
// is in which group (RFC 4541 §2.1.1).
bool is_good_source(const Interface& interface, const IpHeader& ip) {
  if (ip.protocol == kProtocolIcmpv6 && ip.source == IpAddress{}) return true;
  if (ip.protocol == kProtocolIgmp && ip.source == IpAddress::v4(0, 0, 0, 0)) return true;
  return interface.is_possible_peer(ip.source);
}

// A unicast packet must come in a unicast frame (RFC 1122 §3.3.6).
bool is_for_us(const Interface& interface, const MacAddress& mac, const IpHeader& ip) {
  if (interface.is_own(ip.destination)) return mac == interface.mac;
  if (interface.has_joined(ip.destination)) return mac == group_mac_of(ip.destination);
  return interface.is_own_group(ip.destination);
}

Verdict judge_payload(const Interface& interface, const IpHeader& ip, ByteSpan payload, FrameView& view) {
  const bool is_v4 = ip.source.is_v4();
  if (!is_v4 && ip.protocol == kProtocolIcmpv6) return judge_icmpv6(interface, ip, payload, view);
  if (is_v4 && ip.protocol == kProtocolIgmp) return judge_igmp(ip, payload, view);
  // Our own groups are for questions alone.
  const bool is_datagram = ip.protocol == kProtocolUdp;
  if (is_multicast(ip.destination) && !(is_datagram && interface.has_joined(ip.destination))) return Verdict::kNotForUs;
  if (is_v4 && ip.protocol == kProtocolIcmp) return judge_icmpv4(interface, ip, payload, view);
  return is_datagram ? judge_udp(interface, ip, payload, view) : Verdict::kUnknownProtocol;
}

Verdict judge_ip(const Interface& interface, const MacAddress& mac, ByteSpan packet, const IpHeader& ip,
                 FrameView& view) {
  if (ip.verdict != Verdict::kAccepted) return ip.verdict;
  view.remote.ip = ip.source;
  view.local.ip = ip.destination;
  view.payload_offset = kEthernetBytes + ip.payload_offset;
  view.payload_size = ip.payload_size;
  if (!is_for_us(interface, mac, ip)) return Verdict::kNotForUs;
  if (!is_good_source(interface, ip)) return Verdict::kBadIpHeader;
  if (ip.is_fragment) return Verdict::kFragment;
  return judge_payload(interface, ip, packet.subspan(ip.payload_offset, ip.payload_size), view);
}

// An IPv4-mapped address on the wire would be taken for the IPv4 host of that address.
Verdict judge_ipv6(const Interface& interface, const MacAddress& mac, ByteSpan packet, FrameView& view) {
  const IpHeader ip = parse_ipv6(packet);
  if (ip.verdict == Verdict::kAccepted && (ip.source.is_v4() || ip.destination.is_v4())) return Verdict::kBadIpHeader;
  return judge_ip(interface, mac, packet, ip, view);
}

Verdict judge_arp(ByteSpan packet, FrameView& view) {
  const std::optional<ArpPacket> arp = parse_arp(packet);
  if (!arp) return Verdict::kMalformed;
  view.remote.ip = arp->sender;
  view.local.ip = arp->target;
  view.payload_offset = kEthernetBytes;
  view.payload_size = kArpBytes;
  return name(view, FrameKind::kArp, Verdict::kArp);
}

Verdict judge_packet(const Interface& interface, const EthernetHeader& head, ByteSpan packet, FrameView& view) {
  switch (head.type) {
    case kEtherTypeArp:
      return judge_arp(packet, view);
    case kEtherTypeIpv4:
      return judge_ip(interface, head.destination, packet, parse_ipv4(packet, interface.verify_ip_checksum), view);
    case kEtherTypeIpv6:
      return judge_ipv6(interface, head.destination, packet, view);
    default:
      return Verdict::kUnknownEtherType;
  }
}

}  // namespace

FrameView judge_frame(const Interface& interface, ByteSpan frame) noexcept {
  FrameView view;
  return judge_plain_datagram(interface, frame, view) ? view : judge_frame_at_length(interface, frame);
}

FrameView judge_frame_at_length(const Interface& interface, ByteSpan frame) noexcept {
  FrameView view;
  const std::optional<EthernetHeader> head = parse_ethernet(frame);
  if (!head || is_group(head->source)) return view;
  view.source_mac = head->source;
  view.verdict = interface.listens_to(head->destination)
                     ? judge_packet(interface, *head, frame.subspan(kEthernetBytes), view)
                     : Verdict::kNotForUs;
  return view;
}

}  // namespace fanlight::net
