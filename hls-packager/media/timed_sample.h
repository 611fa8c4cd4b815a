// A sample of a track with its bytes and its place in media time, on its way from a PES packet to a segment.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "media/timeline.h"

namespace fanlight::packager {

struct TimedSample {
  std::vector<std::byte> bytes{};
  std::uint32_t timescale = 90'000;  // Of the times here: its track's.
  // Media time.
  std::int64_t decode_time = 0;
  std::int64_t presentation_time = 0;
  std::uint32_t duration = 0;
  bool is_independent = true;
  std::uint32_t epoch = 0;   // Discontinuities before it.
  std::uint32_t format = 0;  // Formats its track had before it.
};

// What is `time` of a clock with `from` ticks a second on one with `to`, rounded.
constexpr std::int64_t rescale(std::int64_t time, std::uint32_t from, std::uint32_t to) {
  const std::int64_t whole = time / from, rest = time % from;
  return whole * to + (rest * to + (rest < 0 ? -1 : 1) * std::int64_t{from} / 2) / from;
}
static_assert(rescale(90'000 * 3 + 45'000, 90'000, 48'000) == 48'000 * 3 + 24'000);
static_assert(rescale(-90'000, 90'000, 44'100) == -44'100);
static_assert(rescale(std::int64_t{1} << 50, 90'000, 48'000) == (std::int64_t{1} << 50) / 90'000 * 48'000 + 44'066);

}  // namespace fanlight::packager
