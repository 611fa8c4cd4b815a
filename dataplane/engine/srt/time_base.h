// The only map from SRT's 32-bit wire time to 64 bits. Timestamps wrap every 71 min 35 s (srt-wire §1.1); the right
// reading is the one nearest to what the newest packet and the time since it lead to expect, so that a silence of any
// length does not matter.
#pragma once

#include "base/time.h"

namespace fanlight::srt {

class WireTimeUnwrapper {
 public:
  // Microseconds since some fixed moment of the sender's clock, for a packet that arrived `at`. Learns only forward.
  constexpr std::int64_t unwrap(Instant at, WireTime wire) noexcept {
    const std::int64_t us = peek(at, wire);
    if (!started_ || us > newest_) {
      newest_ = us;
      newest_at_ = at;
    }
    started_ = true;
    return us;
  }
  [[nodiscard]] constexpr std::int64_t peek(Instant at, WireTime wire) const noexcept {
    if (!started_) return wire.raw;
    const std::int64_t expected = newest_ + (at - newest_at_).count;
    const auto step = static_cast<std::int32_t>(wire.raw - static_cast<std::uint32_t>(expected));
    return expected + step;
  }

 private:
  std::int64_t newest_ = 0;
  Instant newest_at_;
  bool started_ = false;
};

}  // namespace fanlight::srt
