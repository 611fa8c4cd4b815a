// How to get more viewers, for each limit that bounds a prediction.
#include <algorithm>
#include <cstdio>

#include "capacity/report.h"

namespace fanlight::control {
namespace {

std::string gigabits(double bits) {
  char out[32];
  std::snprintf(out, sizeof out, "%g Gb/s", bits / 1e9);
  return out;
}

bool is_bound_by(const CapacityReport& report, Limit limit) {
  return std::ranges::any_of(report.predictions, [&](const Prediction& one) { return one.limit == limit; });
}

std::vector<std::string> ways_of_worker(const CapacityReport& report) {
  const Bounds& bounds = report.bounds;
  const std::string cores = std::to_string(bounds.cores);
  std::vector<std::string> ways;
  if (bounds.workers > bounds.cores)
    ways.push_back("worker: " + std::to_string(bounds.workers) + " workers share " + cores +
                   " cores here: give the relay more cores, or set relay.workers = " + cores);
  else if (bounds.workers < bounds.cores)
    ways.push_back("worker: this host has " + cores + " cores: set relay.workers up to " + cores +
                   ", and relay.cores if nothing else needs them");
  else
    ways.push_back("worker: every core has one; take a host with more or faster cores");
  if (report.port == "sockets")
    ways.push_back(
        "worker: port = \"ethernet\" on a network card of its own spends less than a tenth of it on a packet");
  return ways;
}

// A buffer of the kernel's: it grants no more than its own limit.
std::string way_of_buffer(Limit limit, std::size_t granted, std::size_t asked, const char* sysctl, const char* key) {
  std::string way = std::string{name_of(limit)} + ": a buffer of " + std::to_string(granted) + " bytes was granted";
  if (granted < asked)
    return way + ", " + std::to_string(asked) + " were asked for: sysctl -w " + sysctl + "=" + std::to_string(asked);
  return way + ", as was asked for: " + key;
}

}  // namespace

std::vector<std::string> ways_up(const CapacityReport& report) {
  const Bounds& bounds = report.bounds;
  std::vector<std::string> ways;
  if (is_bound_by(report, Limit::kWorker)) ways = ways_of_worker(report);
  if (is_bound_by(report, Limit::kSessions))
    ways.push_back("sessions_max: raise relay.sessions_max, " + std::to_string(bounds.sessions_max) +
                   " now, up to 65535");
  if (is_bound_by(report, Limit::kLine))
    ways.push_back("line: " + report.line + " carries " + gigabits(bounds.line_bits) +
                   "; a faster one, or a second relay, is needed");
  if (is_bound_by(report, Limit::kReceiveBuffer))
    ways.push_back(way_of_buffer(Limit::kReceiveBuffer, bounds.receive_buffer_bytes, bounds.receive_buffer_asked,
                                 "net.core.rmem_max", "raise listen.receive_buffer_kb"));
  if (is_bound_by(report, Limit::kSendBuffer))
    ways.push_back(way_of_buffer(Limit::kSendBuffer, bounds.send_buffer_bytes, bounds.send_buffer_asked,
                                 "net.core.wmem_max", "more workers have more of them"));
  if (is_bound_by(report, Limit::kHistory))
    ways.push_back("history: " + std::to_string(bounds.history_packets) + " packets are held of a stream, less than " +
                   std::to_string(bounds.history_span.count / 1000) +
                   " ms of this bitrate: raise stream.bitrate_max_mbps");
  for (const Bounds::Cap& cap : bounds.caps)
    if (is_bound_by(report, cap.limit)) ways.push_back(std::string{name_of(cap.limit)} + ": " + cap.way_up);
  return ways;
}

}  // namespace fanlight::control
