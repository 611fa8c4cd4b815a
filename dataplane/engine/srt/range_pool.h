// Where a worker's viewers keep what they asked for beyond their first range. A loss report is served in the breath
// that brought it, so few viewers have more than one range waiting at any moment; a pool that has run dry leaves what a
// report says beyond its first range to the next one (nak_overflow).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/near.h"

namespace fanlight::srt {

struct LostRange {
  NearPos first;
  std::uint32_t packets = 0;
};

class RangePool {
 public:
  using Index = std::uint16_t;
  static constexpr Index kNone = 0xFFFF;
  struct Node {
    LostRange range;
    Index next = kNone;
  };

  explicit RangePool(std::size_t ranges) : nodes_(std::min<std::size_t>(ranges, kNone)) {
    for (std::size_t i = nodes_.size(); i > 0; --i) give_back(static_cast<Index>(i - 1));
    given_ = 0;
  }
  // kNone: it has run dry.
  [[nodiscard]] Index take(LostRange range) noexcept {
    if (free_ == kNone) return kNone;
    ++given_;
    const Index index = std::exchange(free_, nodes_[free_].next);
    nodes_[index] = {range, kNone};
    return index;
  }
  void give_back(Index index) noexcept {
    --given_;
    nodes_[index].next = std::exchange(free_, index);
  }
  [[nodiscard]] Node& at(Index index) noexcept { return nodes_[index]; }
  [[nodiscard]] const Node& at(Index index) const noexcept { return nodes_[index]; }
  [[nodiscard]] std::size_t given() const noexcept { return given_; }

  // Ranges left to the next report.
  void note_overflow() noexcept { ++overflow_; }
  [[nodiscard]] std::uint64_t take_overflow() noexcept { return std::exchange(overflow_, 0); }

 private:
  std::vector<Node> nodes_;
  Index free_ = kNone;
  std::size_t given_ = 0;
  std::uint64_t overflow_ = 0;
};
static_assert(sizeof(RangePool::Node) == 12);

}  // namespace fanlight::srt
