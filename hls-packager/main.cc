// fanlight-packager: see --help.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "once/package.h"
#include "service/key_file.h"
#include "service/serve.h"

namespace {

using fanlight::packager::KeyRing;
using fanlight::packager::OnceOptions;
using fanlight::packager::Settings;

constexpr const char* kExamples = R"(examples:
  fanlight-packager "srt://127.0.0.1:9000?streamid=live/main&latency=20"
  fanlight-packager --listen 0.0.0.0:8080 studio=udp://239.1.2.3:5004 "srt://127.0.0.1:9000?streamid=live/main"
  fanlight-packager --config /etc/fanlight/packager.toml
  fanlight-packager --config packager.toml --check
  fanlight-packager --once recording.ts out && ffplay out/index.m3u8
)";

struct Words {
  std::vector<std::string> streams;
  std::string config;
  bool is_check = false;
  std::vector<std::string> listen, metrics_listen;
  std::string page;
  std::vector<std::string> once;
  OnceOptions once_options;
  std::string keys;
  KeyRing ring;
};

void show_progress(std::uint64_t taken, std::uint64_t size) {
  if (isatty(STDERR_FILENO) == 0 || size == 0) return;
  std::fprintf(stderr, "\r%3.0f %%", 100.0 * static_cast<double>(taken) / static_cast<double>(size));
  if (taken >= size) std::fputc('\r', stderr);
}

int complain(const std::string& what, int status) {
  std::fprintf(stderr, "fanlight-packager: %s\n", what.c_str());
  return status;
}

// Which a range lets pass.
std::string is_number(std::string& text) {
  return std::isnan(std::strtod(text.c_str(), nullptr)) ? text + " is no number" : std::string();
}

