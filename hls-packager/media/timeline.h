// From the times of a program to media time: one line of 90 kHz ticks for all its tracks, which begins at kMediaStart
// and never goes back, whatever the sender's clock does.
//
// A clock that jumps (a restarted encoder, a splice, a loss of seconds) makes a discontinuity: media time goes on where
// it was, under the next epoch. Tracks come interleaved, so for a while some still have the old clock and some the new:
// each unit is read with the offset that puts it where its track expects it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace fanlight::packager {

inline constexpr std::int64_t kMediaClock = 90'000;
inline constexpr std::int64_t kMediaStart = 10 * kMediaClock;  // Nothing before the first picture is negative.

class Timeline {
 public:
  struct Place {
    std::int64_t decode_time = 0;  // Media time.
    std::uint32_t epoch = 0;       // Discontinuities before it.
  };
  // Where a track is: behind its last unit. Its own for each track.
  struct Cursor {
    std::optional<std::int64_t> expected{};  // Media time.
    std::uint32_t epoch = 0;
  };

  // Media time is the program's own wherever that goes on, so that programs with one clock have one media time.
  [[nodiscard]] static Timeline of_program() noexcept {
    Timeline timeline;
    timeline.is_programs_ = true;
    return timeline;
  }

  // A unit of a track that follows `cursor`, decoded at `dts` (program time, unwrapped) and in force for `duration`.
  Place place(Cursor& cursor, std::int64_t dts, std::int64_t duration) noexcept {
    if (!current_) {
      current_ = offset_for(dts, start_);
      newest_ = dts + *current_;
    }
    const Place found = find(cursor, dts);
    cursor = {found.decode_time + duration, found.epoch};
    if (newest_ < found.decode_time) newest_ = found.decode_time;
    return found;
  }
  // Where something stands that is told of a time: `pts` as a unit would have it now, empty: with the newest unit. None
  // before the first unit.
  [[nodiscard]] std::optional<Place> peek(std::optional<std::int64_t> pts) const noexcept {
    if (!current_) return std::nullopt;
    return Place{pts ? *pts + *current_ : newest_, epoch_};
  }
  // Of a sender's clock, so far.
  [[nodiscard]] std::uint64_t jumps() const noexcept { return jumps_; }
  // What comes next is of another sender: it goes on a second behind the newest, under the next epoch, whatever its
  // clock says. Cursors begin anew.
  void restart() noexcept {
    if (!current_) return;
    start_ = newest_ + kMediaClock;
    newest_ = start_;
    current_.reset();
    previous_.reset();
    ++epoch_;
  }

 private:
  // Nothing of a track comes so much earlier or later than it should, but for a jump.
  static constexpr std::int64_t kJump = kMediaClock;

  // Such that `dts` is at `least`, or where the program has it if that is later.
  [[nodiscard]] std::int64_t offset_for(std::int64_t dts, std::int64_t least) const noexcept {
    return is_programs_ && dts + kMediaStart >= least ? kMediaStart : least - dts;
  }
  [[nodiscard]] static bool fits(const Cursor& cursor, std::int64_t time) noexcept {
    return cursor.expected && std::llabs(time - *cursor.expected) < kJump;
  }

  Place find(const Cursor& cursor, std::int64_t dts) noexcept {
    const std::int64_t now = dts + *current_;
    // A track's first unit has only the others to go by.
    if (!cursor.expected && std::llabs(now - newest_) < kFirstJump) return {now, epoch_};
    // A jump that the program's own time makes leaves the offset as it is: what is still in front of it tells by its
    // time.
    if (fits(cursor, now)) return {now, previous_ == current_ && newest_ - now > kJump ? cursor.epoch : epoch_};
    // A hole of this track alone: the others are where it says it is.
    if (cursor.expected && now > *cursor.expected && std::llabs(now - newest_) < kJump) return {now, epoch_};
    if (previous_ && cursor.epoch != epoch_ && fits(cursor, dts + *previous_)) return {dts + *previous_, cursor.epoch};
    ++jumps_;
    previous_ = current_;
    const std::int64_t expected = cursor.expected.value_or(newest_);
    current_ = offset_for(dts, expected);
    ++epoch_;
    return {dts + *current_, epoch_};
  }

  static constexpr std::int64_t kFirstJump = 10 * kMediaClock;
  bool is_programs_ = false;
  std::int64_t start_ = kMediaStart;
  std::optional<std::int64_t> current_{};   // Media time less program time.
  std::optional<std::int64_t> previous_{};  // In the epoch before.
  std::int64_t newest_ = kMediaStart;
  std::uint32_t epoch_ = 0;
  std::uint64_t jumps_ = 0;
};

}  // namespace fanlight::packager
