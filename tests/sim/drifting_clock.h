// A peer's own crystal: world time seen through an offset and a few parts per million.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight::sim {

class DriftingClock {
 public:
  DriftingClock(std::int64_t start_us, std::int64_t ppm) : start_us_(start_us), ppm_(ppm) {}
  [[nodiscard]] Instant local(Instant world) const { return {start_us_ + world.us + world.us * ppm_ / 1'000'000}; }
  // The first world moment at which the clock shows `local` or later.
  [[nodiscard]] Instant world(Instant local) const {
    if (local == Instant::never()) return local;
    Instant guess{(local.us - start_us_) * 1'000'000 / (1'000'000 + ppm_) - 1};
    while (this->local(guess) < local) ++guess.us;
    return guess;
  }

 private:
  std::int64_t start_us_;
  std::int64_t ppm_;
};

}  // namespace fanlight::sim
