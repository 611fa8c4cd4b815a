// Round-trip time as SRT smooths it: first sample whole, then 1/8 and 1/4, variance before mean (srt-wire §3.1).
#pragma once

#include "base/time.h"

namespace fanlight::srt {

inline constexpr Micros kRttUnknown = millis(100);
inline constexpr Micros kRttVarianceUnknown = millis(50);

class RttEstimate {
 public:
  void sample(Micros s) noexcept {
    if (!measured_) {
      rtt_ = s;
      variance_ = s / 2;
      measured_ = true;
      return;
    }
    const Micros error = s > rtt_ ? s - rtt_ : rtt_ - s;
    variance_ = (3 * variance_ + error) / 4;
    rtt_ = (7 * rtt_ + s) / 8;
  }
  // Takes over what the peer measured. The initial pair means "no measurement yet".
  void adopt(Micros rtt, Micros variance) noexcept {
    if (rtt == kRttUnknown && variance == kRttVarianceUnknown) return;
    rtt_ = rtt;
    variance_ = variance;
    measured_ = true;
  }
  [[nodiscard]] Micros rtt() const noexcept { return rtt_; }
  [[nodiscard]] Micros variance() const noexcept { return variance_; }
  [[nodiscard]] Micros with_margin() const noexcept { return rtt_ + 4 * variance_; }

 private:
  Micros rtt_ = kRttUnknown;
  Micros variance_ = kRttVarianceUnknown;
  bool measured_ = false;
};

}  // namespace fanlight::srt
