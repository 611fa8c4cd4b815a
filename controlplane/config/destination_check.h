// The destinations of a file, beside each other and beside everything else in it.
#pragma once

#include <vector>

#include "config/config.h"

namespace fanlight::control {

// FEC for destinations that come at run time: of so many streams beside those that the file gives it to.
inline constexpr std::size_t kSpareFecStreams = 4;
[[nodiscard]] std::size_t fec_streams_planned(const Config& config);

[[nodiscard]] std::vector<Problem> check_destinations(const Config& config);

}  // namespace fanlight::control
