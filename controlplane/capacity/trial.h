// What a worker's steps cost here: a whole worker on a port of its own, with an audience on another core, whose time is
// taken round by round. Nothing leaves this host.
//
// A round is one thing said to the relay and all that it does about it: packets of the publisher that go to everybody,
// or an ACK from each viewer. Everything is measured in several passes, of which each cost is the median round's, so
// that what else runs on the machine disturbs little; how far the passes are apart tells how steady the machine is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capacity/model.h"

namespace fanlight::control {

struct TrialOptions {
  int cpu = -1;               // The worker's; -1: the first that this process may run on.
  std::size_t key_bytes = 0;  // 16, 24 or 32: encrypted viewers, each with a key of its own.
  Micros span = millis(400);  // Of each measurement, all passes together.
  int receive_buffer_bytes = 8 << 20;
  std::function<void(std::size_t done, std::size_t of)> progress = [](std::size_t, std::size_t) {};
};

struct Trial {
  static constexpr std::size_t kPasses = 5;
  std::vector<WorkerCosts> passes;
  // Of the socket, as granted and as asked for; 0 on Ethernet.
  std::size_t receive_buffer_bytes = 0;
  std::size_t receive_buffer_asked = 0;
  std::size_t send_buffer_bytes = 0;
  std::size_t send_buffer_asked = 0;
};

// Both once per process: they start EAL.
//
// On a socket on loopback, with viewers at addresses of their own in 127/8.
[[nodiscard]] Result<Trial> try_sockets(const TrialOptions& options);
// On a virtio-user device whose other end is a vhost device of this process: two ends of rings in memory, whatever the
// configured device is. That one is not touched, so nobody on its network hears of the trial.
[[nodiscard]] Result<Trial> try_ethernet(const TrialOptions& options);

}  // namespace fanlight::control
