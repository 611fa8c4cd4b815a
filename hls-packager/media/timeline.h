// From the times of a program to media time: one line of 90 kHz ticks for all its tracks, which begins at kMediaStart
// and never goes back, whatever the sender's clock does.
//
// A clock that jumps (a restarted encoder, a splice, a loss of seconds) makes a discontinuity: media time goes on where
// it was, under the next epoch. Tracks come interleaved, so for a while some still have the old clock and some the new:
// each unit is read with the offset that puts it where its track expects it. What others had of the old clock while the
// track that jumps first had nothing, as where a file ends with more sound than pictures, stays in front of the seam.
//
// Less than a second is no jump, for tracks have holes and their times are not even; but where the sender says that its
// clock is another, any step is one (ISO/IEC 13818-1 §2.4.3.5), and where two tracks step back by the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

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
    std::uint64_t followed = 0;  // Announcements, so many.
    bool is_behind = false;      // It has stepped back, and not made up for it.
    // Of its last unit: when it was, how long after the one before, and where all units ended then. Media time.
    std::int64_t last = 0, distance = 0, end = 0;
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
      const std::optional<std::int64_t> joined = offset_of_other(dts);
      has_joined_ = joined.has_value();
      current_ = joined.value_or(offset_for(dts, start_));
      newest_ = dts + *current_;
      are_others_ = false;
    }
    note_track(cursor);
    const Place found = find(cursor, dts, duration);
    note_step(cursor, found, duration);
    cursor.distance = cursor.expected && cursor.epoch == found.epoch ? found.decode_time - cursor.last : 0;
    cursor.last = found.decode_time;
    cursor.expected = found.decode_time + duration;
    cursor.epoch = found.epoch;
    cursor.end = end_ = std::max(end_, *cursor.expected);
    if (newest_ < found.decode_time) newest_ = found.decode_time;
    return found;
  }
  // Where something stands that is told of a time: `pts` as a unit would have it now, empty: with the newest unit. None
  // before the first unit.
  [[nodiscard]] std::optional<Place> peek(std::optional<std::int64_t> pts) const noexcept {
    if (!current_) return std::nullopt;
    return Place{pts ? *pts + *current_ : newest_, epoch_};
  }
  // The sender's clock is another from here on. Tracks follow, each with its first unit that is not in its place; those
  // that are late may take a second.
  void announce() noexcept {
    ++announced_;
    announced_until_ = newest_ + kMediaClock;
  }
  // All tracks are others from here on, with cursors that begin: nobody else tells of a jump, so their first unit does.
  void handle_other_tracks() noexcept {
    are_others_ = true;
    only_ = nullptr;
    are_several_ = false;
  }
  // Of a sender's clock, so far.
  [[nodiscard]] std::uint64_t jumps() const noexcept { return jumps_; }
  // Back by some frames and less than a second, and not announced; each of a track.
  [[nodiscard]] std::uint64_t steps_back() const noexcept { return steps_back_; }
  // Of a program that another one may share its clock with.
  struct Anchor {
    std::int64_t offset = 0;  // Media time less program time.
    std::int64_t newest = 0;  // Media time.
  };
  [[nodiscard]] std::optional<Anchor> anchor() const noexcept {
    return current_ ? std::optional(Anchor{*current_, newest_}) : std::nullopt;
  }
  // What comes next has the time that the other program has for it, if it is near that one's newest: its clock is the
  // same then. It may be a time that was there before.
  void join(const Anchor& other) noexcept { other_ = other; }
  // What came since restart() had the other's time.
  [[nodiscard]] bool has_joined() const noexcept { return has_joined_; }
  // What comes next is of another sender: it goes on a second behind the newest, under the next epoch, whatever its
  // clock says. Cursors begin anew.
  void restart() noexcept {
    if (!current_) return;
    start_ = newest_ + kMediaClock;
    newest_ = end_ = start_;
    are_others_ = are_several_ = false;
    only_ = nullptr;
    current_.reset();
    previous_.reset();
    announced_until_.reset();
    step_.reset();
    other_.reset();
    has_joined_ = false;
    ++epoch_;
  }

 private:
  // Nothing of a track comes so much earlier or later than it should, but for a jump.
  static constexpr std::int64_t kJump = kMediaClock;

  struct Step {
    const Cursor* of = nullptr;
    std::int64_t back = 0;
    std::int64_t at = 0;  // Media time.
  };

  // Such that `dts` is at `least`, or where the program has it if that is later.
  [[nodiscard]] std::int64_t offset_for(std::int64_t dts, std::int64_t least) const noexcept {
    return is_programs_ && dts + kMediaStart >= least ? kMediaStart : least - dts;
  }
  // The two may have begun to hear their clock on different sides of a wrap.
  [[nodiscard]] std::optional<std::int64_t> offset_of_other(std::int64_t dts) const noexcept {
    constexpr std::int64_t kWrap = std::int64_t{1} << 33;
    if (!other_) return std::nullopt;
    const std::int64_t off = other_->newest - (dts + other_->offset);
    const std::int64_t wraps = (off + (off < 0 ? -kWrap : kWrap) / 2) / kWrap;
    if (std::llabs(off - wraps * kWrap) > kFirstJump) return std::nullopt;
    return other_->offset + wraps * kWrap;
  }
  [[nodiscard]] static bool fits(const Cursor& cursor, std::int64_t time) noexcept {
    return cursor.expected && std::llabs(time - *cursor.expected) < kJump;
  }

  void note_track(const Cursor& cursor) noexcept {
    if (only_ == nullptr) only_ = &cursor;
    are_several_ |= only_ != &cursor;
  }
  // Pictures may be seconds apart. Where another track tells of the time that went by there is no need of a guess.
  [[nodiscard]] bool is_slow(const Cursor& cursor, std::int64_t time) const noexcept {
    if (are_several_ || !cursor.expected || time < *cursor.expected) return false;
    const std::int64_t distance = time - cursor.last;
    return distance < kFirstJump && (cursor.distance == 0 || distance <= 4 * cursor.distance);
  }

  void note_step(Cursor& cursor, const Place& found, std::int64_t duration) noexcept {
    constexpr std::int64_t kLeast = kMediaClock / 10;
    const std::int64_t back = cursor.expected.value_or(found.decode_time) - found.decode_time;
    const bool is_step = back > std::max(3 * duration, kLeast);
    const bool is_at_jump = found.epoch != cursor.epoch;  // Tracks are apart otherwise than they were.
    if (is_step && !cursor.is_behind && !is_at_jump) take_step({&cursor, back, newest_});
    cursor.is_behind = is_step || (cursor.is_behind && back > duration);
  }
  void take_step(const Step& step) noexcept {
    ++steps_back_;
    const bool is_same = step_ && step_->of != step.of && std::llabs(step_->back - step.back) < kMediaClock / 10 &&
                         step.at - step_->at < kJump;
    if (is_same) announce();
    step_ = is_same ? std::nullopt : std::optional(step);
  }

  // Where the new clock begins. Tracks have their units a little before or after each other's at any time.
  [[nodiscard]] std::int64_t seam_of(const Cursor& cursor) const noexcept {
    constexpr std::int64_t kUneven = kMediaClock / 10;
    if (!cursor.expected) return newest_;
    const std::int64_t others = end_ - std::max(cursor.end, *cursor.expected);
    return *cursor.expected + (others > kUneven ? others : 0);
  }
  Place jump(const Cursor& cursor, std::int64_t dts) noexcept {
    ++jumps_;
    previous_ = current_;
    current_ = offset_for(dts, seam_of(cursor));
    ++epoch_;
    return {dts + *current_, epoch_};
  }

  // Of the clock before, until it is not where its track expects it; then of the new one.
  Place find_announced(Cursor& cursor, std::int64_t dts, std::int64_t duration) noexcept {
    constexpr std::int64_t kUneven = kMediaClock / 50;
    const std::int64_t now = dts + *current_, expected = *cursor.expected;
    const bool is_in_place = std::llabs(now - expected) <= std::max(duration, kUneven);
    const bool is_late = previous_ && cursor.epoch != epoch_;  // Others have followed.
    if (is_late && previous_ == current_ && is_in_place) return {now, cursor.epoch};
    if (is_late && std::llabs(dts + *previous_ - expected) < std::llabs(now - expected))
      return {dts + *previous_, cursor.epoch};
    if (is_in_place && !is_late) return {now, epoch_};
    cursor.followed = announced_;
    return is_late && fits(cursor, now) ? Place{now, epoch_} : jump(cursor, dts);
  }

  Place find(Cursor& cursor, std::int64_t dts, std::int64_t duration) noexcept {
    const std::int64_t now = dts + *current_;
    if (cursor.expected && cursor.followed != announced_ && *cursor.expected <= announced_until_.value_or(0))
      return find_announced(cursor, dts, duration);
    if (std::exchange(are_others_, false) && !cursor.expected && std::llabs(now - end_) >= kJump) {
      cursor.expected = end_;
      return jump(cursor, dts);
    }
    // A track's first unit has only the others to go by.
    if (!cursor.expected && std::llabs(now - newest_) < kFirstJump) return {now, epoch_};
    // A jump that the program's own time makes leaves the offset as it is: what is still in front of it tells by its
    // time.
    if (fits(cursor, now)) return {now, previous_ == current_ && newest_ - now > kJump ? cursor.epoch : epoch_};
    // A hole of this track alone: the others are where it says it is.
    if (cursor.expected && now > *cursor.expected && std::llabs(now - newest_) < kJump) return {now, epoch_};
    if (previous_ && cursor.epoch != epoch_ && fits(cursor, dts + *previous_)) return {dts + *previous_, cursor.epoch};
    return is_slow(cursor, now) ? Place{now, epoch_} : jump(cursor, dts);
  }

  static constexpr std::int64_t kFirstJump = 10 * kMediaClock;
  bool is_programs_ = false;
  bool has_joined_ = false;
  std::optional<Anchor> other_{};
  std::int64_t start_ = kMediaStart;
  std::optional<std::int64_t> current_{};   // Media time less program time.
  std::optional<std::int64_t> previous_{};  // In the epoch before.
  std::int64_t newest_ = kMediaStart;
  std::int64_t end_ = kMediaStart;  // Of all units so far.
  bool are_others_ = false;         // Whose first unit is to come.
  const Cursor* only_ = nullptr;    // Of the first track that came; by name alone.
  bool are_several_ = false;        // And others have.
  std::uint32_t epoch_ = 0;
  std::uint64_t jumps_ = 0, steps_back_ = 0;
  std::optional<Step> step_{};  // Back, that no other track has made yet.
  std::uint64_t announced_ = 0;
  std::optional<std::int64_t> announced_until_{};  // Media time.
};

}  // namespace fanlight::packager
