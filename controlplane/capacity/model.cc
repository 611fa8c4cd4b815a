#include "capacity/model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace fanlight::control {
namespace {

constexpr double kPayloadBits = 1316 * 8;
// Ethernet with preamble and gap, IP, UDP and SRT around a payload of 1,316 bytes.
constexpr double kLineOverhead = (1316 + 38 + 20 + 8 + 16) / 1316.0;
// What the kernel reckons for an ACK that waits and for a packet on its way out, against twice what was granted.
constexpr double kBufferedAckBytes = 832;
constexpr double kBufferedPacketBytes = 2304;
constexpr double kBufferDoubled = 2;
// A prediction is one number when it is good to this share.
constexpr double kTrusted = 0.2;

double packets_per_second(double bits) { return bits / kPayloadBits; }

// No news, no ACK: one for each run at most.
double acks_per_second(double bits, double packets_at_a_time) {
  const double packets = packets_per_second(bits);
  return std::min(packets / packets_at_a_time, assumed::kAcksPerSecondMax) + packets / assumed::kPacketsPerLightAck;
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
  return static_cast<double>(bounds.workers) * datagrams / (acks_per_second(bits, 1) * assumed::kAwaySeconds);
}

// A datagram is the buffer's until the interface has sent it and said so.
double viewers_by_send_buffer(const Bounds& bounds, double bits) {
  if (bounds.send_buffer_bytes == 0) return HUGE_VAL;
  const double datagrams = static_cast<double>(bounds.send_buffer_bytes) * kBufferDoubled / kBufferedPacketBytes;
  return static_cast<double>(bounds.workers) * datagrams / (packets_per_second(bits) * assumed::kSentSeconds);
}

double viewers_by_history(const Bounds& bounds, double bits) {
  const double wanted = packets_per_second(bits) * static_cast<double>(bounds.history_span.count) / 1e6;
  return bounds.history_packets == 0 || wanted <= static_cast<double>(bounds.history_packets) ? HUGE_VAL : 0;
}

template <class Figure>
double median(std::span<const WorkerCosts> passes, Figure&& figure) {
  std::vector<double> figures;
  for (const WorkerCosts& pass : passes) figures.push_back(figure(pass));
  std::ranges::sort(figures);
  return figures[figures.size() / 2];
}

double workers_at_work(const Bounds& bounds) {
  const auto workers = static_cast<double>(std::min(bounds.workers, bounds.cores));
  return 1 + (workers - 1) * assumed::kFurtherWorker;
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

WorkerCosts WorkerCosts::when_full() const {
  WorkerCosts full = *this;
  if (ns_per_packet_full > 0) full.runs = {{1, ns_per_packet_full}};
  return full;
}

WorkerCosts middle_of(std::span<const WorkerCosts> passes) {
  CHECK(!passes.empty());
  WorkerCosts middle = passes.front();
  for (std::size_t i = 0; i < middle.runs.size(); ++i)
    middle.runs[i].ns_per_packet = median(passes, [i](const WorkerCosts& pass) { return pass.runs[i].ns_per_packet; });
  middle.ns_per_packet_full = median(passes, [](const WorkerCosts& pass) { return pass.ns_per_packet_full; });
  middle.ns_per_ack = median(passes, [](const WorkerCosts& pass) { return pass.ns_per_ack; });
  return middle;
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

bool is_assumed(Limit limit) { return limit == Limit::kReceiveBuffer || limit == Limit::kSendBuffer; }

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
  prediction.viewers_least = prediction.viewers_most = prediction.viewers;
  return prediction;
}

Prediction predict(std::span<const WorkerCosts> passes, const Bounds& bounds, double bits) {
  Prediction prediction = predict(middle_of(passes), bounds, bits);
  Prediction least = prediction;
  for (const WorkerCosts& pass : passes) {
    const Prediction slow = predict(pass.when_full(), bounds, bits);
    if (slow.viewers < least.viewers) least = slow;
    prediction.viewers_most = std::max(prediction.viewers_most, predict(pass, bounds, bits).viewers);
  }
  prediction.viewers_least = least.viewers;
  if (prediction.is_range()) prediction.limit = least.limit;
  return prediction;
}

bool Prediction::is_range() const {
  const auto middle = static_cast<double>(viewers);
  return static_cast<double>(viewers_least) < (1 - kTrusted) * middle ||
         static_cast<double>(viewers_most) > (1 + kTrusted) * middle;
}

// With time to spare each packet goes alone; without, runs grow until their time suffices.
double worker_share(const WorkerCosts& costs, const Bounds& bounds, double bits, std::size_t viewers) {
  const double per_worker = static_cast<double>(viewers) / workers_at_work(bounds);
  const double unhurried = per_worker * viewer_ns(costs, bits, 1) / 1e9;
  const double in_runs = per_worker * viewer_ns(costs, bits, longest_run(bounds, bits)) / 1e9;
  return unhurried <= 1 ? unhurried : std::max(1.0, in_runs);
}

}  // namespace fanlight::control
