// Which dates a live stream's segments have, and when they jump.
#include <algorithm>
#include <string>
#include <utility>

#include "live/live_stream.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kClocksKept = 8;
constexpr std::uint64_t kAnySegment = ~std::uint64_t{0};

std::string step_text(Micros ahead) { return span_text(ahead) + (ahead < Micros{} ? " back" : " ahead"); }

}  // namespace

// What the leader's samples say of the clocks.
void LiveStream::time(const TimedSample& sample, const Moment& moment) {
  leader_newest_ = heard_;
  if (sample.epoch != leader_epoch_) {
    keep_clock(kAnySegment);
    leader_epoch_ = sample.epoch;
    clock_.restart();
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

// All of a group let them jump ahead with one segment, also who is not behind: else their discontinuities would differ.
bool LiveStream::is_group_to_jump() const noexcept {
  return group_jump_ && group_jump_->msn == cutter_->next_msn() + numbers_ahead_;
}

bool LiveStream::are_dates_to_jump() const noexcept {
  if (clock_set_ != Micros{} || clock_.wants_jump_back()) return true;
  return options_.members > 1 ? is_group_to_jump() : clock_.behind() != Micros{};
}

// By how much they jump ahead where the next segment begins behind a discontinuity. Those of a group stay alike.
Micros LiveStream::behind_to_mend() const noexcept {
  if (options_.members < 2) return clock_.behind();
  return is_group_to_jump() && clock_.behind() != Micros{} ? group_jump_->by : Micros{};
}

// The leader has begun a discontinuous segment.
void LiveStream::let_dates_jump(Micros behind) {
  const Micros ahead = clock_.ahead();
  if (clock_set_ == Micros{} && ahead == Micros{} && behind == Micros{}) return;
  if (ahead != Micros{}) faults_.note(InputFault::kAheadOfTime, span_text(ahead));
  if (behind != Micros{}) faults_.note(InputFault::kBehindTime, span_text(behind));
  keep_clock(cutter_->next_msn() - 1);
  clock_.shift(std::exchange(clock_set_, {}));
  clock_.jump(behind);
}

// What was not complete when the clock jumped comes behind the jump, and is dated by the clock that it had.
WallTime LiveStream::date_of(std::int64_t media_time, std::uint32_t epoch, std::uint64_t msn) const noexcept {
  const auto is_its = [&](const ClockBefore& one) { return one.epoch == epoch && msn < one.until; };
  const auto its = std::ranges::find_if(clocks_before_, is_its);
  return (its == clocks_before_.end() ? clock_ : its->clock).at(media_time);
}

}  // namespace fanlight::packager
