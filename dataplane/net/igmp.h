// IGMP (RFC 3376; version 2 is RFC 2236, version 1 RFC 1112): which IPv4 groups we want, and routers' questions. Always
// with TTL 1 and the Router Alert option, so that it stays on the link and switches look at it.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |  Type = 0x11  | Max Resp Code |           Checksum            |   query, to 224.0.0.1 or to the group asked for
//  |                         Group Address                         |   0: all; versions 1 (code 0) and 2 end here
//  | Resv  |S| QRV |     QQIC      |     Number of Sources (N)     |
//  |                       Source Address [1..N]                   |
//
//  |  Type = 0x22  |    Reserved   |           Checksum            |   report of version 3, to 224.0.0.22
//  |           Reserved            |  Number of Group Records (M)  |
//  |  Record Type  |  Aux Data Len |     Number of Sources (N)     |   M times
//  |                       Multicast Address                       |
//  |                       Source Address [1..N]                   |
//
//  |Type 12, 16, 17| 0             |           Checksum            |   join v1, join v2, to the group; leave, to
//  224.0.0.2 |                         Group Address                         |
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "net/group_messages.h"

namespace fanlight::net {

inline constexpr std::uint8_t kProtocolIgmp = 2;
inline constexpr std::size_t kIgmpBytesMin = 8;

// Empty when it is no question. Checksum and the packet around it are the caller's.
[[nodiscard]] std::optional<GroupQuery> parse_igmp_query(ByteSpan igmp) noexcept;

// Whole frames; answer their size, 0 when it does not fit.
[[nodiscard]] std::size_t write_igmp_report(MutableByteSpan out, const ReportSender& from,
                                            std::span<const GroupRecord> records) noexcept;
[[nodiscard]] std::size_t write_igmp_old(MutableByteSpan out, const ReportSender& from, OldReport what,
                                         const IpAddress& group) noexcept;

}  // namespace fanlight::net
