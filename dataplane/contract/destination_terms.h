// A destination: a viewer that does not call, and is sent RTP or a transport stream in bare UDP because an operator
// said so. What the two planes agree about one. Plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "contract/feed_terms.h"

namespace fanlight {

// Why a destination is sent nothing.
enum class DestinationPause : std::uint8_t {
  kNone,         // It is.
  kUnreachable,  // ICMP said that nobody is there.
  kUnresolved,   // Nobody answers for its address, or for its gateway's.
  kLeft,         // Its receiver said BYE.
  kSilent,       // Its receiver's reports stopped.
};

// What of a destination goes to that address: an operator's rule may open several, each a session of its own.
enum class DestinationPart : std::uint8_t {
  kMedia,
  kFecColumns,  // Two ports behind the media's.
  kFecRows,     // Four.
};

struct DestinationTerms {
  FeedKind kind = FeedKind::kRtp;
  Endpoint remote;                 // A host's, or a group's.
  std::uint8_t payload_type = 33;  // RTP's, 0 to 127.
  std::uint8_t ttl = 0;            // Of packets, hop limit for IPv6; 0: the host's own, 1 for a group.
  RtcpWay rtcp = RtcpWay::kNextPort;
  bool nack = false;                               // Its receiver may ask for packets again: RFC 4585.
  std::optional<std::uint8_t> rtx_payload_type{};  // They go as RFC 4588 has it, under this type; empty: as they were.
  bool fec = false;                                // The media's rule: FEC goes along.
  DestinationPart leg = DestinationPart::kMedia;
  friend bool operator==(const DestinationTerms&, const DestinationTerms&) = default;

  // 0: nowhere.
  [[nodiscard]] std::uint16_t rtcp_port() const {
    if (kind != FeedKind::kRtp || rtcp == RtcpWay::kNone) return 0;
    return static_cast<std::uint16_t>(remote.port + (rtcp == RtcpWay::kNextPort ? 1 : 0));
  }
};

// The worker that a destination with SRTP is on: what its receiver reports names nobody in clear, so whichever worker
// hears it must know from where it came. RTP's port and RTCP's, the one behind it, lead to the same.
constexpr std::size_t srtp_worker_of(const Endpoint& remote, std::size_t workers) {
  std::uint32_t hash = 0x811C'9DC5;  // FNV-1a; strangers gain nothing by choosing.
  for (const std::uint8_t byte : remote.ip.bytes) hash = (hash ^ byte) * 0x0100'0193;
  hash = (hash ^ remote.port >> 9) * 0x0100'0193;
  hash = (hash ^ (remote.port >> 1 & 0xFF)) * 0x0100'0193;
  return (hash ^ hash >> 16) % workers;
}

// What is sent again under rtx_payload_type has an SSRC of its own: no socket ID has this bit, and the worker's stay.
// The second of two legs that share an SSRC is asked for other packets, so it numbers its own and has another.
constexpr std::uint32_t rtx_ssrc_of(std::uint32_t ssrc, bool is_second_leg) {
  return ssrc ^ (is_second_leg ? 0xC000'0000 : 0x8000'0000);
}

}  // namespace fanlight
