// A file packaged into a directory: plain HLS and DASH, to look at what the packager makes of a stream.
//
//   index.m3u8   the multivariant playlist        manifest.mpd   DASH
//   v0/ a0/ …    a folder a track: index.m3u8, init segments, segments, which both share
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

struct OnceOptions {
  std::filesystem::path file;
  std::filesystem::path directory;  // Made when it is not there; otherwise it has to be empty.
  double segment_seconds = 2;
  std::optional<std::uint16_t> program{};
  std::optional<KeyRing> keys{};  // Samples are encrypted with; where they are served they stand beside the playlists.
};

struct OnceReport {
  std::vector<std::string> lines;     // A track each.
  std::vector<std::string> warnings;  // What was not as it should be, with counts.
};

// `progress` is told the bytes read, of how many. Errors: the file cannot be read, has nothing a player can be given;
// the directory is not empty or cannot be written.
[[nodiscard]] Result<OnceReport> package_file(const OnceOptions& options,
                                              const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace fanlight::packager
