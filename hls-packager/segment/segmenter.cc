#include "segment/segmenter.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

std::uint64_t room_of(const TimedSample& sample) { return sample.bytes.size() + sizeof(TimedSample); }

}  // namespace

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
  tracks_[track].bytes_waiting += room_of(sample);
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
  pass_boundaries(index, sample, done);
  if (begins_segment(track, sample)) begin_segment(index, sample, done);
  if (track.samples.empty()) segment_start_ = at;
  track.epoch = sample.epoch;
  led_until_ = {.at = std::max(at, led_until_ ? led_until_->at : at), .epoch = sample.epoch};
  add(track, std::move(sample));
  for (std::size_t i = 0; i < tracks_.size(); ++i) let_in(i, kWaitingMax, done);
  forget_passed_boundaries();
}

bool Segmenter::begins_segment(const Track& track, const TimedSample& sample) const noexcept {
  if (track.samples.empty()) return false;
  const TimedSample& last = track.samples.back();
  if (sample.epoch != last.epoch || sample.format != last.format || has_no_room(track, sample)) return true;
  if (!sample.is_independent || !is_newest(track)) return false;
  // Half a frame short is long enough: frames of 1001/30000 s never add up to whole seconds.
  const std::int64_t slack = rescale(last.duration, last.timescale, kMediaClock) / 2;
  return media_time_of(sample) - segment_start_ + slack >= options_.segment_ticks ||
         track.bytes > options_.segment_bytes_max / 2;
}

// Where a boundary is ahead the segment will end by itself, if it is not too large.
bool Segmenter::has_no_room(const Track& track, const TimedSample& sample) const noexcept {
  if (track.samples.empty()) return false;
  if (track.bytes + room_of(sample) > options_.segment_bytes_max) return true;
  const TimedSample& first = track.samples.front();
  const std::int64_t length = sample.decode_time + sample.duration - first.decode_time;
  return is_newest(track) && sample.timescale == first.timescale &&
         rescale(length, first.timescale, kMediaClock) > options_.segment_ticks_max;
}

void Segmenter::begin_segment(std::size_t index, const TimedSample& sample, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  if (!sample.is_independent && sample.epoch == track.epoch) ++cuts_forced_;
  if (is_newest(track)) boundaries_.push({.at = media_time_of(sample), .epoch = sample.epoch});
  close(index, &sample, done);
  ++track.number;
}

void Segmenter::add(Track& track, TimedSample&& sample) {
  track.bytes += room_of(sample);
  track.samples.push_back(std::move(sample));
}

// Those of a follower that are certain; and whatever more than `waiting_max` wait.
void Segmenter::let_in(std::size_t index, std::size_t waiting_max, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  const auto is_certain = [&](const TimedSample& sample) {
    return led_until_ && sample.epoch <= led_until_->epoch &&
           (sample.epoch < led_until_->epoch || media_time_of(sample) < led_until_->at);
  };
  const auto are_too_many = [&] {
    return track.waiting.size() > waiting_max || track.bytes_waiting > kBytesWaitingMax;
  };
  while (!track.waiting.empty() && (are_too_many() || is_certain(track.waiting.front()))) {
    TimedSample sample = std::move(track.waiting.front());
    track.waiting.pop_front();
    track.bytes_waiting -= room_of(sample);
    follow(index, std::move(sample), done);
  }
}

void Segmenter::follow(std::size_t index, TimedSample&& sample, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  pass_boundaries(index, sample, done);
  if (has_no_room(track, sample)) begin_segment(index, sample, done);
  if (!track.samples.empty() && track.samples.back().format != sample.format) return void(++samples_left_out_);
  add(track, std::move(sample));
}

void Segmenter::pass_boundaries(std::size_t index, const TimedSample& sample, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  while (const Boundary* boundary = boundaries_.find(track.number)) {
    if (!is_past(track.epoch, sample, *boundary)) break;
    const Boundary* const after = boundaries_.find(track.number + 1);
    const bool is_next = after == nullptr || !is_past(boundary->epoch, sample, *after);
    close(index, is_next ? &sample : nullptr, done);
    ++track.number;
    track.epoch = boundary->epoch;
  }
}

void Segmenter::close(std::size_t index, const TimedSample* next, std::vector<CutSegment>& done) {
  Track& track = tracks_[index];
  if (track.samples.empty()) return;
  CutSegment segment{index, track.number, std::exchange(track.samples, {})};
  track.bytes = 0;
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
