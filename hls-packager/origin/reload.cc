#include "origin/reload.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

// How far past the last part a request may be. RFC 8216bis §6.2.5.2
std::uint64_t advance_part_limit(const RenditionSnapshot& rendition) {
  constexpr std::int64_t kParts = 3;
  const std::int64_t target = rendition.part_target.count;
  if (target <= 0 || target >= seconds(1).count) return kParts;
  return static_cast<std::uint64_t>((seconds(kParts).count + target - 1) / target);
}

std::uint64_t parts_listed(const RenditionSnapshot& rendition, std::uint64_t msn) {
  return rendition.edge.msn == msn && rendition.edge.part ? *rendition.edge.part + 1 : 0;
}

bool is_whole(const RenditionSnapshot& rendition, std::uint64_t msn) {
  const LiveSegment* const segment = find_segment(rendition, msn);
  return segment == nullptr ? msn < rendition.edge.msn : segment->is_whole;
}

bool is_too_far(const RenditionSnapshot& rendition, PartPlace place) {
  constexpr std::uint64_t kSegmentsAhead = 2;
  if (place.msn > rendition.edge.msn + kSegmentsAhead) return true;
  return place.part != kWhole && place.part >= parts_listed(rendition, place.msn) + advance_part_limit(rendition);
}

}  // namespace

Reload judge_reload(const RenditionSnapshot& rendition, const PlaylistQuery& query) {
  if (!query.msn || rendition.has_ended) return {};
  if (query.part == kWhole) return {.verdict = ReloadVerdict::kTooFar};  // A number that means no part here.
  const PartPlace place = carried_over(rendition, {*query.msn, query.part.value_or(kWhole)});
  if (is_listed(rendition, place)) return {};
  if (is_too_far(rendition, place)) return {.verdict = ReloadVerdict::kTooFar};
  return {.verdict = ReloadVerdict::kLater, .place = place};
}

PartPlace carried_over(const RenditionSnapshot& rendition, PartPlace place) {
  if (place.part == kWhole) return place;
  const LiveSegment* const segment = find_segment(rendition, place.msn);
  if (segment == nullptr || !segment->is_whole || place.part < segment->parts.size()) return place;
  return {place.msn + 1, 0};
}

bool is_listed(const RenditionSnapshot& rendition, PartPlace place) {
  if (place.msn != rendition.edge.msn) return place.msn < rendition.edge.msn;
  return is_whole(rendition, place.msn) || (place.part != kWhole && place.part < parts_listed(rendition, place.msn));
}

bool fits_delta(const RenditionSnapshot& rendition, const PlaylistQuery& query) {
  if (!query.wants_delta || rendition.has_ended || rendition.delta.is_empty()) return false;
  return !query.msn || *query.msn >= rendition.first_msn;
}

const LiveSegment* find_segment(const RenditionSnapshot& rendition, std::uint64_t msn) {
  if (rendition.segments.empty() || msn < rendition.segments.front()->msn) return nullptr;
  const std::uint64_t place = msn - rendition.segments.front()->msn;
  return place < rendition.segments.size() ? rendition.segments[place].get() : nullptr;
}

const SharedBytes* find_part(const RenditionSnapshot& rendition, PartPlace place) {
  const LiveSegment* const segment = find_segment(rendition, place.msn);
  return segment != nullptr && place.part < segment->parts.size() ? &segment->parts[place.part] : nullptr;
}

const SharedBytes* find_init(const RenditionSnapshot& rendition, std::uint64_t init, std::uint64_t key) {
  const auto found = std::ranges::find(rendition.inits, init, &LiveInit::init);
  if (found == rendition.inits.end() || key > found->of_further_keys.size()) return nullptr;
  return key == 0 ? &found->bytes : &found->of_further_keys[key - 1];
}

bool may_have_part(const RenditionSnapshot& rendition, std::uint64_t msn) {
  if (rendition.has_ended) return false;
  if (const LiveSegment* const segment = find_segment(rendition, msn)) return !segment->is_whole;
  return rendition.segments.empty() || msn > rendition.segments.back()->msn;
}

bool may_have_init(const RenditionSnapshot& rendition, std::uint64_t init) {
  return !rendition.has_ended && (rendition.inits.empty() || init >= rendition.inits.back().init);
}

std::optional<PartPlace> next_part(const RenditionSnapshot& rendition) {
  if (rendition.has_ended || rendition.segments.empty()) return std::nullopt;
  const LiveSegment& last = *rendition.segments.back();
  if (last.is_whole || rendition.hints_at_next_segment) return PartPlace{last.msn + 1, 0};
  return PartPlace{last.msn, last.parts.size()};
}

bool is_about_to_begin(const RenditionSnapshot& rendition, std::uint64_t msn) {
  const std::optional<PartPlace> next = next_part(rendition);
  if (!next) return false;
  if (next->part == 0) return next->msn == msn;
  // Of the open one there will be as many as of the one before.
  const LiveSegment* const before = next->msn == 0 ? nullptr : find_segment(rendition, next->msn - 1);
  return msn == next->msn + 1 && before != nullptr && next->part + 1 >= before->parts.size();
}

}  // namespace fanlight::packager
