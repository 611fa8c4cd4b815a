// fanlight-packager: see --help.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cstdio>

#include "once/package.h"

namespace {

using fanlight::packager::OnceOptions;

constexpr const char* kExamples = R"(examples:
  fanlight-packager --once recording.ts out
  fanlight-packager --once recording.ts out --segment-seconds 4 --program 2
  ffplay out/index.m3u8
)";

void show_progress(std::uint64_t taken, std::uint64_t size) {
  if (isatty(STDERR_FILENO) == 0 || size == 0) return;
  std::fprintf(stderr, "\r%3.0f %%", 100.0 * static_cast<double>(taken) / static_cast<double>(size));
  if (taken >= size) std::fputc('\r', stderr);
}

int package_once(const OnceOptions& options) {
  const auto report = fanlight::packager::package_file(options, show_progress);
  if (!report) {
    std::fprintf(stderr, "fanlight-packager: %s\n", report.error().what.c_str());
    return 1;
  }
  for (const std::string& line : report->lines) std::printf("%s\n", line.c_str());
  for (const std::string& warning : report->warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::printf("%s\n%s\n", (options.directory / "index.m3u8").c_str(), (options.directory / "manifest.mpd").c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Packages a transport stream for browsers: HLS and DASH from one set of CMAF files.",
               "fanlight-packager");
  app.footer(kExamples);
  app.set_version_flag("--version", FANLIGHT_VERSION);
  std::vector<std::string> once;
  OnceOptions options;
  app.add_option("--once", once, "Package FILE.ts into DIR, which must be new or empty, and end")
      ->expected(2)
      ->required()
      ->type_name("FILE DIR");
  app.add_option("--segment-seconds", options.segment_seconds,
                 "Segments are so long, or until the next IDR picture (default 2)")
      ->check(CLI::Range(0.2, 60.0));
  app.add_option("--program", options.program, "Its number, when there are several (default: the first with pictures)")
      ->check(CLI::Range(1, 65'535));
  CLI11_PARSE(app, argc, argv);
  options.file = once[0];
  options.directory = once[1];
  return package_once(options);
}
