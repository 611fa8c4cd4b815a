// The policies in their order: the first that matches a request decides. Without any, everybody is let in; with some, a
// request that none matches is turned down (2403).
#pragma once

#include <utility>
#include <vector>

#include "access/decision.h"
#include "access/request.h"
#include "config/policy_rule.h"

namespace fanlight::control {

class PolicyTable {
 public:
  PolicyTable() = default;
  explicit PolicyTable(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] Decision judge(const AccessRequest& request) const;

 private:
  std::vector<PolicyRule> rules_;
};

}  // namespace fanlight::control
