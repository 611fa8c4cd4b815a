// The MPD of a presentation: of one that is whole, DASH as a file; of a live one, low-latency DASH. ISO/IEC 23009-1,
// profile isoff-live:2011, and DASH-IF's low-latency-live-v5
//
// Segments are those of the HLS playlists under the same names ($Number$ is their media sequence number). Their times
// are one @duration while they keep to a grid, and otherwise in a SegmentTimeline, so that none need be as long as
// another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cmaf/wall_time.h"
#include "codec/captions.h"
#include "codec/track_format.h"
#include "playlist/date_range.h"

namespace fanlight::packager {

struct MpdRepresentation {
  std::string id{};
  std::string folder{};  // Where its segments are, relative to the MPD: "v0/". Empty: beside it.
  const TrackFormat* format = nullptr;
  std::uint32_t bandwidth = 0;
  std::uint64_t init = 0;  // names.h
  // In ticks of the format's timescale: where the period starts, the same moment for all that are in it, and where this
  // one's first segment does.
  std::int64_t period_start = 0;
  std::int64_t first_time = 0;
  std::uint64_t first_msn = 0;
  std::vector<std::int64_t> durations{};  // Of the segments.
  // Of a live period whose segments keep to a grid: the grid's step, and which segment it begins with. Then players
  // reckon with numbers, and need no news of times; of the last number, once that is known.
  std::optional<std::int64_t> grid{};
  std::uint64_t grid_first_msn = 0;
  std::optional<std::uint64_t> last_msn{};
};

// What a player switches between freely. Representations of one set are all pictures or all sound.
struct MpdAdaptationSet {
  std::string label{};  // As people are told of it; empty: as it likes.
  std::string language{};
  std::vector<CaptionService> captions{};
  bool is_main = true;
  bool describes_video = false;  // Sound for who does not see.
  std::vector<MpdRepresentation> representations{};
};

// Up to a discontinuity, or to the end.
struct MpdPeriod {
  std::vector<MpdAdaptationSet> sets{};
  // Of a live one: what never changes.
  std::string id{};
  Micros start{};                    // From the presentation's availability_start.
  bool is_over = false;              // No segment comes any more that is not there.
  std::int64_t media_start = 0;      // 90 kHz.
  std::vector<DateRange> splices{};  // Not before it.
};

// All samples are encrypted (`cbcs`). Keys that follow the first are in its licence as well.
struct MpdProtection {
  std::string key_id{};   // Of the first key, as a UUID is written.
  std::string licence{};  // Where ClearKey's is had; empty: not from here.
};

struct Mpd {
  std::vector<MpdPeriod> periods{};
  std::optional<MpdProtection> protection{};
};

// The last segment of each representation is the one that is being made, or is about to be: how long it will be is
// taken from the one before.
struct LiveMpd {
  Mpd content{};
  WallTime availability_start{};  // For ever.
  WallTime published{};
  Micros window{};
  Micros segment{};  // As they mostly are, and the parts that they are sent in.
  Micros part{};
  Micros latency{};        // That players are to aim at.
  bool has_ended = false;  // Nothing more comes: the last segments are whole. Players keep the times that they have.
  std::string clock{};     // Where they ask for the time: a URL that answers xs:dateTime.
};

// Of pictures and of sound the first set each; one that describes pictures where there is no other.
void choose_main(MpdPeriod& period);

[[nodiscard]] std::string write_static_mpd(const Mpd& mpd);
[[nodiscard]] std::string write_live_mpd(const LiveMpd& mpd);

}  // namespace fanlight::packager
