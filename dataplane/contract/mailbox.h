// The pair of rings between control and one worker, and the bells beside them. A bell is an eventfd (or nothing, in
// the simulator): rung once after a batch, never per item.
#pragma once

#include "base/spsc_ring.h"
#include "contract/commands.h"
#include "contract/counters.h"

namespace fanlight {

struct Mailbox {
  static constexpr std::size_t kCommands = 1024;
  static constexpr std::size_t kEvents = 1024;
  SpscRing<Command> commands{kCommands};  // Written by: control. Read by: worker.
  SpscRing<Event> events{kEvents};        // Written by: worker. Read by: control.
  WorkerCounters counters;                // Written by: worker. Read by: anybody.
  bool has_posted = false;                // Written by: worker. It posted events in this breath.
  int worker_bell = -1;                   // eventfd rung by control after pushing commands; -1: nobody sleeps.
  int control_bell = -1;                  // eventfd rung by the worker after a breath that posted events.

  // Worker's thread. False when the ring is full; the event is then untouched.
  [[nodiscard]] bool post(Event&& event) noexcept {
    const bool posted = events.try_push(std::move(event));
    has_posted = has_posted || posted;
    return posted;
  }
};

}  // namespace fanlight
