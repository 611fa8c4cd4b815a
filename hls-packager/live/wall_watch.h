// Whether somebody has set the host's wall clock: it goes as the monotonic one does, but for that. A step is believed
// where two looks running agree: one alone may have been interrupted between its two clocks.
#pragma once

#include <cstdlib>
#include <optional>

#include "cmaf/wall_time.h"

namespace fanlight::packager {

class WallWatch {
 public:
  // What is less is followed as an encoder's drift is (program_clock.h).
  static constexpr Micros kStep = millis(500);

  // Both clocks, read one behind the other. Answers by how much the wall clock was set ahead, once for each time.
  Micros look(Instant now, WallTime wall) noexcept {
    const Micros ahead{wall.us - now.us};
    const Micros step = ahead - ahead_.value_or(ahead);
    if (is_step(step) && !(doubted_ && !is_step(step - *doubted_))) {
      doubted_ = step;
      return {};
    }
    ahead_ = ahead;
    doubted_.reset();
    return is_step(step) ? step : Micros{};
  }
  // The wall clock, as it is believed. After a first look.
  [[nodiscard]] WallTime at(Instant now) const noexcept { return WallTime{now.us} + ahead_.value_or(Micros{}); }

 private:
  [[nodiscard]] static bool is_step(Micros span) noexcept { return std::llabs(span.count) > kStep.count; }

  std::optional<Micros> ahead_{};  // Of the monotonic one.
  std::optional<Micros> doubted_{};
};

}  // namespace fanlight::packager
