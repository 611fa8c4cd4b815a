// Which wall clock time a moment of media time has, for EXT-X-PROGRAM-DATE-TIME and `prft`: when its first frame came.
//
// Sender and we have clocks that drift apart, and a network that delays some frames more than others: of the last
// seconds the frame that was delayed least tells how far apart they are, and the map follows it by no more than
// 0.2 ms/s. It is told in steps of 10 ms: between two of them dates and durations agree to the microsecond. A player
// that places segments by their dates (shaka) throws away the rest of a GOP each time that it moves one, and does so
// for a millisecond. Only a discontinuity may jump.
//
// Where the first frame had been held up on its way and what follows is not, dates would be later than frames come, for
// hours: then another discontinuity is wanted (ahead_watch.h), and jumps back. Where the way takes longer from some
// moment on, dates would be earlier than frames come, for an hour: then as well, ahead. A source that is a little
// slower than time has that again and again; one that is slower by more than 5 ms/s has none, for no jump would last.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "cmaf/wall_time.h"
#include "live/ahead_watch.h"
#include "live/drift_watch.h"

namespace fanlight::packager {

class ProgramClock {
 public:
  ProgramClock() = default;
  // A frame of the leading track came: media time of its decoding and of its showing, 90 kHz. `may_jump`: nobody has
  // been told a time yet.
  void handle(WallTime came, std::int64_t decoded, std::int64_t shown, bool may_jump = false);
  // Ours was set ahead by so much: dates jump by it, and lateness is measured on.
  void shift(Micros by) noexcept { first_came_ = first_came_ + by; }
  // Frames come before their dates by more than may be, and a discontinuity should mend it now.
  [[nodiscard]] bool wants_jump_back() const noexcept { return ahead_.is_over(); }
  // They do, more and more: what had been held up still comes.
  [[nodiscard]] bool is_catching_up() const noexcept { return ahead_.is_catching_up(); }
  // By how much they come before; zero: not by more than may be.
  [[nodiscard]] Micros ahead() const noexcept { return ahead_.most(); }
  // By how much all come after, and have for some seconds; zero likewise, and where they are ahead.
  [[nodiscard]] Micros behind() const noexcept { return ahead() == Micros{} ? behind_ : Micros{}; }
  // There is a discontinuity: from here on dates are when frames come.
  void jump() noexcept;
  // ... or, since others do so as well, `by` later than they were.
  void jump_with_others(Micros by) noexcept;
  // By how much later than their dates, those of others, all frames have come for some seconds, by the same; below
  // zero: earlier. Zero where that is within what may be.
  [[nodiscard]] Micros off_dates() const noexcept;
  // Dates are so much later from here on, to be those of others: what frames are ahead of or behind stays.
  void put_off(Micros by) noexcept { put_off_ = put_off_ + by; }
  void forget_others() noexcept { put_off_ = {}; }
  // What comes has another clock.
  void restart() noexcept { begun_ = false; }
  // Of a moment of media time, as of the newest frame. Zero before the first.
  [[nodiscard]] WallTime at(std::int64_t media_time) const noexcept;
  [[nodiscard]] WallTime newest() const noexcept { return at(newest_); }
  // When the newest frame was due, whatever others date it.
  [[nodiscard]] WallTime newest_due() const noexcept { return newest() + Micros{-put_off_.count}; }
  // By how many millionths the source's clock is faster than ours, since the discontinuity.
  [[nodiscard]] double drift_ppm() const noexcept { return drift_.ppm(); }

 private:
  explicit ProgramClock(Micros put_off) noexcept : put_off_(put_off) {}
  [[nodiscard]] Micros lateness(WallTime came, std::int64_t decoded) const noexcept;
  [[nodiscard]] std::optional<Micros> settled() const noexcept;

  bool begun_ = false;
  WallTime first_came_{};
  std::int64_t first_decoded_ = 0;
  std::int64_t first_shown_ = 0;
  std::int64_t newest_ = 0;  // Media time.
  // By how much the map was moved since the discontinuity: the sender's clock against ours, and delay.
  std::int64_t slewed_ns_ = 0;  // Steps of a frame are some microseconds.
  Micros told_{};               // As of the last step.
  Micros put_off_{};
  // Least lateness against the first frame, of the span of some seconds that runs and of the one before.
  std::int64_t span_began_ = 0;
  std::optional<Micros> least_{}, least_before_{};
  DriftWatch drift_;
  AheadWatch ahead_;
  std::optional<Micros> settled_{};  // How late frames are, against the first, as two spans have last agreed on.
  Micros behind_{};                  // As of the last span.
};

}  // namespace fanlight::packager
