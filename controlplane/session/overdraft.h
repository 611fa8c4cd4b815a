// What a stream was sent beyond a bitrate, after what its quiet seconds make up for: whoever sends and pauses by turns
// is above its bitrate as well.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fanlight::control {

class Overdraft {
 public:
  // The stream's bytes so far. Spans under a second's half are part of the next; several workers tell the same.
  void note(Instant now, std::uint64_t bytes, double bits_per_second) {
    if (at_ == Instant::never()) return begin(now, bytes);
    if (now - at_ < millis(500)) return;
    const double allowed = bits_per_second * static_cast<double>((now - at_).count) / 1e6;
    bits_ = std::max(0.0, bits_ + 8.0 * static_cast<double>(bytes - std::min(bytes_, bytes)) - allowed);
    begin(now, std::max(bytes, bytes_));
  }
  [[nodiscard]] double bits() const { return bits_; }

 private:
  void begin(Instant now, std::uint64_t bytes) {
    at_ = now;
    bytes_ = bytes;
  }

  Instant at_ = Instant::never();
  std::uint64_t bytes_ = 0;
  double bits_ = 0;
};

}  // namespace fanlight::control
