// Which dates a live stream's segments have, and when they jump.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "live/live_stream.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kClocksKept = 8;
constexpr std::uint64_t kAnySegment = ~std::uint64_t{0};
// Without a discontinuity no more is corrected: players take what is less for drift.
constexpr Micros kCorrectedMax = seconds(1);
constexpr Micros kRounding = micros(2);

std::string step_text(Micros ahead) { return span_text(ahead) + (ahead < Micros{} ? " back" : " ahead"); }

}  // namespace

// What the leader's samples say of the clocks.
void LiveStream::time(const TimedSample& sample, const Moment& moment) {
  leader_newest_ = heard_;
  if (sample.epoch != leader_epoch_) {
    keep_clock(kAnySegment);
    leader_epoch_ = sample.epoch;
    clock_.restart();
    is_dated_ = false;
  }
  clock_.handle(moment.wall, rescale(sample.decode_time, sample.timescale, kMediaClock),
                rescale(sample.presentation_time, sample.timescale, kMediaClock));
}

void LiveStream::keep_clock(std::uint64_t until) {
  clocks_before_.push_back({leader_epoch_, until, clock_});
  if (clocks_before_.size() > kClocksKept) clocks_before_.pop_front();
}

// What players know stays as it is dated, and only behind a discontinuity may dates jump: until there is one, ours is
// taken for what it would be.
void LiveStream::handle_clock_set(Micros ahead) {
  if (ahead == Micros{}) return;
  faults_.note(InputFault::kHostClock, step_text(ahead));
  if (parameters_) return void(clock_set_ = clock_set_ + ahead);
  for (Held& held : held_) held.wall = held.wall + ahead;
}

void LiveStream::tell_of_others(GroupNews news) {
  publication_.set_others(std::move(news.reports));
  group_place_ = std::move(news.place);
  group_jump_ = news.jump;
  group_dates_ = std::move(news.dates);
  if (group_dates_.are_first) date_anew();
}

// All of a group let them jump with one segment, also who has no need to: else their discontinuities would differ.
bool LiveStream::is_group_to_jump() const noexcept {
  return group_jump_ && group_jump_->msn == cutter_->next_msn() + numbers_ahead_;
}

bool LiveStream::are_dates_to_jump() const noexcept {
  if (clock_set_ != Micros{}) return true;
  if (options_.members > 1) return is_group_to_jump();
  return clock_.wants_jump_back() || clock_.behind() != Micros{};
}

// By how much they jump where the next segment begins behind a discontinuity. Those of a group stay alike.
Micros LiveStream::jump_due() const noexcept {
  if (options_.members > 1) return is_group_to_jump() ? group_jump_->by : Micros{};
  return clock_.behind() - clock_.ahead();
}

// The leader has begun a discontinuous segment.
void LiveStream::let_dates_jump(Micros by) {
  if (clock_set_ == Micros{} && by == Micros{}) return;
  if (by < Micros{}) faults_.note(InputFault::kAheadOfTime, span_text(Micros{-by.count}));
  if (by > Micros{}) faults_.note(InputFault::kBehindTime, span_text(by));
  keep_clock(cutter_->next_msn() - 1);
  clock_.shift(std::exchange(clock_set_, {}));
  if (by != Micros{}) options_.members > 1 ? clock_.jump_with_others(by) : clock_.jump();
}

// Its group is complete, and nobody has seen it yet.
void LiveStream::date_anew() {
  for (const PublishedRendition& one : publication_.renditions()) {
    if (!one.rendition.options().is_video) continue;
    for (const NumberedPlace& theirs : group_dates_.newest) {
      const std::optional<SegmentPlace> ours = one.rendition.place_of(theirs.msn);
      if (!ours) continue;
      const Micros off = theirs.place.date - ours->date;
      if (off == Micros{}) return;
      clock_.put_off(off);
      for (ClockBefore& before : clocks_before_) before.clock.put_off(off);
      for (PublishedRendition& each : publication_.renditions()) {
        each.rendition.put_off(off);
        each.has_changed = true;
      }
      return;
    }
  }
}

// A segment has one date in all streams of a group: what was said of it. Before anything is, ours goes on from the
// newest that no discontinuity parts from it, as it was said. `number`: as the cutter numbers it.
void LiveStream::follow_dates(const CutPart& part, std::uint64_t number, const LiveRendition& its) {
  const std::vector<NumberedPlace>& known = group_dates_.newest;
  if (known.empty() || part.samples.empty() || part.samples.front().epoch != leader_epoch_) return;
  const bool was_dated = std::exchange(is_dated_, true);
  const auto behind = std::ranges::upper_bound(known, part.msn, {}, &NumberedPlace::msn);
  if (behind == known.begin()) return;
  const NumberedPlace& theirs = *std::prev(behind);
  if (theirs.place.discontinuities != part.discontinuities_before + (part.is_discontinuous ? 1 : 0)) return;
  // What was before is compared as we said it: our clock has gone on since, and so it shall.
  const bool is_before = was_dated && theirs.msn < part.msn;
  const std::optional<SegmentPlace> ours = is_before ? its.place_of(theirs.msn) : std::nullopt;
  if (is_before && (!ours || theirs.msn < followed_from_)) return;
  const Micros off = theirs.place.date - (ours ? ours->date : date_of(theirs.place.begins, leader_epoch_, number));
  const bool is_any_right = !was_dated && tracks_->timeline().has_joined();
  if (std::abs(off.count) <= kRounding.count || (!is_any_right && std::abs(off.count) >= kCorrectedMax.count)) return;
  keep_clock(number);
  clock_.put_off(off);
  followed_from_ = part.msn;
}

// What was not complete when the clock jumped comes behind the jump, and is dated by the clock that it had.
WallTime LiveStream::date_of(std::int64_t media_time, std::uint32_t epoch, std::uint64_t msn) const noexcept {
  const auto is_its = [&](const ClockBefore& one) { return one.epoch == epoch && msn < one.until; };
  const auto its = std::ranges::find_if(clocks_before_, is_its);
  return (its == clocks_before_.end() ? clock_ : its->clock).at(media_time);
}

}  // namespace fanlight::packager
