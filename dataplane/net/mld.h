// MLD (RFC 3810; version 1 is RFC 2710): which IPv6 groups we want, and routers' questions. ICMPv6 with hop limit 1,
// from a link-local address, behind a Hop-by-Hop header with the Router Alert option.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |  Type = 130   |      Code     |           Checksum            |   query, to ff02::1 or to the group asked for
//  |     Maximum Response Code     |           Reserved            |
//  |                  Multicast Address (16 bytes)                 |   ::: all; version 1 ends here
//  | Resv  |S| QRV |     QQIC      |     Number of Sources (N)     |
//  |                Source Address [1..N], 16 bytes each           |
//
//  |  Type = 143   |    Reserved   |           Checksum            |   report of version 2, to ff02::16
//  |           Reserved            |Nr of Mcast Address Records (M)|
//  |  Record Type  |  Aux Data Len |     Number of Sources (N)     |   M times
//  |                  Multicast Address (16 bytes)                 |
//  |                Source Address [1..N], 16 bytes each           |
//
//  |Type 131 or 132|      0        |           Checksum            |   version 1: join, to the group; done, to ff02::2
//  |               0               |               0               |
//  |                  Multicast Address (16 bytes)                 |
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "net/group_messages.h"

namespace fanlight::net {

// Query, both reports and done.
constexpr bool is_mld(std::uint8_t icmpv6_type) {
  return (icmpv6_type >= 130 && icmpv6_type <= 132) || icmpv6_type == 143;
}

// Empty when it is no question. Checksum and the packet around it are the caller's.
[[nodiscard]] std::optional<GroupQuery> parse_mld_query(ByteSpan icmp) noexcept;

// Whole frames; answer their size, 0 when it does not fit. There is no join of version 1 but kJoin.
[[nodiscard]] std::size_t write_mld_report(MutableByteSpan out, const ReportSender& from,
                                           std::span<const GroupRecord> records) noexcept;
[[nodiscard]] std::size_t write_mld_old(MutableByteSpan out, const ReportSender& from, OldReport what,
                                        const IpAddress& group) noexcept;

}  // namespace fanlight::net
