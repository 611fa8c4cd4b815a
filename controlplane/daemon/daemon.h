// fanlightd from its configuration to its end: what comes up in order goes down in mirror order.
#pragma once

#include <string>

namespace fanlight::control {

struct DaemonOptions {
  std::string config_path;
  bool checks_only = false;
};

// Exit codes: 0 done, 1 refused or failed, 2 the configuration is wrong.
[[nodiscard]] int run_daemon(const DaemonOptions& options);

}  // namespace fanlight::control
