// `fanlightd --capacity`: measures this host and the configured port, and says how many viewers they hold.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/dataplane_plan.h"

namespace fanlight::control {

struct CapacityQuestion {
  std::vector<double> megabits{1, 2.5, 5, 10};  // Of a stream's payload, per second.
  std::optional<std::size_t> viewers{};         // What share of a worker's time they would take.
  std::size_t key_bits = 0;                     // Encrypted viewers; 0: clear.
  bool is_json = false;
};

// Exit codes as the daemon's.
[[nodiscard]] int run_capacity(const Config& config, const DataplanePlan& plan, const CapacityQuestion& question);

}  // namespace fanlight::control
