// What the MPD says of renditions: a period for each stretch between two discontinuities. Where a period starts, and
// the moment that all is counted from, are chosen when they are first written, and stay. A period is over when its
// source is lost, or another begins: then it is known which segment is its last, and nobody asks for others.
//
// Players reckon from there when a segment can be had. Where the sender's clock drifts away from ours that would be
// wrong in the end: before it is by more than a part, another period starts where it is right again, and is announced
// in time. ISO/IEC 23009-1 knows no drift. And so one starts where more bits come than is said, or another language: of
// a period that runs nothing may change.
//
// Where our own clock is set, the discontinuity behind it starts by the new one: set back, it takes the place of what
// would start later, and where that is all, everything is counted from another moment.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "live/live_rendition.h"
#include "playlist/mpd.h"

namespace fanlight::packager {

class LiveMpdWriter {
 public:
  explicit LiveMpdWriter(std::optional<MpdProtection> protection = std::nullopt) : protection_(std::move(protection)) {}

  // At least one; the first one's dates hold for all. Those that have all ended are a presentation that has. What is
  // said is settled now; it is put into words when somebody asks.
  [[nodiscard]] LateDocument write(const std::vector<const LiveRendition*>& renditions,
                                   const std::deque<DateRange>& splices, WallTime now);

 private:
  struct Said {
    std::uint32_t bandwidth = 0;
    std::string language{};
    bool describes_video = false;
  };
  struct Place {
    std::uint64_t stretch = 0;  // Its number.
    bool is_first = false;      // Of its stretch.
    Micros start{};
    std::int64_t media_start = 0;  // 90 kHz, as is `segment`.
    std::uint64_t first_msn = 0;
    std::int64_t segment = 0;  // As long as the first one was.
    bool keeps_to_grid =
        true;  // Once no more, never again: DASH allows no segment half a step off (ISO 23009-1 7.2.1).
    std::map<std::string, Said> said{};  // By representation, as it was first.
  };
  void add(const LiveRendition& rendition, const std::vector<Stretch>& stretches, Mpd& to);
  [[nodiscard]] std::string id_of(const Place& place) const;
  [[nodiscard]] Place* place_of(std::uint64_t stretch, std::uint64_t msn) noexcept;
  [[nodiscard]] static MpdAdaptationSet& set_for(const TrackFormat& format, MpdPeriod& period);
  void add_events(const std::deque<DateRange>& splices, Mpd& to) const;
  void place(const std::vector<Stretch>& stretches);
  void hold_against_grid(const std::vector<Stretch>& stretches);
  void hold_against_clock(const std::vector<Stretch>& stretches, Micros slack, bool is_outdated);
  [[nodiscard]] bool is_outdated(const std::vector<const LiveRendition*>& renditions) const;

  std::optional<MpdProtection> protection_;
  std::optional<WallTime> availability_start_{};
  WallTime published_{};
  std::vector<Place> places_;  // By stretch and first_msn; of one stretch there may be several.
  bool is_over_ = false;       // Nothing comes, for now or for ever.
};

}  // namespace fanlight::packager
