// Which renditions there are, and what of them a multivariant playlist says: variants of pictures, each with one group
// of sounds, a group for each codec; without pictures each sound is a variant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/captions.h"
#include "codec/track_format.h"
#include "playlist/multivariant.h"

namespace fanlight::packager {

struct OfferedRendition {
  const TrackFormat* format = nullptr;
  std::vector<std::string> further_codecs{};  // Of other formats that it has as well.
  std::string folder{};
  std::string language{};
  bool describes_video = false;  // Sound for who does not see.
  unsigned ordinal = 1;          // Of sounds that are alike: of one group, language and purpose.
  std::uint32_t bandwidth = 0;   // Bits a second, of its worst segment.
  std::uint32_t bandwidth_average = 0;
  std::vector<CaptionService> captions{};  // In its pictures.
  bool has_independent_segments = true;
};

// The one that it has unless one of the others has it, and then the first that is free.
[[nodiscard]] unsigned ordinal_among(const OfferedRendition& sound, const std::vector<OfferedRendition>& others);
// What people are told of a sound, to choose by: in HLS, the same of what is alike in other groups (RFC 8216
// §4.3.4.1.1); in an MPD, which has no groups, of each something else.
[[nodiscard]] std::string name_of(const OfferedRendition& sound);
[[nodiscard]] std::string label_of(const OfferedRendition& sound);
[[nodiscard]] MultivariantPlaylist multivariant_of(const std::vector<OfferedRendition>& renditions);

}  // namespace fanlight::packager
