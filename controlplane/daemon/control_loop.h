// The control thread: one event loop for the session desk, the workers' mailboxes, the API and signals.
//
//   workers ─ events ─▶ desk ─ commands ─▶ workers      one bell each way, rung once per batch; theirs ring the same
//   API, SIGHUP ─ wishes ─▶ desk
//   SIGTERM, SIGINT ─▶ desk.stop() ─▶ every session ends with SHUTDOWN ─▶ run() returns
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "contract/mailbox.h"

namespace fanlight::control {

class ControlLoop {
 public:
  // From here on signals are ours. `mailboxes`, one per worker with one control bell, and `streams` must outlive the
  // loop, the bells included. `rejoin_groups`: called each second while feeds have groups; empty: never.
  ControlLoop(Config config, std::string config_path, std::vector<Mailbox*> mailboxes, StreamFactory& streams,
              std::function<void()> rejoin_groups = {});
  ~ControlLoop();

  // Opens the API: after it the relay can be talked to.
  [[nodiscard]] Result<Done> open();
  // Until SIGTERM or SIGINT, and then until the workers have ended every session, 1 s at most.
  void run();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace fanlight::control
