// The only clock of the dataplane: CLOCK_MONOTONIC, read through the vDSO (about 20 ns, no system call).
#pragma once

#include <ctime>

#include "base/time.h"

namespace fanlight::io {

struct MonotonicClock {
  [[nodiscard]] static Instant now() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000};
  }
};

}  // namespace fanlight::io
