// When a viewer last got on: who stands still at the end missed something, even if nobody here knows how much.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace fanlight::load {

class Freshness {
 public:
  // How far the viewer is, at that moment.
  void note(Instant now, std::uint32_t run, std::int64_t position) noexcept {
    if (run == run_ && position == position_) return;
    run_ = run;
    position_ = position;
    since_ = now;
  }
  [[nodiscard]] Micros age(Instant now) const noexcept { return run_ == 0 ? Micros{0} : now - since_; }

 private:
  std::int64_t position_ = 0;
  Instant since_;
  std::uint32_t run_ = 0;  // 0 before the first packet: silent, which is another complaint.
};

// Viewers that got nothing for longer than their latency and this, at the end.
inline constexpr Micros kStaleAfter = seconds(1);
struct Stale {
  std::size_t viewers = 0;
  Micros longest{0};
  Micros sum{0};
  void add(Micros age) noexcept {
    ++viewers;
    longest = std::max(longest, age);
    sum = sum + age;
  }
};

}  // namespace fanlight::load
