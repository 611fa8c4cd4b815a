// What the MPD says of renditions: a period for each stretch between two discontinuities. Where a period starts, and
// the moment that all is counted from, are chosen when they are first written, and stay.
#pragma once

#include <cstdint>
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
  [[nodiscard]] std::string write(const std::vector<const LiveRendition*>& renditions, WallTime now);

 private:
  struct Place {
    Micros start{};
    std::int64_t media_start = 0;  // 90 kHz.
  };
  void add(const LiveRendition& rendition, Mpd& to) const;
  void place(const std::vector<Stretch>& stretches);

  std::optional<WallTime> availability_start_{};
  WallTime published_{};
  std::map<std::uint64_t, Place> places_;  // By Stretch::number.
};

}  // namespace fanlight::packager
