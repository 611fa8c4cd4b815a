#include "access/policy_table.h"

#include <algorithm>
#include <ctime>

#include "config/key_rule.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

using wire::Reject;

bool is_from(const PolicyRule& rule, const IpAddress& address) {
  return rule.from.empty() ||
         std::ranges::any_of(rule.from, [&](const IpPrefix& prefix) { return prefix.covers(address); });
}

bool has_token(const PolicyRule& rule, const AccessRequest& request) {
  return rule.token.empty() || (request.claims && request.claims->issuer == rule.token);
}

std::string listed(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string listed(const std::vector<IpPrefix>& prefixes) {
  std::vector<std::string> texts;
  for (const IpPrefix& prefix : prefixes) texts.push_back(prefix.text());
  return listed(texts);
}

std::string describe_token(const AccessRequest& request) {
  if (request.claims) return "the token is of " + request.claims->issuer;
  return request.token_fault.empty() ? "there is none" : request.token_fault;
}

std::string describe_miss(Miss miss, const PolicyRule& rule, const AccessRequest& request) {
  switch (miss) {
    case Miss::kNothing:
      return "";
    case Miss::kStream:
      return "it is about stream " + rule.stream;
    case Miss::kMode:
      return "it is about mode " + std::string{direction_of(*rule.role)};
    case Miss::kUser:
      return "it is about users " + listed(rule.users);
    case Miss::kAddress:
      return "it is about addresses " + listed(rule.from);
    case Miss::kTime:
      return "it holds " + rule.when.text();
    case Miss::kToken:
      return "it wants a token of " + rule.token + ": " + describe_token(request);
  }
  return "";
}

// What a good token says for its bearer holds whichever policy lets it in.
Grant grant_of(const PolicyRule* rule, const AccessRequest& request) {
  Grant grant;
  if (rule != nullptr) {
    const PolicyLimits& limits = rule->limits;
    grant.group = rule->group;
    grant.latency = limits.latency;
    grant.latency_max = limits.latency_max;
    grant.viewers_max = limits.viewers_max;
    grant.sessions_per_address_max = limits.sessions_per_address_max;
    grant.bitrate_bits_max = limits.bitrate_bits_max;
    grant.share_max = limits.overload_share;
  }
  if (!request.claims) return grant;
  const TokenClaims& claims = *request.claims;
  grant.user = claims.user;
  if (grant.group.empty()) grant.group = claims.group;
  if (claims.ends_at_expiry) grant.until = claims.expires;
  if (claims.latency) grant.latency = std::max(*claims.latency, grant.latency.value_or(Micros{}));
  if (claims.latency_max)
    grant.latency_max = std::min(*claims.latency_max, grant.latency_max.value_or(*claims.latency_max));
  return grant;
}

// What nobody else let in, where a policy wanted a token.
Denied deny_token(const AccessRequest& request, const std::string& wanting, std::string by) {
  const Reject reason = request.claims || request.is_token_misplaced ? Reject::kForbidden : Reject::kUnauthorized;
  return {reason, std::move(by) + "; " + wanting + " wants a token: " + describe_token(request)};
}

}  // namespace

std::string title_of(const PolicyRule& rule, std::size_t index) {
  return "policy " + std::to_string(index + 1) + " (line " + std::to_string(rule.line) + ")";
}

const std::string& user_of(const AccessRequest& request) {
  return request.claims ? request.claims->user : request.wanted.user;
}

ClockTime clock_time(WallTime at, bool is_utc) {
  const std::time_t seconds = at.raw();
  std::tm broken{};
  if (is_utc)
    gmtime_r(&seconds, &broken);
  else
    localtime_r(&seconds, &broken);
  return {.weekday = (broken.tm_wday + 6) % 7, .minute = broken.tm_hour * 60 + broken.tm_min};
}

Miss judge_policy(const PolicyRule& rule, const AccessRequest& request) {
  if (!covers(rule.stream, request.wanted.name)) return Miss::kStream;
  if (rule.role && *rule.role != request.wanted.role) return Miss::kMode;
  if (!rule.users.empty() && std::ranges::find(rule.users, user_of(request)) == rule.users.end()) return Miss::kUser;
  if (!is_from(rule, request.from.ip)) return Miss::kAddress;
  if (!rule.when.is_always() && !rule.when.covers(clock_time(request.at, rule.when.is_utc))) return Miss::kTime;
  return has_token(rule, request) ? Miss::kNothing : Miss::kToken;
}

Decision PolicyTable::judge(const AccessRequest& request) const {
  if (rules_.empty()) return grant_of(nullptr, request);
  std::string wanting;  // The first that lacked nothing but a token.
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const PolicyRule& rule = rules_[i];
    const Miss miss = judge_policy(rule, request);
    if (miss == Miss::kToken && wanting.empty() && rule.then != PolicyRule::Then::kDeny) wanting = title_of(rule, i);
    if (miss != Miss::kNothing) continue;
    std::string title = title_of(rule, i);
    if (rule.then == PolicyRule::Then::kDeny) {
      if (rule.code || wanting.empty()) return Denied{rule.code.value_or(Reject::kForbidden), std::move(title)};
      return deny_token(request, wanting, std::move(title));
    }
    Grant grant = grant_of(&rule, request);
    grant.by = std::move(title);
    if (rule.then == PolicyRule::Then::kAsk) return Asked{rule.webhook, rule.fails_open, std::move(grant)};
    return grant;
  }
  if (!wanting.empty()) return deny_token(request, wanting, "no policy matches");
  return Denied{Reject::kForbidden, "no policy matches"};
}

std::vector<std::string> PolicyTable::misses(const AccessRequest& request) const {
  std::vector<std::string> all;
  for (const PolicyRule& rule : rules_) all.push_back(describe_miss(judge_policy(rule, request), rule, request));
  return all;
}

}  // namespace fanlight::control
