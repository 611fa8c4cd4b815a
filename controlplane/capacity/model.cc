#include "capacity/model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace fanlight::control {
namespace {

constexpr double kPayloadBits = 1316 * 8;
// Ethernet with preamble and gap, IP, UDP and SRT around a payload of 1,316 bytes.
constexpr double kLineOverhead = (1316 + 38 + 20 + 8 + 16) / 1316.0;
// libsrt's receiver: each 10 ms while there is news, and a light one each 64 packets.
constexpr double kAcksPerSecondMax = 100;
constexpr double kPacketsPerLightAck = 64;
// What the kernel reckons for an ACK that waits and for a packet on its way out, against twice what was granted.
constexpr double kBufferedAckBytes = 832;
constexpr double kBufferedPacketBytes = 2304;
constexpr double kBufferDoubled = 2;
constexpr double kAwaySeconds = 0.004;
// Cards tell what they have sent in batches.
constexpr double kSentSeconds = 0.000'25;
// What a second worker adds on net_null with 5,000 viewers on each (docs/benchmarks.md).
constexpr double kFurtherWorker = 0.91;

double packets_per_second(double bits) { return bits / kPayloadBits; }

// No news, no ACK: one for each run at most.
double acks_per_second(double bits, double packets_at_a_time) {
  const double packets = packets_per_second(bits);
  return std::min(packets / packets_at_a_time, kAcksPerSecondMax) + packets / kPacketsPerLightAck;
}

// Of one viewer, in a second.
double viewer_ns(const WorkerCosts& costs, double bits, double packets_at_a_time) {
  return packets_per_second(bits) * costs.ns_per_packet(packets_at_a_time) +
         acks_per_second(bits, packets_at_a_time) * costs.ns_per_ack;
}

// A packet waits for the pass before it, and for its place in its own: two passes are the delay, and in the time of one
// the next one's packets come.
double longest_run(const Bounds& bounds, double bits) {
  const double in_time = packets_per_second(bits) * static_cast<double>(bounds.delay_max.count) / 2 / 1e6;
  return std::clamp(in_time, 1.0, static_cast<double>(bounds.run_packets_max));
}

// What comes while a worker is away must find room: a breath, and a slice of whoever else wants its core.
double viewers_by_receive_buffer(const Bounds& bounds, double bits) {
  if (bounds.receive_buffer_bytes == 0) return HUGE_VAL;
  const double datagrams = static_cast<double>(bounds.receive_buffer_bytes) * kBufferDoubled / kBufferedAckBytes;
  return static_cast<double>(bounds.workers) * datagrams / (acks_per_second(bits, 1) * kAwaySeconds);
}

// A datagram is the buffer's until the interface has sent it and said so.
double viewers_by_send_buffer(const Bounds& bounds, double bits) {
  if (bounds.send_buffer_bytes == 0) return HUGE_VAL;
  const double datagrams = static_cast<double>(bounds.send_buffer_bytes) * kBufferDoubled / kBufferedPacketBytes;
  return static_cast<double>(bounds.workers) * datagrams / (packets_per_second(bits) * kSentSeconds);
}

double viewers_by_history(const Bounds& bounds, double bits) {
  const double wanted = packets_per_second(bits) * static_cast<double>(bounds.history_span.count) / 1e6;
  return bounds.history_packets == 0 || wanted <= static_cast<double>(bounds.history_packets) ? HUGE_VAL : 0;
}

double workers_at_work(const Bounds& bounds) {
  const auto workers = static_cast<double>(std::min(bounds.workers, bounds.cores));
  return 1 + (workers - 1) * kFurtherWorker;
}

}  // namespace

double WorkerCosts::ns_per_packet(double packets_at_a_time) const {
  CHECK(!runs.empty());
  if (packets_at_a_time <= static_cast<double>(runs.front().packets)) return runs.front().ns_per_packet;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const auto below = static_cast<double>(runs[i - 1].packets);
    const auto above = static_cast<double>(runs[i].packets);
    if (packets_at_a_time > above) continue;
    // A run costs a fixed part and a part for each packet.
    const double share = (1 / below - 1 / packets_at_a_time) / (1 / below - 1 / above);
    return runs[i - 1].ns_per_packet + share * (runs[i].ns_per_packet - runs[i - 1].ns_per_packet);
  }
  return runs.back().ns_per_packet;
}

std::string_view name_of(Limit limit) {
  switch (limit) {
    case Limit::kWorker:
      return "worker";
    case Limit::kSessions:
      return "sessions_max";
    case Limit::kLine:
      return "line";
    case Limit::kReceiveBuffer:
      return "receive_buffer";
    case Limit::kSendBuffer:
      return "send_buffer";
    case Limit::kHistory:
      return "history";
    case Limit::kMemory:
      return "memory";
    case Limit::kOpenFiles:
      return "open_files";
  }
  return "unknown";
}

Prediction predict(const WorkerCosts& costs, const Bounds& bounds, double bits) {
  const double workers = workers_at_work(bounds);
  Prediction prediction{.bits = bits, .packets_at_a_time = longest_run(bounds, bits)};
  const double by_worker = workers * 1e9 / viewer_ns(costs, bits, prediction.packets_at_a_time);
  prediction.viewers_by_worker = static_cast<std::size_t>(by_worker);
  prediction.viewers_unhurried = static_cast<std::size_t>(workers * 1e9 / viewer_ns(costs, bits, 1));
  double least = HUGE_VAL;
  const auto bound = [&](Limit limit, double viewers) {
    if (viewers >= least) return;
    least = viewers;
    prediction.limit = limit;
  };
  bound(Limit::kWorker, by_worker);
  bound(Limit::kSessions, static_cast<double>(bounds.workers * bounds.sessions_max) - 1);  // One is the publisher's.
  if (bounds.line_bits > 0) bound(Limit::kLine, bounds.line_bits / (bits * kLineOverhead));
  bound(Limit::kReceiveBuffer, viewers_by_receive_buffer(bounds, bits));
  bound(Limit::kSendBuffer, viewers_by_send_buffer(bounds, bits));
  bound(Limit::kHistory, viewers_by_history(bounds, bits));
  for (const Bounds::Cap& cap : bounds.caps) bound(cap.limit, static_cast<double>(cap.viewers));
  prediction.viewers = static_cast<std::size_t>(std::max(0.0, least));
  return prediction;
}

// With time to spare each packet goes alone; without, runs grow until their time suffices.
double worker_share(const WorkerCosts& costs, const Bounds& bounds, double bits, std::size_t viewers) {
  const double per_worker = static_cast<double>(viewers) / workers_at_work(bounds);
  const double unhurried = per_worker * viewer_ns(costs, bits, 1) / 1e9;
  const double in_runs = per_worker * viewer_ns(costs, bits, longest_run(bounds, bits)) / 1e9;
  return unhurried <= 1 ? unhurried : std::max(1.0, in_runs);
}

}  // namespace fanlight::control
