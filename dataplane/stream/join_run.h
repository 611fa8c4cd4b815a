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
//
// A viewer that was not heard yet gets only the first few (stream/viewer.h). When it is heard, the line goes on from
// the next one, as much later as it waited.
//
// A run is lent to a viewer from when it starts until none of its packets will be repaired any more, a second or two.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/near.h"

namespace fanlight {

class JoinRun {
 public:
  struct Line {
    PacketPos first;
    Instant begun;
    Micros begun_after;  // Since time zero.
    std::int64_t interval_ns = 0;
    Instant give_up_at;  // Who has not caught up by then continues at live.
  };
  JoinRun() = default;
  explicit JoinRun(const Line& line) noexcept
      : first_(line.first),
        begun_(NearInstant::of(line.begun)),
        until_(NearInstant::of(line.give_up_at)),
        begun_after_(cut_to_32(line.begun_after.count)),
        interval_ns_(cut_to_32(line.interval_ns)) {}

  [[nodiscard]] PacketPos first() const noexcept { return first_; }
  // It goes on.
  [[nodiscard]] bool is_open() const noexcept { return packets_ == kOpen; }
  [[nodiscard]] bool has_time(Instant now) const noexcept { return !is_open() || now < until_.beside(now); }
  // Once: `at` was due before, and is now.
  void resume(PacketPos at, Instant now) noexcept {
    const Micros late = now - (begun_.beside(now) + ahead(at));
    if (!is_open() || late <= Micros{}) return;
    delayed_from_ = cut_to_16(at - first_);
    delay_ms_ = cut_to_16(late.count / 1000);
    until_.low += std::uint32_t{delay_ms_} * 1000;
  }
  // `at` is the first position that is not sent by it; nothing before it is repaired from `repaired_until` on.
  void close(PacketPos at, Instant repaired_until) noexcept {
    if (!is_open()) return;
    packets_ = cut_to_32(at - first_) == kOpen ? kOpen - 1 : cut_to_32(at - first_);
    until_ = NearInstant::of(repaired_until);
  }
  // Nothing more is read off it.
  [[nodiscard]] bool is_over(Instant now) const noexcept { return !is_open() && now >= until_.beside(now); }

  [[nodiscard]] bool holds(PacketPos pos) const noexcept {
    return pos >= first_ && (is_open() || pos < first_ + packets_);
  }
  // When a packet that arrived at `arrival` was due to the viewer.
  [[nodiscard]] Instant due(PacketPos pos, Instant arrival) const noexcept {
    return holds(pos) ? std::max(arrival, begun_.beside(arrival) + ahead(pos)) : arrival;
  }
  // What it carries, `since_zero` being its stream time less the viewer's time zero.
  [[nodiscard]] Micros stamp(PacketPos pos, Micros since_zero) const noexcept {
    return holds(pos) ? std::max(since_zero, Micros{begun_after_} + ahead(pos)) : std::max(since_zero, Micros{});
  }

 private:
  static constexpr std::uint32_t kOpen = std::numeric_limits<std::uint32_t>::max();
  [[nodiscard]] static std::uint32_t cut_to_32(std::int64_t count) noexcept {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, kOpen));
  }
  [[nodiscard]] static std::uint16_t cut_to_16(std::int64_t count) noexcept {
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(count, 0, std::numeric_limits<std::uint16_t>::max()));
  }
  [[nodiscard]] Micros ahead(PacketPos pos) const noexcept {
    const std::int64_t delay_us = pos - first_ >= delayed_from_ ? std::int64_t{delay_ms_} * 1000 : 0;
    return {(pos - first_) * interval_ns_ / 1000 + delay_us};
  }
  PacketPos first_;
  NearInstant begun_;
  std::uint16_t delayed_from_ = 0;  // Packets after the first.
  std::uint16_t delay_ms_ = 0;
  NearInstant until_;  // Open: the end of patience. Closed: of repairs.
  std::uint32_t packets_ = kOpen;
  std::uint32_t begun_after_ = 0;
  std::uint32_t interval_ns_ = 0;
};
static_assert(sizeof(JoinRun) == 32);

}  // namespace fanlight
