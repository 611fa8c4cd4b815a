// What others have and a rendition has not: how long its gaps are, and where they stand.
#include <memory>
#include <utility>

#include "live/live_rendition.h"
#include "playlist/text.h"

namespace fanlight::packager {

// Segments are numbered alike in all renditions: what this one has nothing of is a gap.
void LiveRendition::fill_up_to(std::uint64_t end, std::uint64_t discontinuities, const std::vector<Gap>& gaps) {
  if (kept_.empty() && playlist_.segments.empty() && counts_.segments == 0) {
    playlist_.media_sequence = end;
    playlist_.discontinuity_sequence = discontinuities;
    return;
  }
  std::uint64_t known = playlist_.discontinuity_sequence + breaks_listed_;
  for (const Gap& one : gaps) {
    const bool is_discontinuous = known < discontinuities;
    known += is_discontinuous ? 1 : 0;
    auto gap = std::make_shared<LiveSegment>();
    gap->msn = next_msn();
    gap->is_whole = true;
    keep({.segment = std::move(gap),
          .init = inits_.back().init,
          .duration = micros_of(one.ticks, format_->timescale()),
          .shown_from = one.shown_from});
    list({.duration = rescale(one.ticks, format_->timescale(), playlist_.timescale),
          .init = inits_.back().init,
          .is_discontinuous = is_discontinuous,
          .is_gap = true,
          .key = key_of(next_msn()),
          .begins = one.begins});
    ++counts_.gaps;
  }
}

auto LiveRendition::gaps_before(const CutPart& part, WallTime begins, Micros span) const -> std::vector<Gap> {
  std::vector<Gap> gaps;
  if (!part.is_discontinuous && !part.samples.empty())
    gaps = gaps_until(part.msn, part.samples.front().presentation_time);
  if (gaps.empty()) return gaps_of(part.msn, span);
  for (auto gap = gaps.rbegin(); gap != gaps.rend(); ++gap) {
    begins = begins + Micros{-micros_of(gap->ticks, format_->timescale()).count};
    gap->begins = begins;
  }
  return gaps;
}

// Up to segment `end`, each as long as others' are. A delta may begin with any of them: they are dated from where the
// segment in front ends.
auto LiveRendition::gaps_of(std::uint64_t end, Micros span) const -> std::vector<Gap> {
  std::vector<Gap> gaps;
  if (kept_.empty() || playlist_.segments.empty()) return gaps;
  const std::int64_t timescale = format_->timescale(), ticks = span.count * timescale / 1'000'000;
  const PlaylistSegment& before = playlist_.segments.back();
  std::int64_t at = kept_.back().shown_from + kept_.back().duration.count * timescale / 1'000'000;
  WallTime begins = before.begins.value_or(WallTime{}) + micros_of(before.duration, playlist_.timescale);
  for (std::uint64_t msn = next_msn(); msn < end; ++msn, at += ticks) {
    gaps.push_back({ticks, at, begins});
    begins = begins + micros_of(ticks, format_->timescale());
  }
  return gaps;
}

// Media time goes on at `until`, where `end` begins: so do the gaps. They stand where segments begin that are all of a
// length, and what is in front of them may have been cut short: the first makes up for that, or all do. Empty: they
// would be longer than a segment may be.
auto LiveRendition::gaps_until(std::uint64_t end, std::int64_t until) const -> std::vector<Gap> {
  if (kept_.empty() || playlist_.segments.empty() || next_msn() >= end) return {};
  const Kept& before = kept_.back();
  if (formats_[before.init - inits_.front().init].timescale() != format_->timescale()) return {};
  const std::int64_t timescale = format_->timescale(), count = static_cast<std::int64_t>(end - next_msn());
  const std::int64_t most = options_.target_duration * timescale + timescale * 49 / 100;
  const std::int64_t from =
      before.shown_from + rescale(playlist_.segments.back().duration, playlist_.timescale, format_->timescale());
  const auto begin = [&](std::int64_t i) {
    return before.shown_from + (until - before.shown_from) * (i + 1) / (count + 1);
  };
  const std::int64_t first = begin(1) - from, each = (until - from) / count;
  if (each <= 0 || each > most) return {};
  const bool is_first_longer = first > 0 && first <= most;
  std::vector<Gap> gaps;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t ticks =
        is_first_longer ? begin(i + 1) - (i == 0 ? from : begin(i)) : each + (i == 0 ? (until - from) % count : 0);
    gaps.push_back({ticks, begin(i)});
  }
  return gaps;
}

}  // namespace fanlight::packager
