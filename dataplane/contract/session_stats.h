// What one session has done, in totals since it opened: the statistics of srt-wire §8. Plain values, copied whole.
// Byte figures are SRT payload bytes, without any header.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace fanlight {

// One of the two ways that a feed's packets come. SMPTE ST 2022-7
struct LegStats {
  std::uint64_t packets = 0;
  std::uint64_t lost = 0;
  std::uint64_t first = 0;  // What the other had not brought before.
  Micros behind;            // The other, where the other was first: smoothed, and at most.
  Micros behind_max;
};

struct SessionStats {
  // --- data, from the session's own point of view
  std::uint64_t packets_sent = 0;  // Viewer: fresh packets and retransmissions.
  std::uint64_t bytes_sent = 0;
  std::uint64_t packets_sent_unique = 0;    // Viewer: fresh packets only.
  std::uint64_t packets_retransmitted = 0;  // Viewer: sent again on its request.
  std::uint64_t packets_received = 0;       // Publisher: everything that came, duplicates included.
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_received_unique = 0;  // Publisher: taken into the history.
  std::uint64_t packets_repaired = 0;         // Publisher: unique packets that filled a gap.
  std::uint64_t packets_repaired_late = 0;    // Feed: of those, what came when the stream's latency was over for it.
  std::uint64_t packets_repaired_by_fec = 0;  // Feed: of them, what FEC brought back.
  std::uint64_t fec_packets_received = 0;     // Feed.
  std::uint64_t packets_lost = 0;          // Publisher: positions missed on first sight. Viewer: positions it reported.
  std::uint64_t packets_dropped_late = 0;  // Publisher: given up. Viewer: refused as too old (DROPREQ).
  std::uint64_t packets_belated = 0;       // Publisher: came after being given up, or twice.
  std::uint64_t packets_skipped = 0;       // Viewer: left out when it could not keep up.
  std::uint64_t packets_undecrypted = 0;
  std::uint64_t key_turns = 0;     // New keys taken into use. Publisher: its refreshes that were taken.
  std::uint64_t key_packets = 0;   // Viewer: packets under the key in use.
  std::array<LegStats, 2> legs{};  // Of a feed that has two.
  // --- control
  std::uint64_t acks_sent = 0;
  std::uint64_t acks_received = 0;
  std::uint64_t naks_sent = 0;
  std::uint64_t naks_received = 0;
  // --- state right now
  Micros rtt;
  Micros rtt_variance;
  Micros jitter;                           // Interarrival jitter (RFC 3550 A.8): a feed's, or as a destination reports.
  Micros send_latency;                     // TSBPD delay the peer plays with.
  Micros receive_latency;                  // TSBPD delay of our receiving side.
  std::uint32_t flow_window_packets = 0;   // What the peer said it can still take.
  std::uint32_t flight_packets = 0;        // Sent and not yet acknowledged.
  std::uint32_t receive_rate_packets = 0;  // Packets/s, publisher.
  std::uint32_t receive_rate_bytes = 0;    // Bytes/s, publisher.
  std::uint32_t link_capacity_packets = 0;  // Packets/s, as the receiving side estimates it.
  std::uint32_t mss = 0;
  std::uint32_t ssrc = 0;               // Destination: its packets' source.
  std::uint32_t rollovers = 0;          // SRTP destination: the rollover counter of the next packet.
  std::uint32_t loss_list_packets = 0;  // Publisher: gaps asked for right now. Viewer: repairs waiting.
};

}  // namespace fanlight
