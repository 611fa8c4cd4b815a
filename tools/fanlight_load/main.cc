// fanlight-load: publishers and thousands of verifying viewers.
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>

#include "fanlight_load/command_line.h"
#include "fanlight_load/generator.h"
#include "fanlight_load/hls_crowd.h"
#include "fanlight_load/libsrt_crowd.h"
#include "fanlight_load/ports.h"
#include "fanlight_load/rtp_load.h"

namespace fanlight::load {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked.store(true, std::memory_order_relaxed); };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int fail(const Error& error) {
  std::fprintf(stderr, "fanlight-load: %s\n", error.what.c_str());
  return 1;
}

bool pin_to(int core) {
  if (core < 0) return true;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(core, &cpus);
  return sched_setaffinity(0, sizeof cpus, &cpus) == 0;
}

bool write_json(const std::string& path, const std::string& json) {
  if (path.empty()) return true;
  if (path == "-") return std::fputs((json + "\n").c_str(), stdout) >= 0;
  std::ofstream file(path);
  file << json << '\n';
  return static_cast<bool>(file.flush());
}

bool print(const Settings& settings, const Report& report) {
  if (settings.json_path != "-") std::fputs(as_table(settings, report).c_str(), stdout);
  return write_json(settings.json_path, as_json(settings, report));
}

int conclude(const Settings& settings, const Report& report) {
  if (!print(settings, report)) return fail({ErrorCode::kFailed, "cannot write " + settings.json_path});
  return judge(settings, report).empty() ? 0 : 1;
}

int run(const Settings& settings) {
  if (const Result<Done> allowed = judge_destination(settings); !allowed) return fail(allowed.error());
  if (!pin_to(settings.core)) return fail({ErrorCode::kInvalid, "cannot pin to CPU " + std::to_string(settings.core)});
  stop_on_signals();
  Progress progress(settings.shows_progress, isatty(STDERR_FILENO) != 0);
  if (settings.uses_libsrt) {
    const Result<Report> report = view_with_libsrt(settings, stop_asked, progress);
    return report ? conclude(settings, *report) : fail(report.error());
  }
  Result<std::unique_ptr<Ports>> ports = Ports::open(settings);
  if (!ports) return fail(ports.error());
  if (progress.is_on())
    for (const std::string& note : (*ports)->notes()) std::fprintf(stderr, "%s\n", note.c_str());
  const auto generator = std::make_unique<Generator>(
      settings, GeneratorParts{(*ports)->port(), (*ports)->headers(), (*ports)->payloads(), (*ports)->path_of()},
      progress);
  generator->run(stop_asked);
  Report report = generator->report();
  if (const ImpairedPort* impaired = (*ports)->impairment()) {
    report.up = impaired->up();
    report.down = impaired->down();
    report.copies_not_made = impaired->copies_not_made();
  }
  return conclude(settings, report);
}

// As a configuration has them.
int print_destinations(const RtpSettings& settings, const Ports& ports) {
  for (std::size_t n = 0; n < settings.common.viewers; ++n)
    std::printf("[[destination]]\nstream = \"%s\"\nurl = \"%s\"\n\n",
                settings.common.stream_name(n % settings.common.streams).c_str(),
                settings.url_of(ports.path_of()(settings.common.publishers + n).local).c_str());
  return 0;
}

int run_rtp(RtpSettings settings) {
  const Settings& common = settings.common;
  if (const Result<Done> allowed = judge_destination(common); !allowed) return fail(allowed.error());
  if (!pin_to(common.core)) return fail({ErrorCode::kInvalid, "cannot pin to CPU " + std::to_string(common.core)});
  std::array<std::byte, 4> random;
  if (settings.first_ssrc == 0 && crypto::fill_random(random)) settings.first_ssrc = load_be32(random.data()) | 1;
  stop_on_signals();
  Settings in_good_weather = common;  // What is bad about it is the senders' and destinations' own matter.
  in_good_weather.up = in_good_weather.down = {};
  Result<std::unique_ptr<Ports>> ports = Ports::open(in_good_weather);
  if (!ports) return fail(ports.error());
  if (settings.prints_destinations) return print_destinations(settings, **ports);
  Progress progress(common.shows_progress, isatty(STDERR_FILENO) != 0);
  RtpLoad load(settings, **ports, progress);
  load.run(stop_asked);
  const std::unique_ptr<RtpReport> report = load.report();
  if (common.json_path != "-") std::fputs(rtp_table(settings, *report).c_str(), stdout);
  if (!write_json(common.json_path, rtp_json(settings, *report)))
    return fail({ErrorCode::kFailed, "cannot write " + common.json_path});
  return judge(settings, *report).empty() ? 0 : 1;
}

int run_flood(const FloodSettings& settings) {
  if (!pin_to(settings.core)) return fail({ErrorCode::kInvalid, "cannot pin to CPU " + std::to_string(settings.core)});
  stop_on_signals();
  const Result<std::unique_ptr<Flood>> flood = Flood::open(settings);
  if (!flood) return fail(flood.error());
  (*flood)->run(stop_asked);
  const FloodReport& report = (*flood)->report();
  if (settings.json_path != "-") std::fputs(flood_table(report).c_str(), stdout);
  if (!write_json(settings.json_path, flood_json(report)))
    return fail({ErrorCode::kFailed, "cannot write " + settings.json_path});
  return report.wrong_cookies_answered == 0 && report.longer_answers == 0 ? 0 : 1;
}

int run_hls(const HlsSettings& settings) {
  if (!pin_to(settings.core)) return fail({ErrorCode::kInvalid, "cannot pin to CPU " + std::to_string(settings.core)});
  stop_on_signals();
  const Result<std::unique_ptr<HlsCrowd>> crowd = HlsCrowd::open(settings);
  if (!crowd) return fail(crowd.error());
  (*crowd)->run(stop_asked, settings.shows_progress || isatty(STDERR_FILENO) != 0);
  const std::unique_ptr<HlsLoadReport> report = (*crowd)->report();
  if (settings.json_path != "-") std::fputs(hls_table(settings, *report).c_str(), stdout);
  if (!write_json(settings.json_path, hls_json(settings, *report)))
    return fail({ErrorCode::kFailed, "cannot write " + settings.json_path});
  return judge(settings, *report).empty() ? 0 : 1;
}

}  // namespace
}  // namespace fanlight::load

int main(int argc, char** argv) {
  const auto parsed = fanlight::load::parse_command_line(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  if (const auto* flood = std::get_if<fanlight::load::FloodSettings>(&parsed)) return fanlight::load::run_flood(*flood);
  if (const auto* rtp = std::get_if<fanlight::load::RtpSettings>(&parsed)) return fanlight::load::run_rtp(*rtp);
  if (const auto* hls = std::get_if<fanlight::load::HlsSettings>(&parsed)) return fanlight::load::run_hls(*hls);
  return fanlight::load::run(std::get<fanlight::load::Settings>(parsed));
}
