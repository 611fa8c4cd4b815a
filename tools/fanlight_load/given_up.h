// What a viewer gave up of late, so that who comes after all is told from who comes again. Ranges beyond the last
// kRangesMax are forgotten: what comes of them then is taken for a second copy, and stays lost.
//
// Invariant: no position is in two ranges.
#pragma once

#include <array>
#include <cstddef>

#include "base/seq.h"

namespace fanlight::load {

class GivenUp {
 public:
  static constexpr std::size_t kRangesMax = 32;

  void add(PosRange range) noexcept {
    ranges_[next_] = range;
    next_ = (next_ + 1) % kRangesMax;
  }
  // Yes once for each position.
  [[nodiscard]] bool try_take(PacketPos at) noexcept {
    for (PosRange& range : ranges_) {
      if (at < range.first || at > range.last) continue;
      const PosRange behind{at + 1, range.last};
      range.last = at - 1;
      if (behind.size() > 0) add(behind);
      return true;
    }
    return false;
  }

 private:
  static constexpr PosRange kNone{{0}, {-1}};

  std::array<PosRange, kRangesMax> ranges_ = [] {
    std::array<PosRange, kRangesMax> none;
    none.fill(kNone);
    return none;
  }();
  std::size_t next_ = 0;  // The oldest range.
};

}  // namespace fanlight::load
