// The packager's counters in Prometheus' text format: fanlight_packager_<noun>_<unit>[_total].
//
// Labels are streams by their names in the configuration, kinds of requests and statuses: nothing that a client can
// name, so the number of series is fixed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/server_counts.h"
#include "origin/origin_counters.h"
#include "service/stream_board.h"

namespace fanlight::packager {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// What each thread that answers has counted; the metrics are their sums.
struct HttpTallies {
  std::vector<const ServerCounts*> servers{};
  std::vector<const OriginCounters*> origins{};
};

[[nodiscard]] std::string metrics_text(std::span<const StreamStanding> streams, const HttpTallies& http,
                                       Micros board_age);

}  // namespace fanlight::packager
