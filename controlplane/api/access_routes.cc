#include "api/access_routes.h"

#include <nlohmann/json.hpp>

#include "access/policy_doubts.h"
#include "api/answers.h"
#include "config/key_rule.h"
#include "config/moment.h"
#include "config/secret.h"

namespace fanlight::control {
namespace {

using nlohmann::json;
using Outcome = AccessForecast::Outcome;

constexpr IntegerRange kSeconds{0, 100LL * 365 * 86'400};

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kLetIn:
      return "allow";
    case Outcome::kTurnedAway:
      return "deny";
    case Outcome::kAsked:
      return "ask";
  }
  return "";
}

json forecast_json(const AccessForecast& forecast) {
  json steps = json::array();
  for (const AccessForecast::Step& step : forecast.policies)
    steps.push_back({{"policy", step.policy}, {"matches", step.miss.empty()}, {"why_not", text_or_null(step.miss)}});
  const auto& wanted = forecast.wanted;
  const bool is_denied = forecast.outcome == Outcome::kTurnedAway;
  const auto code = static_cast<std::int32_t>(forecast.reason);
  json out{{"outcome", word_of(forecast.outcome)},
           {"by", text_or_null(forecast.by)},
           {"code", is_denied ? json(code) : json(nullptr)},
           {"libsrt_code", is_denied ? json(code - 1000) : json(nullptr)},
           {"reason", is_denied ? json(wire::describe(forecast.reason)) : json(nullptr)},
           {"webhook", text_or_null(forecast.webhook)},
           {"from", forecast.from.ip.text()},
           {"at", moment_text(forecast.at.raw())},
           {"mode", nullptr},
           {"token", wanted && !wanted->token.empty()},
           {"token_fault", text_or_null(forecast.token_fault)},
           {"policies", std::move(steps)},
           {"key", text_or_null(forecast.key)},
           {"stream_state", text_or_null(forecast.stream)}};
  out["stream"] = wanted ? json(wanted->name) : json(nullptr);
  out["user"] = wanted ? json(wanted->user) : json(nullptr);
  if (wanted) out["mode"] = direction_of(wanted->role);
  return out;
}

json key_json(const KeyView& key) {
  return {{"stream", key.place.stream},
          {"direction", direction_of(key.place.role)},
          {"user", text_or_null(key.place.user)},
          {"group", text_or_null(key.place.group)},
          {"source", name_of(key.source)},
          {"set_at", key.set_at == WallTime{} ? json(nullptr) : json(moment_text(key.set_at.raw()))},
          {"expires", key.expires ? json(moment_text(key.expires->raw())) : json(nullptr)},
          {"expired", key.is_expired},
          {"sessions", key.sessions},
          {"earlier_sessions", key.earlier}};
}

// "203.0.113.7" or with a port, "203.0.113.7:5000".
std::optional<Endpoint> parse_from(const std::string& text) {
  if (const auto address = IpAddress::parse(text)) return Endpoint{*address, 0};
  return Endpoint::parse(text);
}

Response invalid(const std::vector<Problem>& problems) { return error_response(400, "invalid", sentence_of(problems)); }

}  // namespace

std::optional<Response> AccessRoutes::start(const Request& request, std::string_view path) {
  const bool is_get = request.method == "GET";
  const bool is_post = request.method == "POST";
  if (path == "/v1/policies") return is_get ? policies() : method_refused("GET");
  if (path == "/v1/policies/check") return is_post ? check(request.body) : method_refused("POST");
  if (path == "/v1/keys/expire") return is_post ? expire_keys(request.body) : method_refused("POST");
  if (path == "/v1/keys/kick") return is_post ? kick_earlier(request.body) : method_refused("POST");
  if (path != "/v1/keys") return std::nullopt;
  if (is_post) return set_key(request.body);
  return is_get ? keys() : method_refused("GET, POST");
}

