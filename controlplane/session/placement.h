// On which worker a session opens.
//
// A caller's handshake lands on the worker that the hash of its address and port names, and a session is best off
// there: on an Ethernet device what it sends goes on arriving there. But an audience behind one address, in the worst
// case behind one port, lands on one worker whole. So a viewer stays where it landed while that worker has at most an
// eighth (and 8) more than its share of the sessions; past that it opens on the emptiest one, and our socket ID in what
// it sends leads the way (sockets: the kernel reads it; Ethernet: through the worker where it lands). Chance alone
// hardly ever gets there: 8 more than a share of 64 is one standard deviation, 33 more than 200 is two. A publisher
// stays: a stream has one, and each of its packets would make the detour.
#pragma once

#include <cstddef>
#include <vector>

#include "contract/commands.h"

namespace fanlight::control {

class Placement {
 public:
  explicit Placement(std::size_t workers) : sessions_(workers) {}

  [[nodiscard]] std::size_t workers() const { return sessions_.size(); }
  [[nodiscard]] std::size_t place(Role role, std::size_t landed) const;
  void enter(std::size_t worker) { ++sessions_[worker]; }
  void leave(std::size_t worker) { --sessions_[worker]; }

 private:
  std::vector<std::size_t> sessions_;  // Asked for or open, by worker.
};

}  // namespace fanlight::control
