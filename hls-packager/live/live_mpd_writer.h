// What the MPD says of renditions: a period for each stretch between two discontinuities. Where a period starts, and
// the moment that all is counted from, are chosen when they are first written, and stay.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "live/live_rendition.h"
#include "playlist/mpd.h"

namespace fanlight::packager {

class LiveMpdWriter {
 public:
  // At least one; the first one's dates hold for all.
  [[nodiscard]] std::string write(const std::vector<const LiveRendition*>& renditions,
                                  const std::deque<DateRange>& splices, WallTime now);

 private:
  struct Place {
    Micros start{};
    std::int64_t media_start = 0;  // 90 kHz, as is `segment`.
    std::uint64_t first_msn = 0;
    std::int64_t segment = 0;  // As long as the first one was.
    bool keeps_to_grid =
        true;  // Once no more, never again: DASH allows no segment half a step off (ISO 23009-1 7.2.1).
  };
  void add(const LiveRendition& rendition, Mpd& to) const;
  [[nodiscard]] static MpdAdaptationSet& set_for(const TrackFormat& format, MpdPeriod& period);
  void add_events(const std::deque<DateRange>& splices, Mpd& to) const;
  void place(const std::vector<Stretch>& stretches);
  void hold_against_grid(const std::vector<Stretch>& stretches);

  std::optional<WallTime> availability_start_{};
  WallTime published_{};
  std::map<std::uint64_t, Place> places_;  // By Stretch::number.
};

}  // namespace fanlight::packager
