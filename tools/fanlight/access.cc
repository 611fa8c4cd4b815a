#include "fanlight/access.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fanlight/ask.h"
#include "fanlight/tables.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;

// A script that asks whether somebody is turned away must not take silence for yes.
constexpr int kTurnedAway = 1;
constexpr int kNoForecast = 2;

// Empty where it is null.
std::string word(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

std::int64_t number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string counted(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string text_of(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

void add_line(std::string& text, const char* label, const std::string& value) {
  if (!value.empty()) text.append(label).append(value).append("\n");
}

// Decided by the policies or behind them, in one sentence.
std::string verdict_of(const json& forecast) {
  const std::string by = word(forecast, "by");
  const std::string outcome = word(forecast, "outcome");
  const std::string under = by.empty() ? " (there are no policies)" : " under " + by;
  if (outcome == "allow") return "let in" + under + "\n";
  if (outcome == "ask") return "webhook " + word(forecast, "webhook") + " decides" + under + "; it was not asked\n";
  return "turned away with " + std::to_string(number(forecast, "code")) +
         " (libsrt: " + std::to_string(number(forecast, "libsrt_code")) + "), " + word(forecast, "reason") + ": " + by +
         "\n";
}

json body_of(const KeyOfWhom& whom) {
  json body{{"stream", whom.stream}};
  if (whom.publishes || whom.views)
    body["direction"] = whom.publishes && whom.views ? "both" : whom.publishes ? "publish" : "view";
  if (!whom.user.empty()) body["user"] = whom.user;
  if (!whom.group.empty()) body["group"] = whom.group;
  return body;
}

// A line of stdin; a terminal does not show it.
Result<std::string> ask_passphrase() {
  std::string line;
  if (isatty(STDIN_FILENO) == 1) {
    char* typed = getpass("passphrase: ");
    if (typed == nullptr) return Error{ErrorCode::kFailed, "no passphrase can be read from the terminal"};
    line = typed;
    explicit_bzero(typed, std::strlen(typed));
  } else {
    std::getline(std::cin, line);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return Error{ErrorCode::kFailed, "no passphrase was given: one line, 10 to 79 bytes"};
  return line;
}

std::string earlier_kicked(const json& answer) {
  return counted(number(answer, "sessions"), "session") + " that came in with an earlier key ended\n";
}

std::string key_set(const json& answer) {
  const std::string text = "key set: " + word(answer, "key") + "; for new sessions\n";
  return answer.contains("sessions") ? text + earlier_kicked(answer) : text;
}

std::string keys_expired(const json& answer) {
  return counted(number(answer, "keys"), "key") + " will let nobody in; " +
         counted(number(answer, "sessions"), "session") + " came in with it\n";
}

}  // namespace

std::string forecast_report(const json& forecast) {
  std::string text;
  if (!word(forecast, "stream").empty()) {
    text = word(forecast, "mode") + " " + word(forecast, "stream");
    if (!word(forecast, "user").empty()) text += ", user " + word(forecast, "user");
    text += ", from " + word(forecast, "from") + ", at " + word(forecast, "at") + "\n";
  }
  if (flag(forecast, "token")) add_line(text, "token   ", word(forecast, "token_fault").empty() ? "good" : "");
  add_line(text, "token   ", word(forecast, "token_fault"));
  bool is_decided = false;
  for (const json& step : forecast.value("policies", json::array())) {
    const bool decides = flag(step, "matches") && !is_decided;
    is_decided = is_decided || decides;
    const std::string why = decides                 ? "decides"
                            : flag(step, "matches") ? "comes too late"
                                                    : "no: " + word(step, "why_not");
    text += "  " + word(step, "policy") + "\n      " + why + "\n";
  }
  add_line(text, "key     ", word(forecast, "key"));
  add_line(text, "stream  ", word(forecast, "stream_state"));
  return text + verdict_of(forecast);
}

std::string policies_report(const json& answer) {
  std::string text;
  for (const json& policy : answer.value("policies", json::array())) text += word(policy, "policy") + "\n";
  return text.empty() ? "no policies: everybody comes in whom the stream's passphrase lets in\n" : text;
}

std::string keys_report(const json& answer) {
  Table table{{"STREAM"},
              {"DIRECTION"},
              {"USER"},
              {"GROUP"},
              {"SOURCE"},
              {"SET"},
              {"EXPIRES"},
              {"SESSIONS", Align::kRight},
              {"EARLIER", Align::kRight}};
  const json keys = answer.value("keys", json::array());
  const auto shown = [](const std::string& text) { return text.empty() ? std::string{"-"} : text; };
  for (const json& key : keys)
    table.add({word(key, "stream"), word(key, "direction"), shown(word(key, "user")), shown(word(key, "group")),
               word(key, "source"), shown(word(key, "set_at")),
               flag(key, "expired") ? "expired " + word(key, "expires") : shown(word(key, "expires")),
               grouped(static_cast<std::uint64_t>(number(key, "sessions"))),
               grouped(static_cast<std::uint64_t>(number(key, "earlier_sessions")))});
  return keys.empty() ? "no keys: every stream is clear\n" : table.text();
}

int check_policy(const Context& context, const PolicyQuestion& question) {
  json body{{"stream_id", question.stream_id}, {"from", question.from}};
  if (!question.at.empty()) body["at"] = question.at;
  if (!question.listen.empty()) body["listen"] = question.listen;
  const Result<Answer> answer = exchange(context.api, "POST", "/v1/policies/check", text_of(body));
  const auto unanswered = [](const std::string& why) { return fail(why), kNoForecast; };
  if (!answer) return unanswered(answer.error().what);
  if (answer->status >= 300) return unanswered(reason_of(*answer));
  const json forecast = json::parse(answer->body, nullptr, false);
  if (!forecast.is_object()) return unanswered("what answers at " + context.api + " is no fanlightd");
  std::fputs(context.is_json ? (answer->body + "\n").c_str() : forecast_report(forecast).c_str(), stdout);
  return word(forecast, "outcome") == "deny" ? kTurnedAway : 0;
}

int list_policies(const Context& context) { return ask(context, {.target = "/v1/policies"}, policies_report); }

int set_key(const Context& context, const KeyToSet& key) {
  json body = body_of(key.whom);
  Result<std::string> passphrase =
      key.passphrase_file.empty() ? ask_passphrase() : read_passphrase(key.passphrase_file);
  if (!passphrase) return fail(passphrase.error().what);
  body["passphrase"] = *passphrase;
  if (key.kicks) body["kick"] = true;
  if (key.expires_s) body["expires_in_s"] = *key.expires_s;
  return ask(context, {.method = "POST", .target = "/v1/keys", .body = text_of(body)}, key_set);
}

int kick_earlier(const Context& context, const KeyOfWhom& whom) {
  return ask(context, {.method = "POST", .target = "/v1/keys/kick", .body = text_of(body_of(whom))}, earlier_kicked);
}

int list_keys(const Context& context) { return ask(context, {.target = "/v1/keys"}, keys_report); }

int expire_keys(const Context& context, const KeyToExpire& key) {
  json body = body_of(key.whom);
  body["in_s"] = key.in_s;
  if (key.kicks) body["kick"] = true;
  return ask(context, {.method = "POST", .target = "/v1/keys/expire", .body = text_of(body)}, keys_expired);
}

}  // namespace fanlight::cli
