// What would become of a caller, for an operator who asks beforehand: `fanlight policy check`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/decision.h"
#include "access/request.h"

namespace fanlight::control {

struct AccessQuestion {
  std::string stream_id;  // Empty: what callers without one ask for, where the relay has a default.
  Endpoint from;
  std::optional<WallTime> at{};      // Absent: now.
  std::optional<Endpoint> listen{};  // Where it comes to; absent: wherever that makes no difference.
  std::uint16_t door = 0;            // The same as the relay counts them.
};

struct AccessForecast {
  enum class Outcome : std::uint8_t { kLetIn, kTurnedAway, kAsked };
  // One for each policy, in their order.
  struct Step {
    std::string policy;  // As policy_text() has it.
    std::string miss;    // Why it is not about the request; empty: it is.
  };
  std::optional<StreamRequest> wanted{};  // Empty: the stream ID cannot be read.
  Endpoint from;
  WallTime at{};
  std::string token_fault{};
  std::vector<Step> policies{};
  Outcome outcome = Outcome::kTurnedAway;
  wire::Reject reason = wire::Reject::kUnknown;  // Where it is turned away.
  std::string by{};                              // The policy or the limit that decides; empty without policies.
  std::string webhook{};                         // That is asked.
  std::string key{};                             // Whose passphrase is needed; empty: none, it must come clear.
  std::string stream{};                          // What there is of the stream.
};

}  // namespace fanlight::control
