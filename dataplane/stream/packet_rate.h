// A stream's packets per second over its last full second; before there is one, over what there was. A stream's first
// moments tell nothing: from one packet in them, ten a second, a viewer would be paced behind its stream for ever.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight {

class PacketRate {
 public:
  void note(Instant now) noexcept {
    if (packets_ == 0) begun_ = now;
    const Micros elapsed = now - begun_;
    if (elapsed >= kWindow) {
      rate_ = per_second(elapsed);
      packets_ = 0;
      begun_ = now;
    }
    ++packets_;
  }
  // 0: not known yet.
  [[nodiscard]] std::int64_t per_second(Instant now) const noexcept {
    if (rate_ > 0 || packets_ == 0) return rate_;
    return now - begun_ < kLeast ? 0 : per_second(now - begun_);
  }
  void forget() noexcept { *this = {}; }

 private:
  static constexpr Micros kWindow = seconds(1);
  static constexpr Micros kLeast = millis(100);
  [[nodiscard]] std::int64_t per_second(Micros elapsed) const noexcept {
    return std::max<std::int64_t>(1, packets_ * 1'000'000 / elapsed.count);
  }
  Instant begun_;
  std::int64_t packets_ = 0;
  std::int64_t rate_ = 0;
};

}  // namespace fanlight
