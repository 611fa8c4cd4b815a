// A moment on the wall clock, which publishers set and may set wrong.
#pragma once

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
struct WallTime {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
  friend constexpr WallTime operator+(WallTime t, Micros d) { return {t.us + d.count}; }
  friend constexpr Micros operator-(WallTime a, WallTime b) { return {a.us - b.us}; }
};

// 64 bits of NTP time: seconds since 1900, modulo 2^32, and a fraction of 2^32. `t` is not before 1970.
constexpr std::uint64_t ntp_of(WallTime t) {
  constexpr std::uint64_t kSeconds1900To1970 = 2'208'988'800;
  const auto us = static_cast<std::uint64_t>(t.us);
  return (us / 1'000'000 + kSeconds1900To1970) << 32 | (us % 1'000'000 << 32) / 1'000'000;
}
static_assert(ntp_of({0}) == std::uint64_t{0x83AA7E80} << 32);
static_assert(ntp_of({1'500'000}) == (std::uint64_t{0x83AA7E81} << 32 | 0x8000'0000));

}  // namespace fanlight::packager
