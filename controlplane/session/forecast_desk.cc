// SessionDesk's word on callers that have not come: the same judgements in the same order, and nothing changes.
#include <algorithm>
#include <utility>
#include <variant>

#include "access/policy_doubts.h"
#include "config/moment.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using Outcome = AccessForecast::Outcome;
using wire::Reject;

std::string state_of(const StreamEntry* stream, const StreamPolicy* policy) {
  if (stream != nullptr && stream->is_published)
    return "published, " + std::to_string(stream->viewers()) + (stream->viewers() == 1 ? " viewer" : " viewers");
  if (stream != nullptr) return "there, without a publisher";
  return policy == nullptr ? "no such stream" : "would begin under " + policy->name;
}

void turn_away(AccessForecast& forecast, Reject reason, std::string by) {
  forecast.outcome = Outcome::kTurnedAway;
  forecast.reason = reason;
  if (!by.empty()) forecast.by = std::move(by);
}

// A webhook may bring another passphrase: then what is wrong with this key stands in nobody's way.
bool is_open_to_another(AccessForecast& forecast, std::string_view what) {
  if (forecast.outcome != Outcome::kAsked) return false;
  forecast.key.append(what).append("; the webhook may bring another");
  return true;
}

std::int64_t ceil_seconds(Micros span) { return (span.count + 999'999) / 1'000'000; }

}  // namespace

AccessForecast SessionDesk::forecast(Instant now, const AccessQuestion& question) {
  now_ = std::max(now_, now);
  AccessForecast forecast{.from = question.from, .at = question.at.value_or(wall_clock_())};
  const bool is_mute = question.stream_id.empty();
  const Path path{.remote = question.from, .local = question.listen.value_or(Endpoint{}), .door = question.door};
  auto wanted = parse_stream_id(is_mute ? default_stream_id_(path) : std::string_view{question.stream_id});
  if (!wanted) {
    if (!foresee_ban(forecast)) turn_away(forecast, wanted.error(), "the stream ID");
    return forecast;
  }
  AccessRequest request = request_of(question.from, *wanted, forecast.at);
  Decision decision = decide(request);  // What its token is worth is known from here on.
  forecast.wanted = *std::move(wanted);
  forecast.token_fault = request.token_fault;
  if (issuers_.is_empty() && !request.wanted.token.empty())
    forecast.token_fault = "nobody looks at it: there is no [[issuer]]";
  const std::vector<std::string> misses = policies_.misses(request);
  for (std::size_t i = 0; i < misses.size(); ++i)
    forecast.policies.push_back({policy_text(policies_.rules()[i], i), misses[i]});
  if (foresee_ban(forecast)) return forecast;
  if (const auto* denied = std::get_if<Denied>(&decision)) {
    turn_away(forecast, denied->reason, denied->by);
    return forecast;
  }
  const auto* asked = std::get_if<Asked>(&decision);
  const Grant& grant = asked != nullptr ? asked->grant : std::get<Grant>(decision);
  forecast.outcome = asked != nullptr ? Outcome::kAsked : Outcome::kLetIn;
  forecast.by = grant.by;
  if (asked != nullptr) {
    forecast.webhook = asked->hook;
    if (const Denied* before = question.at ? nullptr : refusals_.find(now_, asked->hook, request)) {
      turn_away(forecast, before->reason, before->by + " a moment ago");
      return forecast;
    }
  }
  foresee_entry(forecast, grant);
  return forecast;
}

// Before all else: what comes from there is not heard.
bool SessionDesk::foresee_ban(AccessForecast& forecast) const {
  const IpPrefix* banned = bans_.find(forecast.from.ip);
  if (banned == nullptr) return false;
  turn_away(forecast, Reject::kTimeout, "the ban of " + banned->text() + ": there is no answer");
  return true;
}

// Which passphrase it needs, and whether it may be tried. False: it is turned away.
bool SessionDesk::foresee_key(AccessForecast& forecast, const StreamPolicy& policy, const Grant& grant) const {
  const StreamRequest& request = *forecast.wanted;
  const KeyChoice choice = choose_key(policy, request, grant);
  if (choice.key != nullptr)
    forecast.key = "the key for " + place_text(choice.key->place);
  else if (!choice.passphrase->is_empty())
    forecast.key = (request.role == Role::kPublisher ? "publish_passphrase of " : "view_passphrase of ") + policy.name;
  if (choice.key != nullptr && choice.key->is_expired(forecast.at)) {
    if (is_open_to_another(forecast, ", which has expired")) return true;
    turn_away(forecast, Reject::kLocked, forecast.key + ", which has expired");
    return false;
  }
  if (choice.passphrase->is_empty()) return true;
  const auto pause = guard_.pause_end(now_, {forecast.from.ip, passphrase_marks_.of(*choice.passphrase)});
  if (!pause) return true;
  const std::int64_t end = wall_clock_().raw() + ceil_seconds(*pause - now_);
  if (forecast.at.raw() >= end) return true;
  const std::string what = "wrong passphrases from there: a pause until " + moment_text(end);
  if (is_open_to_another(forecast, ", " + what)) return true;
  turn_away(forecast, Reject::kOverload, what);
  return false;
}

// As try_open() goes on, with a caller that knows the passphrase. What the judgements count is taken back.
void SessionDesk::foresee_entry(AccessForecast& forecast, const Grant& grant) {
  const StreamRequest& request = *forecast.wanted;
  const StreamEntry* stream = streams_.find(request.name);
  const StreamPolicy* policy = stream != nullptr ? &stream->policy : streams_.match(request.name);
  forecast.stream = state_of(stream, policy);
  if (auto denied = judge_address(forecast.from.ip, grant)) return turn_away(forecast, denied->reason, denied->by);
  if (policy == nullptr || (stream != nullptr && stream->is_removed))
    return turn_away(forecast, Reject::kNotFound, "the stream");
  if (!foresee_key(forecast, *policy, grant)) return;
  if (const MediaFormat& format = format_of(formats_, request.name); !format.is_transport_stream())
    return turn_away(forecast, Reject::kUnsupportedMedia, rtp_alone_words(request.name, format));
  if (const auto reason = judge_stream(stream, request.role)) return turn_away(forecast, *reason, "the stream");
  const Admission before = admission_;
  if (auto denied = judge_limits(stream, *policy, request.role, grant)) turn_away(forecast, denied->reason, denied->by);
  admission_ = before;
}

}  // namespace fanlight::control
