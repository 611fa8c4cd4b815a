// The only map from SRT's 32-bit wire time to 64 bits. Timestamps wrap every 71 min 35 s (srt-wire §1.1); the nearest
// reading to the newest one seen is the right one as long as packets are less than 35 min apart in stream time.
#pragma once

#include "base/time.h"

namespace fanlight::srt {

class WireTimeUnwrapper {
 public:
  // Microseconds since some fixed moment, monotonic in the sender's clock. Learns only forward.
  constexpr std::int64_t unwrap(WireTime wire) noexcept {
    const std::int64_t us = peek(wire);
    if (!started_ || us > newest_) newest_ = us;
    started_ = true;
    return us;
  }
  [[nodiscard]] constexpr std::int64_t peek(WireTime wire) const noexcept {
    if (!started_) return wire.raw;
    const auto step = static_cast<std::int32_t>(wire.raw - static_cast<std::uint32_t>(newest_));
    return newest_ + step;
  }

 private:
  std::int64_t newest_ = 0;
  bool started_ = false;
};

}  // namespace fanlight::srt
