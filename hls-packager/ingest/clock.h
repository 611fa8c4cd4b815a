// CLOCK_MONOTONIC as the packager has it.
#pragma once

#include <ctime>

#include "base/time.h"

namespace fanlight::packager {

[[nodiscard]] inline Instant monotonic_now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000};
}

}  // namespace fanlight::packager
