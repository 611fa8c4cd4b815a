// What a run of `fanlight-load hls` has shown: a table, JSON whose keys docs/load.md promises, and a verdict.
#pragma once

#include <string>
#include <vector>

#include "fanlight_load/hls_settings.h"
#include "fanlight_load/hls_tally.h"

namespace fanlight::load {

struct HlsLoadReport {
  bool is_interrupted = false;
  double ramp_s = 0;
  double duration_s = 0;  // Of the running stage.
  double cpu_s = 0;       // Of this process, therein.
  std::size_t viewers = 0;
  std::size_t up = 0;       // That began to play.
  std::size_t stalled = 0;  // That stood still.
  std::size_t ended = 0;    // Whose playlists said so.
  std::size_t renditions = 0;
  std::size_t connections = 0;    // Opened.
  std::size_t reconnections = 0;  // Of these, after the server had closed an idle one.
  std::uint64_t requests = 0;     // Answered while running.
  std::uint64_t bytes = 0;        // Of bodies, likewise.
  Micros turn_max{};              // Longest between two looks at the sockets.
  HlsTally tally;
};

// Why the run has failed; empty when everybody played all of it, in time and as it was told.
[[nodiscard]] std::vector<std::string> judge(const HlsSettings& settings, const HlsLoadReport& report);
[[nodiscard]] std::string hls_json(const HlsSettings& settings, const HlsLoadReport& report);
[[nodiscard]] std::string hls_table(const HlsSettings& settings, const HlsLoadReport& report);

}  // namespace fanlight::load
