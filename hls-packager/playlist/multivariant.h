// The multivariant playlist: which renditions there are and what a player needs to choose. RFC 8216bis §4.4.6
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/track_format.h"

namespace fanlight::packager {

enum class VideoRange : std::uint8_t { kSdr, kHlg, kPq };
[[nodiscard]] VideoRange video_range_of(const Colours& colours);

// A language's sound, with a playlist of its own.
struct AudioRendition {
  std::string group{};
  std::string name{};      // Another for each of the group.
  std::string language{};  // RFC 5646 or ISO 639-2; left out when it is not of their form or "und".
  std::uint16_t channels = 2;
  bool is_default = false;
  bool describes_video = false;  // For who does not see.
  std::string uri{};
};

// In the pictures' own SEI; it has no playlist.
struct ClosedCaptions {
  std::string group{};
  std::string name{};
  std::string language{};
  std::string channel = "CC1";
  bool is_default = false;
};

struct Variant {
  std::string uri{};
  std::uint32_t bandwidth = 0;  // Bits a second, of its worst segment together with the largest of its sounds.
  std::uint32_t bandwidth_average = 0;
  std::vector<std::string> codecs{};       // Of the pictures and of every sound of the group.
  std::optional<PictureFormat> picture{};  // None: sound alone.
  std::string audio_group{};               // Empty: none, the sound is within or there is no sound.
  std::string captions_group{};            // Empty: there are no captions.
};

struct MultivariantPlaylist {
  std::vector<AudioRendition> audio{};
  std::vector<ClosedCaptions> captions{};
  std::vector<Variant> variants{};       // The first is played first.
  bool has_independent_segments = true;  // Every segment of every rendition starts with an independent picture.
};

// URIs are relative, or whatever the caller says.
[[nodiscard]] std::string write_multivariant_playlist(const MultivariantPlaylist& playlist);

}  // namespace fanlight::packager
