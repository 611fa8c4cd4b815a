// Where the streams of a group stand that go on, for one that comes to them: what they have numbered it numbers alike.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "media/timeline.h"

namespace fanlight::packager {

// Pictures of two streams that are so near each other are one: less than a frame.
inline constexpr std::int64_t kGroupSlack = kMediaClock / 50;  // 20 ms.

// Where a segment stands in its presentation.
struct SegmentPlace {
  std::int64_t begins = 0;            // Media time, 90 kHz.
  std::uint64_t discontinuities = 0;  // Before it, its own counted.
};

struct NumberedPlace {
  std::uint64_t msn = 0;
  SegmentPlace place{};
};

// Of a stream that goes on.
struct GroupPlace {
  std::vector<NumberedPlace> newest{};  // By msn; never empty. The last may be open.
  std::int64_t step = 0;                // So long its segments are, 90 kHz.
  Timeline::Anchor clock{};
};

// All streams of a group have fallen behind their dates, and let them jump ahead with one segment.
struct DateJump {
  std::uint64_t msn = 0;
  Micros by{};
};

// The segment that begins at media time `at`; one that is yet to come, if they go on as they do. Empty: none does.
[[nodiscard]] std::optional<NumberedPlace> segment_at(const GroupPlace& group, std::int64_t at);

}  // namespace fanlight::packager
