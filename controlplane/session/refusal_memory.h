// What a webhook has refused a moment ago it need not be asked again: a caller that hammers costs one question.
//
// Bounded in time by the webhook's own rule, in number by kHeldMax; beyond that the oldest is forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "access/decision.h"
#include "access/request.h"
#include "base/time.h"

namespace fanlight::control {

class RefusalMemory {
 public:
  static constexpr std::size_t kHeldMax = 4096;

  // Keeps it for as long as it holds.
  void add(Instant now, std::string_view hook, const AccessRequest& request, const Denied& denied);
  // Null when that request, from whatever port, was not refused, or too long ago.
  [[nodiscard]] const Denied* find(Instant now, std::string_view hook, const AccessRequest& request) const;
  void clear();

 private:
  struct Held {
    Instant until;
    Denied denied;
  };
  std::map<std::string, Held> held_;
  std::deque<std::string> order_;  // As they came.
};

}  // namespace fanlight::control
