#include "net/interface.h"

#include <algorithm>

namespace fanlight::net {
namespace {

bool shares_prefix(const IpAddress& a, const IpAddress& b, std::size_t bits) {
  bits = std::min<std::size_t>(bits, 128);
  const std::size_t whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  if (bits % 8 == 0) return true;
  return ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - bits % 8)) == 0;
}

// 255.255.255.255 is class E and refused with it; this is the subnet's own broadcast. /31 and /32 have none (RFC 3021).
bool is_subnet_broadcast(const Interface& interface, const IpAddress& ip) {
  if (interface.ipv4_prefix >= 31 || !interface.has_ipv4() || !interface.is_on_link(ip)) return false;
  const std::uint32_t host_bits = static_cast<std::uint32_t>(std::uint64_t{0xFFFF'FFFF} >> interface.ipv4_prefix);
  const std::uint32_t address = load_be32(std::as_bytes(std::span{ip.bytes}).data() + 12);
  return (address & host_bits) == host_bits;
}

bool is_possible_ipv4(const Interface& interface, const IpAddress& ip) {
  const std::uint8_t first = ip.bytes[12];
  return first != 0 && first != 127 && first < 224 && !is_subnet_broadcast(interface, ip);
}

// The caller has seen that it is not IPv4-mapped. ::/64 holds ::, ::1 and nothing a host could have.
bool is_possible_ipv6(const IpAddress& ip) {
  return !is_multicast(ip) && !std::all_of(ip.bytes.begin(), ip.bytes.begin() + 8, [](auto b) { return b == 0; });
}

}  // namespace

bool Interface::has_udp_port(std::uint16_t port) const {
  if (port == 0) return false;
  if (port >= udp_range_first && port <= udp_range_last) return true;
  return std::find(udp_ports.begin(), udp_ports.end(), port) != udp_ports.end();
}

bool Interface::is_own(const IpAddress& ip) const {
  if (ip.is_v4()) return has_ipv4() && ip == ipv4;
  return has_ipv6() && (ip == ipv6 || ip == link_local());
}

bool Interface::is_own_group(const IpAddress& ip) const {
  if (ip.is_v4()) return has_ipv4() && ip == kAllSystems;
  return has_ipv6() && (ip == kAllNodes || ip == solicited_node_of(ipv6) || ip == solicited_node_of(link_local()));
}

bool Interface::listens_to(const MacAddress& destination) const {
  if (destination == mac || destination == kMacBroadcast) return true;
  if (!is_group(destination)) return false;
  const auto is_of = [&](const IpAddress& group) { return destination == group_mac_of(group); };
  if (has_ipv4() && is_of(kAllSystems)) return true;
  if (has_ipv6() && (is_of(kAllNodes) || is_of(solicited_node_of(ipv6)) || is_of(solicited_node_of(link_local()))))
    return true;
  return std::ranges::binary_search(std::span(joined_macs).first(groups_joined), destination);
}

bool Interface::join(const IpAddress& group) {
  if (has_joined(group)) return true;
  if (groups_joined == groups.size()) return false;
  groups[groups_joined] = group;
  joined_macs[groups_joined++] = group_mac_of(group);
  std::ranges::sort(std::span(groups).first(groups_joined));
  std::ranges::sort(std::span(joined_macs).first(groups_joined));
  return true;
}

std::vector<MacAddress> Interface::group_macs() const {
  std::vector<MacAddress> macs;
  macs.reserve(groups_joined + 4);
  if (has_ipv4()) macs.push_back(group_mac_of(kAllSystems));
  if (has_ipv6())
    for (const IpAddress& group : {kAllNodes, solicited_node_of(ipv6), solicited_node_of(link_local())})
      macs.push_back(group_mac_of(group));
  for (const IpAddress& group : std::span(groups).first(groups_joined)) macs.push_back(group_mac_of(group));
  std::ranges::sort(macs);
  macs.erase(std::unique(macs.begin(), macs.end()), macs.end());
  return macs;
}

bool Interface::has_joined(const IpAddress& group) const {
  return std::ranges::binary_search(std::span(groups).first(groups_joined), group);
}

bool Interface::is_on_link(const IpAddress& ip) const {
  if (ip.is_v4()) return has_ipv4() && shares_prefix(ip, ipv4, std::size_t{96} + ipv4_prefix);
  return has_ipv6() && (is_link_local(ip) || shares_prefix(ip, ipv6, ipv6_prefix));
}

bool Interface::is_possible_peer(const IpAddress& ip) const {
  if (is_own(ip)) return false;
  return ip.is_v4() ? is_possible_ipv4(*this, ip) : is_possible_ipv6(ip);
}

IpAddress Interface::next_hop(const IpAddress& destination) const {
  if (!is_possible_peer(destination)) return {};
  if (is_on_link(destination)) return destination;
  const IpAddress& gateway = destination.is_v4() ? ipv4_gateway : ipv6_gateway;
  const bool is_spoken = destination.is_v4() ? has_ipv4() : has_ipv6();
  return is_spoken && !gateway.is_unspecified() && gateway.is_v4() == destination.is_v4() ? gateway : IpAddress{};
}

}  // namespace fanlight::net
