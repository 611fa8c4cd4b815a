#include "segment/open_part.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

bool is_video(const TimedSample& sample) { return sample.timescale == kMediaClock; }

}  // namespace

std::int64_t OpenPart::target_ticks() const noexcept { return target_.count * timescale_ / 1'000'000; }

std::int64_t OpenPart::frame_ticks() const noexcept {
  if (!samples_.empty() && !is_video(samples_.back())) return samples_.back().duration;
  if (frame_.ticks() != 0) return frame_.ticks();
  return samples_.empty() ? 0 : samples_.back().duration;
}

bool OpenPart::can_follow(const TimedSample& sample) const noexcept {
  if (!end_ || sample.timescale != timescale_) return !end_;
  // Then it begins within the part that comes, which begins at the end of the one before.
  return sample.decode_time - *end_ < target_ticks();
}

bool OpenPart::admits(const TimedSample& sample) const noexcept {
  return samples_.empty() || (sample.timescale == timescale_ && admits(sample.decode_time));
}

// Pictures whose clock is not quite even may have half of their last one's duration cut; sound counts samples.
bool OpenPart::admits(std::int64_t decode_time) const noexcept {
  const std::int64_t since = decode_time - begin_;
  const std::int64_t needed = is_video(samples_.back()) ? frame_ticks() / 2 : frame_ticks();
  if (since * 100 < target_ticks() * 85) return true;
  return since + needed <= target_ticks() && since < target_ticks();
}

bool OpenPart::is_complete() const noexcept { return !samples_.empty() && !admits(*due()); }

bool OpenPart::is_long_enough(std::int64_t decode_time) const noexcept {
  return (decode_time - begin_) * 100 >= target_ticks() * 85;
}

bool OpenPart::is_all_independent() const noexcept {
  return std::ranges::all_of(samples_, &TimedSample::is_independent);
}

std::optional<std::int64_t> OpenPart::due() const noexcept {
  if (samples_.empty()) return end_;
  return std::max(samples_.back().decode_time + 1, std::min(*newest_ + frame_ticks(), begin_ + target_ticks()));
}

void OpenPart::add(TimedSample&& sample) {
  timescale_ = sample.timescale;
  const std::int64_t came = sample.decode_time;
  if (newest_ && end_ && came > *newest_) frame_.handle(came - *newest_);
  newest_ = came;
  if (samples_.empty()) {
    sample.decode_time = begin_ = end_.value_or(sample.decode_time);
    end_ = begin_;
  } else {
    TimedSample& before = samples_.back();
    sample.decode_time = std::max(sample.decode_time, before.decode_time + 1);
    before.duration = static_cast<std::uint32_t>(sample.decode_time - before.decode_time);
  }
  bytes_ += sample.bytes.size();
  samples_.push_back(std::move(sample));
}

std::vector<TimedSample> OpenPart::take(std::optional<std::int64_t> next) {
  TimedSample& last = samples_.back();
  const std::int64_t room = std::max<std::int64_t>(begin_ + target_ticks() - last.decode_time, 1);
  const std::int64_t wanted = next.value_or(*due()) - last.decode_time;
  last.duration = static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, room));
  end_ = last.decode_time + last.duration;
  bytes_ = 0;
  return std::exchange(samples_, {});
}

}  // namespace fanlight::packager
