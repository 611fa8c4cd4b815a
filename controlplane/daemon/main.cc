#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/daemon.h"
#include "daemon/version.h"

namespace {

constexpr const char* kFooter = R"(Examples:
  fanlightd --config /etc/fanlight/fanlight.toml           run the relay
  fanlightd --config examples/fanlight.toml --check        only say whether the file is valid, and what it needs
  fanlightd --config /etc/fanlight/fanlight.toml --capacity --bitrate 5
                                                           measure how many viewers this host holds, and what limits it

Signals: SIGTERM and SIGINT end every session and the relay; SIGHUP reads the file anew: streams,
calls, destinations, policies, keys, issuers, webhooks, events, armour, capacity_mbps,
admission_share, log_level.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration.)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"fanlightd relays live SRT streams: one publisher in, many viewers out."};
  fanlight::control::DaemonOptions options;
  app.footer(kFooter);
  app.set_version_flag("--version", std::string{"fanlightd "} + fanlight::control::kVersion);
  app.add_option("--config", options.config_path, "configuration file (docs/configuration.md)")
      ->required()
      ->type_name("FILE");
  app.add_flag("--check", options.checks_only, "validate the configuration, print the memory plan and exit");
  bool measures = false;
  fanlight::control::CapacityQuestion question;
  CLI::Option* capacity =
      app.add_flag("--capacity", measures, "measure how many viewers this host and port hold, print it and exit")
          ->excludes("--check");
  app.add_option("--bitrate", question.megabits, "with --capacity: of the streams, Mb/s; may be given again")
      ->check(CLI::Range(0.05, 1000.0))
      ->needs(capacity);
  app.add_option("--viewers", question.viewers, "with --capacity: what share of a worker's time so many take")
      ->check(CLI::Range(1, 10'000'000))
      ->needs(capacity);
  app.add_option("--encrypted", question.key_bits, "with --capacity: viewers with AES keys of so many bits")
      ->check(CLI::IsMember({128, 192, 256}))
      ->needs(capacity);
  app.add_flag("--json", question.is_json, "with --capacity: one JSON object (docs/capacity.md)")->needs(capacity);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (measures) options.capacity = question;
  return fanlight::control::run_daemon(options);
}
