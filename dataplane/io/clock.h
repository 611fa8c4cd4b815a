// The only clock of the dataplane: CLOCK_MONOTONIC, read through the vDSO (about 20 ns, no system call). The one on the
// wall, which may be stepped, is for what reports say.
#pragma once

#include <ctime>

#include "base/time.h"

namespace fanlight::io {

class MonotonicClock {
 public:
  [[nodiscard]] static Instant now() noexcept { return read(CLOCK_MONOTONIC); }
  // What the wall clock (since 1970) is ahead of it.
  [[nodiscard]] static Micros wall_offset() noexcept { return read(CLOCK_REALTIME) - now(); }

 private:
  static Instant read(clockid_t which) noexcept {
    timespec t;
    clock_gettime(which, &t);
    return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000};
  }
};

}  // namespace fanlight::io
