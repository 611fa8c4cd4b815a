#include "playlist/offer.h"

#include <algorithm>
#include <set>

#include "playlist/names.h"

namespace fanlight::packager {
namespace {

std::string uri_of(const OfferedRendition& one) { return one.folder + "/" + kPlaylistName; }

std::string group_of(const OfferedRendition& sound) {
  switch (sound.format->codec) {
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

AudioRendition audio_of(const OfferedRendition& sound, bool is_first) {
  return {.group = group_of(sound),
          .name = name_of(sound),
          .language = sound.language,
          .channels = std::get<SoundFormat>(sound.format->media).channels,
          .is_default = is_first,
          .describes_video = sound.describes_video,
          .uri = uri_of(sound)};
}

// All, or a player may find out in the middle that it cannot go on. RFC 8216bis §4.4.6.2
std::vector<std::string> codecs_of(const OfferedRendition& one) {
  std::vector<std::string> codecs{one.format->name};
  codecs.insert(codecs.end(), one.further_codecs.begin(), one.further_codecs.end());
  return codecs;
}

// A video rendition with one group of sounds; no group: alone.
Variant variant_of(const OfferedRendition& video, const std::string& group,
                   const std::vector<const OfferedRendition*>& sounds) {
  Variant variant{.uri = uri_of(video),
                  .bandwidth = video.bandwidth,
                  .bandwidth_average = video.bandwidth_average,
                  .codecs = codecs_of(video),
                  .picture = std::get<PictureFormat>(video.format->media),
                  .audio_group = group};
  std::uint32_t most = 0, most_average = 0;
  std::set<std::string> names;
  for (const OfferedRendition* sound : sounds) {
    if (group_of(*sound) != group) continue;
    most = std::max(most, sound->bandwidth);
    most_average = std::max(most_average, sound->bandwidth_average);
    names.insert(sound->format->name);
    names.insert(sound->further_codecs.begin(), sound->further_codecs.end());
  }
  variant.bandwidth += most;
  variant.bandwidth_average += most_average;
  variant.codecs.insert(variant.codecs.end(), names.begin(), names.end());
  return variant;
}

Variant sound_variant_of(const OfferedRendition& sound) {
  return {.uri = uri_of(sound),
          .bandwidth = sound.bandwidth,
          .bandwidth_average = sound.bandwidth_average,
          .codecs = codecs_of(sound)};
}

// One group for all variants: where one is said to have none, none may have any. RFC 8216bis §4.4.6.2
void offer_captions(const std::vector<CaptionService>& services, MultivariantPlaylist& playlist) {
  constexpr const char* kGroup = "cc";
  for (const CaptionService& one : services) {
    const std::string channel = one.channel.name();
    playlist.captions.push_back({.group = kGroup,
                                 .name = one.language.empty() ? channel : one.language + " " + channel,
                                 .language = one.language,
                                 .channel = channel});
  }
  if (services.empty()) return;
  for (Variant& variant : playlist.variants)
    if (variant.picture) variant.captions_group = kGroup;
}

}  // namespace

unsigned ordinal_among(const OfferedRendition& sound, const std::vector<OfferedRendition>& others) {
  const auto is_taken = [&](unsigned ordinal) {
    return std::ranges::any_of(others, [&](const OfferedRendition& other) {
      return !other.format->is_video() && other.ordinal == ordinal && other.language == sound.language &&
             other.describes_video == sound.describes_video && group_of(other) == group_of(sound);
    });
  };
  if (!is_taken(sound.ordinal)) return sound.ordinal;
  unsigned free = 1;
  while (is_taken(free)) ++free;
  return free;
}

std::string name_of(const OfferedRendition& sound) {
  return (sound.language.empty() ? std::string("sound") : sound.language) +
         (sound.describes_video ? ", described" : "") + (sound.ordinal > 1 ? " " + std::to_string(sound.ordinal) : "");
}

std::string label_of(const OfferedRendition& sound) {
  return (sound.language.empty() ? std::string("sound") : sound.language) + " " + sound.folder;
}

MultivariantPlaylist multivariant_of(const std::vector<OfferedRendition>& renditions) {
  MultivariantPlaylist playlist;
  std::vector<const OfferedRendition*> sounds;
  std::vector<std::string> groups;  // In the order of their first track: what a player starts with.
  for (const OfferedRendition& one : renditions) {
    playlist.has_independent_segments &= one.has_independent_segments;
    if (one.format->is_video()) continue;
    sounds.push_back(&one);
    if (std::find(groups.begin(), groups.end(), group_of(one)) == groups.end()) groups.push_back(group_of(one));
  }
  // None of these is the default where there is another.
  std::ranges::stable_partition(sounds, [](const OfferedRendition* sound) { return !sound->describes_video; });
  std::stable_partition(groups.begin(), groups.end(), [](const std::string& group) { return group == "aac"; });
  for (const OfferedRendition& one : renditions) {
    if (!one.format->is_video()) continue;
    for (const std::string& group : groups) playlist.variants.push_back(variant_of(one, group, sounds));
    if (groups.empty()) playlist.variants.push_back(variant_of(one, {}, sounds));
  }
  if (playlist.variants.empty()) {
    for (const OfferedRendition* sound : sounds) playlist.variants.push_back(sound_variant_of(*sound));
    return playlist;
  }
  std::vector<CaptionService> captions;
  for (const OfferedRendition& one : renditions) add_captions(captions, one.captions);
  offer_captions(captions, playlist);
  std::set<std::string> begun;
  for (const OfferedRendition* sound : sounds)
    playlist.audio.push_back(audio_of(*sound, begun.insert(group_of(*sound)).second));
  return playlist;
}

}  // namespace fanlight::packager
