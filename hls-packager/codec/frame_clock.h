// The time of each frame of sound: the newest PTS, and the samples since. Counted in samples, so that nothing is
// rounded twice: a frame of 1,024 samples at 44.1 kHz is no whole number of ticks.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/sound_frame.h"

namespace fanlight::packager {

class FrameClock {
 public:
  // Gives `frame` its time and goes on behind it. False when there is no PTS yet. `rate` is above 0.
  [[nodiscard]] bool stamp(SoundFrame& frame, std::optional<std::int64_t> own_pts, std::uint32_t rate) noexcept {
    if (own_pts || (anchor_ && rate != rate_)) {
      anchor_ = own_pts ? *own_pts : now();
      samples_ = 0;
    }
    if (!anchor_) return false;
    rate_ = rate;
    frame.has_own_pts = own_pts.has_value();
    frame.pts_90k = now();
    samples_ += frame.samples;
    return true;
  }
  // The samples since are not known: only the next PTS tells the time again.
  void lose() noexcept { anchor_.reset(); }

 private:
  [[nodiscard]] std::int64_t now() const noexcept {
    const std::int64_t ticks = (samples_ * 90'000 + rate_ / 2) / rate_;
    std::int64_t time = 0;
    return __builtin_add_overflow(*anchor_, ticks, &time) ? *anchor_ : time;
  }
  std::optional<std::int64_t> anchor_;
  std::int64_t samples_ = 0;  // Since `anchor_`.
  std::int64_t rate_ = 1;
};

}  // namespace fanlight::packager
