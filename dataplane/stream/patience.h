// How long something may go on with a viewer before it is cut. A level that rises by the time between two occurrences,
// one second at most for each, and falls to nothing as slowly again when it does not happen: what happens at least once
// a second wears patience out in 30 s, what happens every few seconds never does.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace fanlight {

class Patience {
 public:
  static constexpr Micros kSpan = seconds(30);

  void note(Instant now) noexcept {
    const Micros since = now - last_;
    last_ = now;
    level_ = since <= kTogether ? level_ + since : std::max(Micros{}, level_ - since);
  }
  [[nodiscard]] bool is_worn_out() const noexcept { return level_ >= kSpan; }

 private:
  static constexpr Micros kTogether = seconds(1);
  Instant last_;
  Micros level_;
};

}  // namespace fanlight
