#include "live/splice_log.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace fanlight::packager {
namespace {

// Repetitions of a command that is due at once are as far apart as this.
constexpr std::int64_t kSame = kMediaClock / 10;

// So long a command without a time of its own may be said again behind what it said.
constexpr std::int64_t kSaidAgain = 10 * kMediaClock;

Micros micros_of_ticks(std::int64_t ticks) { return {ticks * 100 / 9}; }

bool is_same_event(const SpliceEvent& a, const SpliceEvent& b) { return a.id == b.id && a.type == b.type; }

bool is_for_now(const TimedSplice& splice) { return !splice.info.pts; }

// `for_so_long`: since it began. Behind its planned length it is over, though nobody said so.
bool may_go_on(const SpliceEvent& said, std::int64_t for_so_long) {
  return !said.planned || for_so_long <= static_cast<std::int64_t>(*said.planned) + kSaidAgain;
}

}  // namespace

void SpliceLog::handle(const TimedSplice& splice, WallTime at, std::int64_t newest, std::vector<DateRange>& fresh) {
  const std::uint64_t before = said_;
  for (const SpliceEvent& said : splice.info.events) take(said, splice, at, newest);
  const auto is_fresh = [&](const DateRange& range) { return range.number >= before; };
  std::ranges::copy_if(ranges_, std::back_inserter(fresh), is_fresh);
  while (events_.size() > kDateRangesMax) events_.pop_front();
}

void SpliceLog::take(const SpliceEvent& said, const TimedSplice& splice, WallTime at, std::int64_t newest) {
  const auto is_of_it = [&](const Event& event) {
    return event.said.kind == said.kind && is_same_event(event.said, said) &&
           splice.media_time - event.begins <= kSaidAgain;
  };
  switch (said.kind) {
    case SpliceKind::kOut:
      return take_out(said, splice, at, newest);
    case SpliceKind::kIn:
      return take_in(said, splice, at);
    case SpliceKind::kCancel:
      for (Event& event : events_)
        if (!event.has_ended && event.said.id == said.id && (event.said.type == 0) == (said.type == 0))
          end(event, std::max(newest, event.begins), SpliceRole::kCommand, splice);
      return;
    case SpliceKind::kOther:
      if (is_known(said, splice.media_time)) return;
      if (is_for_now(splice) && std::ranges::any_of(events_, is_of_it)) return;
      begin(said, splice, at);
      events_.back().has_ended = true;
  }
}

void SpliceLog::take_out(const SpliceEvent& said, const TimedSplice& splice, WallTime at, std::int64_t newest) {
  if (is_known(said, splice.media_time)) return;
  if (Event* const open = open_event(said)) {
    const bool has_begun = open->begins <= newest;
    if (has_begun && is_for_now(splice) && may_go_on(open->said, splice.media_time - open->begins)) return;
    end(*open, has_begun ? std::max(splice.media_time, open->begins) : open->begins, SpliceRole::kCommand, splice);
  }
  begin(said, splice, at);
}

void SpliceLog::take_in(const SpliceEvent& said, const TimedSplice& splice, WallTime at) {
  if (Event* const open = open_event(said))
    return end(*open, std::max(splice.media_time, open->begins), SpliceRole::kIn, splice);
  const std::int64_t same = is_for_now(splice) ? kSaidAgain : kSame;
  const bool is_again = std::ranges::any_of(events_, [&](const Event& event) {
    return is_same_event(event.said, said) && event.has_ended && std::llabs(event.ends - splice.media_time) <= same;
  });
  if (is_again) return;
  begin(said, splice, at);  // Who joined behind the way out is told of the way back all the same.
  events_.back().has_ended = true;
}

bool SpliceLog::is_known(const SpliceEvent& said, std::int64_t at) const noexcept {
  return std::ranges::any_of(events_, [&](const Event& event) {
    return event.said.kind == said.kind && is_same_event(event.said, said) && std::llabs(event.begins - at) <= kSame;
  });
}

auto SpliceLog::open_event(const SpliceEvent& said) noexcept -> Event* {
  for (Event& event : events_)
    if (!event.has_ended && is_same_event(event.said, said)) return &event;
  return nullptr;
}

void SpliceLog::begin(const SpliceEvent& said, const TimedSplice& splice, WallTime at) {
  DateRange range{.id = "splice-" + std::to_string(said_) + "-" + std::to_string(said.id),
                  .begins = at,
                  .section = splice.info.section,
                  .media_time = splice.media_time};
  if (said.kind != SpliceKind::kOther) range.role = said.kind == SpliceKind::kOut ? SpliceRole::kOut : SpliceRole::kIn;
  if (said.kind == SpliceKind::kIn) range.duration = Micros{};
  if (said.kind != SpliceKind::kIn && said.planned)
    range.planned = micros_of_ticks(static_cast<std::int64_t>(*said.planned));
  events_.push_back({.said = said, .begins = splice.media_time, .ends = splice.media_time, .range = range});
  say(std::move(range));
}

void SpliceLog::end(Event& event, std::int64_t at, SpliceRole role, const TimedSplice& splice) {
  event.has_ended = true;
  event.ends = at;
  say({.id = event.range.id,
       .begins = event.range.begins,
       .duration = micros_of_ticks(at - event.begins),
       .role = role,
       .section = splice.info.section,
       .media_time = at});
}

void SpliceLog::say(DateRange range) {
  range.number = said_++;
  ranges_.push_back(std::move(range));
  if (ranges_.size() > kDateRangesMax) ranges_.pop_front();
}

}  // namespace fanlight::packager
