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
  std::uint32_t bandwidth = 0;   // Bits a second, of its worst segment.
  std::uint32_t bandwidth_average = 0;
  std::vector<CaptionService> captions{};  // In its pictures.
  bool has_independent_segments = true;
};

// What people are told of a sound, to choose by.
[[nodiscard]] std::string label_of(const OfferedRendition& sound);
[[nodiscard]] MultivariantPlaylist multivariant_of(const std::vector<OfferedRendition>& renditions);

}  // namespace fanlight::packager
