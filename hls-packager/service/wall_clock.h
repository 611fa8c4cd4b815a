// CLOCK_REALTIME as playlists have it.
#pragma once

#include <ctime>

#include "cmaf/wall_time.h"

namespace fanlight::packager {

[[nodiscard]] inline WallTime wall_now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000};
}

}  // namespace fanlight::packager
