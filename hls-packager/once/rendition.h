// One track on its way to disk: its init segments, its segments, and what playlists say of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "playlist/media_playlist.h"
#include "playlist/mpd.h"
#include "protect/key_ring.h"
#include "protect/sample_protector.h"
#include "segment/presentation.h"

namespace fanlight::packager {

class Rendition {
 public:
  struct Written {
    std::uint32_t number = 0;
    std::uint32_t epoch = 0;
    std::uint32_t format = 0;
    std::int64_t begins = 0;  // Media time, as are durations, in ticks of `timescale`.
    std::int64_t duration = 0;
    std::uint32_t timescale = 0;
    std::size_t key = 0;
    std::uint64_t bytes = 0;
    bool is_independent = true;
  };

  // `folder`: of its own, inside `directory`. `keys`: none, in the clear.
  Rendition(const TrackLine& line, std::filesystem::path directory, std::string folder, const KeyRing* keys = nullptr)
      : line_(&line), directory_(std::move(directory)), folder_(std::move(folder)), keys_(keys) {}

  // Writes the segment's file, and before the first of a format that one's init segment.
  [[nodiscard]] Result<Done> write(const CutSegment& segment);

  [[nodiscard]] const TrackLine& line() const noexcept { return *line_; }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] const std::vector<Written>& segments() const noexcept { return written_; }
  [[nodiscard]] const KeyRing* keys() const noexcept { return keys_; }
  // As players are told of it: with the rate of its pictures, measured where they do not say it.
  [[nodiscard]] const TrackFormat& format(std::uint32_t number) const { return formats_.at(number); }
  // Bits a second: of the largest segment, and of all.
  [[nodiscard]] std::uint32_t bandwidth() const noexcept;
  [[nodiscard]] std::uint32_t bandwidth_average() const noexcept;

 private:
  [[nodiscard]] Result<Done> adopt(std::uint32_t format);
  void measure_rate(const Written& segment, std::size_t frames);
  [[nodiscard]] Result<Done> write_file(const std::string& name, ByteSpan bytes) const;

  const TrackLine* line_;
  std::filesystem::path directory_;
  std::string folder_;
  const KeyRing* keys_;
  std::optional<SampleProtector> protector_{};  // Of the newest format.
  std::vector<Written> written_;
  std::map<std::uint32_t, TrackFormat> formats_;  // Of those that segments are of.
  std::int64_t frames_ = 0, frames_ticks_ = 0;    // Of the newest.
};

}  // namespace fanlight::packager
