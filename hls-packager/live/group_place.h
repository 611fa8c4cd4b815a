// Where the streams of a group stand that go on: what they have numbered and dated, others number and date alike.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "cmaf/wall_time.h"
#include "media/timeline.h"
#include "playlist/media_playlist.h"

namespace fanlight::packager {

// Pictures of two streams that are so near each other are one: less than a frame.
inline constexpr std::int64_t kGroupSlack = kMediaClock / 50;  // 20 ms.

// Where a segment stands in its presentation.
struct SegmentPlace {
  std::int64_t begins = 0;            // Media time, 90 kHz.
  std::uint64_t discontinuities = 0;  // Before it, its own counted.
  WallTime date{};                    // Of its begin.
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

// All streams of a group have fallen behind their dates, or run ahead of them, and let them jump with one segment.
struct DateJump {
  std::uint64_t msn = 0;
  Micros by{};  // Below zero: back.
};

// How segments are dated: whoever shows one first says it for all.
struct GroupDates {
  std::vector<NumberedPlace> newest{};  // By msn.
  bool are_first = false;               // Nobody has seen others yet: what is listed is dated by them as well.
};

// What a stream is told of the others of its group.
struct GroupNews {
  std::vector<RenditionReport> reports{};
  std::optional<GroupPlace> place{};  // Of one that goes on.
  std::optional<DateJump> jump{};
  GroupDates dates{};
};

// The segment that begins at media time `at`; one that is yet to come, if they go on as they do. Empty: none does.
[[nodiscard]] std::optional<NumberedPlace> segment_at(const GroupPlace& group, std::int64_t at);

}  // namespace fanlight::packager
