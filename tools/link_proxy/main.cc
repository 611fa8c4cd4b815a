// fanlight-linkproxy: a bad network on one machine, between SRT clients and a relay.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "link_proxy/duration_option.h"
#include "link_proxy/impairment_options.h"
#include "proxy.h"

namespace {

using namespace fanlight;
using namespace fanlight::link_proxy;

volatile sig_atomic_t stop_asked = 0;

struct Options {
  std::string listen;
  std::string relay;
  ImpairmentFlags both, up, down;
  std::uint64_t seed = 1;
  double seconds = 0;
  std::string measure;
  double measure_skip_us = 1'000'000;
};

void define(CLI::App& app, Options& options) {
  app.add_option("--listen", options.listen, "address clients call, such as 127.0.0.1:9100")->required();
  app.add_option("--relay", options.relay, "address of the relay, such as 127.0.0.1:9000")->required();
  add_impairment(app, "--", "Both directions", options.both);
  add_impairment(app, "--up-", "Client to relay", options.up);
  add_impairment(app, "--down-", "Relay to client", options.down);
  app.add_option("--seed", options.seed, "the same seed decides the same fates (default 1)");
  app.add_option("--seconds", options.seconds, "stop after so long (default: on SIGINT or SIGTERM)")
      ->check(not_negative());
  app.add_option("--measure", options.measure,
                 "write the relay's own delay to this file as JSON (clear streams, no delay)");
  add_duration(app, "--measure-skip", options.measure_skip_us, "leave out each viewer's first data (default 1s)");
  app.footer(
      "Examples:\n"
      "  5 % loss at 50 ms round trip:\n"
      "    fanlight-linkproxy --listen 127.0.0.1:9100 --relay 127.0.0.1:9000 --loss 0.05 --delay 25ms\n"
      "  loss on the way to the relay only, bursts of ten:\n"
      "    fanlight-linkproxy --listen 127.0.0.1:9100 --relay 127.0.0.1:9000 --up-burst-loss 0.02 --up-burst-length "
      "10\n"
      "  the relay's own delay:\n"
      "    fanlight-linkproxy --listen 127.0.0.1:9100 --relay 127.0.0.1:9000 --measure delay.json --seconds 20");
}

std::optional<ProxySettings> settings_from(const Options& options) {
  const auto listen = Endpoint::parse(options.listen);
  const auto relay = Endpoint::parse(options.relay);
  if (!listen || !relay) return std::nullopt;
  ProxySettings settings{.listen = *listen,
                         .relay = *relay,
                         .up = combined(options.both, options.up),
                         .down = combined(options.both, options.down),
                         .seed = options.seed,
                         .measure_skip_ns = std::nullopt};
  if (!options.measure.empty()) settings.measure_skip_ns = static_cast<std::int64_t>(options.measure_skip_us * 1e3);
  return settings;
}

nlohmann::json traffic_json(const Proxy::Traffic& traffic) {
  return {{"offered", traffic.link.offered},
          {"lost", traffic.link.lost},
          {"lost_in_burst", traffic.link.lost_in_burst},
          {"reordered", traffic.link.reordered},
          {"duplicated", traffic.link.duplicated},
          {"sent", traffic.sent},
          {"refused", traffic.refused},
          {"queued", traffic.queued}};
}

bool write_measurement(const Proxy& proxy, const std::string& path) {
  const DelaySummary delay = proxy.meter()->summary();
  const nlohmann::json json = {
      {"relay_delay_us",
       {{"samples", delay.samples}, {"p50", delay.p50}, {"p90", delay.p90}, {"p99", delay.p99}, {"max", delay.max}}},
      {"unmatched", proxy.meter()->unmatched()}};
  std::ofstream file(path);
  file << json.dump() << "\n";
  return static_cast<bool>(file.flush());
}

void run(Proxy& proxy, double seconds) {
  const Instant end = seconds > 0 ? monotonic_now() + to_micros(seconds * 1e6) : Instant::never();
  while (stop_asked == 0 && monotonic_now() < end) proxy.turn(std::min(end, monotonic_now() + millis(200)));
}

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A UDP link that loses, delays, reorders and duplicates, between SRT clients and a relay."};
  Options options;
  define(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto settings = settings_from(options);
  if (!settings) {
    std::cerr << "fanlight-linkproxy: --listen and --relay want ADDRESS:PORT, such as 127.0.0.1:9100 or [::1]:9100\n";
    return 2;
  }
  auto proxy = Proxy::open(*settings);
  if (!proxy) {
    std::cerr << "fanlight-linkproxy: " << proxy.error().what << "\n";
    return 1;
  }
  stop_on_signals();
  run(**proxy, options.seconds);
  const nlohmann::json books = {{"clients", (*proxy)->clients()},
                                {"up", traffic_json((*proxy)->traffic(Direction::kUp))},
                                {"down", traffic_json((*proxy)->traffic(Direction::kDown))}};
  std::cout << books.dump() << std::endl;
  if (!options.measure.empty() && !write_measurement(**proxy, options.measure)) {
    std::cerr << "fanlight-linkproxy: cannot write " << options.measure << "\n";
    return 1;
  }
  return 0;
}
