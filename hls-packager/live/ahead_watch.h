// Whether what comes runs ahead of the clock that its first frame began: the way to us held it up and has let go. The
// first was taken for what comes at once, and all that follows has waited less. It is told once it grows no more, so
// that one correction is enough, and no later than some time after it began: a source may be faster than time for good.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace fanlight::packager {

class AheadWatch {
 public:
  // What is less is followed as an encoder's drift is (program_clock.h).
  static constexpr Micros kSlack = millis(500);

  // A frame came `at` by our clock, since whatever moment, and so long before it was due.
  void handle(Micros at, Micros ahead) noexcept {
    if (ahead <= kSlack && !began_at_) return;
    if (!began_at_) began_at_ = grew_at_ = at;
    if (ahead > grown_to_ + kGrowth) {
      grew_at_ = at;
      grown_to_ = ahead;
    }
    most_ = std::max(most_, ahead);
    has_settled_ = at - grew_at_ >= kSettled;
    is_over_ = has_settled_ || at - *began_at_ >= kWait;
  }
  // The most that a frame was; zero while it is within the slack.
  [[nodiscard]] Micros most() const noexcept { return most_; }
  [[nodiscard]] bool is_growing() const noexcept { return began_at_ && !is_over_; }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  // It runs ahead, and further and further, for however long.
  [[nodiscard]] bool is_catching_up() const noexcept { return began_at_ && !has_settled_; }

 private:
  static constexpr Micros kGrowth = millis(50);  // Less is jitter.
  static constexpr Micros kSettled = millis(500), kWait = seconds(2);

  std::optional<Micros> began_at_{};
  Micros grew_at_{}, grown_to_{};
  Micros most_{};
  bool has_settled_ = false, is_over_ = false;
};

}  // namespace fanlight::packager
