// The only map from RTP's 32-bit timestamps to 64 bits of microseconds. At 90 kHz they wrap every 13 h 15 min, and
// where a source begins is random (RFC 3550 §5.1).
//
// A timestamp more than a second away from what the newest packet and the time since it lead to expect is a new
// beginning: a source that was restarted, paused or reset. Time then goes on as if it had not happened.
//
// One that is less ahead than that, but more than 20 ms ahead of what has come with the least delay of late, would hold
// up everybody who plays by its time: it is timed as if it had come with that delay. When all packets of half a second
// are, it is a step of the source's clock, and is taken out. Drift is slower than that and followed to the tick.
//
// What waited for more than a second on its way is a new beginning by its first packet, which comes latest. All that
// follow are ahead of it by what they waited less, and for good: that is taken out as a step, from 250 ms on, for
// nobody knows yet how much pictures change places.
//
// When all packets of two seconds are more than 20 ms later than before, and as late as each other, the clock was set
// back, or the way is longer: that is taken out as well, as viewers would be without a time for repairs for good. When
// they are as much less late by and by, because the way was crowded and is not, that is taken out in the same manner.
// Of what comes two ways (SMPTE ST 2022-7) each is judged by itself, for the quicker one may be away for a while, and
// what counts is what all agree on that are heard.
//
// A packet that comes behind the newest, late or brought back, is read beside it: how long it took says nothing.
//
// A clock that does not run at its rate leads viewers away from what comes, more with each second. As long as it does
// not, packets are timed as if each had come with the delay that was the least before.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "base/time.h"
#include "engine/rtp/clock_pace.h"
#include "engine/rtp/delay_shift.h"
#include "engine/rtp/least_delay.h"

namespace fanlight::rtp {

class Timeline {
 public:
  // `rate`: ticks per second.
  explicit constexpr Timeline(std::uint32_t rate) noexcept : rate_(rate), pace_(rate) {}

  // Microseconds since some fixed moment of the source's clock, for a packet that arrived `at`, by one of two ways.
  // Learns only forward.
  std::int64_t place(Instant at, std::uint32_t timestamp, std::size_t way = 0) noexcept {
    if (!started_) restart(at, timestamp);
    const bool was_wrong = pace_.is_wrong();
    if (pace_.note(at, timestamp)) end_window(at);
    const bool is_right_again = was_wrong && !pace_.is_wrong();
    if (is_right_again) begin_anew(at, timestamp, (at - usual_delay_).us);
    const std::int64_t us = pace_.is_wrong() ? place_by_arrival(at, timestamp) : place_by_clock(at, timestamp);
    window_delay_ = std::min(window_delay_, at - Instant{us});
    note_delay(way, at - Instant{us});
    return us;
  }
  // One that had come by the other way comes by this one.
  void note_copy(Instant at, std::uint32_t timestamp, std::size_t way) noexcept {
    const std::optional<std::int64_t> us = pace_.is_wrong() ? std::nullopt : peek_behind(timestamp);
    if (us) note_delay(way, at - Instant{*us});
  }
  // As place(), for a packet that was sent before the newest. Learns nothing; empty when its timestamp is none of those
  // since the last beginning.
  [[nodiscard]] std::optional<std::int64_t> peek_behind(std::uint32_t timestamp) const noexcept {
    const std::int64_t us = us_of(timestamp, newest_us_);
    const bool is_near = us >= begun_us_ - kDiscontinuity.count && us <= newest_us_ + kDiscontinuity.count;
    return started_ && is_near ? std::optional(us) : std::nullopt;
  }
  // As that, for one that was missed at `missed`; one of the last beginning's is put at its end.
  [[nodiscard]] std::int64_t place_behind(std::uint32_t timestamp, Instant missed) const noexcept {
    if (pace_.is_wrong()) return std::min((missed - usual_delay_).us, timed_);
    return std::min(peek_behind(timestamp).value_or(begun_us_), timed_);
  }
  // How much faster than ours a clock runs that does not run at its rate, so that arrival counts; 0: it does.
  [[nodiscard]] std::int32_t wrong_ppm() const noexcept { return pace_.is_wrong() ? pace_.ppm() : 0; }
  // How often time began anew.
  [[nodiscard]] std::uint32_t beginnings() const noexcept { return beginnings_; }
  // The next packet is of another source: its clock says nothing about the one so far.
  void restart(Instant at, std::uint32_t timestamp) noexcept {
    begin_anew(at, timestamp, started_ ? newest_us_ + (at - newest_at_).count : 0);
    usual_delay_ = at - Instant{newest_us_};
    window_delay_ = kNone;
    pace_.forget();
  }

 private:
  static constexpr Micros kDiscontinuity = seconds(1);
  static constexpr Micros kStepAfter = millis(500);
  static constexpr Micros kNone{std::numeric_limits<std::int64_t>::max()};

