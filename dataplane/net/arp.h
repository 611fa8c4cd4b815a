// ARP for IPv4 over Ethernet (RFC 826).
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |       Hardware type (1)       |     Protocol type (0x0800)    |
//  |  HW size (6)  | Prot. size (4)|     1 request, 2 reply        |
//  |                      Sender MAC address                       |
//  |      Sender MAC, continued    |       Sender IP address       |
//  |     Sender IP, continued      |      Target MAC address       |
//  |                 Target MAC address, continued                 |
//  |                       Target IP address                       |
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/ip.h"
#include "net/ethernet.h"

namespace fanlight::net {

inline constexpr std::size_t kArpBytes = 28;

struct ArpPacket {
  bool is_request = true;
  MacAddress sender_mac{};
  IpAddress sender{};  // 0.0.0.0 in a probe (RFC 5227 §2.1.1).
  MacAddress target_mac{};
  IpAddress target{};
};

// Empty unless it is IPv4 over Ethernet, a request or a reply, and the sender's addresses can be one host's.
[[nodiscard]] std::optional<ArpPacket> parse_arp(ByteSpan packet) noexcept;

// A whole frame to `destination`; answers its size, 0 when it does not fit.
[[nodiscard]] std::size_t write_arp_frame(MutableByteSpan out, const MacAddress& destination,
                                          const ArpPacket& arp) noexcept;

}  // namespace fanlight::net
