// A stream's packets per second over its last full second; before there is one, over what there was.
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
  // 0 before the first packet.
  [[nodiscard]] std::int64_t per_second(Instant now) const noexcept {
    if (rate_ > 0 || packets_ == 0) return rate_;
    return per_second(std::max(now - begun_, kLeast));
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
