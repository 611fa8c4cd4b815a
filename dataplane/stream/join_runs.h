// The runs that a worker lends to viewers which start at a picture.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stream/join_run.h"

namespace fanlight {

class JoinRuns {
 public:
  explicit JoinRuns(std::size_t runs) : runs_(std::min(runs, kRunsMax)), free_(runs_.size()) {
    for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = static_cast<Index>(free_.size() - 1 - i);
  }
  // Null: all are lent.
  [[nodiscard]] JoinRun* take(const JoinRun& run) noexcept {
    if (free_.empty()) return nullptr;
    JoinRun* lent = &runs_[free_.back()];
    free_.pop_back();
    *lent = run;
    return lent;
  }
  // Within the capacity of the list: it began with a place for each.
  void give_back(const JoinRun& run) noexcept { free_.push_back(static_cast<Index>(&run - runs_.data())); }
  [[nodiscard]] std::size_t lent() const noexcept { return runs_.size() - free_.size(); }

 private:
  using Index = std::uint16_t;
  static constexpr std::size_t kRunsMax = std::size_t{1} << 16;
  std::vector<JoinRun> runs_;
  std::vector<Index> free_;
};

}  // namespace fanlight
