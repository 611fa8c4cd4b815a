#include "daemon/capacity_bounds.h"

#include <sys/resource.h>

#include <algorithm>

#include "contract/limits.h"
#include "crypto/session_ciphers.h"
#include "io/eal.h"

namespace fanlight::control {
namespace {

// Beside sockets and bells: the API's connections, the log, DPDK's own.
constexpr std::size_t kOtherFiles = 64;

std::string mebibytes(std::size_t bytes) { return std::to_string((bytes >> 20) + 1) + " MiB"; }

bool is_in_hugepages(const Config& config, const DataplanePlan& plan, const HostFacts& host) {
  return config.relay.port == PortKind::kEthernet && host.hugepage_bytes >= plan.memory.bytes();
}

// All tables are made at start: where they do not fit, fewer sessions do.
void bound_by_memory(const Config& config, const DataplanePlan& plan, const HostFacts& host, bool is_encrypted,
                     Bounds& bounds) {
  if (host.memory_bytes == 0) return;
  const std::size_t sessions = plan.sessions_max;
  const std::size_t by_viewer = kSessionBytes + (is_encrypted ? sizeof(crypto::SessionCiphers) : 0);
  const std::size_t packets = is_in_hugepages(config, plan, host) ? 0 : plan.memory.bytes();
  const std::size_t needed = packets + sessions * by_viewer;
  if (needed <= host.memory_bytes) return;
  const std::size_t left = host.memory_bytes - std::min(packets, host.memory_bytes);
  bounds.caps.push_back({Limit::kMemory, left / by_viewer,
                         mebibytes(packets) + " for packets and " + mebibytes(sessions * by_viewer) +
                             " for sessions are needed and " + mebibytes(host.memory_bytes) +
                             " are free: lower the streams' bitrate_max_mbps, latency_max_ms or gop_max_ms, or "
                             "relay.sessions_max, or add memory"});
}

// Viewers need none: a file for each address and worker.
void bound_by_files(const Config& config, const HostFacts& host, Bounds& bounds) {
  const std::size_t needed = config.relay.workers * (config.listen.size() + 1) + kOtherFiles;
  if (host.open_files_max == 0 || needed <= host.open_files_max) return;
  bounds.caps.push_back({Limit::kOpenFiles, 0,
                         std::to_string(needed) + " open files are needed and " + std::to_string(host.open_files_max) +
                             " allowed: raise `ulimit -n`, or LimitNOFILE of the service"});
}

// Of the stream that holds most for its latency.
void bound_by_history(const Config& config, Bounds& bounds) {
  bounds.history_packets = history_slots({});
  bounds.history_span = StreamRule{}.latency;
  for (const StreamRule& rule : config.streams) {
    const std::size_t slots = history_slots(
        {.bitrate_bits_max = rule.bitrate_bits_max, .latency_max = rule.latency_max, .gop_max = rule.gop_max});
    if (slots <= bounds.history_packets) continue;
    bounds.history_packets = slots;
    bounds.history_span = rule.latency;
  }
}

std::string note_on_buffer(const char* kind, std::size_t granted, std::size_t asked, const char* sysctl) {
  return std::string{"a "} + kind + " buffer of " + std::to_string(granted) + " bytes was granted, " +
         std::to_string(asked) + " were asked for; to raise it: sysctl -w " + sysctl + "=" + std::to_string(asked);
}

}  // namespace

HostFacts look_at_host(const Config& config) {
  HostFacts host{
      .cores = usable_cores(), .memory_bytes = io::available_bytes(), .hugepage_bytes = io::free_hugepage_bytes()};
  if (!config.listen.empty()) host.line = line_of(config.listen.front().address.ip);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) host.open_files_max = files.rlim_cur;
  return host;
}

Bounds bounds_of(const Config& config, const DataplanePlan& plan, const HostFacts& host, const Trial& trial,
                 bool is_encrypted) {
  Bounds bounds{.workers = config.relay.workers,
                .cores = host.cores,
                .sessions_max = config.relay.sessions_max,
                .line_bits = host.line.bits,
                .receive_buffer_bytes = trial.receive_buffer_bytes,
                .receive_buffer_asked = trial.receive_buffer_asked,
                .send_buffer_bytes = trial.send_buffer_bytes,
                .send_buffer_asked = trial.send_buffer_asked};
  bound_by_memory(config, plan, host, is_encrypted, bounds);
  bound_by_files(config, host, bounds);
  bound_by_history(config, bounds);
  return bounds;
}

std::vector<std::string> notes_on(const Config& config, const DataplanePlan& plan, const HostFacts& host,
                                  const Bounds& bounds) {
  std::vector<std::string> notes;
  if (bounds.receive_buffer_bytes < bounds.receive_buffer_asked)
    notes.push_back(
        note_on_buffer("receive", bounds.receive_buffer_bytes, bounds.receive_buffer_asked, "net.core.rmem_max"));
  if (bounds.send_buffer_bytes < bounds.send_buffer_asked)
    notes.push_back(note_on_buffer("send", bounds.send_buffer_bytes, bounds.send_buffer_asked, "net.core.wmem_max"));
  if (bounds.line_bits == 0)
    notes.push_back("the line's speed is not known here and bounds nothing: compare EGRESS with it");
  if (config.relay.port == PortKind::kEthernet) {
    if (!is_in_hugepages(config, plan, host))
      notes.push_back("the relay runs on ordinary pages, which are slower: " + mebibytes(plan.memory.bytes()) +
                      " in hugepages are needed and " + mebibytes(host.hugepage_bytes) +
                      " are free; sysctl -w vm.nr_hugepages=" + std::to_string((plan.memory.bytes() >> 21) + 1));
    notes.push_back(
        "the configured device was not used: rings in memory stood for it, and what it costs beyond them is "
        "not in these figures");
  }
  notes.push_back(plan.text());
  return notes;
}

}  // namespace fanlight::control
