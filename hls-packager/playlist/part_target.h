// How long parts are, and how far behind the end players are asked to stay. Chosen once, before the first playlist: a
// player of Apple's gives up for good when either changes.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

// Invariant: `target` is a multiple of 10 µs, so that it is exact in five decimals, and not shorter than a part.
struct PartTarget {
  std::uint32_t frames = 0;  // A part that is not cut short has so many.
  Micros target;
};

// As near `wanted` as whole frames come, at least one frame. A frame lasts `frame_ticks` of `timescale`, which may be
// of many frames: then the timescale is as many times as large.
[[nodiscard]] PartTarget part_target_of_frames(Micros wanted, std::int64_t frame_ticks, std::int64_t timescale);
// Sound follows the pictures' target: as many frames as fit it. Where they fill less than 85 % (RFC 8216bis §4.4.4.9),
// the target of the sound is its own.
[[nodiscard]] PartTarget part_target_of_sound(Micros pictures, std::uint32_t frame_ticks, std::uint32_t timescale);

// PART-HOLD-BACK: three parts of the longest target of all renditions, and with GOPs of more than a second a second at
// least, for a player that starts needs an independent part within it.
[[nodiscard]] Micros part_hold_back(Micros longest_target, Micros gop);

}  // namespace fanlight::packager
