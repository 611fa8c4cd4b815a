#include "stream/stream_clock.h"

#include <algorithm>

namespace fanlight {
namespace {

constexpr Micros kWindow = seconds(1);

}  // namespace

void StreamClock::note(Instant at, StreamTime time) noexcept {
  const std::int64_t sample = time.us - at.us;
  if (!window_best_) {
    window_best_ = sample;
    window_start_ = at;
    offset_us_ = target_us_ = offset_at(at);
    slewed_at_ = at;
    return;
  }
  // The least delayed packet of a window has the largest difference.
  window_best_ = std::max(*window_best_, sample);
  if (at - window_start_ < kWindow) return;
  offset_us_ = offset_at(at);
  slewed_at_ = at;
  target_us_ = *window_best_;
  window_best_ = sample;
  window_start_ = at;
}

StreamTime PublisherTime::place(Instant at, WireTime wire, const StreamClock& clock) noexcept {
  const std::int64_t us = unwrapper_.unwrap(at, wire);
  if (!base_us_) base_us_ = clock.now(at).us - us;
  return {*base_us_ + us};
}

}  // namespace fanlight
