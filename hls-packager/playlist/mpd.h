// The MPD of a presentation that is whole: DASH as a file. ISO/IEC 23009-1, profile isoff-live:2011
//
// Segments are those of the HLS playlists under the same names ($Number$ is their media sequence number), their times
// in a SegmentTimeline, so that none need be as long as another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/track_format.h"

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
};

// What a player switches between freely. Representations of one set are all pictures or all sound.
struct MpdAdaptationSet {
  std::string language{};
  bool is_main = true;
  std::vector<MpdRepresentation> representations{};
};

// Up to a discontinuity, or to the end.
struct MpdPeriod {
  std::vector<MpdAdaptationSet> sets{};
};

struct Mpd {
  std::vector<MpdPeriod> periods{};
};

[[nodiscard]] std::string write_static_mpd(const Mpd& mpd);

}  // namespace fanlight::packager
