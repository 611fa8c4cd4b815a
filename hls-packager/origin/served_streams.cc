#include "origin/served_streams.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/siphash.h"

namespace fanlight::packager {
namespace {

// The same of every server and after every start, as caches are not told of either.
std::string tag_of(const Document& document) {
  constexpr HashKey kKey = {0x66616E6C69676874, 0x6F726967696E2E31};
  std::array<char, 17> out{};
  std::snprintf(out.data(), out.size(), "%016llx",
                static_cast<unsigned long long>(siphash(kKey, document.plain.span())));
  return out.data();
}

// Longer than that, nothing is waited for. RFC 8216bis §6.2.5.2
Micros longest_wait(const RenditionSnapshot& rendition) { return 3 * seconds(std::int64_t{rendition.target_duration}); }

// Of a segment: who reckons with the clock is ahead when nothing new comes, until it has heard of that.
bool is_overdue(const ServedRendition& of, const Ask& ask) {
  constexpr std::int64_t kLateParts = 2;
  const RenditionSnapshot& rendition = *of.now;
  Micros late = ask.arrived - of.published;
  if (rendition.is_interrupted) late = late + longest_wait(rendition);
  if (rendition.has_ended || rendition.segments.empty() || late < kLateParts * rendition.part_target) return false;
  const std::uint64_t newest = rendition.segments.back()->msn;
  const auto ahead = static_cast<std::uint64_t>(late.count / std::max<std::int64_t>(rendition.part_target.count, 1));
  return ask.number > newest && ask.number - newest <= ahead;
}

// There was something to play.
bool has_begun(const ServedStream& stream) { return !stream.now->multivariant.is_empty(); }

RequestKind kind_of(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kIndex:
      return RequestKind::kPlaylist;
    case ResourceKind::kMpd:
      return RequestKind::kMpd;
    case ResourceKind::kInit:
      return RequestKind::kInit;
    case ResourceKind::kSegment:
      return RequestKind::kSegment;
    case ResourceKind::kPart:
      return RequestKind::kPart;
    case ResourceKind::kKey:
    case ResourceKind::kLicence:
      return RequestKind::kKey;
  }
  return RequestKind::kOther;
}

}  // namespace

ServedStream& ServedStreams::apply(const Published::Publication& publication) {
  ServedStream& stream = streams_[publication.name];
  const StreamSnapshot& fresh = *publication.snapshot;
  if (!stream.now || !stream.now->mpd.is_same_as(fresh.mpd)) stream.mpd_tag.clear();
  if (!stream.now || !stream.now->multivariant.is_same_as(fresh.multivariant)) stream.multivariant_tag.clear();
  stream.now = publication.snapshot;
  stream.published = publication.at;
  for (auto& [folder, rendition] : stream.renditions) rendition.now = nullptr;
  has_gone_ = true;  // Unless all are there again; looking is cheap.
  for (const std::shared_ptr<const RenditionSnapshot>& one : stream.now->renditions) {
    ServedRendition& rendition = stream.renditions[one->folder];
    rendition.now = one;
    rendition.published = publication.at;
  }
  return stream;
}

void ServedStreams::forget_gone() {
  if (!std::exchange(has_gone_, false)) return;
  for (auto& [name, stream] : streams_)
    std::erase_if(stream.renditions, [](const auto& one) {
      const ServedRendition& rendition = one.second;
      return !rendition.now && rendition.playlists.empty() && rendition.parts.empty() && rendition.streams.empty();
    });
}

ServedStream* ServedStreams::find_stream(std::string_view name) {
  const auto at = streams_.find(name);
  return at == streams_.end() ? nullptr : &at->second;
}

std::optional<Ask> ServedStreams::find(const Resource& resource) {
  Ask ask{.kind = kind_of(resource.kind), .number = resource.number, .part = resource.part};
  if (ask.kind == RequestKind::kKey) return find_key(resource);
  const bool may_be_streams = resource.kind == ResourceKind::kIndex || resource.kind == ResourceKind::kMpd;
  if (may_be_streams && (ask.stream = find_stream(resource.folder)) != nullptr) {
    if (resource.kind == ResourceKind::kIndex) ask.kind = RequestKind::kMultivariant;
    return ask;
  }
  const std::optional<SplitFolder> folder = split_folder(resource.folder);
  if (resource.kind == ResourceKind::kMpd || !folder) return std::nullopt;
  ask.stream = find_stream(folder->parent);
  if (ask.stream == nullptr) return std::nullopt;
  if (const auto at = ask.stream->renditions.find(folder->name); at != ask.stream->renditions.end()) {
    ask.rendition = &at->second;
    return ask;
  }
  if (has_begun(*ask.stream) || !is_rendition_folder(folder->name)) return std::nullopt;
  ask.folder = folder->name;
  return ask;
}

void ServedStreams::look_again(Ask& ask) {
  if (ask.folder.empty()) return;
  const auto rendition = ask.stream->renditions.find(ask.folder);
  if (rendition == ask.stream->renditions.end()) return;
  ask.rendition = &rendition->second;
  ask.folder.clear();
}

std::optional<Ask> ServedStreams::find_key(const Resource& resource) {
  Ask ask{.kind = RequestKind::kKey, .stream = find_stream(resource.folder)};
  if (ask.stream == nullptr) return std::nullopt;
  const ServedKeys* const keys = ask.stream->now->keys.get();
  if (keys == nullptr) return ask;
  ask.part = resource.kind == ResourceKind::kLicence ? 1 : 0;
  if (resource.kind == ResourceKind::kLicence) {
    ask.key = keys->licence;
  } else if (const auto found = keys->by_id.find(resource.key_id); found != keys->by_id.end()) {
    ask.key = found->second;
  }
  return ask;
}

