// How long the groups of pictures of a track are, and so where the next independent picture is due: encoders of live
// streams have them all of one length, or none longer than that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace fanlight::packager {

class GopWatch {
 public:
  // Decode times, in ticks of the track.
  void handle_independent(std::int64_t at) noexcept {
    if (last_) {
      const std::int64_t ticks = at - *last_;
      in_a_row_ = std::llabs(ticks - ticks_) <= kSlackTicks ? in_a_row_ + 1 : 0;
      ticks_ = ticks;
    }
    last_ = at;
  }
  void handle_discontinuity() noexcept {
    last_.reset();
    in_a_row_ = 0;
  }
  // The one that was due did not come.
  void handle_missed() noexcept {
    in_a_row_ = 0;
    wanted_ = std::min(wanted_ * 2, kWantedMax);
  }
  // Whether one is due at `at`. Certain of it only after some GOPs of one length in a row.
  [[nodiscard]] bool expects(std::int64_t at) const noexcept {
    return last_ && in_a_row_ >= wanted_ && std::llabs(at - *last_ - ticks_) <= kSlackTicks;
  }
  // Whether one is still to come at `at`, as far as one can tell: the newest GOP was as long, or longer.
  [[nodiscard]] bool is_one_due_after(std::int64_t at) const noexcept {
    return last_ && ticks_ != 0 && at - *last_ <= ticks_ + kSlackTicks;
  }
  [[nodiscard]] std::int64_t ticks() const noexcept { return ticks_; }  // Of the newest; 0: none was whole yet.
  [[nodiscard]] std::optional<std::int64_t> last() const noexcept { return last_; }

 private:
  static constexpr std::int64_t kSlackTicks = 90 * 4;  // Clocks of milliseconds are two off, at each end.
  static constexpr unsigned kWantedMax = 256;
  std::optional<std::int64_t> last_{};
  std::int64_t ticks_ = 0;
  unsigned in_a_row_ = 0;
  unsigned wanted_ = 2;
};

}  // namespace fanlight::packager
