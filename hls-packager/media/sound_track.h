// A track of sound: from its PES packets to frames with their place in media time, counted in samples. The PTS of a
// stream are rounded to ticks of 90 kHz, so a track stamped from them would have gaps one can hear: it follows them
// only when it is half a frame off.
//
// Behind a jump of the clock there may be frames for a time that the track has had already: they are left out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "codec/elementary_stream.h"
#include "media/format_log.h"
#include "media/timed_sample.h"
#include "media/timeline.h"
#include "ts/demuxer.h"

namespace fanlight::packager {

template <class Codec>
class SoundTrack {
 public:
  explicit SoundTrack(Codec codec) : codec_(std::move(codec)) {}

  // Samples that it completes are appended.
  void handle(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done) {
    if (unit.packet.is_after_loss) codec_.handle_gap();
    codec_.handle_pes(unit.packet.content(), unit.pts);
    while (const std::optional<SoundFrame> frame = codec_.poll_frame())
      if (std::optional<TimedSample> sample = take_frame(*frame, timeline)) done.push_back(*std::move(sample));
  }

  // Its program had it no more for a while.
  void handle_return() noexcept { cursor_ = {}; }

  // By TimedSample::format.
  [[nodiscard]] const FormatLog& formats() const noexcept { return formats_; }
  [[nodiscard]] FormatLog& formats() noexcept { return formats_; }
  [[nodiscard]] const SoundCounts& counts() const noexcept { return codec_.counts(); }
  // How often the count of samples was given up for the stream's own time.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  // Frames that overlapped what was in front of a jump, since the last call.
  [[nodiscard]] std::uint64_t take_overlapping() noexcept { return std::exchange(overlapping_, 0); }

 private:
  // None: it is left out.
  std::optional<TimedSample> take_frame(const SoundFrame& frame, Timeline& timeline) {
    if (formats_.is_empty() || frame.has_new_format) {
      if (!formats_.is_empty()) count_in(formats_.newest().timescale(), codec_.format()->timescale());
      formats_.push(*codec_.format());
    }
    const std::uint32_t rate = formats_.newest().timescale();
    const Timeline::Place place = timeline.place(cursor_, frame.pts_90k, rescale(frame.samples, rate, kMediaClock));
    const std::int64_t told = rescale(place.decode_time, kMediaClock, rate);
    if (overlaps(place.epoch, told, frame.samples)) {
      ++overlapping_;
      return std::nullopt;
    }
    follow(told, frame.samples);
    TimedSample sample{.bytes = {frame.bytes.begin(), frame.bytes.end()},
                       .timescale = rate,
                       .decode_time = next_,
                       .presentation_time = next_,
                       .duration = frame.samples,
                       .epoch = place.epoch,
                       .format = formats_.newest_number()};
    last_ = next_;
    next_ += frame.samples;
    cursor_.expected = rescale(next_, rate, kMediaClock);  // Small steps back that go on are a jump in the end.
    return sample;
  }

  void count_in(std::uint32_t from, std::uint32_t to) {
    next_ = rescale(next_, from, to);
    last_ = rescale(last_, from, to);
  }

  // From the first frame of an epoch on, until one is where the track has not been.
  [[nodiscard]] bool overlaps(std::uint32_t epoch, std::int64_t told, std::uint32_t samples) noexcept {
    is_at_seam_ |= has_begun_ && std::exchange(epoch_, epoch) != epoch;
    is_at_seam_ &= told < next_ - samples / 2;
    return is_at_seam_;
  }

  void follow(std::int64_t told, std::uint32_t samples) {
    const std::int64_t off = told - next_;
    if (has_begun_ && std::llabs(off) <= samples / 2) return;
    steps_ += has_begun_ ? 1 : 0;
    // Back only as far as the frame before leaves it a sample.
    next_ = has_begun_ ? std::max(told, last_ + 1) : told;
    has_begun_ = true;
  }

  Codec codec_;
  FormatLog formats_;
  Timeline::Cursor cursor_;
  bool has_begun_ = false;
  std::int64_t next_ = 0;  // Media time in samples: where the next frame is due.
  std::int64_t last_ = 0;  // Where the last one began.
  std::uint32_t epoch_ = 0;
  bool is_at_seam_ = false;
  std::uint64_t steps_ = 0, overlapping_ = 0;
};

}  // namespace fanlight::packager
