// The destinations of a file, beside each other and beside everything else in it.
#pragma once

#include <vector>

#include "config/config.h"

namespace fanlight::control {

[[nodiscard]] std::vector<Problem> check_destinations(const Config& config);

}  // namespace fanlight::control
