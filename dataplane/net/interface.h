// Who we are on one Ethernet link: our addresses, our routes (one prefix and one gateway per family), our UDP ports.
// All of it is configured; nothing is learnt from the network.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ip.h"
#include "net/ethernet.h"

namespace fanlight::net {

constexpr bool is_multicast(const IpAddress& ip) {
  return ip.is_v4() ? (ip.bytes[12] & 0xF0) == 0xE0 : ip.bytes[0] == 0xFF;
}
// fe80::/10
constexpr bool is_link_local(const IpAddress& ip) { return ip.bytes[0] == 0xFE && (ip.bytes[1] & 0xC0) == 0x80; }

// fe80::/64 and the modified EUI-64 of the MAC address (RFC 4291 appendix A).
constexpr IpAddress link_local_of(const MacAddress& mac) {
  return {{0xFE, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(mac[0] ^ 2), mac[1], mac[2], 0xFF, 0xFE, mac[3],
           mac[4], mac[5]}};
}

inline constexpr IpAddress kAllSystems = IpAddress::v4(224, 0, 0, 1);
inline constexpr IpAddress kAllNodes = {{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// RFC 4291 §2.7.1
constexpr IpAddress solicited_node_of(const IpAddress& ip) {
  return {{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, ip.bytes[13], ip.bytes[14], ip.bytes[15]}};
}
// RFC 1112 §6.4 (23 bits: 32 groups share an address), RFC 2464 §7
constexpr MacAddress group_mac_of(const IpAddress& group) {
  if (group.is_v4())
    return {1, 0, 0x5E, static_cast<std::uint8_t>(group.bytes[13] & 0x7F), group.bytes[14], group.bytes[15]};
  return {0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14], group.bytes[15]};
}

struct Interface {
  static constexpr std::size_t kPortsMax = 16;
  static constexpr std::size_t kGroupsMax = 128;

  MacAddress mac{};
  IpAddress ipv4;  // :: or 0.0.0.0 when this family is not spoken; the same for `ipv6`.
  std::uint8_t ipv4_prefix = 32;
  IpAddress ipv4_gateway;  // Unspecified when there is none; the same for `ipv6_gateway`, which may be link-local.
  IpAddress ipv6;          // Global, unique local, or link_local() when that is all there is.
  std::uint8_t ipv6_prefix = 128;
  IpAddress ipv6_gateway;
  std::array<std::uint16_t, kPortsMax> udp_ports{};  // Unused places are 0.
  // A range of ports on top, for whoever calls from many of them; both ends belong to it, 0 to 0 is none.
  std::uint16_t udp_range_first = 0;
  std::uint16_t udp_range_last = 0;
  std::array<IpAddress, kGroupsMax> groups{};  // Joined, in order; unused places are behind them.
  std::size_t groups_joined = 0;
  std::array<MacAddress, kGroupsMax> joined_macs{};  // Theirs, in order, for the look at each frame to a group.
  bool verify_ip_checksum = true;                    // False where the device has done it; the same for UDP.
  bool verify_udp_checksum = true;

  [[nodiscard]] bool has_ipv4() const { return ipv4.is_v4() && !ipv4.is_unspecified(); }
  [[nodiscard]] bool has_ipv6() const { return !ipv6.is_v4() && !ipv6.is_unspecified(); }
  [[nodiscard]] IpAddress link_local() const { return link_local_of(mac); }
  [[nodiscard]] bool has_udp_port(std::uint16_t port) const;

  // Whom a packet to `to` comes from, when nobody chose.
  [[nodiscard]] const IpAddress& own_for(const IpAddress& to) const { return to.is_v4() ? ipv4 : ipv6; }
  // One of our unicast addresses, of a family we speak.
  [[nodiscard]] bool is_own(const IpAddress& ip) const;
  // 224.0.0.1, ff02::1 and the solicited-node groups of our addresses.
  [[nodiscard]] bool is_own_group(const IpAddress& ip) const;
  // False when there is no room.
  [[nodiscard]] bool join(const IpAddress& group);
  [[nodiscard]] bool has_joined(const IpAddress& group) const;
  // Where all of these come in, each once.
  [[nodiscard]] std::vector<MacAddress> group_macs() const;
  // Our MAC address, broadcast, or the MAC address of one of our groups.
  [[nodiscard]] bool listens_to(const MacAddress& destination) const;

  [[nodiscard]] bool is_on_link(const IpAddress& ip) const;
  // An address that a single other host can have here: not a group, broadcast, loopback, unspecified or our own.
  [[nodiscard]] bool is_possible_peer(const IpAddress& ip) const;
  // Who gets a packet for `destination`: itself when on-link, else the gateway; unspecified (::) when nobody can.
  [[nodiscard]] IpAddress next_hop(const IpAddress& destination) const;
};

}  // namespace fanlight::net
