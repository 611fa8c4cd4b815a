#include "access/policy_doubts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "access/policy_table.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

using Then = PolicyRule::Then;

bool covers_users(const PolicyRule& wide, const PolicyRule& narrow) {
  if (wide.users.empty()) return true;
  return !narrow.users.empty() && std::ranges::all_of(narrow.users, [&](const std::string& user) {
    return std::ranges::find(wide.users, user) != wide.users.end();
  });
}

// Prefixes that cover another only together are not seen; a doubt may be missed, never invented.
bool covers_addresses(const PolicyRule& wide, const PolicyRule& narrow) {
  if (wide.from.empty()) return true;
  return !narrow.from.empty() && std::ranges::all_of(narrow.from, [&](const IpPrefix& prefix) {
    return std::ranges::any_of(wide.from, [&](const IpPrefix& other) { return other.covers(prefix); });
  });
}

// Whether every request that `narrow` is about is one that `wide` is about.
bool covers(const PolicyRule& wide, const PolicyRule& narrow) {
  return (wide.stream == narrow.stream || control::covers(wide.stream, narrow.stream)) &&
         (!wide.role || wide.role == narrow.role) && covers_users(wide, narrow) && covers_addresses(wide, narrow) &&
         (wide.when.is_always() || wide.when == narrow.when) && (wide.token.empty() || wide.token == narrow.token);
}

bool is_pattern(std::string_view name) { return name.ends_with('*'); }

// Whether a stream may be called both; each a name or a pattern.
bool meet(std::string_view a, std::string_view b) {
  if (is_pattern(a) && is_pattern(b))
    return a.starts_with(b.substr(0, b.size() - 1)) || b.starts_with(a.substr(0, a.size() - 1));
  if (is_pattern(a)) return control::covers(a, b);
  return is_pattern(b) ? control::covers(b, a) : a == b;
}

void add_words(std::string& text, std::string_view label, const std::vector<std::string>& words) {
  if (words.empty()) return;
  text.append(", ").append(label);
  for (const std::string& word : words) text.append(&word == &words.front() ? " " : "|").append(word);
}

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number);
  return text.data();
}

void add_limit(std::string& text, std::string_view key, double value) {
  if (value > 0) text.append(", ").append(key).append(" ").append(number_text(value));
}

std::string limits_text(const PolicyLimits& limits) {
  std::string text;
  add_limit(text, "viewers_max", limits.viewers_max);
  add_limit(text, "sessions_per_address_max", limits.sessions_per_address_max);
  add_limit(text, "bitrate_max_mbps", static_cast<double>(limits.bitrate_bits_max) / 1e6);
  if (limits.latency) text += ", latency_ms " + std::to_string(limits.latency->count / 1000);
  if (limits.latency_max) text += ", latency_max_ms " + std::to_string(limits.latency_max->count / 1000);
  add_limit(text, "overload_share", limits.overload_share);
  return text;
}

std::string then_text(const PolicyRule& rule) {
  if (rule.then == Then::kDeny)
    return "deny " + std::to_string(static_cast<int>(rule.code.value_or(wire::Reject::kForbidden)));
  if (rule.then == Then::kAllow) return "allow";
  return "ask webhook " + rule.webhook + ", on failure " + (rule.fails_open ? "open" : "closed");
}

}  // namespace

std::vector<std::string> find_policy_doubts(const std::vector<PolicyRule>& rules, double capacity_mbps,
                                            double admission_share) {
  std::vector<std::string> doubts;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto end = rules.begin() + static_cast<std::ptrdiff_t>(i);
    const auto first = std::find_if(rules.begin(), end, [&](const PolicyRule& one) { return covers(one, rules[i]); });
    if (first != end)
      doubts.push_back(title_of(rules[i], i) +
                       " never decides: " + title_of(*first, static_cast<std::size_t>(first - rules.begin())) +
                       " is about all that it is about, and stands before it");
    const double share = rules[i].limits.overload_share;
    if (share > 0 && capacity_mbps <= 0)
      doubts.push_back(title_of(rules[i], i) + ": overload_share is a share of relay.capacity_mbps, which is not set");
    else if (share >= admission_share)
      doubts.push_back(title_of(rules[i], i) +
                       ": overload_share is not below relay.admission_share, which holds for all");
  }
  return doubts;
}

std::vector<std::string> find_policy_doubts(const Config& config) {
  auto doubts = find_policy_doubts(config.policies, config.relay.capacity_mbps, config.relay.admission_share);
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    const PolicyRule& rule = config.policies[i];
    const auto has_key = [&](const KeyRule& key) { return key.place.group == rule.group; };
    if (!rule.group.empty() && std::ranges::none_of(config.keys, has_key))
      doubts.push_back(title_of(rule, i) + ": no [[key]] is for group " + rule.group +
                       ", so that it needs what everybody needs, until `fanlight key set` says otherwise");
    const auto falls_short = [&](const StreamRule& stream) {
      return rule.limits.latency && *rule.limits.latency > stream.latency_max && meet(rule.stream, stream.name);
    };
    const auto stream = std::ranges::find_if(config.streams, falls_short);
    if (stream != config.streams.end())
      doubts.push_back(title_of(rule, i) + ": latency_ms is above the latency_max_ms of stream " + stream->name +
                       ", which stays the most there");
  }
  return doubts;
}

std::string policy_text(const PolicyRule& rule, std::size_t index) {
  std::string text = title_of(rule, index) + ": " + rule.stream;
  if (rule.role) text.append(", ").append(direction_of(rule.role));
  add_words(text, "users", rule.users);
  std::vector<std::string> prefixes;
  for (const IpPrefix& prefix : rule.from) prefixes.push_back(prefix.text());
  add_words(text, "from", prefixes);
  if (!rule.when.is_always()) text += ", " + rule.when.text();
  if (!rule.token.empty()) text += ", token of " + rule.token;
  text += ": " + then_text(rule);
  if (!rule.group.empty()) text += ", group " + rule.group;
  return text + limits_text(rule.limits);
}

}  // namespace fanlight::control
