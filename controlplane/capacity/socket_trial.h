// What a worker's steps cost here, on kernel sockets: a whole worker with a few hundred viewers on a port of its own on
// loopback, whose time is taken round by round. Nothing leaves this host.
//
// A round is one thing said to the relay and all that it does about it: packets of the publisher that go to everybody,
// or an ACK from each viewer. The cost is the median round's, so that what else runs on the machine disturbs little.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capacity/model.h"

namespace fanlight::control {

struct SocketTrialOptions {
  int cpu = -1;               // The worker's; -1: the first that this process may run on.
  std::size_t key_bytes = 0;  // 16, 24 or 32: encrypted viewers, each with a key of its own.
  std::size_t viewers = 256;
  Micros span = millis(400);  // Of each measurement.
  int receive_buffer_bytes = 8 << 20;
  std::function<void(std::size_t done, std::size_t of)> progress = [](std::size_t, std::size_t) {};
};

struct Trial {
  WorkerCosts costs;
  std::vector<std::string> notes;  // What the kernel granted less than was asked for, and how to raise it.
};

// Once per process: it starts EAL.
[[nodiscard]] Result<Trial> try_sockets(const SocketTrialOptions& options);

}  // namespace fanlight::control
