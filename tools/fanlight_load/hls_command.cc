#include "fanlight_load/hls_command.h"

#include "link_proxy/duration_option.h"

namespace fanlight::load {
namespace {

constexpr std::size_t kViewersMax = 20'000;

}  // namespace

void HlsCommand::add_to(CLI::App& app) {
  app.footer(
      "Examples:\n"
      "  fanlight-load hls http://127.0.0.1:8080/live/live/main/index.m3u8 --viewers 1500 --duration 30s\n"
      "  fanlight-load hls http://127.0.0.1:8080/live/live/main/index.m3u8 --viewers 5000 --ramp 500 --no-audio\n"
      "  fanlight-load hls http://127.0.0.1:8080/live/live/main/index.m3u8 --viewers 50 --hints --late 100ms\n\n"
      "Viewers behave as hls.js does: blocking reloads, delta updates, parts as they are listed. Each playlist is "
      "judged, and each byte is\ncompared between viewers. Only on this host, or where you say so.\n"
      "Exit codes: 0 everybody played everything in time, 1 somebody did not or was refused, 2 wrong usage.");
  app.add_option("URL", url_, "the multivariant playlist, over HTTP/1.1 in clear")->required();
  app.add_option("--viewers", settings_.viewers, "how many (default 1)")
      ->check(CLI::Range(std::size_t{1}, kViewersMax));
  app.add_option("--ramp", settings_.ramp_per_second, "viewers started per second (default 200)")
      ->check(CLI::Range(0.1, 1e6));
  link_proxy::add_duration(app, "--duration", duration_us_, "how long, once everybody plays (default 10s)");
  app.add_flag("--audio,!--no-audio", settings_.wants_audio,
               "follow the default sound as well, where it is apart (default); two more connections a viewer");
  app.add_flag("--hints", settings_.terms.takes_hints,
               "ask for parts as soon as they are hinted at, as Apple's players and shaka do and hls.js does not");
  link_proxy::add_duration(app, "--late", late_us_,
                           "a part is late that has come so long after it was listed (default: the part target)");
  app.add_option("--excuse-late", excused_late_, "percent of parts that may be late, 0 to 100 (default 0)")
      ->check(CLI::Range(0.0, 100.0));
  app.add_flag("--excuse-stalls", settings_.excuses_stalls, "viewers that stand still are told, and no failure");
  app.add_option("--core", settings_.core, "pin to this CPU (default: not pinned)")->check(CLI::Range(-1, 1023));
  app.add_option("--json", settings_.json_path, "write the report to this file; - for standard output")
      ->type_name("FILE");
  app.add_flag("--progress", settings_.shows_progress, "a line each second on standard error, terminal or not");
  app.add_option("--i-own-this-network", owned_, "a network off this host that may be loaded")
      ->type_name("ADDRESS/BITS");
}

Result<HlsSettings> HlsCommand::read() const {
  HlsSettings settings = settings_;
  if (const Result<Done> done = read_hls_url(url_, settings); !done) return done.error();
  settings.duration = link_proxy::to_micros(duration_us_);
  settings.terms.late = link_proxy::to_micros(late_us_);
  settings.excused_late = excused_late_ / 100;
  Settings where;
  where.relay = settings.server;
  for (const std::string& text : owned_) {
    const auto network = Network::parse(text);
    if (!network) return Error{ErrorCode::kInvalid, "--i-own-this-network wants ADDRESS/BITS, not " + text};
    where.owned.push_back(*network);
  }
  if (const Result<Done> allowed = judge_destination(where); !allowed) return allowed.error();
  return settings;
}

}  // namespace fanlight::load
