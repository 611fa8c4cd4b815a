// The relay under test, whole: the production worker on a SimPort and the production session desk, on one thread and in
// virtual time. The world says when each of them runs.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "contract/mailbox.h"
#include "io/sim_port.h"
#include "session/session_desk.h"
#include "stream/stream.h"
#include "worker/worker.h"

namespace fanlight::sim {

class VirtualClock {
 public:
  [[nodiscard]] Instant now() const { return now_; }
  void set(Instant now) { now_ = now; }

 private:
  Instant now_{};
};

// Owns every stream it made until the end, so that what a worker never gave back can be looked into.
class SimStreams final : public StreamFactory {
 public:
  explicit SimStreams(std::size_t slots) : slots_(slots) {}
  [[nodiscard]] std::vector<Stream*> make(const StreamOptions& options) override;
  void take_back(Stream* stream) override;
  [[nodiscard]] std::size_t out() const { return streams_.size(); }
  void drop_all() { streams_.clear(); }

 private:
  std::size_t slots_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

class RelayHost {
 public:
  struct Options {
    std::vector<control::StreamRule> rules;
    std::size_t history_slots = 2048;
    std::size_t sessions_max = 256;
    std::size_t receive_buffers = 8192;
    std::size_t header_buffers = 4096;
    std::size_t copy_buffers = 4096;
    std::size_t inbox_max = 4096;
    HashKey key{};
  };
  explicit RelayHost(const Options& options);

  // One breath. True when there was news.
  bool breathe(Instant now);
  [[nodiscard]] Instant next_deadline(Instant now) const { return worker_.relay().next_deadline(now); }
  // One turn of the control thread: events (unless it is deaf), timeouts, commands. True when it gave commands.
  bool take_control_turn(Instant now, bool is_deaf);
  [[nodiscard]] bool has_events() const { return !mailbox_.events.is_empty(); }
  [[nodiscard]] bool has_commands_waiting() { return desk_.peek_command() != nullptr; }

  [[nodiscard]] io::SimPort& port() { return port_; }
  [[nodiscard]] control::SessionDesk& desk() { return desk_; }
  [[nodiscard]] const WorkerCounters& counters() const { return mailbox_.counters; }
  [[nodiscard]] SimStreams& streams() { return streams_; }
  [[nodiscard]] PacketPool& headers() { return headers_; }
  [[nodiscard]] TransmitQueue& queue() { return worker_.relay().queue(); }
  [[nodiscard]] bool is_stopped() const { return worker_.relay().is_stopped(); }
  [[nodiscard]] const std::vector<event::SessionClosed>& closed() const { return closed_; }
  // Buffers that are not in their pool.
  [[nodiscard]] std::size_t buffers_out() const;

 private:
  PacketPool packets_;
  PacketPool headers_;
  PacketPool copies_;
  Mailbox mailbox_;
  io::SimPort port_;
  VirtualClock clock_;
  SimStreams streams_;
  mutable Worker<io::SimPort, VirtualClock> worker_;
  control::SessionDesk desk_;
  std::vector<event::SessionClosed> closed_;
};

}  // namespace fanlight::sim
