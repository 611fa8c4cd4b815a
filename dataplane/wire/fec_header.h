// A packet of SMPTE 2022-1 FEC: an RTP header, a FEC header, and the exclusive or of the payloads of a row or column of
// media packets, each padded with zeros to the longest. ST 2022-1 §7, §8; it extends RFC 2733 §6.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |   P, X, CC and M are not this packet's own: they
//  |                           timestamp                           |   are the exclusive or of the media packets'
//  |           synchronization source (SSRC) identifier            |
//  |       SNBase low bits         |        length recovery        |
//  |E| PT recovery |                     mask                      |
//  |                          TS recovery                          |
//  |N|D|type |index|    offset     |      NA       |SNBase ext bits|
//  |                  exclusive or of the payloads                 |
//
// It is about the NA packets whose numbers are SNBase, SNBase + offset, SNBase + 2 × offset ...: with L columns and D
// rows, offset is 1 and NA is L in a row (D = 1); offset is L and NA is D in a column (D = 0). "Recovery" is the
// exclusive or of what those packets have there. The length is that of all behind RTP's fixed header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "wire/rtp_header.h"

namespace fanlight::wire {

inline constexpr std::size_t kFecHeaderBytes = 16;
inline constexpr std::size_t kFecOverheadBytes = kRtpHeaderBytes + kFecHeaderBytes;
inline constexpr std::uint8_t kPayloadTypeFec = 96;  // By convention: dynamic, and nobody negotiates it.

struct FecHeader {
  std::uint16_t base = 0;  // The first number of the line.
  std::uint16_t length_recovery = 0;
  bool is_extended = true;  // E: this header is longer than RFC 2733's.
  std::uint8_t payload_type_recovery = 0;
  std::uint32_t mask = 0;  // 24 bits, RFC 2733's way to name packets.
  std::uint32_t timestamp_recovery = 0;
  bool is_reserved_set = false;  // N
  bool is_row = false;           // D
  std::uint8_t type = 0;         // 0: exclusive or.
  std::uint8_t index = 0;        // Of several FEC packets about the same packets.
  std::uint8_t offset = 0;
  std::uint8_t count = 0;     // NA
  std::uint8_t base_ext = 0;  // Of numbers longer than RTP's.
  friend bool operator==(const FecHeader&, const FecHeader&) = default;
};

struct FecPacket {
  RtpHeader rtp{};                  // Its marker is the exclusive or of the media packets'.
  bool protects_additions = false;  // P, X or CC: some of the packets have padding, an extension or sources.
  FecHeader fec{};
};

// Empty when it is no RTP, or shorter than its headers. The payload begins behind kFecOverheadBytes.
[[nodiscard]] std::optional<FecPacket> parse_fec(ByteSpan datagram) noexcept;
void write_fec_header(std::span<std::byte, kFecHeaderBytes> out, const FecHeader& header) noexcept;

}  // namespace fanlight::wire
