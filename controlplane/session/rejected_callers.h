// Callers that were turned down a moment ago. A CONCLUSION is said every 250 ms until its answer comes, and the network
// may deliver a copy late: let in then, it would be a session whose caller has gone. A copy gets the same answer again.
// One that asks anew does so from another socket.
#pragma once

#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>

#include "base/ip.h"
#include "base/seq.h"
#include "base/time.h"
#include "contract/commands.h"
#include "wire/reject.h"

namespace fanlight::control {

class RejectedCallers {
 public:
  static constexpr Micros kSpan = seconds(1);
  static constexpr std::size_t kKeptMax = 8192;  // Then the oldest is forgotten.

  void remember(Instant now, const Endpoint& remote, SocketId peer, SeqNo first_seq, wire::Reject reason);
  [[nodiscard]] std::optional<wire::Reject> find(Instant now, const Endpoint& remote, SocketId peer, SeqNo first_seq);

 private:
  struct Caller {
    Endpoint remote;
    std::uint32_t peer = 0;
    std::uint32_t first_seq = 0;
    friend auto operator<=>(const Caller&, const Caller&) = default;
  };
  void forget_until(Instant now);

  std::map<Caller, wire::Reject> reasons_;
  std::deque<std::pair<Instant, Caller>> leaving_;  // In order of time.
};

}  // namespace fanlight::control
