// One deadline per session, in buckets of 1 ms over 8 s. Deadlines of live sessions are near and move often; a move is
// two list operations, and asking for the next one is a scan of 128 words. Later deadlines wait in the last bucket and
// fire early, which an engine takes as a no-op.
//
// A slot takes eight bytes: ticks are kept in 32 bits, which are whole again beside the wheel's own, and slots in 16.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace fanlight {

class TimerWheel {
 public:
  explicit TimerWheel(std::size_t slots);

  // One deadline per slot: replaces the one before. Instant::never() cancels.
  void schedule(std::uint32_t slot, Instant at) noexcept;
  // An earlier deadline stays: it fires early, the engine takes that as a no-op, and the later one is set then.
  // Deadlines that every ACK moves on would otherwise cost two list operations each time.
  void schedule_at_latest(std::uint32_t slot, Instant at) noexcept {
    if (!nodes_[slot].is_scheduled(slot) || tick_of(slot) > tick_at(at)) schedule(slot, at);
  }
  void prefetch(std::uint32_t slot) const noexcept { __builtin_prefetch(&nodes_[slot]); }
  void cancel(std::uint32_t slot) noexcept { schedule(slot, Instant::never()); }
  // A slot whose time has come, which then has no deadline; empty when none is due.
  [[nodiscard]] std::optional<std::uint32_t> pop_due(Instant now) noexcept;
  // Not later than the earliest deadline, to the millisecond.
  [[nodiscard]] Instant next() const noexcept;

 private:
  static constexpr std::int64_t kBuckets = 8192;
  static constexpr std::int64_t kTickMicros = 1000;
  static constexpr std::uint16_t kNone = 0xFFFF;
  struct Node {
    std::uint32_t tick = 0;  // Whose bucket it is in.
    std::uint16_t next = kNone;
    std::uint16_t previous = kNone;  // Its own slot: it is in no bucket.
    [[nodiscard]] bool is_scheduled(std::uint32_t slot) const noexcept { return previous != slot; }
  };
  // Rounded up: a timer never fires before its time, so an engine is never asked in vain.
  [[nodiscard]] static std::int64_t tick_at(Instant at) noexcept { return (at.us + kTickMicros - 1) / kTickMicros; }
  [[nodiscard]] std::int64_t tick_of(std::uint32_t slot) const noexcept {
    return tick_ + static_cast<std::int32_t>(nodes_[slot].tick - static_cast<std::uint32_t>(tick_));
  }
  void unlink(std::uint32_t slot) noexcept;
  [[nodiscard]] std::optional<std::int64_t> first_used_tick() const noexcept;

  std::vector<Node> nodes_;
  std::array<std::uint16_t, kBuckets> heads_;
  std::array<std::uint64_t, kBuckets / 64> used_{};  // A bit per bucket that is not empty.
  std::int64_t tick_ = 0;                            // All buckets before it are empty.
  std::int64_t not_before_ = 0;                      // No deadline has an earlier tick: asked every breath.
};

}  // namespace fanlight
