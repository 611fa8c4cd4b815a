// The header in front of every RTP packet. RFC 3550 §5.1, §5.3.1
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |           synchronization source (SSRC) identifier            |
//  |            contributing sources (CC × 32 bits) ...            |
//  |      defined by profile       |   length in 32-bit words      |   when X, followed by so many words
//  |                            payload                            |
//  |                            ... padding ... | padding bytes (8)|   when P
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::wire {

inline constexpr std::size_t kRtpHeaderBytes = 12;
inline constexpr std::uint8_t kRtpVersion = 2;
inline constexpr std::uint8_t kPayloadTypeMp2t = 33;  // RFC 3551 §6: MPEG-2 transport streams, 90 kHz.

struct RtpHeader {
  bool marker = false;
  std::uint8_t payload_type = kPayloadTypeMp2t;  // 7 bits.
  std::uint16_t seq = 0;                         // Wraps.
  std::uint32_t timestamp = 0;                   // In ticks of the payload's clock; wraps.
  std::uint32_t ssrc = 0;
  friend bool operator==(const RtpHeader&, const RtpHeader&) = default;
};

// A packet taken apart: the payload is without contributing sources, extension and padding.
struct RtpPacket {
  RtpHeader header{};
  std::size_t payload_offset = 0;
  std::size_t payload_bytes = 0;
};

// Whether what shares a port with RTP is RTCP, by its packet type. RFC 5761 §4
[[nodiscard]] inline bool is_rtcp(ByteSpan datagram) noexcept {
  if (datagram.size() < 2) return false;
  const auto type = static_cast<std::uint8_t>(datagram[1]);
  return type >= 192 && type <= 223;
}

// Whether what shares a port with SRT is RTCP: no SRT header begins like that. RFC 5764 §5.1.2 does the same for
// others.
[[nodiscard]] inline bool is_rtcp_beside_srt(ByteSpan datagram) noexcept {
  return is_rtcp(datagram) && static_cast<std::uint8_t>(datagram[0]) >> 6 == kRtpVersion;
}

// Who sent it, RTP or, if it is that, RTCP; empty when the datagram is too short to say, or neither.
[[nodiscard]] inline std::optional<std::uint32_t> peek_ssrc(ByteSpan datagram, bool is_control) noexcept {
  constexpr std::size_t kRtcpSsrcEnd = 8;
  if (datagram.empty() || static_cast<std::uint8_t>(datagram[0]) >> 6 != kRtpVersion) return std::nullopt;
  const std::size_t end = is_control ? kRtcpSsrcEnd : kRtpHeaderBytes;
  if (datagram.size() < end) return std::nullopt;
  return load_be32(datagram.data() + end - 4);
}

// As parse_rtp(), but that padding, whose size stands at the packet's end, counts as payload: of SRTP that is
// encrypted.
[[nodiscard]] std::optional<RtpPacket> parse_rtp_front(ByteSpan datagram) noexcept;
// Empty when the version is another, or what the header announces is longer than the datagram. RFC 3550 A.1
[[nodiscard]] std::optional<RtpPacket> parse_rtp(ByteSpan datagram) noexcept;
void write_rtp_header(std::span<std::byte, kRtpHeaderBytes> out, const RtpHeader& header) noexcept;

}  // namespace fanlight::wire
