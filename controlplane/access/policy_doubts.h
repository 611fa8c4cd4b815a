// What is valid in a list of policies and hardly meant, as sentences for people.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/policy_rule.h"

namespace fanlight::control {

// Policies that never decide, because an earlier one is about all of theirs; shares of a capacity that is not known.
[[nodiscard]] std::vector<std::string> find_policy_doubts(const std::vector<PolicyRule>& rules, double capacity_mbps,
                                                          double admission_share);
// Those, groups that no key is for, and latencies that a stream does not reach.
[[nodiscard]] std::vector<std::string> find_policy_doubts(const Config& config);
// One line for people: 'policy 1 (line 31): live/* publish, users ann, from 10.0.0.0/8: allow, group gold'.
[[nodiscard]] std::string policy_text(const PolicyRule& rule, std::size_t index);

}  // namespace fanlight::control
