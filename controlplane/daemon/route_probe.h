// Whether the kernel would send anything there. What it refuses later shows in counters alone, so it is asked before:
// an address that is not ours, no route, a link's broadcast address.
#pragma once

#include <optional>
#include <string>

#include "base/ip.h"

namespace fanlight::control {

// What stands in the way; empty: nothing that is known now.
[[nodiscard]] std::optional<std::string> route_fault_of(const Path& path);

}  // namespace fanlight::control
