// A viewer that starts in the past, at an access point, gets one packet per `interval` until it has caught up with the
// live set (design D11). When a position is sent, and the time it carries, are both read off this line, so:
//
//   time carried ▲          ╱ live: stream time − time zero
//                │        ╱╱
//                │      ╱ ╱     the line climbs faster than the stream by the factor of the pace;
//                │    ╱  ╱      where it meets the stream the viewer is live
//                │  ╱   ╱
//                └─┴───┴───────▶ position
//              first  live when it joined
//
// each packet is played one latency after it was sent, as if the past were happening now, only faster: a lost one can
// be repaired as at any other time, and the viewer does not stay behind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight {

struct JoinRun {
  PacketPos first;
  PacketPos end;  // Exclusive; `first`: there was none. Far away while it goes on.
  Instant begun;
  Micros begun_after;  // Since time zero.
  std::int64_t interval_ns = 0;
  Instant give_up_at;  // Who has not caught up by then continues at live.

  static constexpr PacketPos kOpen{std::numeric_limits<std::int64_t>::max()};

  [[nodiscard]] bool is_open() const noexcept { return end == kOpen; }
  void close(PacketPos at) noexcept { end = std::min(end, at); }
  [[nodiscard]] bool holds(PacketPos pos) const noexcept { return pos >= first && pos < end; }
  [[nodiscard]] Micros ahead(PacketPos pos) const noexcept { return {(pos - first) * interval_ns / 1000}; }
  // When a packet that arrived at `arrival` was due to the viewer.
  [[nodiscard]] Instant due(PacketPos pos, Instant arrival) const noexcept {
    return holds(pos) ? std::max(arrival, begun + ahead(pos)) : arrival;
  }
  // What it carries, `since_zero` being its stream time less the viewer's time zero.
  [[nodiscard]] Micros stamp(PacketPos pos, Micros since_zero) const noexcept {
    return holds(pos) ? std::max(since_zero, begun_after + ahead(pos)) : std::max(since_zero, Micros{});
  }
};

}  // namespace fanlight
