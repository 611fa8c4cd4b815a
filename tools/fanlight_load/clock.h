// CLOCK_MONOTONIC in nanoseconds, for stamps; in microseconds, for engines.
#pragma once

#include <ctime>

#include "base/time.h"

namespace fanlight::load {

[[nodiscard]] inline std::int64_t clock_ns() noexcept {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
[[nodiscard]] inline Instant clock_now() noexcept { return {clock_ns() / 1000}; }

// CPU time of this process so far.
[[nodiscard]] inline double cpu_seconds() noexcept {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

}  // namespace fanlight::load
