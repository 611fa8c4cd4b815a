// The longest time of late that a source was silent and came back by itself, within the last 10 s, or 20: who does that
// is not taken for gone as soon. Slides, captions and silent speech come a few packets a second, or less.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace fanlight::rtp {

class LongestPause {
 public:
  void note(Instant now, Micros pause) noexcept {
    if (now - window_start_ >= kWindow) {
      before_ = current_;
      current_ = {};
      window_start_ = now;
    }
    current_ = std::max(current_, pause);
  }
  void forget() noexcept { before_ = current_ = {}; }
  [[nodiscard]] Micros longest() const noexcept { return std::max(before_, current_); }

 private:
  static constexpr Micros kWindow = seconds(10);

  Instant window_start_;
  Micros before_{};
  Micros current_{};
};

}  // namespace fanlight::rtp
