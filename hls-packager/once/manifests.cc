#include "once/manifests.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "playlist/multivariant.h"

namespace fanlight::packager {
namespace {

const TrackFormat& first_format(const Rendition& rendition) {
  return rendition.track().formats()[rendition.segments().front().format];
}

std::string group_of(const Rendition& rendition) {
  switch (first_format(rendition).codec) {
    case Codec::kAc3:
      return "ac-3";
    case Codec::kEac3:
      return "ec-3";
    case Codec::kOpus:
      return "opus";
    default:
      return "aac";
  }
}

std::uint16_t channels_of(const Rendition& rendition) {
  return std::get<SoundFormat>(first_format(rendition).media).channels;
}

AudioRendition audio_of(const Rendition& rendition, bool is_first) {
  const std::string& language = rendition.track().language;
  return {.group = group_of(rendition),
          .name = (language.empty() ? std::string("sound") : language) + " " + rendition.folder(),
          .language = language,
          .channels = channels_of(rendition),
          .is_default = is_first,
          .uri = rendition.folder() + "/" + kPlaylistName};
}

// A video rendition with one group of sounds; no group: alone.
Variant variant_of(const Rendition& video, const std::string& group, const std::vector<const Rendition*>& sounds) {
  Variant variant{.uri = video.folder() + "/" + kPlaylistName,
                  .bandwidth = video.bandwidth(),
                  .bandwidth_average = video.bandwidth_average(),
                  .codecs = {first_format(video).name},
                  .picture = std::get<PictureFormat>(first_format(video).media),
                  .audio_group = group};
  std::uint32_t most = 0, most_average = 0;
  std::set<std::string> names;
  for (const Rendition* sound : sounds) {
    if (group_of(*sound) != group) continue;
    most = std::max(most, sound->bandwidth());
    most_average = std::max(most_average, sound->bandwidth_average());
    names.insert(first_format(*sound).name);
  }
  variant.bandwidth += most;
  variant.bandwidth_average += most_average;
  variant.codecs.insert(variant.codecs.end(), names.begin(), names.end());
  return variant;
}

Variant sound_variant_of(const Rendition& sound) {
  return {.uri = sound.folder() + "/" + kPlaylistName,
          .bandwidth = sound.bandwidth(),
          .bandwidth_average = sound.bandwidth_average(),
          .codecs = {first_format(sound).name}};
}

}  // namespace

std::vector<std::uint32_t> discontinuities_of(const std::deque<Rendition>& renditions) {
  std::set<std::uint32_t> found;
  for (const Rendition& rendition : renditions)
    for (std::size_t i = 1; i < rendition.segments().size(); ++i) {
      const Rendition::Written &before = rendition.segments()[i - 1], &now = rendition.segments()[i];
      if (before.epoch != now.epoch || before.format != now.format) found.insert(now.number);
    }
  return {found.begin(), found.end()};
}

std::string media_playlist_of(const Rendition& rendition, const std::vector<std::uint32_t>& discontinuities) {
  MediaPlaylist playlist{.kind = PlaylistKind::kVod,
                         .timescale = rendition.segments().front().timescale,
                         .target_duration = 1,
                         .media_sequence = rendition.segments().front().number,
                         .has_ended = true};
  for (const Rendition::Written& one : rendition.segments()) {
    const double seconds = static_cast<double>(one.duration) / one.timescale;
    playlist.target_duration = std::max(playlist.target_duration, static_cast<std::uint32_t>(std::lround(seconds)));
    playlist.segments.push_back(
        {.duration = rescale(one.duration, one.timescale, playlist.timescale),
         .init = one.format,
         .is_discontinuous = std::binary_search(discontinuities.begin(), discontinuities.end(), one.number)});
  }
  return write_media_playlist(playlist);
}

std::string multivariant_playlist_of(const std::deque<Rendition>& renditions) {
  MultivariantPlaylist playlist;
  std::vector<const Rendition*> sounds;
  std::vector<std::string> groups;  // In the order of their first track: what a player starts with.
  for (const Rendition& one : renditions) {
    if (one.track().is_video()) continue;
    sounds.push_back(&one);
    if (std::find(groups.begin(), groups.end(), group_of(one)) == groups.end()) groups.push_back(group_of(one));
  }
  std::stable_partition(groups.begin(), groups.end(), [](const std::string& group) { return group == "aac"; });
  for (const Rendition& one : renditions) {
    if (!one.track().is_video()) continue;
    for (const std::string& group : groups) playlist.variants.push_back(variant_of(one, group, sounds));
    if (groups.empty()) playlist.variants.push_back(variant_of(one, {}, sounds));
  }
  if (playlist.variants.empty()) {
    for (const Rendition* sound : sounds) playlist.variants.push_back(sound_variant_of(*sound));
    return write_multivariant_playlist(playlist);
  }
  std::set<std::string> begun;
  for (const Rendition* sound : sounds)
    playlist.audio.push_back(audio_of(*sound, begun.insert(group_of(*sound)).second));
  for (const Rendition& one : renditions)
    for (const Rendition::Written& segment : one.segments())
      playlist.has_independent_segments &= segment.is_independent;
  return write_multivariant_playlist(playlist);
}

namespace {

// What a rendition has of a period, which goes from one discontinuity to the next.
std::optional<MpdRepresentation> representation_of(const Rendition& rendition, std::uint32_t first, std::uint32_t end) {
  MpdRepresentation one{
      .id = rendition.folder(), .folder = rendition.folder() + "/", .bandwidth = rendition.bandwidth()};
  for (const Rendition::Written& segment : rendition.segments()) {
    if (segment.number < first || segment.number >= end) continue;
    if (one.durations.empty()) {
      one.format = &rendition.track().formats()[segment.format];
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
    period.sets.push_back(
        {.language = rendition.track().language, .is_main = period.sets.empty(), .representations = {*one}});
  }
  for (MpdAdaptationSet& set : period.sets)
    for (MpdRepresentation& one : set.representations)
      one.period_start = std::min(rescale(*start, kMediaClock, one.format->timescale()), one.first_time);
  return period;
}

}  // namespace

std::string mpd_of(const std::deque<Rendition>& renditions, const std::vector<std::uint32_t>& discontinuities) {
  Mpd mpd;
  std::uint32_t first = 0;
  for (const std::uint32_t next : discontinuities)
    mpd.periods.push_back(period_of(renditions, std::exchange(first, next), next));
  mpd.periods.push_back(period_of(renditions, first, ~std::uint32_t{0}));
  std::erase_if(mpd.periods, [](const MpdPeriod& period) { return period.sets.empty(); });
  return write_static_mpd(mpd);
}

}  // namespace fanlight::packager