  std::int64_t place_by_clock(Instant at, std::uint32_t timestamp) noexcept {
    const std::int64_t expected = newest_us_ + (at - newest_at_).count;
    std::int64_t us = us_of(timestamp, expected);
    if (std::abs(us - expected) > kDiscontinuity.count && !follows_last(at, timestamp)) {
      begin_anew(at, timestamp, expected);
      us = newest_us_;
    }
    note_last(at, timestamp);
    const std::int64_t ahead = us - (at - delay_.least(at)).us;
    if (ahead > delay_.slack(at).count) {
      if (!is_step(at, ahead)) return timed_ = std::max(us - ahead, newest_us_);
      us -= step_out(at);
    }
    ahead_since_ = Instant::never();
    delay_.note(at, at - Instant{us});
    if (us <= newest_us_) return us;
    newest_us_ = timed_ = us;
    newest_at_ = at;
    move_anchor();
    return us;
  }
  // Where its clock would be, if it ran.
  std::int64_t place_by_arrival(Instant at, std::uint32_t timestamp) noexcept {
    note_last(at, timestamp);
    newest_us_ = timed_ = (at - usual_delay_).us;
    newest_at_ = at;
    anchor_ticks_ = timestamp;
    anchor_us_ = newest_us_;
    ahead_since_ = Instant::never();
    return newest_us_;
  }
  void begin_anew(Instant at, std::uint32_t timestamp, std::int64_t us) noexcept {
    newest_us_ = us;
    newest_at_ = at;
    started_ = true;
    ++beginnings_;
    anchor_ticks_ = timestamp;
    anchor_us_ = begun_us_ = timed_ = newest_us_;
    ahead_since_ = Instant::never();
    delay_.begin(at, at - Instant{us});
    ways_ = {};
    window_start_ = at;
  }
  void note_delay(std::size_t way, Micros delay) noexcept { ways_[way].least = std::min(ways_[way].least, delay); }
  void end_window(Instant at) noexcept {
    const Micros shift = agreed_shift(at - std::exchange(window_start_, at));
    anchor_us_ += shift.count;
    newest_us_ += shift.count;
    timed_ += shift.count;
    if (shift < Micros{}) delay_.add(Micros{} - shift);  // What came with so little delay comes with more from now on.
    if (pace_.is_steady()) usual_delay_ = window_delay_ - shift;
    window_delay_ = kNone;
  }
  // By how much all that was heard in this window is off where it was.
  [[nodiscard]] Micros agreed_shift(Micros length) noexcept {
    std::optional<Micros> agreed;
    for (Way& way : ways_) {
      const Micros least = std::exchange(way.least, kNone);
      if (least == kNone || pace_.is_wrong()) continue;
      const Micros shift = way.delay.judge(least, length);
      agreed = agreed ? DelayShift::nearer(*agreed, shift) : shift;
    }
    if (!agreed || *agreed == Micros{}) return {};
    for (Way& way : ways_) way.delay.take_out(*agreed);
    return *agreed;
  }
  void note_last(Instant at, std::uint32_t timestamp) noexcept {
    last_at_ = at;
    last_timestamp_ = timestamp;
  }
  // The last one may have been ahead, and not be timed by its clock.
  [[nodiscard]] bool follows_last(Instant at, std::uint32_t timestamp) const noexcept {
    const std::int64_t us = std::int64_t{static_cast<std::int32_t>(timestamp - last_timestamp_)} * 1'000'000 / rate_;
    return std::abs(us - (at - last_at_).count) <= kDiscontinuity.count;
  }
  // Whether as much is to be taken out from now on.
  bool is_step(Instant at, std::int64_t ahead) noexcept {
    if (ahead_since_ == Instant::never()) {
      ahead_since_ = at;
      ahead_us_ = 0;
    }
    ahead_us_ = std::max(ahead_us_, ahead);
    return at - ahead_since_ >= kStepAfter;
  }
  // How much is taken out: what came first behind a beginning had waited, if all that follows is as far ahead.
  std::int64_t step_out(Instant at) noexcept {
    anchor_us_ -= ahead_us_;
    if (delay_.is_learning(at)) ways_ = {};
    delay_.forget_newest();
    return ahead_us_;
  }
  // The reading nearest to `expected`.
  [[nodiscard]] constexpr std::int64_t us_of(std::uint32_t timestamp, std::int64_t expected) const noexcept {
    const std::int64_t expected_ticks = (expected - anchor_us_) * rate_ / 1'000'000;
    const std::int64_t ticks = expected_ticks + static_cast<std::int32_t>(timestamp - anchor_ticks_ -
                                                                          static_cast<std::uint32_t>(expected_ticks));
    return anchor_us_ + ticks * 1'000'000 / rate_;
  }
  // By whole seconds only, so that nothing is lost to rounding.
  void move_anchor() noexcept {
    const std::int64_t whole = (newest_us_ - anchor_us_) / 1'000'000;
    anchor_ticks_ += static_cast<std::uint32_t>(whole * rate_);
    anchor_us_ += whole * 1'000'000;
  }

  std::uint32_t rate_;
  bool started_ = false;
  std::uint32_t beginnings_ = 0;
  std::uint32_t anchor_ticks_ = 0;
  std::int64_t anchor_us_ = 0;
  std::int64_t begun_us_ = 0;
  std::int64_t newest_us_ = 0;
  Instant newest_at_;
  Instant last_at_;  // The last one that was not behind ...
  std::uint32_t last_timestamp_ = 0;
  std::int64_t timed_ = 0;  // ... and what it was told.
  LeastDelay delay_;
  struct Way {
    Micros least = kNone;  // Of this window.
    DelayShift delay;
  };
  std::array<Way, 2> ways_{};
  Instant window_start_{};
  Instant ahead_since_ = Instant::never();  // All since then were ahead ...
  std::int64_t ahead_us_ = 0;               // ... by so much at most.
  ClockPace pace_;
  Micros usual_delay_{};         // The least of the last window before its clock went astray, or the first packet's.
  Micros window_delay_ = kNone;  // The least of this one's, as far as they came.
};

}  // namespace fanlight::rtp
