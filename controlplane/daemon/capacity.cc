#include "daemon/capacity.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string_view>

#include "capacity/report.h"
#include "capacity/trial.h"
#include "daemon/capacity_bounds.h"
#include "io/clock.h"

namespace fanlight::control {
namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "fanlightd: %s\n", what.c_str());
  return 1;
}

// Only where somebody watches.
void show_progress(std::size_t done, std::size_t of) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\rmeasuring, step %zu of %zu%s", done, of, done == of ? "\r\033[K" : "");
}

TrialOptions trial_options(const Config& config, const CapacityQuestion& question) {
  TrialOptions options;
  options.cpu = config.relay.core_of(0);
  options.key_bytes = question.key_bits / 8;
  options.progress = show_progress;
  for (const ListenOptions& listen : config.listen)
    options.receive_buffer_bytes = static_cast<int>(
        std::max<std::int64_t>(options.receive_buffer_bytes, std::int64_t{listen.receive_buffer_kb} * 1024));
  return options;
}

// A driver whose sending is a system call or a copy in this process: rings in memory would promise far too much.
const DeviceOptions* device_of_the_kernel(const Config& config) {
  constexpr std::array<std::string_view, 4> kDrivers = {"net_af_packet", "net_af_xdp", "net_tap", "net_pcap"};
  for (const DeviceOptions& device : config.ethernet.devices)
    for (const std::string_view driver : kDrivers)
      if (device.eal.starts_with(driver)) return &device;
  return nullptr;
}

CapacityReport make_report(const Config& config, const DataplanePlan& plan, const HostFacts& host,
                           const CapacityQuestion& question, const Trial& trial) {
  const bool is_sockets = config.relay.port == PortKind::kSockets;
  CapacityReport report{.port = is_sockets ? "sockets" : "ethernet", .key_bytes = question.key_bits / 8};
  if (host.line.bits > 0) report.line = host.line.interface;
  report.bounds = bounds_of(config, plan, host, trial, question.key_bits > 0);
  report.notes = notes_on(config, plan, host, report.bounds);
  report.costs = middle_of(trial.passes);
  report.passes = trial.passes.size();
  report.viewers = question.viewers;
  std::vector<double> megabits = question.megabits;
  std::ranges::sort(megabits);
  for (const double one : megabits)
    report.predictions.push_back(predict(std::span{trial.passes}, report.bounds, one * 1e6));
  return report;
}

}  // namespace

int run_capacity(const Config& config, const DataplanePlan& plan, const CapacityQuestion& question) {
  if (const DeviceOptions* device = device_of_the_kernel(config))
    return fail("the device \"" + device->eal +
                "\" sends through the kernel, and what that costs is not measured here: rings in memory would promise "
                "far too much. A search with fanlight-load finds out (docs/load.md)");
  const HostFacts host = look_at_host(config);
  const Instant start = io::MonotonicClock::now();
  const TrialOptions options = trial_options(config, question);
  Result<Trial> trial = config.relay.port == PortKind::kSockets ? try_sockets(options) : try_ethernet(options);
  if (!trial) return fail(trial.error().what);
  const Micros taken = io::MonotonicClock::now() - start;
  CapacityReport report = make_report(config, plan, host, question, *trial);
  report.seconds = static_cast<double>(taken.count) / 1e6;
  std::fputs((question.is_json ? json_of(report) : text_of(report)).c_str(), stdout);
  return 0;
}

}  // namespace fanlight::control
