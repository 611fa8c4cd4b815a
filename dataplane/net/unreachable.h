// "Nobody is there", as ICMP says it (RFC 792, RFC 4443 §3.1), and the datagram that it quotes. Where that one is cut,
// its own lengths go on: what is there counts.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |Type 3 (v6: 1) |     Code      |           Checksum            |
//  |                           not read                            |
//  |        IP header of the datagram: 20 to 60 bytes, or 40       |   IPv6: no extension headers, we send none
//  |          Source Port          |       Destination Port        |
//  |            Length             |           Checksum            |
//  |                    its payload, as much as the sayer quotes   |   RFC 792: none
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/verdict.h"

namespace fanlight::net {

// Of a message whose checksum is right. A datagram that is too long for the way (IPv4's code 4) was not for nobody.
[[nodiscard]] bool says_unreachable(ByteSpan message, bool is_v4) noexcept;

struct QuotedDatagram {
  Verdict verdict = Verdict::kMalformed;  // kUnreachable: the fields stand. kIcmpOther: it is no whole UDP datagram.
  Endpoint source{};
  Endpoint destination{};
  std::size_t payload_offset = 0;  // From the message's first byte.
  std::size_t payload_size = 0;    // As far as it is quoted.
};

[[nodiscard]] QuotedDatagram parse_quoted_datagram(ByteSpan message, bool is_v4) noexcept;

}  // namespace fanlight::net
