#include "stream/stream_clock.h"

#include <algorithm>

namespace fanlight {
namespace {

constexpr Micros kWindow = seconds(1);
constexpr std::int64_t kSlewPerSecond = 500;  // Microseconds per second: 500 ppm.

}  // namespace

void StreamClock::note(Instant at, StreamTime time) noexcept {
  const std::int64_t sample = time.us - at.us;
  if (!window_best_) {
    window_best_ = sample;
    window_start_ = at;
    slewed_at_ = at;
    target_us_ = offset_us_;
    return;
  }
  // The least delayed packet of a window has the largest difference.
  window_best_ = std::max(*window_best_, sample);
  if (at - window_start_ < kWindow) return;
  target_us_ = *window_best_;
  window_best_ = sample;
  window_start_ = at;
  slew(at);
}

void StreamClock::slew(Instant at) noexcept {
  const Micros elapsed = std::min(at - slewed_at_, 2 * kWindow);  // A pause is no licence to step.
  const std::int64_t step_max = elapsed.count * kSlewPerSecond / 1'000'000;
  offset_us_ += std::clamp(target_us_ - offset_us_, -step_max, step_max);
  slewed_at_ = at;
}

StreamTime PublisherTime::place(Instant at, WireTime wire, const StreamClock& clock) noexcept {
  const std::int64_t us = unwrapper_.unwrap(at, wire);
  if (!base_us_) base_us_ = clock.now(at).us - us;
  return {*base_us_ + us};
}

}  // namespace fanlight
