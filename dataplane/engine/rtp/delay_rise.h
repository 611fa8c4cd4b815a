// Whether packets have come to be later behind their timestamps than they were: the source's clock was set back, the
// source stood still, or its way became longer. A crowded way looks like that for a while, but what waits there waits
// now more and now less; and a clock that is slow adds little in each second.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/time.h"

namespace fanlight::rtp {

class DelayRise {
 public:
  void begin() noexcept { *this = {}; }
  // The least delay of the next window of a second or more. By how much it rose for good, to be taken out of all that
  // follow; mostly 0.
  [[nodiscard]] Micros note(Micros least) noexcept {
    const Micros before = std::exchange(last_, least);
    if (level_ == kNone || least - level_ <= kRiseMin) {
      level_ = least;
      windows_ = 0;
      return {};
    }
    low_ = windows_ == 0 ? least : std::min(low_, least);
    ++windows_;
    const bool is_settled = windows_ >= kSettledWindows && std::abs((least - before).count) <= kSettledSpan.count;
    if (!is_settled && windows_ < kLongWindows) return {};
    windows_ = 0;
    last_ = level_;
    return (is_settled ? std::min(least, before) : low_) - level_;
  }

 private:
  static constexpr Micros kRiseMin = millis(20);
  static constexpr int kSettledWindows = 2;  // As late as the one before ...
  static constexpr Micros kSettledSpan = millis(5);
  static constexpr int kLongWindows = 10;  // ... or all of so many.
  static constexpr Micros kNone{std::numeric_limits<std::int64_t>::max()};

  Micros level_ = kNone;  // The last window's that did not rise.
  Micros last_ = kNone;
  Micros low_{};     // The least since then ...
  int windows_ = 0;  // ... of so many.
};

}  // namespace fanlight::rtp
