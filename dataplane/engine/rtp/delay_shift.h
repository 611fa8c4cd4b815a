// Whether packets have come to be later behind their timestamps than they were, or less late, for good: the source's
// clock was set, the source stood still, or its way became another one. A crowded way looks like that for a while, but
// what waits there waits now more and now less; what was taken out for its sake is put back when it is free again.
//
// The level that it is judged by follows no faster than the stream's clock: many small steps add up to one.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/time.h"

namespace fanlight::rtp {

class DelayShift {
 public:
  // The least delay of the next window, of a second or more. How far it is off its level for good; mostly 0.
  [[nodiscard]] Micros judge(Micros least, Micros length) noexcept {
    const Micros before = std::exchange(last_, least);
    if (level_ == kNone) level_ = least;
    const Micros off = least - level_;
    if (std::abs(off.count) <= kShiftMin.count) {
      const std::int64_t drift = length.count * kDriftPpm / 1'000'000;
      level_ = level_ + Micros{std::clamp(off.count, -drift, drift)};
      windows_ = 0;
      return {};
    }
    if (windows_ > 0 && (off.count > 0) != (nearest_.count > 0)) windows_ = 0;
    nearest_ = windows_ == 0 ? off : nearer(off, nearest_);
    ++windows_;
    if (windows_ >= kSettledWindows && std::abs((least - before).count) <= kSettledSpan.count)
      return nearer(off, before - level_);
    return windows_ >= kLongWindows ? nearest_ : Micros{};
  }
  // All that follows is timed so much later: it is where it was.
  void take_out(Micros shift) noexcept {
    last_ = last_ - shift;
    windows_ = 0;
  }
  // To nothing; of two that are on either side of it, nothing.
  [[nodiscard]] static constexpr Micros nearer(Micros a, Micros b) noexcept {
    if ((a.count > 0) != (b.count > 0)) return {};
    return std::abs(a.count) < std::abs(b.count) ? a : b;
  }

 private:
  static constexpr Micros kShiftMin = millis(20);
  static constexpr std::int64_t kDriftPpm = 500;  // As the stream's clock is slewed.
  static constexpr int kSettledWindows = 2;       // As late as the one before ...
  static constexpr Micros kSettledSpan = millis(5);
  static constexpr int kLongWindows = 10;  // ... or all of so many.
  static constexpr Micros kNone{std::numeric_limits<std::int64_t>::max()};

  Micros level_ = kNone;
  Micros last_{};     // The window before's.
  Micros nearest_{};  // To the level, of those off it in one direction ...
  int windows_ = 0;   // ... which are so many.
};

}  // namespace fanlight::rtp
