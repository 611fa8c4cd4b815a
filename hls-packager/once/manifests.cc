#include "once/manifests.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "playlist/names.h"
#include "playlist/offer.h"

namespace fanlight::packager {
namespace {

const TrackFormat& first_format(const Rendition& rendition) {
  return rendition.format(rendition.segments().front().format);
}

OfferedRendition offer_of(const Rendition& rendition) {
  OfferedRendition offer{.format = &first_format(rendition),
                         .folder = rendition.folder(),
                         .language = rendition.line().language(),
                         .describes_video = rendition.line().describes_video(),
                         .bandwidth = rendition.bandwidth(),
                         .bandwidth_average = rendition.bandwidth_average(),
                         .captions = rendition.line().captions()};
  for (const Rendition::Written& segment : rendition.segments()) {
    offer.has_independent_segments &= segment.is_independent;
    const std::string& codec = rendition.format(segment.format).name;
    const bool is_known =
        codec == offer.format->name || std::ranges::find(offer.further_codecs, codec) != offer.further_codecs.end();
    if (!is_known) offer.further_codecs.push_back(codec);
  }
  return offer;
}

// What others have in front of `now` and it has not, all of a length: names go by number.
void add_gaps(std::vector<PlaylistSegment>& segments, std::uint32_t timescale, const Rendition::Written& before,
              const Rendition::Written& now) {
  const std::int64_t from = rescale(before.begins + before.duration, before.timescale, timescale);
  const std::int64_t until = rescale(now.begins, now.timescale, timescale);
  const std::int64_t count = std::int64_t{now.number} - before.number - 1;
  for (std::int64_t i = 0; i < count; ++i)
    segments.push_back({.duration = std::max<std::int64_t>((until - from) / count, 1),
                        .init = before.format,
                        .is_gap = true,
                        .key = before.key});
}

// What a rendition has of a period, which goes from one discontinuity to the next.
std::optional<MpdRepresentation> representation_of(const Rendition& rendition, std::uint32_t first, std::uint32_t end) {
  MpdRepresentation one{
      .id = rendition.folder(), .folder = rendition.folder() + "/", .bandwidth = rendition.bandwidth()};
  for (const Rendition::Written& segment : rendition.segments()) {
    if (segment.number < first || segment.number >= end) continue;
    if (one.durations.empty()) {
      one.format = &rendition.format(segment.format);
      one.init = segment.format;
      one.first_time = segment.begins;
      one.first_msn = segment.number;
    }
    one.durations.push_back(segment.duration);
  }
  return one.durations.empty() ? std::nullopt : std::optional(std::move(one));
}

MpdPeriod period_of(const std::deque<Rendition>& renditions, std::uint32_t first, std::uint32_t end) {
  MpdPeriod period;
  std::optional<std::int64_t> start;  // Media time, 90 kHz: when the first of them begins.
  for (const Rendition& rendition : renditions) {
    std::optional<MpdRepresentation> one = representation_of(rendition, first, end);
    if (!one) continue;
    const std::int64_t begins = rescale(one->first_time, one->format->timescale(), kMediaClock);
    start = std::min(start.value_or(begins), begins);
    period.sets.push_back({.label = rendition.line().is_video() ? std::string{} : label_of(offer_of(rendition)),
                           .language = rendition.line().language(),
                           .captions = rendition.line().captions(),
                           .describes_video = rendition.line().describes_video(),
                           .representations = {*one}});
  }
  choose_main(period);
  for (MpdAdaptationSet& set : period.sets)
    for (MpdRepresentation& one : set.representations)
      one.period_start = std::min(rescale(*start, kMediaClock, one.format->timescale()), one.first_time);
  return period;
}

}  // namespace

std::vector<std::uint32_t> discontinuities_of(const std::deque<Rendition>& renditions) {
  std::set<std::uint32_t> found;
  for (const Rendition& rendition : renditions)
    for (std::size_t i = 1; i < rendition.segments().size(); ++i) {
      const Rendition::Written &before = rendition.segments()[i - 1], &now = rendition.segments()[i];
      const bool has_hole = now.number != before.number + 1;  // An MPD cannot leave out a number within a period.
      if (has_hole || before.epoch != now.epoch || before.format != now.format) found.insert(now.number);
    }
  return {found.begin(), found.end()};
}

std::string media_playlist_of(const Rendition& rendition, const std::vector<std::uint32_t>& discontinuities) {
  const std::uint32_t first = rendition.segments().front().number;
  const auto in_front = std::ranges::lower_bound(discontinuities, first) - discontinuities.begin();
  MediaPlaylist playlist{.kind = PlaylistKind::kVod,
                         .timescale = rendition.segments().front().timescale,
                         .target_duration = 1,
                         .media_sequence = first,
                         .discontinuity_sequence = static_cast<std::uint64_t>(in_front),
                         .has_ended = true};
  if (const KeyRing* const keys = rendition.keys())
    for (const ContentKey& key : keys->keys) playlist.keys.push_back({key_id_text(key.id), keys->is_served});
  std::vector<PlaylistSegment> segments;
  const Rendition::Written* before = nullptr;
  for (const Rendition::Written& one : rendition.segments()) {
    if (before != nullptr) add_gaps(segments, playlist.timescale, *before, one);
    segments.push_back(
        {.duration = rescale(one.duration, one.timescale, playlist.timescale), .init = one.format, .key = one.key});
    before = &one;
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    PlaylistSegment& one = segments[i];
    one.is_discontinuous = std::ranges::binary_search(discontinuities, first + i);
    const double seconds = static_cast<double>(one.duration) / playlist.timescale;
    playlist.target_duration = std::max(playlist.target_duration, static_cast<std::uint32_t>(std::lround(seconds)));
  }
  playlist.segments = std::move(segments);
  return write_media_playlist(playlist);
}

std::string multivariant_playlist_of(const std::deque<Rendition>& renditions) {
  std::vector<OfferedRendition> offers;
  for (const Rendition& one : renditions) {
    OfferedRendition offer = offer_of(one);
    if (!one.line().is_video()) offer.ordinal = ordinal_among(offer, offers);
    offers.push_back(std::move(offer));
  }
  return write_multivariant_playlist(multivariant_of(offers));
}

std::string mpd_of(const std::deque<Rendition>& renditions, const std::vector<std::uint32_t>& discontinuities) {
  Mpd mpd;
  std::uint32_t first = 0;
  for (const std::uint32_t next : discontinuities)
    mpd.periods.push_back(period_of(renditions, std::exchange(first, next), next));
  mpd.periods.push_back(period_of(renditions, first, ~std::uint32_t{0}));
  std::erase_if(mpd.periods, [](const MpdPeriod& period) { return period.sets.empty(); });
  if (const KeyRing* const keys = renditions.front().keys())
    mpd.protection = MpdProtection{.key_id = key_id_uuid(keys->keys.front().id),
                                   .licence = keys->is_served ? kLicenceName : std::string{}};
  return write_static_mpd(mpd);
}

}  // namespace fanlight::packager
