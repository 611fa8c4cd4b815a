#include "live/program_clock.h"

#include <cstdlib>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kClock = 90'000;
constexpr std::int64_t kSpanTicks = 4 * kClock;
constexpr std::int64_t kSlewPerBillion = 200'000;
constexpr std::int64_t kStepMicros = 10'000;
// Players that go by the clock have no more to spare.
constexpr Micros kBehindMax = millis(300);
constexpr Micros kEven = millis(20);  // From span to span, of a way that takes as long as before.

// To the microsecond, down. Spans are of one epoch, some years at most.
Micros micros_of_ticks(std::int64_t ticks) noexcept { return {ticks * 100 / 9}; }

}  // namespace

Micros ProgramClock::lateness(WallTime came, std::int64_t decoded) const noexcept {
  return (came - first_came_) - micros_of_ticks(decoded - first_decoded_);
}

// Of the span that ends.
std::optional<Micros> ProgramClock::settled() const noexcept {
  if (!least_ || !least_before_ || std::abs((*least_ - *least_before_).count) > kEven.count) return std::nullopt;
  return std::min(*least_, *least_before_);
}

void ProgramClock::handle(WallTime came, std::int64_t decoded, std::int64_t shown, bool may_jump) {
  if (!begun_) {
    *this = ProgramClock(put_off_);
    begun_ = true;
    first_came_ = came;
    first_decoded_ = newest_ = span_began_ = decoded;
    first_shown_ = shown;
  }
  const Micros late = lateness(came, decoded);
  if (!may_jump) drift_.handle(micros_of_ticks(decoded - first_decoded_), late);  // What waited says nothing of clocks.
  if (decoded - span_began_ >= kSpanTicks) {
    const std::optional<Micros> now = settled();
    if (now) settled_ = now;
    const Micros behind = now.value_or(told_) - told_;
    behind_ = behind > kBehindMax ? behind : Micros{};
    least_before_ = least_;
    least_.reset();
    span_began_ = decoded;
  }
  least_ = std::min(least_.value_or(late), late);
  const std::int64_t wanted_ns = std::min(*least_, least_before_.value_or(*least_)).count * 1'000;
  const std::int64_t step_ns = std::max<std::int64_t>(decoded - newest_, 0) * kSlewPerBillion / kClock;
  slewed_ns_ = may_jump ? wanted_ns : std::clamp(wanted_ns, slewed_ns_ - step_ns, slewed_ns_ + step_ns);
  const Micros slewed{slewed_ns_ / 1'000};
  const std::int64_t steps = (slewed - told_).count / kStepMicros;
  told_ = may_jump ? slewed : told_ + Micros{steps * kStepMicros};
  newest_ = std::max(newest_, decoded);
  ahead_.handle(came - first_came_, told_ - late);
}

// How late frames are is still measured against the first.
void ProgramClock::jump() noexcept {
  if (ahead() == Micros{} && behind() == Micros{}) return;
  told_ = told_ + behind() - ahead();
  slewed_ns_ = told_.count * 1'000;
  drift_ = {};
  ahead_ = {};
  behind_ = {};
}

void ProgramClock::jump_with_others(Micros by) noexcept {
  const Micros before = told_;
  told_ = settled_.value_or(told_ + behind() - ahead());
  slewed_ns_ = told_.count * 1'000;
  drift_ = {};
  ahead_ = {};
  behind_ = {};
  put_off(by - (told_ - before));
}

Micros ProgramClock::off_dates() const noexcept {
  if (!settled_ && !wants_jump_back()) return {};
  const Micros off = settled_.value_or(told_ - ahead()) - told_ - put_off_;
  return off > kBehindMax || off < Micros{-AheadWatch::kSlack.count} ? off : Micros{};
}

WallTime ProgramClock::at(std::int64_t media_time) const noexcept {
  return first_came_ + micros_of_ticks(media_time - first_shown_) + told_ + put_off_;
}

}  // namespace fanlight::packager
