// Cuts the tracks of a presentation into segments that begin together. The first video track leads, without one the
// first track: a segment begins where one of its independent samples is shown, once the segment before is long enough,
// and wherever its clock jumped or its format changed. The others follow: their segment begins with the first sample
// that is not before that moment.
//
// So they wait until the leader is past a sample: only then is it known on which side of a boundary the sample is. A
// leader that has stopped is waited for no longer than kWaitingMax samples.
//
// What comes is a stranger's, and a segment is held until it is whole: none has more media time or bytes than it may,
// whatever there is to begin the next one with. Where the leader is missing, a follower's does so as well.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "segment/boundaries.h"

namespace fanlight::packager {

struct CutSegment {
  std::size_t track = 0;
  std::uint32_t number = 0;  // From 0; the same for all tracks. One that has nothing in it is left out.
  std::vector<TimedSample> samples;
  // Of the sample behind the last, in the last's timescale: where there is one in this epoch, in this segment's
  // successor.
  std::optional<std::int64_t> next_decode_time{};
};

class Segmenter {
 public:
  struct Options {
    std::int64_t segment_ticks = 2 * kMediaClock;                  // Media time; segments are as long or longer.
    std::int64_t segment_ticks_max = 10 * kMediaClock + 49 * 900;  // The leader's are no longer.
    std::uint64_t segment_bytes_max = std::uint64_t{128} << 20;    // Of a track, with what it takes to hold them.
  };
  explicit Segmenter(const Options& options) : options_(options) {}

  // Its number is that of the call. `leads`: it is the one that others follow; exactly one does.
  std::size_t add_track(bool leads);

  // In decode order for each track. Segments that this completes are appended.
  void handle(std::size_t track, TimedSample&& sample, std::vector<CutSegment>& done);
  // Nothing more comes: what is left is each track's last segment.
  void finish(std::vector<CutSegment>& done);

  // Samples of followers whose new format had to wait for a boundary.
  [[nodiscard]] std::uint64_t samples_left_out() const noexcept { return samples_left_out_; }
  // Segments that had to end in front of a picture that is not independent.
  [[nodiscard]] std::uint64_t cuts_forced() const noexcept { return cuts_forced_; }

 private:
  struct Track {
    bool leads = false;
    std::uint32_t number = 0;  // Of the segment being filled.
    std::uint32_t epoch = 0;   // Likewise.
    std::vector<TimedSample> samples;
    std::uint64_t bytes = 0;
    std::deque<TimedSample> waiting;  // Of a follower.
    std::uint64_t bytes_waiting = 0;
  };
  static constexpr std::size_t kWaitingMax = 500;  // Ten seconds of sound.
  static constexpr std::uint64_t kBytesWaitingMax = std::uint64_t{32} << 20;

  void lead(std::size_t index, TimedSample&& sample, std::vector<CutSegment>& done);
  [[nodiscard]] bool begins_segment(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool has_no_room(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool is_newest(const Track& track) const noexcept { return track.number == boundaries_.next(); }
  void begin_segment(std::size_t index, const TimedSample& sample, std::vector<CutSegment>& done);
  void pass_boundaries(std::size_t index, const TimedSample& sample, std::vector<CutSegment>& done);
  void add(Track& track, TimedSample&& sample);
  void let_in(std::size_t index, std::size_t waiting_max, std::vector<CutSegment>& done);
  void follow(std::size_t index, TimedSample&& sample, std::vector<CutSegment>& done);
  void close(std::size_t index, const TimedSample* next, std::vector<CutSegment>& done);
  void forget_passed_boundaries() noexcept;

  Options options_;
  std::vector<Track> tracks_;
  Boundaries boundaries_;  // Of the number n: where segment n + 1 begins.
  std::int64_t segment_start_ = 0;
  std::uint64_t samples_left_out_ = 0, cuts_forced_ = 0;
  std::optional<Boundary> led_until_{};  // Empty: the leader has not begun.
};

}  // namespace fanlight::packager