int package_once(Words& words) {
  OnceOptions& options = words.once_options;
  options.file = words.once[0];
  options.directory = words.once[1];
  if (!words.keys.empty()) {
    auto keys = fanlight::packager::load_keys(words.keys);
    if (!keys) {
      for (const auto& one : keys.error()) complain("--keys: found " + one.found + ", accepted " + one.accepted, 2);
      return 2;
    }
    words.ring.keys = std::move(*keys);
    options.keys = words.ring;
  }
  const auto report = fanlight::packager::package_file(options, show_progress);
  if (!report) return complain(report.error().what, 1);
  for (const std::string& line : report->lines) std::printf("%s\n", line.c_str());
  for (const std::string& warning : report->warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::printf("%s\n%s\n", (options.directory / "index.m3u8").c_str(), (options.directory / "manifest.mpd").c_str());
  return 0;
}

// Instead of what a file says, if they say anything.
fanlight::Result<fanlight::Done, std::string> take_addresses(const std::string& option,
                                                             const std::vector<std::string>& texts,
                                                             std::vector<fanlight::Endpoint>& to) {
  if (!texts.empty()) to.clear();
  for (const std::string& text : texts) {
    const auto address = fanlight::Endpoint::parse(text);
    if (!address || address->port == 0)
      return option + " " + text + ": not an address with a port, like 0.0.0.0:8080 or [::]:8080";
    to.push_back(*address);
  }
  fanlight::packager::drop_heard_twice(to);
  return fanlight::Done{};
}

// What the command line says beside a file, or instead of one. The error is a sentence.
fanlight::Result<fanlight::Done, std::string> add_words(const Words& words, Settings& settings) {
  for (const std::string& text : words.streams) {
    auto stream = fanlight::packager::parse_stream_argument(text);
    if (!stream) return "a stream cannot be used: " + stream.error();
    for (const auto& other : settings.streams)
      if (other.name == stream->name) return "stream " + other.name + " is named twice";
    for (const auto& group : settings.groups)
      if (group.name == stream->name) return "stream " + group.name + " is called as a group is";
    if (const auto* const other = fanlight::packager::stream_in_place_of(settings.streams, stream->source))
      return "stream " + stream->name + " is listened for where " + other->name +
             " is (0.0.0.0 and [::] are all of a port): choose another port";
    settings.streams.push_back(std::move(*stream));
  }
  const auto hidden = fanlight::packager::hidden_renditions(settings);
  if (!hidden.empty())
    return "stream " + hidden.front().name + " is called as a folder of " + hidden.front().other +
           "'s renditions is: choose another name";
  if (auto said = take_addresses("--listen", words.listen, settings.http.listen); !said) return said.error();
  if (auto said = take_addresses("--metrics-listen", words.metrics_listen, settings.http.metrics_listen); !said)
    return said.error();
  if (const auto shared = fanlight::packager::shared_metrics_address(settings.http))
    return "metrics at " + shared->text() + ": viewers have that address, choose another one";
  if (const auto none = fanlight::packager::address_without_room(settings.http))
    return std::string(none->key) + " has " + none->at.text() + ", for which " + none->other.text() + " of " +
           std::string(none->other_key) + " leaves no room: choose another port";
  if (!words.page.empty()) settings.http.page = words.page;
  return fanlight::Done{};
}

int run_live(const Words& words) {
  Settings settings;
  settings.http.listen = {*fanlight::Endpoint::parse(fanlight::packager::kListenAtFirst)};
  if (!words.config.empty()) {
    auto loaded = fanlight::packager::load_settings(words.config);
    if (!loaded) {
      for (const std::string& line : loaded.error().lines) std::fprintf(stderr, "%s\n", line.c_str());
      return 2;
    }
    settings = std::move(*loaded);
  }
  if (auto added = add_words(words, settings); !added) return complain(added.error(), 2);
  if (words.is_check) {
    const std::vector<std::string> faults = fanlight::packager::faults_of(settings);
    for (const std::string& fault : faults) std::fprintf(stderr, "%s: %s\n", words.config.c_str(), fault.c_str());
    if (!faults.empty()) return 2;
    std::printf("%s: valid, %zu streams\n", words.config.c_str(), settings.streams.size());
    return 0;
  }
  if (auto done = fanlight::packager::serve(settings); !done) return complain(done.error().what, 1);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGXFSZ, SIG_IGN);  // A file that may not grow (ulimit -f) fails its write, as on a full disk.
  CLI::App app(
      "Packages live streams of the relay for browsers: LL-HLS and LL-DASH over HTTP, and a page to watch them on.",
      "fanlight-packager");
  app.footer(kExamples);
  app.set_version_flag("--version", FANLIGHT_VERSION);
  Words words;
  app.add_option("streams", words.streams,
                 "What to package: [NAME=]srt://HOST:PORT?streamid=NAME&latency=MS, NAME=udp://ADDRESS:PORT or "
                 "NAME=rtp://ADDRESS:PORT; a passphrase on the command line is seen by every user of this host")
      ->type_name("STREAM");
  auto* config = app.add_option("--config", words.config, "A TOML file with [http] and [[stream]]")->type_name("FILE");
  app.add_flag("--check", words.is_check, "Read the file, say what is wrong with it, and end")->needs(config);
  app.add_option("--listen", words.listen, "Where to answer HTTP (default 127.0.0.1:8080), may be given again")
      ->allow_extra_args(false)
      ->type_name("ADDRESS:PORT");
  app.add_option("--metrics-listen", words.metrics_listen,
                 "Where /metrics is shown, and then nowhere else (default: where HTTP is answered); may be given again")
      ->allow_extra_args(false)
      ->type_name("ADDRESS:PORT");
  app.add_option("--page", words.page,
                 "The page's folder, as scripts/page.sh builds it (default: where it was built or installed)")
      ->type_name("DIR");
  auto* once = app.add_option("--once", words.once, "Package FILE.ts into DIR, which must be new or empty, and end")
                   ->expected(2)
                   ->type_name("FILE DIR")
                   ->excludes(config);
  app.add_option("--segment-seconds", words.once_options.segment_seconds,
                 "With --once: segments are so long, or until the next IDR picture (default 2)")
      ->check(CLI::Range(0.2, 60.0) & CLI::Validator(is_number, "NUMBER"))
      ->needs(once);
  app.add_option("--program", words.once_options.program,
                 "With --once: its number, when there are several (default: the first with pictures)")
      ->check(CLI::Range(1, 65'535))
      ->needs(once);
  auto* keys = app.add_option("--keys", words.keys,
                              "With --once: encrypt (cbcs) with the keys of FILE, lines of KEYID:KEY in hexadecimal")
                   ->type_name("FILE")
                   ->needs(once);
  app.add_option("--rotate-segments", words.ring.rotate_segments,
                 "With --keys: the next key after so many segments (default: the first key alone)")
      ->check(CLI::Range(1, 1'000'000))
      ->needs(keys);
  app.add_flag("--serve-keys", words.ring.is_served, "With --keys: write them beside the playlists, for tests")
      ->needs(keys);
  CLI11_PARSE(app, argc, argv);
  if (!words.once.empty()) return package_once(words);
  if (words.streams.empty() && words.config.empty())
    return complain("no stream to package: name one, or a file with --config, or --once FILE DIR; see --help", 2);
  return run_live(words);
}
