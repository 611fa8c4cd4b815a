// From the bytes of a transport stream to whole segments of its tracks. Bytes in, segments out; no clock, no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/track_set.h"
#include "segment/segmenter.h"

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
      : tracks_({.program = options.program, .waits_at_first = true}),
        segmenter_({.segment_ticks = options.segment_ticks}) {}

  void handle(ByteSpan bytes, std::vector<CutSegment>& done) {
    tracks_.handle(bytes, samples_);
    cut(done);
  }
  void finish(std::vector<CutSegment>& done) {
    tracks_.finish(samples_);
    cut(done);
    segmenter_.finish(done);
  }

  // By CutSegment::track.
  [[nodiscard]] const std::deque<Track>& tracks() const noexcept { return tracks_.tracks(); }
  [[nodiscard]] const std::vector<LeftOut>& left_out() const noexcept { return tracks_.left_out(); }
  [[nodiscard]] std::uint64_t tracks_refused() const noexcept { return tracks_.refused(); }
  [[nodiscard]] const Segmenter& segmenter() const noexcept { return segmenter_; }
  [[nodiscard]] const Demuxer& demuxer() const noexcept { return tracks_.demuxer(); }

 private:
  void cut(std::vector<CutSegment>& done) {
    for (; tracks_cut_ < tracks_.tracks().size(); ++tracks_cut_)
      segmenter_.add_track(tracks_cut_ == tracks_.first_leader());
    for (TrackSample& one : samples_) segmenter_.handle(one.track, std::move(one.sample), done);
    samples_.clear();
  }

  TrackSet tracks_;
  Segmenter segmenter_;
  std::size_t tracks_cut_ = 0;        // So many of them the segmenter knows.
  std::vector<TrackSample> samples_;  // Emptied at once.
};

}  // namespace fanlight::packager
