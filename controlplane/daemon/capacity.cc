#include "daemon/capacity.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "capacity/host.h"
#include "capacity/report.h"
#include "capacity/socket_trial.h"
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

SocketTrialOptions trial_options(const Config& config, const CapacityQuestion& question) {
  SocketTrialOptions options;
  options.cpu = config.relay.core_of(0);
  options.key_bytes = question.key_bits / 8;
  options.progress = show_progress;
  for (const ListenOptions& listen : config.listen)
    options.receive_buffer_bytes = static_cast<int>(
        std::max<std::int64_t>(options.receive_buffer_bytes, std::int64_t{listen.receive_buffer_kb} * 1024));
  return options;
}

CapacityReport make_report(const Config& config, const CapacityQuestion& question, Trial trial) {
  CapacityReport report{.port = "sockets", .key_bytes = question.key_bits / 8};
  const Line line = config.listen.empty() ? Line{} : line_of(config.listen.front().address.ip);
  if (line.bits > 0) report.line = line.interface;
  report.costs = std::move(trial.costs);
  report.bounds = {.workers = config.relay.workers,
                   .cores = usable_cores(),
                   .sessions_max = config.relay.sessions_max,
                   .line_bits = line.bits};
  report.notes = std::move(trial.notes);
  if (line.bits == 0)
    report.notes.push_back("the line's speed is not known here and bounds nothing: compare EGRESS with it");
  report.viewers = question.viewers;
  std::vector<double> megabits = question.megabits;
  std::ranges::sort(megabits);
  for (const double one : megabits) report.predictions.push_back(predict(report.costs, report.bounds, one * 1e6));
  return report;
}

}  // namespace

int run_capacity(const Config& config, const DataplanePlan& plan, const CapacityQuestion& question) {
  if (config.relay.port != PortKind::kSockets)
    return fail(
        "--capacity measures port = \"sockets\" only, and this file says \"ethernet\"; fanlight-load finds out through "
        "the "
        "device (docs/load.md)");
  const Instant start = io::MonotonicClock::now();
  Result<Trial> trial = try_sockets(trial_options(config, question));
  if (!trial) return fail(trial.error().what);
  CapacityReport report = make_report(config, question, *std::move(trial));
  report.seconds = static_cast<double>((io::MonotonicClock::now() - start).count) / 1e6;
  report.notes.push_back(plan.text());
  std::fputs((question.is_json ? json_of(report) : text_of(report)).c_str(), stdout);
  return 0;
}

}  // namespace fanlight::control
