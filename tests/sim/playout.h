// A viewer's play-out: packets wait until their play time by the viewer's own clock, leave in order, and what is
// missing then is dropped. The clock it plays by follows the relay's through a drift tracer like libsrt's (srt-wire
// §3.4).
#pragma once

#include <cstdint>
#include <vector>

#include "base/seq.h"
#include "base/time.h"
#include "engine/srt/time_base.h"

namespace fanlight::sim {

class Playout {
 public:
  struct Item {
    PacketPos pos{-1};
    std::uint64_t index = 0;
    std::int64_t time_us = 0;
    bool is_held = false;
  };
  enum class Taken { kHeld, kTwice, kBelated };

  // `base`: the local moment at which the relay's clock showed 0.
  Playout(PacketPos first, Instant base, Micros latency)
      : next_(first), end_(first), base_(base), latency_(latency), ring_(kSlots) {}

  [[nodiscard]] Taken insert(Instant now, PacketPos pos, std::uint64_t index, WireTime time);
  // The relay's clock showed `time` when it sent what arrives now.
  void trace_drift(Instant now, WireTime time, Micros rtt);
  // When a packet made at `time_us` is played.
  [[nodiscard]] Instant play_time(std::int64_t time_us) const {
    return base_ + micros(time_us) + latency_ + micros(drift_us_);
  }
  // Hands every packet that is due to `play(item)`; gaps before a packet that is due are dropped.
  template <class Play>
  void release_due(Instant now, Play&& play) {
    for (PacketPos pos = next_; pos < end_; pos = pos + 1) {
      Item& item = at(pos);
      if (!item.is_held || item.pos != pos) continue;
      if (play_time(item.time_us) > now) return;
      dropped_ += static_cast<std::uint64_t>(pos - next_);
      next_ = pos + 1;
      item.is_held = false;
      play(item);
    }
  }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::size_t kSlots = 8192;
  Item& at(PacketPos pos) { return ring_[static_cast<std::size_t>(pos.value) % kSlots]; }

  PacketPos next_;  // The next to play.
  PacketPos end_;   // Right behind the newest held.
  Instant base_;
  Micros latency_;
  srt::WireTimeUnwrapper unwrapper_;
  std::vector<Item> ring_;
  std::uint64_t dropped_ = 0;
  // --- drift tracer
  std::int64_t drift_us_ = 0;
  std::int64_t drift_sum_ = 0;
  std::int64_t drift_samples_ = 0;
  Micros first_rtt_{-1};
};

}  // namespace fanlight::sim
