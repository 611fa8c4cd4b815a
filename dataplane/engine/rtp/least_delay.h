// How late packets of a source come behind their timestamps at the least: what is ahead of that is ahead by its clock,
// and not because its way is short today. It is the least of the last half a minute, or whole one.
//
// It falls no faster than clocks drift: packets that waited on their way and come all at once are each as little ahead
// of the one before as those of any source. Behind a beginning a second's are looked at first, for nobody knows how
// much its pictures change places.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include "base/time.h"

namespace fanlight::rtp {

class LeastDelay {
 public:
  // The first came with `delay`.
  void begin(Instant at, Micros delay) noexcept {
    begun_ = window_start_ = newest_since_ = at;
    first_ = current_ = delay;
    before_ = newest_ = kNone;
  }
  void note(Instant at, Micros delay) noexcept {
    if (at - newest_since_ >= kNewest) settle(at);
    newest_ = std::min(newest_, delay);
  }
  // Those of the last half a second were of something that is taken out.
  void forget_newest() noexcept { newest_ = kNone; }
  // All so far came so much later, by what their times are read as from now on.
  void add(Micros shift) noexcept {
    for (Micros* const delay : {&before_, &current_, &newest_})
      if (*delay != kNone) *delay = *delay + shift;
  }
  [[nodiscard]] Micros least(Instant at) const noexcept {
    return is_learning(at) ? first_ : std::min(before_, current_);
  }
  // What comes with so much less than that is ahead.
  [[nodiscard]] Micros slack(Instant at) const noexcept { return is_learning(at) ? kReorderMax : kAheadMax; }
  [[nodiscard]] bool is_learning(Instant at) const noexcept { return at - begun_ < kLearning; }

 private:
  static constexpr Micros kWindow = seconds(30);
  static constexpr Micros kNewest = millis(500);
  static constexpr Micros kLearning = seconds(1);
  static constexpr Micros kReorderMax = millis(250);
  static constexpr Micros kAheadMax = millis(20);
  static constexpr std::int64_t kDriftPpm = 500;  // As the stream's clock is slewed.
  static constexpr Micros kNone{std::numeric_limits<std::int64_t>::max()};

  void settle(Instant at) noexcept {
    const Micros span = at - std::exchange(newest_since_, at);
    if (newest_ == kNone) return;
    Micros newest = std::exchange(newest_, kNone);
    if (!is_learning(at - span))
      newest = std::max(newest, std::min(before_, current_) - micros(span.count * kDriftPpm / 1'000'000));
    if (at - window_start_ >= kWindow) {
      window_start_ = at;
      before_ = std::exchange(current_, newest);
    }
    current_ = std::min(current_, newest);
  }

  Instant begun_{};
  Instant window_start_{};
  Instant newest_since_{};
  Micros first_{};
  Micros before_ = kNone;
  Micros current_ = kNone;
  Micros newest_ = kNone;
};

}  // namespace fanlight::rtp
