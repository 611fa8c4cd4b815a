// The dataplane as the daemon sees it: EAL, packet pools, and for each worker a port and a thread, up in this order and
// down in the opposite one. The only place of the control plane that knows io/ and worker/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "contract/mailbox.h"
#include "daemon/dataplane_plan.h"

namespace fanlight::control {

class Dataplane {
 public:
  // With the workers running. Their threads are deaf to signals.
  [[nodiscard]] static Result<std::unique_ptr<Dataplane>> open(const Config& config, const DataplanePlan& plan);
  ~Dataplane();

  // By worker; their control bells are one.
  [[nodiscard]] std::vector<Mailbox*> mailboxes();
  [[nodiscard]] StreamFactory& streams();
  // Sentences for the log: what was granted and how to get more.
  [[nodiscard]] std::vector<std::string> notes() const;
  // Feeds' groups, wherever an interface has come or was made anew.
  void rejoin_groups();
  // Ends the workers' threads; sessions that are still open just fall silent.
  void stop();

 private:
  struct State;
  explicit Dataplane(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fanlight::control
