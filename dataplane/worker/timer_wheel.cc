#include "worker/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"

namespace fanlight {

TimerWheel::TimerWheel(std::size_t slots) : nodes_(slots) {
  CHECK(slots <= kNone);
  heads_.fill(kNone);
  for (std::size_t i = 0; i < slots; ++i) nodes_[i].previous = static_cast<std::uint16_t>(i);
}

void TimerWheel::schedule(std::uint32_t slot, Instant at) noexcept {
  Node& node = nodes_[slot];
  if (node.is_scheduled(slot)) unlink(slot);
  if (at == Instant::never()) return;
  const std::int64_t tick = std::clamp(tick_at(at), tick_, tick_ + kBuckets - 1);
  const auto bucket = static_cast<std::size_t>(tick % kBuckets);
  not_before_ = std::min(not_before_, tick);
  node = {.tick = static_cast<std::uint32_t>(tick), .next = heads_[bucket], .previous = kNone};
  if (node.next != kNone) nodes_[node.next].previous = static_cast<std::uint16_t>(slot);
  heads_[bucket] = static_cast<std::uint16_t>(slot);
  used_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
}

void TimerWheel::unlink(std::uint32_t slot) noexcept {
  Node& node = nodes_[slot];
  if (node.next != kNone) nodes_[node.next].previous = node.previous;
  if (node.previous != kNone) {
    nodes_[node.previous].next = node.next;
  } else {
    const auto bucket = static_cast<std::size_t>(node.tick % kBuckets);
    heads_[bucket] = node.next;
    if (node.next == kNone) used_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  }
  node.previous = static_cast<std::uint16_t>(slot);
}

std::optional<std::uint32_t> TimerWheel::pop_due(Instant now) noexcept {
  const std::int64_t now_tick = now.us / kTickMicros;
  const std::optional<std::int64_t> tick = now_tick < not_before_ ? std::nullopt : first_used_tick();
  if (now_tick >= not_before_) not_before_ = tick.value_or(std::numeric_limits<std::int64_t>::max());
  if (!tick || *tick > now_tick) {
    tick_ = std::max(tick_, now_tick);
    return std::nullopt;
  }
  tick_ = *tick;
  const std::uint32_t slot = heads_[static_cast<std::size_t>(tick_ % kBuckets)];
  unlink(slot);
  return slot;
}

Instant TimerWheel::next() const noexcept {
  const std::optional<std::int64_t> tick = first_used_tick();
  return tick ? Instant{*tick * kTickMicros} : Instant::never();
}

std::optional<std::int64_t> TimerWheel::first_used_tick() const noexcept {
  const std::size_t start = static_cast<std::size_t>(tick_ % kBuckets);
  for (std::size_t i = 0; i <= used_.size(); ++i) {
    const std::size_t word = (start / 64 + i) % used_.size();
    std::uint64_t bits = used_[word];
    // The first word is seen twice: its bits from `start` on come first, those before it last.
    if (i == 0) bits &= ~std::uint64_t{0} << (start % 64);
    if (i == used_.size()) bits &= ~(~std::uint64_t{0} << (start % 64));
    if (bits == 0) continue;
    const std::int64_t bucket = static_cast<std::int64_t>(word * 64) + std::countr_zero(bits);
    return tick_ + (bucket - static_cast<std::int64_t>(start) + kBuckets) % kBuckets;
  }
  return std::nullopt;
}

}  // namespace fanlight
