// The least that packets came behind their timestamps within the last half a minute, or whole one: what is ahead of
// that is ahead by its clock, and not because its way is short today.
#pragma once

#include <algorithm>
#include <limits>

#include "base/time.h"

namespace fanlight::rtp {

class LeastDelay {
 public:
  void begin(Instant at) noexcept {
    window_start_ = at;
    before_ = current_ = kNone;
  }
  void note(Instant at, Micros delay) noexcept {
    if (at - window_start_ >= kWindow) {
      window_start_ = at;
      before_ = current_;
      current_ = delay;
    }
    current_ = std::min(current_, delay);
  }
  // All so far came so much later, by what their times are read as from now on.
  void add(Micros shift) noexcept {
    for (Micros* const delay : {&before_, &current_})
      if (*delay != kNone) *delay = *delay + shift;
  }
  [[nodiscard]] Micros least() const noexcept { return std::min(before_, current_); }

 private:
  static constexpr Micros kWindow = seconds(30);
  static constexpr Micros kNone{std::numeric_limits<std::int64_t>::max()};

  Instant window_start_;
  Micros before_ = kNone;
  Micros current_ = kNone;
};

}  // namespace fanlight::rtp
