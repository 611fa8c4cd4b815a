// The relay under test, whole: the production worker on a SimPort and the production session desk, on one thread and in
// virtual time. The world says when each of them runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
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
  [[nodiscard]] Micros wall_offset() const { return {}; }
  void set(Instant now) { now_ = now; }

 private:
  Instant now_{};
};

// Owns every stream it made until the end, so that what a worker never gave back can be looked into.
class SimStreams final : public StreamFactory {
 public:
  SimStreams(std::size_t slots, std::size_t workers) : slots_(slots), workers_(workers) {}
  [[nodiscard]] std::vector<Stream*> make(const StreamOptions& options) override;
  void take_back(Stream* stream) override;
  [[nodiscard]] std::size_t out() const { return streams_.size(); }
  void drop_all() { streams_.clear(); }

 private:
  std::size_t slots_;
  std::size_t workers_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

class RelayHost {
 public:
  struct Options {
    std::vector<control::StreamRule> rules;
    std::size_t workers = 1;
    std::size_t history_slots = 2048;
    std::size_t sessions_max = 256;
    std::size_t receive_buffers = 8192;
    std::size_t header_buffers = 4096;
    std::size_t copy_buffers = 4096;
    std::size_t inbox_max = 4096;
    HashKey key{};
    control::StreamFormats formats{};
  };
  explicit RelayHost(const Options& options);

  // Where the kernel or a device brings a datagram: by the socket ID, or by the caller's address.
  [[nodiscard]] std::size_t steer(const Endpoint& remote, ByteSpan datagram) const;
  void deliver(std::size_t worker, const Path& path, ByteSpan datagram, bool is_unreachable = false) {
    seats_[worker]->port.deliver(path, datagram, is_unreachable);
  }
  // One breath of each worker, beginning with `first`, but of `stalled`. True when there was news.
  bool breathe(Instant now, std::size_t first = 0, std::size_t stalled = SIZE_MAX);
  [[nodiscard]] Instant next_deadline(Instant now) const;
  // One turn of the control thread: events (unless it is deaf), timeouts, commands. True when it gave commands.
  bool take_control_turn(Instant now, bool is_deaf);
  // From now on this worker's ring takes no command, as if it were full.
  void hold_back(std::size_t worker) { held_back_ = worker; }
  [[nodiscard]] bool has_events() const;
  [[nodiscard]] bool has_commands_waiting();
  [[nodiscard]] bool has_arrivals_waiting() const;

  [[nodiscard]] std::size_t workers() const { return seats_.size(); }
  [[nodiscard]] io::SimPort& port(std::size_t worker) { return seats_[worker]->port; }
  [[nodiscard]] control::SessionDesk& desk() { return desk_; }
  [[nodiscard]] const WorkerCounters& counters(std::size_t worker) const { return seats_[worker]->mailbox.counters; }
  // Over all workers.
  template <class What>
  [[nodiscard]] std::uint64_t count(What what) const {
    std::uint64_t sum = 0;
    for (const auto& seat : seats_) sum += seat->mailbox.counters.read(what);
    return sum;
  }
  [[nodiscard]] SimStreams& streams() { return streams_; }
  [[nodiscard]] PacketPool& headers() { return headers_; }
  // Departures that wait, of all workers.
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] const std::vector<event::SessionClosed>& closed() const { return closed_; }
  // What those say that sent to a destination's address, or one of its others'. Empty: none did.
  [[nodiscard]] std::optional<std::uint64_t> sent_to(const Endpoint& remote) const;
  // Buffers that are not in their pool.
  [[nodiscard]] std::size_t buffers_out() const;

 private:
  using SimWorker = Worker<io::SimPort, VirtualClock>;
  struct Seat {
    Seat(const Options& options, std::uint8_t number, PacketPool& packets, Pools pools, Mesh& mesh,
         VirtualClock& clock);
    Mailbox mailbox;
    io::SimPort port;
    PacketPool adopted;
    SimWorker worker;
  };
  [[nodiscard]] bool push_commands(std::size_t worker);

  PacketPool packets_;
  PacketPool headers_;
  PacketPool copies_;
  VirtualClock clock_;
  SimStreams streams_;
  Mesh mesh_;
  std::vector<std::unique_ptr<Seat>> seats_;
  control::SessionDesk desk_;
  std::size_t held_back_ = SIZE_MAX;
  std::vector<event::SessionClosed> closed_;
  std::map<std::uint64_t, Endpoint> opened_;  // Destinations, by request.
};

}  // namespace fanlight::sim
