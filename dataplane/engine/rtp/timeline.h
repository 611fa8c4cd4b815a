// The only map from RTP's 32-bit timestamps to 64 bits of microseconds. At 90 kHz they wrap every 13 h 15 min, and
// where a source begins is random (RFC 3550 §5.1).
//
// A timestamp more than a second away from what the newest packet and the time since it lead to expect is a new
// beginning: a source that was restarted, paused or reset. Time then goes on as if it had not happened.
//
// A packet that comes behind the newest, late or brought back, is read beside it: how long it took says nothing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/time.h"

namespace fanlight::rtp {

class Timeline {
 public:
  // `rate`: ticks per second.
  explicit constexpr Timeline(std::uint32_t rate) noexcept : rate_(rate) {}

  // Microseconds since some fixed moment of the source's clock, for a packet that arrived `at`. Learns only forward.
  std::int64_t place(Instant at, std::uint32_t timestamp) noexcept {
    if (!started_) restart(at, timestamp);
    const std::int64_t expected = newest_us_ + (at - newest_at_).count;
    std::int64_t us = us_of(timestamp, expected);
    if (std::abs(us - expected) > kDiscontinuity.count) {
      restart(at, timestamp);
      us = newest_us_;
    }
    if (us <= newest_us_) return us;
    newest_us_ = us;
    newest_at_ = at;
    move_anchor();
    return us;
  }
  // As place(), for a packet that was sent before the newest. Learns nothing; empty when its timestamp is none of those
  // since the last beginning.
  [[nodiscard]] std::optional<std::int64_t> peek_behind(std::uint32_t timestamp) const noexcept {
    const std::int64_t us = us_of(timestamp, newest_us_);
    const bool is_near = us >= begun_us_ - kDiscontinuity.count && us <= newest_us_ + kDiscontinuity.count;
    return started_ && is_near ? std::optional(us) : std::nullopt;
  }
  // As that; one of the last beginning's is put at its end.
  [[nodiscard]] std::int64_t place_behind(std::uint32_t timestamp) const noexcept {
    return peek_behind(timestamp).value_or(begun_us_);
  }
  // How often time began anew.
  [[nodiscard]] std::uint32_t beginnings() const noexcept { return beginnings_; }
  // The next packet is of another source: its clock says nothing about the one so far.
  void restart(Instant at, std::uint32_t timestamp) noexcept {
    if (started_) newest_us_ += (at - newest_at_).count;
    newest_at_ = at;
    started_ = true;
    ++beginnings_;
    anchor_ticks_ = timestamp;
    anchor_us_ = begun_us_ = newest_us_;
  }

 private:
  static constexpr Micros kDiscontinuity = seconds(1);

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
};

}  // namespace fanlight::rtp
