// The dataplane as the daemon sees it: EAL, packet pools, a port and the worker's thread, up in this order and down in
// the opposite one. The only place of the control plane that knows io/ and worker/.
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
  // With the worker running. Its thread is deaf to signals.
  [[nodiscard]] static Result<std::unique_ptr<Dataplane>> open(const Config& config, const DataplanePlan& plan);
  ~Dataplane();

  [[nodiscard]] Mailbox& mailbox();
  [[nodiscard]] StreamFactory& streams();
  // Sentences for the log: what was granted and how to get more.
  [[nodiscard]] const std::vector<std::string>& notes() const;
  // Ends the worker's thread; sessions that are still open just fall silent.
  void stop();

 private:
  struct State;
  explicit Dataplane(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fanlight::control
