// A feed: a publisher that does not call, but whose datagrams come to an address of ours, RTP or a transport stream in
// bare UDP. What the two planes agree about one. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "base/time.h"

namespace fanlight {

enum class FeedKind : std::uint8_t {
  kRtp,              // RFC 3550.
  kTransportStream,  // TS packets in UDP, nothing in front of them.
};

// Where RTCP comes. RFC 3550 §11, RFC 5761
enum class RtcpWay : std::uint8_t {
  kNextPort,  // The port behind RTP's.
  kSamePort,  // RTP's.
  kNone,
};

// The other way that the same packets come: SMPTE ST 2022-7. The same payload type and SSRC as on the first.
struct FeedLeg {
  Endpoint local;
  std::optional<IpAddress> source{};
  friend bool operator==(const FeedLeg&, const FeedLeg&) = default;
};

struct FeedTerms {
  FeedKind kind = FeedKind::kRtp;
  Endpoint local;                       // Where it comes: an address of ours, a group, or the unspecified one.
  std::optional<IpAddress> source{};    // The only sender that counts.
  std::uint8_t payload_type = 33;       // RTP's, 0 to 127.
  std::optional<std::uint32_t> ssrc{};  // The only source that counts.
  RtcpWay rtcp = RtcpWay::kNextPort;
  bool fec = false;   // SMPTE 2022-1's comes as well: columns two ports behind RTP's, rows four.
  bool nack = false;  // Its sender sends again what it is asked for: RFC 4585.
  std::optional<std::uint8_t> rtx_payload_type{};  // It does so under this type, as RFC 4588 has it ...
  std::optional<std::uint32_t> rtx_ssrc{};         // ... with this SSRC; empty: with any.
  std::optional<FeedLeg> second{};                 // RTP only.
  friend bool operator==(const FeedTerms&, const FeedTerms&) = default;

  [[nodiscard]] bool has_rtcp_port() const { return kind == FeedKind::kRtp && rtcp == RtcpWay::kNextPort; }
  [[nodiscard]] Endpoint rtcp_endpoint() const { return {local.ip, static_cast<std::uint16_t>(local.port + 1)}; }
  [[nodiscard]] std::array<Endpoint, 2> fec_endpoints() const {
    return {Endpoint{local.ip, static_cast<std::uint16_t>(local.port + 2)},
            Endpoint{local.ip, static_cast<std::uint16_t>(local.port + 4)}};
  }
};

// What a datagram that came to a feed looks like, wanted or not.
struct FeedFinding {
  enum class Kind : std::uint8_t { kUnknown, kRtp, kTransportStream };
  Kind kind = Kind::kUnknown;
  std::uint8_t payload_type = 0;    // RTP's ...
  std::uint32_t ssrc = 0;           // ... too.
  std::uint16_t payload_bytes = 0;  // Of RTP, or of all.
  friend bool operator==(const FeedFinding&, const FeedFinding&) = default;
};

// How what an RTP feed's sender sends arrives.
struct FeedReception {
  std::uint64_t lost = 0;  // Positions missed on first sight, since it was opened.
  Micros jitter;           // RFC 3550 A.8.
  friend bool operator==(const FeedReception&, const FeedReception&) = default;
};

// On devices, where several workers hear the same addresses: what comes there is the feed's of that worker.
struct FeedAddress {
  Endpoint local;
  std::size_t worker = 0;
};

// The doors of a socket port that are a feed's own; on devices its address alone tells.
struct FeedDoors {
  std::optional<std::uint16_t> data{};
  std::optional<std::uint16_t> control{};  // RTCP's, when it has a port of its own.
  std::array<std::optional<std::uint16_t>, 2> fec{};
  std::optional<std::uint16_t> second{};  // The second leg's.
};

}  // namespace fanlight
