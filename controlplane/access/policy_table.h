// The policies in their order: the first that matches a request decides. Without any, everybody is let in; with some, a
// request that none matches is turned down (2403).
//
// A policy that wants a token is passed over by who has none that is good. Who was let in by nothing else hears that a
// token was missing (2401), unless it had one for something else (2403), or the policy that denies has a code of its
// own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/decision.h"
#include "access/request.h"
#include "config/policy_rule.h"

namespace fanlight::control {

// Why a policy is not about a request: the first of its conditions that does not hold. The token's is the last.
enum class Miss : std::uint8_t { kNothing, kStream, kMode, kUser, kAddress, kTime, kToken };

class PolicyTable {
 public:
  PolicyTable() = default;
  explicit PolicyTable(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] Decision judge(const AccessRequest& request) const;
  [[nodiscard]] const std::vector<PolicyRule>& rules() const { return rules_; }
  // For people, one for each rule: why it is not about the request. Empty: it is.
  [[nodiscard]] std::vector<std::string> misses(const AccessRequest& request) const;

 private:
  std::vector<PolicyRule> rules_;
};

// "policy 2 (line 31)"; 0 is the first.
[[nodiscard]] std::string title_of(const PolicyRule& rule, std::size_t index);
[[nodiscard]] Miss judge_policy(const PolicyRule& rule, const AccessRequest& request);
// The user as far as it is known: a good token's, or what the stream ID says. A token that names nobody vouches for
// nobody: another bearer's u= must not make it one of `users`.
[[nodiscard]] const std::string& user_of(const AccessRequest& request);
// Of the host's time zone, or UTC.
[[nodiscard]] ClockTime clock_time(WallTime at, bool is_utc);

}  // namespace fanlight::control