Reply ServedStreams::reply_to(const Ask& ask, std::string_view if_none_match) const {
  if (!ask.folder.empty()) return has_begun(*ask.stream) ? not_there(ask) : until_it_begins();
  if (ask.rendition == nullptr) return reply_of_stream(ask, if_none_match);
  if (!ask.rendition->now) return not_there(ask);
  switch (ask.kind) {
    case RequestKind::kPlaylist:
      return reply_of_playlist(ask);
    case RequestKind::kInit:
      return reply_of_init(ask);
    case RequestKind::kSegment:
      return reply_of_segment(ask);
    case RequestKind::kPart:
      return reply_of_part(ask);
    default:
      return not_there(ask);
  }
}

Reply ServedStreams::not_there(const Ask& ask) const {
  const bool is_known = ask.folder.empty();
  return answers_.refusal(404, is_known ? "not there, or not any more" : "no such stream",
                          is_known ? lifetime::of_refusal(ask.stream->now->target_duration) : lifetime::kOfUnknown);
}

Reply ServedStreams::not_yet() const { return answers_.too_early(404, "not there yet"); }

Reply ServedStreams::reply_of_stream(const Ask& ask, std::string_view if_none_match) const {
  if (ask.kind == RequestKind::kKey) return ask.key.size() == 0 ? not_there(ask) : Reply(answers_.key(ask));
  const StreamSnapshot& stream = *ask.stream->now;
  const bool is_mpd = ask.kind == RequestKind::kMpd;
  const Document& document = is_mpd ? stream.mpd.get() : stream.multivariant;
  if (!document.is_empty()) {
    std::string& tag = is_mpd ? ask.stream->mpd_tag : ask.stream->multivariant_tag;
    if (tag.empty()) tag = tag_of(document);
    return answers_.tagged(
        ask, document,
        is_mpd ? lifetime::of_playlist(stream.target_duration) : lifetime::of_multivariant(stream.target_duration), tag,
        if_none_match);
  }
  return has_begun(*ask.stream) ? not_there(ask) : until_it_begins();  // Not there: it has no MPD.
}

Reply ServedStreams::until_it_begins() const {
  return Wait{.list = WaitList::kFirst, .place = {}, .at_most = start_budget_};
}

Reply ServedStreams::reply_of_playlist(const Ask& ask) const {
  const RenditionSnapshot& rendition = *ask.rendition->now;
  if (rendition.playlist.is_empty()) {
    if (rendition.has_ended) return not_there(ask);
    return Wait{.list = WaitList::kPlaylists, .place = {}, .at_most = start_budget_};
  }
  const Reload reload = judge_reload(rendition, ask.query);
  if (reload.verdict == ReloadVerdict::kLater)
    return Wait{.list = WaitList::kPlaylists, .place = reload.place, .at_most = longest_wait(rendition)};
  if (reload.verdict == ReloadVerdict::kTooFar) return answers_.too_early(400, "too far ahead of the playlist's end");
  const std::uint32_t target = rendition.target_duration;
  return answers_.playlist(ask, fits_delta(rendition, ask.query) ? rendition.delta : rendition.playlist.get(),
                           ask.query.msn ? lifetime::of_reloaded(target) : lifetime::of_playlist(target));
}

Reply ServedStreams::reply_of_init(const Ask& ask) const {
  const SharedBytes* const init = find_init(*ask.rendition->now, ask.number, ask.part);
  if (init != nullptr) return answers_.media(ask, {*init}, *ask.rendition->now);
  return may_have_init(*ask.rendition->now, ask.number) ? not_yet() : not_there(ask);
}

Reply ServedStreams::reply_of_segment(const Ask& ask) const {
  const RenditionSnapshot& rendition = *ask.rendition->now;
  const LiveSegment* const segment = find_segment(rendition, ask.number);
  if (segment != nullptr && !segment->parts.empty()) {
    if (segment->is_whole || rendition.has_ended) return answers_.media(ask, segment->parts, rendition);
    return Begin{};
  }
  if (!is_about_to_begin(rendition, ask.number) && !is_overdue(*ask.rendition, ask))
    return may_have_part(rendition, ask.number) ? not_yet() : not_there(ask);
  return Wait{.list = WaitList::kParts, .place = {ask.number, 0}, .at_most = longest_wait(rendition)};
}

Reply ServedStreams::reply_of_part(const Ask& ask) const {
  const RenditionSnapshot& rendition = *ask.rendition->now;
  const PartPlace place{ask.number, ask.part};
  if (const SharedBytes* const part = find_part(rendition, place)) return answers_.media(ask, {*part}, rendition);
  if (next_part(rendition) != place) return may_have_part(rendition, ask.number) ? not_yet() : not_there(ask);
  return Wait{.list = WaitList::kParts, .place = place, .at_most = longest_wait(rendition)};
}

bool ServedStreams::is_settled(const ServedRendition& rendition, WaitList list, PartPlace place) {
  if (!rendition.now || rendition.now->has_ended) return true;
  const RenditionSnapshot& now = *rendition.now;
  if (list == WaitList::kPlaylists) return !now.playlist.is_empty() && is_listed(now, carried_over(now, place));
  if (find_part(now, place) != nullptr) return true;
  const LiveSegment* const segment = find_segment(now, place.msn);
  if (segment != nullptr) return segment->is_whole;
  return !now.segments.empty() && place.msn < now.segments.front()->msn;
}

}  // namespace fanlight::packager
