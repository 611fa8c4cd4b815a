// Neighbour solicitation and advertisement, IPv6's ARP (RFC 4861 §4.3, §4.4). Router messages are not spoken here.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |  Type 135/136 |    Code (0)   |            Checksum           |
//  |R|S|O|                     Reserved                            |   flags in advertisements only
//  |                   Target Address (16 bytes)                   |
//  |  Option type  | Length in 8 B |     Link-layer address ...    |   1 source, 2 target
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/ip.h"
#include "net/ethernet.h"

namespace fanlight::net {

inline constexpr std::uint8_t kIcmpv6Solicitation = 135;
inline constexpr std::uint8_t kIcmpv6Advertisement = 136;

struct NdpMessage {
  bool is_solicitation = true;
  bool is_solicited = false;  // S: answers a solicitation.
  bool is_override = false;   // O: replaces a MAC address we may have.
  IpAddress target{};
  std::optional<MacAddress> link_address{};  // The sender's in a solicitation, the target's in an advertisement.
};

// Syntax alone: checksum, hop limit and addresses of the packet around it are the caller's.
[[nodiscard]] std::optional<NdpMessage> parse_ndp(ByteSpan icmp) noexcept;

// Where a frame goes and comes from, on both layers.
struct NdpEnvelope {
  MacAddress mac_source{};
  MacAddress mac_destination{};
  IpAddress source;
  IpAddress destination;
};

// A whole frame; answers its size, 0 when it does not fit.
[[nodiscard]] std::size_t write_ndp_frame(MutableByteSpan out, const NdpEnvelope& envelope,
                                          const NdpMessage& message) noexcept;

}  // namespace fanlight::net
