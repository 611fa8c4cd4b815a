// How long a caller waits before it calls again: half a second, then twice as long each time, up to eight, so that a
// relay which comes back is not called by all at once and is watched again in seconds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

class BackOff {
 public:
  static constexpr Micros kFirst = millis(500);
  static constexpr Micros kMost = seconds(8);

  // `random` spreads callers over a quarter of the wait.
  [[nodiscard]] Micros next(std::uint32_t random) noexcept {
    const Micros wait = wait_;
    wait_ = std::min(2 * wait_, kMost);
    return wait - micros(static_cast<std::int64_t>(random % 1024) * wait.count / 4096);
  }
  // A call brought something.
  void reset() noexcept { wait_ = kFirst; }

 private:
  Micros wait_ = kFirst;
};

}  // namespace fanlight::packager
