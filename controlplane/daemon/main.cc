#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/daemon.h"
#include "daemon/version.h"

namespace {

constexpr const char* kFooter = R"(Examples:
  fanlightd --config /etc/fanlight/fanlight.toml           run the relay
  fanlightd --config examples/fanlight.toml --check        only say whether the file is valid, and what it needs

Signals: SIGTERM and SIGINT end every session and the relay; SIGHUP reads streams, passphrases and the log level anew.
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return fanlight::control::run_daemon(options);
}
