// How long an answer may be on its way to who asked: the large ones longer, and those that play slowly.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

struct Pace {
  Micros age_max = seconds(10);
  std::uint64_t bytes_per_second_min = 32'000;  // Who takes that many is not too slow, however much there is.

  // `patience`: what the answer says of itself (HttpResponse::patience).
  [[nodiscard]] Instant due(Instant now, std::uint64_t bytes, Micros patience) const noexcept {
    const auto by_size =
        static_cast<std::int64_t>(bytes * 1'000'000 / std::max<std::uint64_t>(bytes_per_second_min, 1));
    return now + std::max({age_max, patience, micros(by_size)});
  }
};

}  // namespace fanlight::packager
