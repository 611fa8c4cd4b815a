#include "fanlight_load/hls_rendition.h"

#include <algorithm>
#include <iterator>

#include "fanlight_load/hls_changes.h"
#include "fanlight_load/hls_gzip.h"

namespace fanlight::load {
namespace {

// Viewers that answer late may still be at one of these.
constexpr std::size_t kReadingsKept = 64;
constexpr std::size_t kListsKept = 32;
// Media that viewers may still be fetching.
constexpr std::uint64_t kSegmentsKept = 20;
constexpr std::size_t kHintsKept = 16;  // Some are in vain.

std::string_view text_of(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

HlsRendition::List HlsRendition::read(Instant now, const List& before, ByteSpan body, bool is_gzip) {
  ++tally_.playlists;
  tally_.bytes += body.size();
  const std::string_view text = text_of(body);
  auto known =
      std::ranges::find_if(readings_, [&](const Reading& one) { return one.before == before && one.body == text; });
  if (known == readings_.end()) {
    readings_.push_front(make(now, before, text, is_gzip));
    if (readings_.size() > kReadingsKept) readings_.pop_back();
    known = readings_.begin();
  }
  if (known->is_delta) ++tally_.deltas;
  return known->now;
}

HlsRendition::Reading HlsRendition::make(Instant now, const List& before, std::string_view body, bool is_gzip) {
  Reading reading{.before = before, .body = std::string(body)};
  const auto refuse = [&](const std::string& what) {
    note(HlsFault::kPlaylist, what);
    return reading;
  };
  const bool is_new = std::ranges::find(readings_, body, &Reading::body) == readings_.end();
  if (is_new) ++tally_.playlists_distinct;
  const auto text = is_gzip ? gunzipped(body) : std::string(body);
  if (!text) return refuse("a playlist that is no gzip");
  Result<HlsPlaylist> told = parse_hls_playlist(*text);
  if (!told) return refuse(told.error().what);
  reading.is_delta = told->skipped > 0;
  Result<HlsPlaylist> merged = merge_hls_delta(before.get(), *std::move(told));
  if (!merged) return refuse(merged.error().what);
  HlsFindings found = is_new ? judge_hls_playlist(*merged) : HlsFindings{};
  if (before) std::ranges::move(judge_hls_change(*before, *merged), std::back_inserter(found));
  for (const HlsFinding& one : found) note(one.kind, one.what);
  reading.now = shared(*std::move(merged));
  list_parts(now, *reading.now);
  return reading;
}

// Deltas and whole playlists lead to the same.
HlsRendition::List HlsRendition::shared(HlsPlaylist playlist) {
  const auto known = std::ranges::find_if(lists_, [&](const List& one) { return *one == playlist; });
  if (known != lists_.end()) return *known;
  lists_.push_front(std::make_shared<const HlsPlaylist>(std::move(playlist)));
  if (lists_.size() > kListsKept) lists_.pop_back();
  return lists_.front();
}

void HlsRendition::list_parts(Instant now, const HlsPlaylist& playlist) {
  for (std::uint64_t msn = playlist.media_sequence; msn < playlist.end_msn(); ++msn) {
    const HlsSegment& segment = *playlist.find(msn);
    for (std::uint64_t at = 0; at < segment.parts.size(); ++at) {
      if (auto hint = hinted_.extract(segment.parts[at].uri)) parts_.try_emplace({msn, at}, std::move(hint.mapped()));
      const Piece piece = part({msn, at});
      if (piece->listed_at != Instant::never()) continue;
      piece->listed_at = now;
      piece->begins_anew = at == 0 && segment.is_discontinuous;
      judge_part({msn, at}, segment, segment.parts[at]);  // When it was hinted at, it may be here already.
    }
  }
  forget_before(playlist.end_msn() - std::min(playlist.end_msn(), kSegmentsKept));
}

void HlsRendition::forget_before(std::uint64_t msn) { parts_.erase(parts_.begin(), parts_.lower_bound({msn, 0})); }

HlsRendition::Piece HlsRendition::part(HlsPlace place) {
  Piece& piece = parts_[place];
  if (!piece) piece = std::make_shared<HlsPiece>();
  return piece;
}

HlsRendition::Piece HlsRendition::hinted(const std::string& uri) {
  if (const auto place = lists_.front()->place_of(uri)) return part(*place);
  if (hinted_.size() == kHintsKept && !hinted_.contains(uri)) hinted_.erase(hinted_.begin());
  Piece& piece = hinted_[uri];
  if (!piece) piece = std::make_shared<HlsPiece>();
  return piece;
}

HlsRendition::Piece HlsRendition::init(const std::string& uri) {
  Piece& piece = inits_[uri];
  if (!piece) piece = std::make_shared<HlsPiece>();
  return piece;
}

Instant HlsRendition::listed_at(HlsPlace place) const {
  const auto found = parts_.find(place);
  return found == parts_.end() ? Instant::never() : found->second->listed_at;
}

void HlsRendition::judge_init(const std::string& uri) {
  HlsPiece& piece = *init(uri);
  if (piece.is_judged || !piece.is_whole()) return;
  piece.is_judged = true;
  const Result<HlsFormat> format = read_hls_init(piece.bytes());
  if (!format) return note(HlsFault::kBoxes, uri + ": " + format.error().what);
  piece.timescale = format->timescale;
}

void HlsRendition::judge_part(HlsPlace place, const HlsSegment& segment, const HlsPart& part) {
  HlsPiece& piece = *this->part(place);
  const Piece its_init = init(segment.init);
  if (piece.is_judged || !piece.is_whole() || !its_init->is_whole()) return;
  piece.is_judged = true;
  ++tally_.parts_distinct;
  const Result<HlsFormat> format = read_hls_init(its_init->bytes());
  if (!format) return;  // That was said of the init segment.
  const Result<HlsFragments> fragments = read_hls_fragments(*format, piece.bytes());
  if (!fragments) return note(HlsFault::kBoxes, part.uri + ": " + fragments.error().what);
  piece.fragments = *fragments;
  piece.timescale = format->timescale;
  // A frame's duration may be foreseen wrongly, but not by more than a frame.
  const auto told = static_cast<double>(part.duration.count) / 1e6 * format->timescale;
  const double off = std::abs(told - static_cast<double>(fragments->duration));
  if (off > static_cast<double>(fragments->last_sample))
    note(HlsFault::kDuration, part.uri + " lasts " + std::to_string(fragments->duration) + " ticks of " +
                                  std::to_string(format->timescale) + ", and is listed with " +
                                  std::to_string(part.duration.count) + " us");
  judge_time(place);
  if (const auto next = std::next(parts_.find(place)); next != parts_.end()) judge_time(next->first);
}

void HlsRendition::judge_time(HlsPlace place) {
  const auto at = parts_.find(place);
  if (at == parts_.begin() || at->second->begins_anew || !at->second->fragments) return;
  const auto& [where, before] = *std::prev(at);
  const bool are_neighbours =
      place.part == 0 ? where.msn + 1 == place.msn : where == HlsPlace{place.msn, place.part - 1};
  if (!are_neighbours || !before->fragments || before->timescale != at->second->timescale) return;
  const std::uint64_t expected = before->fragments->decode_time + before->fragments->duration;
  const auto off = static_cast<std::int64_t>(at->second->fragments->decode_time - expected);
  if (static_cast<std::uint64_t>(std::abs(off)) > before->fragments->last_sample)
    note(HlsFault::kTime,
         "part " + place.text() + " begins " + std::to_string(off) + " ticks off the end of " + where.text());
}

}  // namespace fanlight::load
