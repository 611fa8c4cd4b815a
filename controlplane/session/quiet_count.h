// What happens so often in a flood that the log hears of it once in a while, as a number.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.h"

namespace fanlight::control {

class QuietCount {
 public:
  static constexpr Micros kPause = seconds(10);

  // Counts. Answers how many there were since the last answer, the first at once, then once in kPause.
  std::optional<std::uint64_t> add(Instant now) {
    ++total_;
    ++untold_;
    if (now < next_) return std::nullopt;
    next_ = now + kPause;
    return std::exchange(untold_, 0);
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::uint64_t total_ = 0;
  std::uint64_t untold_ = 0;
  Instant next_{};
};

}  // namespace fanlight::control
