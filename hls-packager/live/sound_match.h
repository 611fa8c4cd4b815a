// Which sounds of a map go on in which playlists, when PIDs, languages or both are not as they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/track_format.h"

namespace fanlight::packager {

// A track of the map, or what a playlist had last.
struct KnownSound {
  std::uint16_t pid = 0;
  std::string language{};
  bool describes_video = false;
  std::vector<Codec> codecs{};  // It has one of these.
};

// Of each of `tracks` the place among `playlists` of its own, both in the order in which they are told: no two have the
// same. Languages decide, where both are told; then PIDs, then the order. Empty: it is none of them.
[[nodiscard]] std::vector<std::optional<std::size_t>> match_sounds(const std::vector<KnownSound>& tracks,
                                                                   const std::vector<KnownSound>& playlists);

}  // namespace fanlight::packager
