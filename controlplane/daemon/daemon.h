// fanlightd from its configuration to its end: what comes up in order goes down in mirror order.
#pragma once

#include <optional>
#include <string>

#include "daemon/capacity.h"

namespace fanlight::control {

struct DaemonOptions {
  std::string config_path;
  bool checks_only = false;
  std::optional<CapacityQuestion> capacity{};  // Instead of running.
};

// Exit codes: 0 done, 1 refused or failed, 2 the configuration is wrong.
[[nodiscard]] int run_daemon(const DaemonOptions& options);

}  // namespace fanlight::control
