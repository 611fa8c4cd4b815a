#include "playlist/offer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

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

AudioRendition audio_of(const OfferedRendition& sound, const std::string& group, bool is_default) {
  return {.group = group,
          .name = name_of(sound),
          .language = sound.language,
          .channels = std::get<SoundFormat>(sound.format->media).channels,
          .is_default = is_default,
          .describes_video = sound.describes_video,
          .uri = uri_of(sound)};
}

// What a player chooses among, with one variant.
struct Group {
  std::string id{};
  std::vector<const OfferedRendition*> members{};

  [[nodiscard]] bool has(const std::string& name) const {
    return std::ranges::any_of(members, [&](const OfferedRendition* one) { return name_of(*one) == name; });
  }
};

// A group for each codec: first that of AAC, which every player plays, then in the order of their first track. All are
// to have the same members (RFC 8216 §4.3.4.1.1): what another has not it is given of AAC. AAC is given nothing, lest
// who plays nothing else be left without a variant.
std::vector<Group> groups_of(const std::vector<const OfferedRendition*>& sounds) {
  const std::string everywhere = "aac";
  std::vector<Group> groups;
  for (const OfferedRendition* sound : sounds) {
    auto its = std::ranges::find(groups, group_of(*sound), &Group::id);
    if (its == groups.end()) its = groups.insert(its, Group{.id = group_of(*sound)});
    its->members.push_back(sound);
  }
  std::stable_partition(groups.begin(), groups.end(), [&](const Group& group) { return group.id == everywhere; });
  for (Group& group : groups) {
    const Group own = std::exchange(group, {.id = group.id});
    for (const OfferedRendition* sound : sounds) {
      const bool stands_in = group_of(*sound) == everywhere && !own.has(name_of(*sound));
      if (group_of(*sound) == own.id || stands_in) group.members.push_back(sound);
    }
  }
  return groups;
}

// The name of the first that all groups have. Nothing: each begins with another one.
std::optional<std::string> default_of(const std::vector<Group>& groups) {
  for (const OfferedRendition* one : groups.front().members) {
    const auto can_begin_with_it = [&](const Group& group) {
      return group.has(name_of(*one)) && group.members.front()->describes_video == one->describes_video;
    };
    if (std::ranges::all_of(groups, can_begin_with_it)) return name_of(*one);
  }
  return std::nullopt;
}

// All, or a player may find out in the middle that it cannot go on. RFC 8216bis §4.4.6.2
std::vector<std::string> codecs_of(const OfferedRendition& one) {
  std::vector<std::string> codecs{one.format->name};
  codecs.insert(codecs.end(), one.further_codecs.begin(), one.further_codecs.end());
  return codecs;
}

// A video rendition with one group of sounds; nobody in it: alone.
Variant variant_of(const OfferedRendition& video, const Group& group) {
  Variant variant{.uri = uri_of(video),
                  .bandwidth = video.bandwidth,
                  .bandwidth_average = video.bandwidth_average,
                  .codecs = codecs_of(video),
                  .picture = std::get<PictureFormat>(video.format->media),
                  .audio_group = group.id};
  std::uint32_t most = 0, most_average = 0;
  std::set<std::pair<bool, std::string>> names;  // The group's own first: hls.js tells variants apart by the first one.
  for (const OfferedRendition* sound : group.members) {
    most = std::max(most, sound->bandwidth);
    most_average = std::max(most_average, sound->bandwidth_average);
    for (const std::string& codec : codecs_of(*sound)) names.emplace(group_of(*sound) != group.id, codec);
  }
  variant.bandwidth += most;
  variant.bandwidth_average += most_average;
  for (const auto& [stands_in, name] : names) variant.codecs.push_back(name);
  return variant;
}

Variant sound_variant_of(const OfferedRendition& sound) {
  return {.uri = uri_of(sound),
          .bandwidth = sound.bandwidth,
          .bandwidth_average = sound.bandwidth_average,
          .codecs = codecs_of(sound)};
}

void offer_sounds(const std::vector<Group>& groups, MultivariantPlaylist& playlist) {
  if (groups.empty()) return;
  const std::optional<std::string> name = default_of(groups);
  for (const Group& group : groups)
    for (const OfferedRendition* one : group.members)
      playlist.audio.push_back(audio_of(*one, group.id, name ? name_of(*one) == *name : one == group.members.front()));
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

std::string purpose_of(const OfferedRendition& sound) {
  return (sound.language.empty() ? std::string("sound") : sound.language) +
         (sound.describes_video ? ", described" : "");
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
  return purpose_of(sound) + (sound.ordinal > 1 ? " " + std::to_string(sound.ordinal) : "");
}

std::string label_of(const OfferedRendition& sound) { return purpose_of(sound) + " " + sound.folder; }

MultivariantPlaylist multivariant_of(const std::vector<OfferedRendition>& renditions) {
  MultivariantPlaylist playlist;
  std::vector<const OfferedRendition*> sounds;
  for (const OfferedRendition& one : renditions) {
    playlist.has_independent_segments &= one.has_independent_segments;
    if (!one.format->is_video()) sounds.push_back(&one);
  }
  // None of these is the default where there is another.
  std::stable_partition(sounds.begin(), sounds.end(),
                        [](const OfferedRendition* sound) { return !sound->describes_video; });
  const std::vector<Group> groups = groups_of(sounds);
  for (const OfferedRendition& one : renditions) {
    if (!one.format->is_video()) continue;
    for (const Group& group : groups) playlist.variants.push_back(variant_of(one, group));
    if (groups.empty()) playlist.variants.push_back(variant_of(one, {}));
  }
  if (playlist.variants.empty()) {
    for (const OfferedRendition* sound : sounds) playlist.variants.push_back(sound_variant_of(*sound));
    return playlist;
  }
  std::vector<CaptionService> captions;
  for (const OfferedRendition& one : renditions) add_captions(captions, one.captions);
  offer_captions(captions, playlist);
  offer_sounds(groups, playlist);
  return playlist;
}

}  // namespace fanlight::packager
