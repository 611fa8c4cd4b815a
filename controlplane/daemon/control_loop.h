// The control thread: one event loop for the session desk, the worker's mailbox, the API and signals.
//
//   worker ─ events ─▶ desk ─ commands ─▶ worker      one bell each way, rung once per batch
//   API, SIGHUP ─ wishes ─▶ desk
//   SIGTERM, SIGINT ─▶ desk.stop() ─▶ every session ends with SHUTDOWN ─▶ run() returns
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "contract/mailbox.h"

namespace fanlight::control {

class ControlLoop {
 public:
  // From here on signals are ours. `mailbox` and `streams` must outlive the loop, the mailbox's bells included.
  ControlLoop(Config config, std::string config_path, Mailbox& mailbox, StreamFactory& streams);
  ~ControlLoop();

  // Opens the API: after it the relay can be talked to.
  [[nodiscard]] Result<Done> open();
  // Until SIGTERM or SIGINT, and then until the worker has ended every session, 1 s at most.
  void run();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace fanlight::control
