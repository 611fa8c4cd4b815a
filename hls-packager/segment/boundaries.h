// Where segments begin, as the leading track has it, for the tracks that follow.
#pragma once

#include <cstdint>
#include <deque>

#include "media/timed_sample.h"

namespace fanlight::packager {

[[nodiscard]] inline std::int64_t media_time_of(const TimedSample& sample) {
  return rescale(sample.presentation_time, sample.timescale, kMediaClock);
}

struct Boundary {
  std::int64_t at = 0;  // Media time, 90 kHz.
  std::uint32_t epoch = 0;
  bool is_discontinuous = false;
  bool begins_anew = false;  // Nobody goes on from what was before it.
  std::uint64_t discontinuities_before = 0;
};

// Whether a sample of a track that is in `epoch` is behind `boundary`. Media time goes on through a discontinuity, so
// it cannot tell which side of one a sample is on: its epoch does.
[[nodiscard]] inline bool is_past(std::uint32_t epoch, const TimedSample& sample, const Boundary& boundary) noexcept {
  if (boundary.epoch > epoch) return sample.epoch >= boundary.epoch;
  return sample.epoch > boundary.epoch || media_time_of(sample) >= boundary.at;
}

// By the number of the segment that begins there.
class Boundaries {
 public:
  [[nodiscard]] std::uint64_t next() const noexcept { return forgotten_ + kept_.size(); }
  [[nodiscard]] const Boundary* find(std::uint64_t number) const noexcept {
    return number < forgotten_ || number >= next() ? nullptr : &kept_[number - forgotten_];
  }
  void push(const Boundary& boundary) { kept_.push_back(boundary); }
  // Those below `number`.
  void forget(std::uint64_t number) noexcept {
    for (; forgotten_ < number && !kept_.empty(); ++forgotten_) {
      epoch_forgotten_ = kept_.front().epoch;
      kept_.pop_front();
    }
  }
  // The least that is known, and the epoch before it.
  [[nodiscard]] std::uint64_t first() const noexcept { return forgotten_; }
  [[nodiscard]] std::uint32_t epoch_before_first() const noexcept { return epoch_forgotten_; }

 private:
  std::deque<Boundary> kept_;
  std::uint64_t forgotten_ = 0;
  std::uint32_t epoch_forgotten_ = 0;
};

}  // namespace fanlight::packager