Response AccessRoutes::policies() {
  json list = json::array();
  const std::vector<PolicyRule> rules = relay_.policies();
  for (std::size_t i = 0; i < rules.size(); ++i)
    list.push_back({{"line", rules[i].line}, {"policy", policy_text(rules[i], i)}});
  return json_response(200, {{"policies", std::move(list)}});
}

Response AccessRoutes::check(const std::string& body) {
  const std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields) return error_response(400, "invalid", R"(the body must be a JSON object with "stream_id" and "from")");
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  AccessQuestion question{.stream_id = reader.text("stream_id"), .from = {}};
  if (!reader.has("stream_id") || question.stream_id.size() > 512)
    reader.complain("stream_id", reader.has("stream_id") ? "a longer one" : "nothing", "at most 512 bytes");
  const std::string from = reader.text("from");
  const std::optional<Endpoint> address = parse_from(from);
  if (!address)
    reader.complain("from", control::quoted(from), "an address, or one with a port: 203.0.113.7, [2001:db8::1]:5000");
  const std::string at = reader.text("at");
  const std::optional<std::int64_t> moment = parse_moment(at);
  if (reader.has("at") && !moment) reader.complain("at", control::quoted(at), "a moment: 2026-12-24T18:00:00Z");
  const std::string listen = reader.text("listen");
  question.listen = Endpoint::parse(listen);
  if (reader.has("listen") && !question.listen)
    reader.complain("listen", control::quoted(listen), "an address with port of the relay's: 192.0.2.1:9000");
  reader.finish();
  if (!problems.empty()) return invalid(problems);
  question.from = *address;
  if (moment) question.at = WallTime{*moment};
  const Result<AccessForecast> forecast = relay_.forecast(std::move(question));
  return forecast ? json_response(200, forecast_json(*forecast)) : refusal(forecast.error());
}

Response AccessRoutes::keys() {
  json list = json::array();
  for (const KeyView& key : relay_.keys()) list.push_back(key_json(key));
  return json_response(200, {{"keys", std::move(list)}});
}

Response AccessRoutes::set_key(const std::string& body) {
  std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields)
    return error_response(400, "invalid",
                          R"(the body must be a JSON object with "stream", "direction" and "passphrase")");
  const WipedAtEnd given(texts_of(*fields));
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  const bool kicks = reader.flag("kick", false);
  KeyRule rule = read_key_body(reader);
  const WipedAtEnd wiped({&rule.passphrase});
  if (!problems.empty()) return invalid(problems);
  const std::string place = place_text(rule.place);
  const Result<Done> done = relay_.set_key(rule);
  if (!done) return refusal(done.error());
  if (!kicks) return json_response(201, {{"key", place}});
  const Result<std::size_t> kicked = relay_.kick_earlier(rule.place);
  return kicked ? json_response(201, {{"key", place}, {"sessions", *kicked}}) : refusal(kicked.error());
}

Response AccessRoutes::expire_keys(const std::string& body) {
  const std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields) return error_response(400, "invalid", R"(the body must be a JSON object with "stream")");
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  const KeyPlace place = read_key_place(reader, false);
  const std::int64_t seconds = reader.integer("in_s", kSeconds, 0);
  const bool kicks = reader.flag("kick", false);
  reader.finish();
  if (!problems.empty()) return invalid(problems);
  const Result<ExpiredKeys> expired = relay_.expire_keys(place, seconds, kicks);
  if (!expired) return refusal(expired.error());
  return json_response(200, {{"keys", expired->keys}, {"sessions", expired->sessions}});
}

Response AccessRoutes::kick_earlier(const std::string& body) {
  const std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields) return error_response(400, "invalid", R"(the body must be a JSON object with "stream")");
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  const KeyPlace place = read_key_place(reader, false);
  reader.finish();
  if (!problems.empty()) return invalid(problems);
  const Result<std::size_t> kicked = relay_.kick_earlier(place);
  return kicked ? json_response(200, {{"sessions", *kicked}}) : refusal(kicked.error());
}

}  // namespace fanlight::control
