#include "net/arp.h"

#include "net/ip_header.h"

namespace fanlight::net {
namespace {

constexpr std::uint32_t kEthernetAndIpv4 = 0x0001'0800;
constexpr std::uint16_t kSizes = 0x0604;
constexpr std::uint16_t kRequest = 1;
constexpr std::uint16_t kReply = 2;

// Groups and class E, which ends in 255.255.255.255, have no MAC address of their own.
bool is_plausible_sender(const IpAddress& ip) { return ip.bytes[12] < 224; }

}  // namespace

std::optional<ArpPacket> parse_arp(ByteSpan packet) noexcept {
  const auto reader = FixedReader<kArpBytes>::over(packet);
  if (!reader || reader->u32<0>() != kEthernetAndIpv4 || reader->u16<4>() != kSizes) return std::nullopt;
  const std::uint16_t operation = reader->u16<6>();
  if (operation != kRequest && operation != kReply) return std::nullopt;
  const ArpPacket arp{.is_request = operation == kRequest,
                      .sender_mac = load_mac(packet.data() + 8),
                      .sender = load_ipv4(packet.data() + 14),
                      .target_mac = load_mac(packet.data() + 18),
                      .target = load_ipv4(packet.data() + 24)};
  if (!is_station(arp.sender_mac) || !is_plausible_sender(arp.sender)) return std::nullopt;
  return arp;
}

std::size_t write_arp_frame(MutableByteSpan out, const MacAddress& destination, const ArpPacket& arp) noexcept {
  ByteWriter writer{out};
  write_ethernet(writer, {.destination = destination, .source = arp.sender_mac, .type = kEtherTypeArp});
  writer.u32(kEthernetAndIpv4);
  writer.u16(kSizes);
  writer.u16(arp.is_request ? kRequest : kReply);
  write_mac(writer, arp.sender_mac);
  write_ip(writer, arp.sender);
  write_mac(writer, arp.target_mac);
  write_ip(writer, arp.target);
  return writer.written();
}

}  // namespace fanlight::net
