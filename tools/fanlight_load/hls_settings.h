// What the user of `fanlight-load hls` asked for.
#pragma once

#include <string>
#include <string_view>

#include "fanlight_load/hls_track.h"
#include "fanlight_load/settings.h"

namespace fanlight::load {

struct HlsSettings {
  Endpoint server;
  std::string authority;  // As the Host field has it.
  std::string path;       // Of the multivariant playlist, its query included.
  std::size_t viewers = 1;
  double ramp_per_second = 200;
  Micros duration = seconds(10);  // From the moment in which everybody plays.
  bool wants_audio = true;
  bool excuses_stalls = false;
  double excused_late = 0;  // Share of the parts.
  HlsTerms terms;
  int core = -1;
  bool shows_progress = false;
  std::string json_path;  // "-": standard output instead of the table.

  // A playlist and media at a time, of each rendition.
  [[nodiscard]] std::size_t lines_of_viewer() const { return wants_audio ? 4 : 2; }
};

// "http://127.0.0.1:8080/live/main/index.m3u8": server, authority and path of it. Names are not looked up, but for
// localhost.
[[nodiscard]] Result<Done> read_hls_url(std::string_view url, HlsSettings& settings);

// Where viewer `n` calls from: on 127.0.0.0/8 each from an address of its own, since an address has some 28,000 ports
// to call one server from and servers limit what one address may do; elsewhere the kernel chooses.
[[nodiscard]] Endpoint hls_source(const HlsSettings& settings, std::size_t n);

}  // namespace fanlight::load
