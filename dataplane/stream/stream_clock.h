// The stream's clock: the publisher's timestamps, unwrapped and continued across reconnects (design D5).
//
// "Stream now" = worker clock + offset. The offset follows the packets that came with the least delay, and it is
// slewed, never stepped: viewers set their watches by it (responses, ACKACK and KEEPALIVE carry it), and libsrt's drift
// tracer follows at most 5 ms in 10 s. 500 ppm is twice what two crystals of ±100 ppm drift apart, and above 2 × 200
// ppm.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "engine/srt/time_base.h"

namespace fanlight {

class StreamClock {
 public:
  [[nodiscard]] StreamTime now(Instant at) const noexcept { return {at.us + offset_at(at)}; }
  // A packet with time `time` arrived at `at`.
  void note(Instant at, StreamTime time) noexcept;
  // The next sample belongs to another publisher: what was learned of the last one's delay says nothing about it.
  void forget_window() noexcept { window_best_.reset(); }

 private:
  // On its way from `offset_us_` to the target at every moment, not in steps a second apart: two looks at this clock a
  // few microseconds apart must not see it run backwards.
  [[nodiscard]] std::int64_t offset_at(Instant at) const noexcept {
    const std::int64_t way = std::max<std::int64_t>(0, (at - slewed_at_).count) * kSlewPerSecond / 1'000'000;
    return offset_us_ + std::clamp(target_us_ - offset_us_, -way, way);
  }

  static constexpr std::int64_t kSlewPerSecond = 500;  // Microseconds per second: 500 ppm.
  std::int64_t offset_us_ = 0;                         // At `slewed_at_`.
  std::int64_t target_us_ = 0;
  Instant window_start_;
  Instant slewed_at_;
  std::optional<std::int64_t> window_best_;
};

// One publisher session's timestamps on that clock. Its first packet is "now"; from there its own clock counts.
class PublisherTime {
 public:
  [[nodiscard]] StreamTime place(Instant at, WireTime wire, const StreamClock& clock) noexcept;

 private:
  srt::WireTimeUnwrapper unwrapper_;
  std::optional<std::int64_t> base_us_;
};

}  // namespace fanlight
