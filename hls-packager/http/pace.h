// How long an answer may be on its way to who asked: the large ones longer, and those that play slowly.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

struct Pace {
  Micros age_max = seconds(10);
  Micros age_most = seconds(60);                // Of large ones: what is sent is held for so long.
  std::uint64_t bytes_per_second_min = 32'000;  // Who takes that many is not too slow, however much there is.

  // `patience`: what the answer says of itself (HttpResponse::patience).
  [[nodiscard]] constexpr Instant due(Instant now, std::uint64_t bytes, Micros patience) const noexcept {
    const auto by_size =
        static_cast<std::int64_t>(bytes * 1'000'000 / std::max<std::uint64_t>(bytes_per_second_min, 1));
    return now + std::max({age_max, patience, std::min(age_most, micros(by_size))});
  }
};

static_assert(Pace{}.due({5}, 1'000, {}) == Instant{5} + seconds(10));
static_assert(Pace{}.due({5}, 960'000, {}) == Instant{5} + seconds(30));
static_assert(Pace{}.due({5}, 1'000'000'000, {}) == Instant{5} + seconds(60));
static_assert(Pace{}.due({5}, 1'000, seconds(90)) == Instant{5} + seconds(90));

}  // namespace fanlight::packager
