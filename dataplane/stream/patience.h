// How long something may go on with a viewer before it is cut. A level that rises by the time between two occurrences,
// one second at most for each, and falls to nothing as slowly again when it does not happen: what happens at least once
// a second wears patience out in 30 s, what happens every few seconds never does.
//
// In whole milliseconds of the clock, 32 bits of them: once in 49 days a long pause may be taken for a short one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight {

class Patience {
 public:
  static constexpr Micros kSpan = seconds(30);

  void note(Instant now) noexcept {
    const auto now_ms = static_cast<std::uint32_t>(now.us / 1000);
    const std::uint32_t since = now_ms - last_ms_;
    last_ms_ = now_ms;
    if (since <= kTogetherMs) {
      level_ms_ = std::min(level_ms_ + since, kSpanMs);
    } else {
      level_ms_ -= std::min(level_ms_, since);
    }
  }
  [[nodiscard]] bool is_worn_out() const noexcept { return level_ms_ >= kSpanMs; }

 private:
  static constexpr std::uint32_t kTogetherMs = 1000;
  static constexpr std::uint32_t kSpanMs = kSpan.count / 1000;
  std::uint32_t last_ms_ = 0;
  std::uint32_t level_ms_ = 0;
};

}  // namespace fanlight
