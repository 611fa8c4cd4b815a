#include "segment/segmenter.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {

std::size_t Segmenter::add_track(bool leads) {
  // One that comes late begins with the first that is known.
  tracks_.push_back({.leads = leads,
                     .number = static_cast<std::uint32_t>(boundaries_.first()),
                     .epoch = boundaries_.epoch_before_first(),
                     .samples = {},
                     .waiting = {}});
  return tracks_.size() - 1;
}

void Segmenter::handle(std::size_t track, TimedSample&& sample, std::vector<CutSegment>& done) {
  if (tracks_[track].leads) return lead(track, std::move(sample), done);
  tracks_[track].waiting.push_back(std::move(sample));
  let_in(track, kWaitingMax, done);
}

void Segmenter::finish(std::vector<CutSegment>& done) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    let_in(i, 0, done);
    close(i, nullptr, done);
  }
}

void Segmenter::lead(std::size_t index, TimedSample&& sample, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  const std::int64_t at = media_time_of(sample);
  if (!led_until_) segment_start_ = at;
  if (begins_segment(track, sample)) {
    close(index, &sample, done);
    ++track.number;
    segment_start_ = at;
    boundaries_.push({.at = at, .epoch = sample.epoch});
  }
  track.epoch = sample.epoch;
  led_until_ = {.at = std::max(at, led_until_ ? led_until_->at : at), .epoch = sample.epoch};
  track.samples.push_back(std::move(sample));
  for (std::size_t i = 0; i < tracks_.size(); ++i) let_in(i, kWaitingMax, done);
  forget_passed_boundaries();
}

bool Segmenter::begins_segment(const Track& track, const TimedSample& sample) const noexcept {
  if (track.samples.empty()) return false;
  const TimedSample& last = track.samples.back();
  if (sample.epoch != last.epoch || sample.format != last.format) return true;
  // Half a frame short is long enough: frames of 1001/30000 s never add up to whole seconds.
  const std::int64_t slack = rescale(last.duration, last.timescale, kMediaClock) / 2;
  return sample.is_independent && media_time_of(sample) - segment_start_ + slack >= options_.segment_ticks;
}

// Those of a follower that are certain; and whatever more than `waiting_max` wait.
void Segmenter::let_in(std::size_t index, std::size_t waiting_max, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  const auto is_certain = [&](const TimedSample& sample) {
    return led_until_ && sample.epoch <= led_until_->epoch &&
           (sample.epoch < led_until_->epoch || media_time_of(sample) < led_until_->at);
  };
  while (!track.waiting.empty() && (track.waiting.size() > waiting_max || is_certain(track.waiting.front()))) {
    TimedSample sample = std::move(track.waiting.front());
    track.waiting.pop_front();
    follow(index, std::move(sample), done);
  }
}

void Segmenter::follow(std::size_t index, TimedSample&& sample, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  while (const Boundary* boundary = boundaries_.find(track.number)) {
    if (!is_past(track.epoch, sample, *boundary)) break;
    const Boundary* const after = boundaries_.find(track.number + 1);
    const bool is_next = after == nullptr || !is_past(boundary->epoch, sample, *after);
    close(index, is_next ? &sample : nullptr, done);
    ++track.number;
    track.epoch = boundary->epoch;
  }
  if (!track.samples.empty() && track.samples.back().format != sample.format) return void(++samples_left_out_);
  track.samples.push_back(std::move(sample));
}

void Segmenter::close(std::size_t index, const TimedSample* next, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  if (track.samples.empty()) return;
  CutSegment segment{index, track.number, std::exchange(track.samples, {})};
  const TimedSample& last = segment.samples.back();
  if (next != nullptr && next->epoch == last.epoch)
    segment.next_decode_time = rescale(next->decode_time, next->timescale, last.timescale);
  done.push_back(std::move(segment));
}

void Segmenter::forget_passed_boundaries() noexcept {
  std::uint64_t slowest = boundaries_.next();
  for (const Track& track : tracks_) slowest = std::min<std::uint64_t>(slowest, track.number);
  boundaries_.forget(slowest);
}

}  // namespace fanlight::packager
