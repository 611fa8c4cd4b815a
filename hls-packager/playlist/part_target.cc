#include "playlist/part_target.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kGrain = 10;  // Microseconds: five decimals of a second.

Micros rounded_up(std::int64_t ticks, std::int64_t timescale) {
  constexpr std::int64_t kGrainsPerSecond = 1'000'000 / kGrain;
  return {(ticks * kGrainsPerSecond + timescale - 1) / timescale * kGrain};
}

PartTarget of_frames(std::int64_t frames, std::int64_t frame_ticks, std::int64_t timescale) {
  return {static_cast<std::uint32_t>(frames), rounded_up(frames * frame_ticks, timescale)};
}

}  // namespace

PartTarget part_target_of_frames(Micros wanted, std::int64_t frame_ticks, std::int64_t timescale) {
  const std::int64_t frame = frame_ticks * 1'000'000;
  const std::int64_t span = wanted.count * timescale;
  return of_frames(std::max<std::int64_t>((span + frame / 2) / frame, 1), frame_ticks, timescale);
}

PartTarget part_target_of_sound(Micros pictures, std::uint32_t frame_ticks, std::uint32_t timescale) {
  const std::int64_t frame = std::int64_t{frame_ticks} * 1'000'000;
  const std::int64_t span = pictures.count * timescale;
  const std::int64_t frames = span / frame;
  const bool fills = frames > 0 && frames * frame * 100 >= span * 85;
  if (!fills) return part_target_of_frames(pictures, frame_ticks, timescale);
  return {static_cast<std::uint32_t>(frames), pictures};
}

Micros part_hold_back(Micros longest_target, Micros gop) {
  const Micros parts = 3 * longest_target;
  return gop > seconds(1) ? std::max(parts, seconds(1)) : parts;
}

}  // namespace fanlight::packager
