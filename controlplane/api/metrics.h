// The worker's counters in Prometheus' text format: fanlight_<noun>_<unit>[_total].
//
// Read straight from the atomics, so that a stuck worker can still be seen. The labels are the worker, the verdict, and
// the webhooks by their names in the configuration: nothing a peer can name, so the number of series is fixed.
#pragma once

#include <string>

#include "api/relay.h"

namespace fanlight::control {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string metrics_text(const RelayFacts& facts);

}  // namespace fanlight::control
