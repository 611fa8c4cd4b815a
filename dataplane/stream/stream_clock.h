// The stream's clock: the publisher's timestamps, unwrapped and continued across reconnects (design D5).
//
// "Stream now" = worker clock + offset. The offset follows the packets that came with the least delay, and it is
// slewed, never stepped: viewers set their watches by it (responses, ACKACK and KEEPALIVE carry it), and libsrt's drift
// tracer follows at most 5 ms in 10 s. 500 ppm is twice what two crystals of ±100 ppm drift apart, and above 2 × 200
// ppm.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "engine/srt/time_base.h"

namespace fanlight {

class StreamClock {
 public:
  [[nodiscard]] StreamTime now(Instant at) const noexcept { return {at.us + offset_us_}; }
  // A packet with time `time` arrived at `at`.
  void note(Instant at, StreamTime time) noexcept;
  // The next sample belongs to another publisher: what was learned of the last one's delay says nothing about it.
  void forget_window() noexcept { window_best_.reset(); }

 private:
  void slew(Instant at) noexcept;
  std::int64_t offset_us_ = 0;
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
