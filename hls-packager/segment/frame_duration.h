// How long a frame of a track lasts: what most of the last ones did. One that was lost, and a clock that is a
// millisecond off here and there, leave it as it was.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace fanlight::packager {

class FrameDuration {
 public:
  // `ticks` from one decode time to the next.
  void handle(std::int64_t ticks) noexcept {
    last_[count_++ % last_.size()] = ticks;
    std::array<std::int64_t, kKept> sorted = last_;
    const std::size_t known = std::min(count_, sorted.size());
    std::nth_element(sorted.begin(), sorted.begin() + (known - 1) / 2, sorted.begin() + known);
    ticks_ = std::max<std::int64_t>(sorted[(known - 1) / 2], 1);
  }
  // 0: not known.
  [[nodiscard]] std::int64_t ticks() const noexcept { return ticks_; }

 private:
  static constexpr std::size_t kKept = 15;
  std::array<std::int64_t, kKept> last_{};
  std::size_t count_ = 0;
  std::int64_t ticks_ = 0;
};

}  // namespace fanlight::packager
