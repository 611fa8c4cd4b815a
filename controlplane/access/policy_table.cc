#include "access/policy_table.h"

#include <algorithm>

namespace fanlight::control {
namespace {

bool names(const std::string& pattern, std::string_view stream) {
  if (pattern.empty() || pattern.back() != '*') return pattern == stream;
  return stream.starts_with(std::string_view{pattern}.substr(0, pattern.size() - 1));
}

bool matches(const PolicyRule& rule, const StreamRequest& wanted) {
  return names(rule.stream, wanted.name) && (!rule.role || *rule.role == wanted.role) &&
         (rule.users.empty() || std::ranges::find(rule.users, wanted.user) != rule.users.end());
}

std::string title_of(const PolicyRule& rule, std::size_t index) {
  return "policy " + std::to_string(index + 1) + " (line " + std::to_string(rule.line) + ")";
}

}  // namespace

Decision PolicyTable::judge(const AccessRequest& request) const {
  if (rules_.empty()) return Grant{};
  const auto rule = std::ranges::find_if(rules_, [&](const PolicyRule& one) { return matches(one, request.wanted); });
  if (rule == rules_.end()) return Denied{wire::Reject::kForbidden, "no policy matches"};
  const std::string title = title_of(*rule, static_cast<std::size_t>(rule - rules_.begin()));
  if (rule->then == PolicyRule::Then::kDeny) return Denied{wire::Reject::kForbidden, title};
  Grant grant;
  grant.by = title;
  if (rule->then == PolicyRule::Then::kAsk) return Asked{rule->webhook, rule->fails_open, std::move(grant)};
  return grant;
}

}  // namespace fanlight::control
