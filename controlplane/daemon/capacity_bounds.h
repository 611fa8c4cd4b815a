// What bounds an audience beside the workers' time: the configuration and the host.
#pragma once

#include <cstddef>

#include "capacity/host.h"
#include "capacity/model.h"
#include "capacity/trial.h"
#include "config/config.h"
#include "daemon/dataplane_plan.h"

namespace fanlight::control {

// As they are before anything of the relay is up.
struct HostFacts {
  std::size_t cores = 1;
  Line line{};
  std::size_t memory_bytes = 0;    // Free; 0: not known.
  std::size_t hugepage_bytes = 0;  // Free, in pages of one size.
  std::size_t open_files_max = 0;  // Of this process; 0: not known.
};
[[nodiscard]] HostFacts look_at_host(const Config& config);

[[nodiscard]] Bounds bounds_of(const Config& config, const DataplanePlan& plan, const HostFacts& host,
                               const Trial& trial, bool is_encrypted);
// What is not a limit and yet worth knowing.
[[nodiscard]] std::vector<std::string> notes_on(const Config& config, const DataplanePlan& plan, const HostFacts& host,
                                                const Bounds& bounds);

}  // namespace fanlight::control
