// From the bytes of a transport stream to whole segments of its tracks. Bytes in, segments out; no clock, no socket.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "media/track_set.h"
#include "segment/segmenter.h"
#include "segment/track_line.h"

namespace fanlight::packager {

class Presentation {
 public:
  using Track = TrackSet::Track;
  using LeftOut = TrackSet::LeftOut;
  struct Options {
    std::optional<std::uint16_t> program{};  // Empty: the first with pictures; when none has, the first with sound.
    std::int64_t segment_ticks = 2 * kMediaClock;
  };

  explicit Presentation(const Options& options)
      : tracks_({.program = options.program, .waits = PictureTrack::Waits::kAlways}),
        segmenter_({.segment_ticks = options.segment_ticks, .segment_ticks_max = options.segment_ticks + kGopMax}) {}

  void handle(ByteSpan bytes, std::vector<CutSegment>& done);
  void finish(std::vector<CutSegment>& done);

  // By CutSegment::track. Samples' formats are by the line's numbers.
  [[nodiscard]] const std::deque<TrackLine>& lines() const noexcept { return lines_; }
  [[nodiscard]] const std::deque<Track>& tracks() const noexcept { return tracks_.tracks(); }
  [[nodiscard]] const std::vector<LeftOut>& left_out() const noexcept { return tracks_.left_out(); }
  [[nodiscard]] std::uint64_t tracks_refused() const noexcept { return tracks_.refused(); }
  [[nodiscard]] std::uint64_t sound_overlapping() const noexcept { return tracks_.overlapping(); }
  [[nodiscard]] const Segmenter& segmenter() const noexcept { return segmenter_; }
  [[nodiscard]] const Demuxer& demuxer() const noexcept { return tracks_.demuxer(); }

 private:
  // Segments wait for the end of a group of pictures that is no longer.
  static constexpr std::int64_t kGopMax = 10 * kMediaClock + 49 * kMediaClock / 100;

  void cut(std::vector<CutSegment>& done);
  [[nodiscard]] std::size_t line_of(const TrackSample& one);

  TrackSet tracks_;
  Segmenter segmenter_;
  std::deque<TrackLine> lines_;                      // In the order of the segmenter's tracks.
  std::vector<std::optional<std::size_t>> line_of_;  // By track.
  std::vector<TrackSample> samples_;                 // Emptied at once.
};

}  // namespace fanlight::packager
