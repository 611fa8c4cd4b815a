#include "config/policy_section.h"

#include <algorithm>

#include "config/stream_pattern.h"
#include "config/stream_rule.h"

namespace fanlight::control {
namespace {

using Then = PolicyRule::Then;

constexpr IntegerRange kDenialCodes{2400, 2499};
constexpr IntegerRange kSessions{0, 65'535};

void read_whom(FieldReader& reader, PolicyRule& rule) {
  rule.stream = reader.text("stream", "*");
  if (!is_rule_name(rule.stream)) reader.complain("stream", quoted(rule.stream), kRuleNameText);
  const std::size_t mode = reader.choice("mode", {"any", "publish", "view"}, 0);
  if (mode != 0) rule.role = mode == 1 ? Role::kPublisher : Role::kViewer;
  rule.users = reader.texts("users");
  for (const std::string& text : reader.texts("from")) {
    const Result<IpPrefix> prefix = IpPrefix::read(text);
    if (prefix)
      rule.from.push_back(*prefix);
    else
      reader.complain("from", prefix.error().what,  // It begins with the text.
                      R"(addresses and prefixes like "10.0.0.0/8" and "2001:db8::/32")");
  }
  rule.when = read_time_window(reader);
  rule.token = reader.text("token");
  if (reader.has("token") && rule.token.empty()) reader.complain("token", "\"\"", "the name of a token's issuer");
}

void refuse(FieldReader& reader, std::string_view key, std::string_view accepted) {
  if (reader.has(key)) reader.complain(key, std::string{key}, std::string{accepted});
}

void read_what(FieldReader& reader, PolicyRule& rule) {
  rule.then = static_cast<Then>(reader.choice("then", {"allow", "deny", "ask"}, 0));
  if (!reader.has("then")) reader.complain("then", "nothing", R"("allow", "deny" or "ask")");
  rule.webhook = reader.text("webhook");
  rule.fails_open = reader.choice("on_failure", {"closed", "open"}, 0) == 1;
  if (rule.then == Then::kAsk && rule.webhook.empty())
    reader.complain("webhook", reader.has("webhook") ? "\"\"" : "nothing", "the name of a [[webhook]] to ask");
  if (rule.then != Then::kAsk)
    for (const char* key : {"webhook", "on_failure"}) refuse(reader, key, R"(it only with then = "ask")");
  const std::int64_t code = reader.integer("code", kDenialCodes, 2403);
  if (reader.has("code")) rule.code = static_cast<wire::Reject>(code);
  if (rule.then != Then::kDeny) refuse(reader, "code", R"(it only with then = "deny")");
  rule.group = reader.text("group");
}

void read_latencies(FieldReader& reader, PolicyLimits& limits) {
  const std::int64_t least = reader.integer("latency_ms", kLatencyMs, 0);
  const std::int64_t most = reader.integer("latency_max_ms", kLatencyMs, kLatencyMs.most);
  if (reader.has("latency_ms")) limits.latency = millis(least);
  if (reader.has("latency_max_ms")) limits.latency_max = millis(most);
  if (most < least)
    reader.complain("latency_max_ms", std::to_string(most),
                    std::to_string(least) + " (latency_ms) to " + std::to_string(kLatencyMs.most));
}

void read_limits(FieldReader& reader, PolicyRule& rule) {
  PolicyLimits& limits = rule.limits;
  limits.viewers_max = static_cast<std::uint32_t>(reader.integer("viewers_max", kSessions, 0));
  limits.sessions_per_address_max =
      static_cast<std::uint32_t>(reader.integer("sessions_per_address_max", kSessions, 0));
  limits.bitrate_bits_max = static_cast<std::uint64_t>(reader.number("bitrate_max_mbps", kBitrateMbps, 0) * 1e6);
  read_latencies(reader, limits);
  const double share = reader.number("overload_share", {0, 1}, 1);
  if (reader.has("overload_share")) limits.overload_share = share;
  if (share <= 0) reader.complain("overload_share", "0", "above 0 to 1, a share of capacity_mbps");
  if (rule.role == Role::kPublisher)
    for (const char* key : {"viewers_max", "overload_share"}) refuse(reader, key, R"(it not with mode = "publish")");
  if (rule.role == Role::kViewer) refuse(reader, "bitrate_max_mbps", R"(it not with mode = "view")");
  if (rule.then != Then::kDeny) return;
  for (const char* key : {"group", "viewers_max", "sessions_per_address_max", "bitrate_max_mbps", "latency_ms",
                          "latency_max_ms", "overload_share"})
    refuse(reader, key, R"(it not with then = "deny": nobody comes in)");
}

}  // namespace

PolicyRule read_policy_rule(FieldReader& reader, int line) {
  PolicyRule rule;
  rule.line = line;
  read_whom(reader, rule);
  read_what(reader, rule);
  read_limits(reader, rule);
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
