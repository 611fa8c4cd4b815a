// How many viewers a relay holds, from what one worker's steps cost and from what the host and the configuration allow.
//
// A viewer costs its packets and its ACKs. What a packet costs depends on how many go to one viewer at a time, and a
// worker that falls behind finds more of them: so the cost at the limit is that of the longest run that still keeps
// the delay in bounds. A viewer that gets runs has less often news to acknowledge.
//
// Pure: figures in, figures out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace fanlight::control {

// Of a worker's time.
struct WorkerCosts {
  struct Run {
    std::size_t packets = 0;  // To one viewer at a time.
    double ns_per_packet = 0;
  };
  std::vector<Run> runs;  // Growing packets, from 1 on.
  double ns_per_ack = 0;  // Its answer included.
  // With a port that is full, so that a breath can send only what the other end has just taken; 0: not measured.
  double ns_per_packet_full = 0;

  // Between two runs by what a run costs over its packets; the last one's beyond it.
  [[nodiscard]] double ns_per_packet(double packets_at_a_time) const;
  // The same where the port always is, if that was measured.
  [[nodiscard]] WorkerCosts when_full() const;
};

// Each figure's median. The passes of a measurement have the same runs.
[[nodiscard]] WorkerCosts middle_of(std::span<const WorkerCosts> passes);

// What may run out first. Names as in reports and docs/capacity.md.
enum class Limit : std::uint8_t {
  kWorker,
  kSessions,
  kLine,
  kReceiveBuffer,
  kSendBuffer,
  kHistory,
  kMemory,
  kOpenFiles,
};
[[nodiscard]] std::string_view name_of(Limit limit);
// It follows from a figure that no trial measures.
[[nodiscard]] bool is_assumed(Limit limit);

// Figures that no trial measures.
namespace assumed {
// libsrt's receiver: each 10 ms while there is news, and a light one each 64 packets.
inline constexpr double kAcksPerSecondMax = 100;
inline constexpr double kPacketsPerLightAck = 64;
// A worker is away from its receive buffer: a breath, or a slice of whoever else wants its core.
inline constexpr double kAwaySeconds = 0.004;
// Until a card tells that a packet was sent: they do it in batches.
inline constexpr double kSentSeconds = 0.000'25;
// What a second worker adds on net_null with 5,000 viewers on each (docs/benchmarks.md).
inline constexpr double kFurtherWorker = 0.91;
}  // namespace assumed

// 0 or empty: not known, or not there, and no limit.
struct Bounds {
  std::size_t workers = 1;
  std::size_t cores = 1;                 // What the process may run on.
  std::size_t sessions_max = 0;          // Of each worker.
  double line_bits = 0;                  // Of the interface that viewers are behind.
  std::size_t receive_buffer_bytes = 0;  // Of each worker's socket, as granted; and as asked for.
  std::size_t receive_buffer_asked = 0;
  std::size_t send_buffer_bytes = 0;
  std::size_t send_buffer_asked = 0;
  std::size_t history_packets = 0;  // Held of the stream that is made for most,
  Micros history_span{};            // and for how long its viewers want them.
  // Whatever the bitrate: so many viewers.
  struct Cap {
    Limit limit = Limit::kMemory;
    std::size_t viewers = 0;
    std::string way_up{};  // A sentence without the limit's name.
  };
  std::vector<Cap> caps{};
  Micros delay_max = millis(60);
  std::size_t run_packets_max = 64;
};

struct Prediction {
  double bits = 0;  // The stream's payload, bits/s.
  std::size_t viewers = 0;
  Limit limit = Limit::kWorker;
  std::size_t viewers_by_worker = 0;  // By the workers' time alone.
  std::size_t viewers_unhurried = 0;  // So many are served packet by packet, without waiting for runs.
  double packets_at_a_time = 1;
  // By the slowest pass alone, with a full port where that was measured; and by the fastest.
  std::size_t viewers_least = 0;
  std::size_t viewers_most = 0;

  // More than a fifth apart from `viewers`: one number would promise what was not measured. The limit is the lesser's.
  [[nodiscard]] bool is_range() const;
  [[nodiscard]] std::size_t promised() const { return is_range() ? viewers_least : viewers; }
};

[[nodiscard]] Prediction predict(const WorkerCosts& costs, const Bounds& bounds, double bits);
// By the middle of the passes, with the range they leave.
[[nodiscard]] Prediction predict(std::span<const WorkerCosts> passes, const Bounds& bounds, double bits);
// What share of one worker's time so many viewers take. Above 1: too many.
[[nodiscard]] double worker_share(const WorkerCosts& costs, const Bounds& bounds, double bits, std::size_t viewers);

}  // namespace fanlight::control
