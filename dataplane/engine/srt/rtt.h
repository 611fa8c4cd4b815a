// Round-trip time as SRT smooths it: first sample whole, then 1/8 and 1/4, variance before mean (srt-wire §3.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight::srt {

inline constexpr Micros kRttUnknown = millis(100);
inline constexpr Micros kRttVarianceUnknown = millis(50);

class RttEstimate {
 public:
  void sample(Micros s) noexcept {
    if (!measured_) return set(s, s / 2);
    const Micros error = s > rtt() ? s - rtt() : rtt() - s;
    set((7 * rtt() + s) / 8, (3 * variance() + error) / 4);
  }
  // Takes over what the peer measured. The initial pair means "no measurement yet".
  void adopt(Micros rtt, Micros variance) noexcept {
    if (rtt == kRttUnknown && variance == kRttVarianceUnknown) return;
    set(rtt, variance);
  }
  [[nodiscard]] Micros rtt() const noexcept { return {rtt_}; }
  [[nodiscard]] Micros variance() const noexcept { return {variance_}; }
  [[nodiscard]] Micros with_margin() const noexcept { return rtt() + 4 * variance(); }

 private:
  static constexpr std::int64_t kMax = (std::int64_t{1} << 31) - 1;  // Microseconds: 35 minutes.
  void set(Micros rtt, Micros variance) noexcept {
    rtt_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(rtt.count, 0, kMax));
    variance_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(variance.count, 0, kMax)) & kMax;
    measured_ = true;
  }
  std::uint32_t rtt_ = kRttUnknown.count;
  std::uint32_t variance_ : 31 = kRttVarianceUnknown.count;
  std::uint32_t measured_ : 1 = false;
};
static_assert(sizeof(RttEstimate) == 8);

}  // namespace fanlight::srt
