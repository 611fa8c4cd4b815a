// What the renditions of one package say in HLS and in DASH.
#pragma once

#include <deque>
#include <string>

#include "once/rendition.h"

namespace fanlight::packager {

inline constexpr const char* kMpdName = "manifest.mpd";

// Segments with which the presentation does not go on as it was, by number: no rendition may say so alone.
[[nodiscard]] std::vector<std::uint32_t> discontinuities_of(const std::deque<Rendition>& renditions);

[[nodiscard]] std::string media_playlist_of(const Rendition& rendition,
                                            const std::vector<std::uint32_t>& discontinuities);
[[nodiscard]] std::string multivariant_playlist_of(const std::deque<Rendition>& renditions);
[[nodiscard]] std::string mpd_of(const std::deque<Rendition>& renditions,
                                 const std::vector<std::uint32_t>& discontinuities);

}  // namespace fanlight::packager
