#include "fanlight/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fanlight/ask.h"
#include "fanlight/http_client.h"
#include "fanlight/reports.h"
#include "fanlight/rtp_outputs.h"
#include "fanlight/tables.h"
#include "fanlight/version.h"

namespace fanlight::cli {
using nlohmann::json;

int fail(const std::string& what) {
  std::fprintf(stderr, "fanlight: %s\n", printable(what).c_str());
  return 1;
}

std::string reason_of(const Answer& answer) {
  const json parsed = json::parse(answer.body, nullptr, false);
  const json error = parsed.is_object() ? parsed.value("error", json::object()) : json::object();
  return error.is_object() && error.contains("message")
             ? error.value("message", std::string{})
             : "the relay answered with status " + std::to_string(answer.status);
}

int ask(const Context& context, const Ask& question, Report report) {
  const Result<Answer> answer = exchange(context.api, question.method, question.target, question.body);
  if (!answer) return fail(answer.error().what);
  if (answer->status >= 300) return fail(reason_of(*answer));
  const json parsed = json::parse(answer->body, nullptr, false);
  if (!parsed.is_object()) return fail("what answers at " + context.api + " is no fanlightd");
  std::fputs(context.is_json ? (answer->body + "\n").c_str() : report(parsed).c_str(), stdout);
  return 0;
}

Result<std::string> read_passphrase(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    return Error{ErrorCode::kFailed, "no passphrase or key can be read from " + path + ": " +
                                         (errno == 0 ? "it is empty" : std::strerror(errno))};
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// A pipe is nobody else's.
bool is_open_to_others(const std::string& path) {
  struct stat file {};
  return !path.empty() && stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & 0077) != 0;
}

namespace {

Result<Done> add_passphrase(json& body, const char* key, const std::string& path) {
  if (path.empty()) return Done{};
  const Result<std::string> passphrase = read_passphrase(path);
  if (!passphrase) return passphrase.error();
  body[key] = *passphrase;
  return Done{};
}

json body_of(const NewStream& stream) {
  json body{{"name", stream.name}};
  if (stream.latency_ms) body["latency_ms"] = *stream.latency_ms;
  if (stream.latency_max_ms) body["latency_max_ms"] = *stream.latency_max_ms;
  if (stream.bitrate_max_mbps) body["bitrate_max_mbps"] = *stream.bitrate_max_mbps;
  if (stream.gop_max_ms) body["gop_max_ms"] = *stream.gop_max_ms;
  if (!stream.join.empty()) body["join"] = stream.join;
  if (stream.join_rate_max_mbps) body["join_rate_max_mbps"] = *stream.join_rate_max_mbps;
  if (stream.no_wait) body["wait"] = false;
  return body;
}

// The relay's version; the error says why there is none.
Result<std::string> relay_version(const Context& context) {
  const Result<Answer> answer = exchange(context.api, "GET", "/v1/version");
  if (!answer && answer.error().code == ErrorCode::kUnavailable)
    return Error{ErrorCode::kUnavailable, "none answers at " + context.api};
  if (!answer) return answer.error();
  const json parsed = json::parse(answer->body, nullptr, false);
  const bool is_told = parsed.is_object() && parsed.contains("version") && parsed["version"].is_string();
  if (answer->status >= 300 || !is_told)
    return Error{ErrorCode::kFailed, "what answers at " + context.api + " is no fanlightd"};
  return parsed["version"].get<std::string>();
}

std::string added(const json& answer) { return "added " + printable(answer.value("name", std::string{})) + "\n"; }
std::string removed(const json& answer) { return "removed " + printable(answer.value("name", std::string{})) + "\n"; }
std::string kicked(const json& answer) { return "kicked " + std::to_string(answer.value("id", 0u)) + "\n"; }

std::string keys_rotated(const json& answer) {
  const auto viewers = answer.value("viewers", std::uint64_t{0});
  if (viewers == 0) return "nobody there has a key: no encrypted viewer\n";
  return "rotating the key of " + std::to_string(viewers) + (viewers == 1 ? " viewer" : " viewers") +
         "; the relay's log says what became of it, and `fanlight session` how often a key has changed\n";
}

std::string viewer_called(const json& answer) {
  return "viewer " + std::to_string(answer.value("id", 0u)) +
         " is added; fanlight viewer list shows what becomes of it\n";
}
std::string publisher_called(const json& answer) {
  return "publisher " + std::to_string(answer.value("id", 0u)) +
         " is added; fanlight publisher list shows what becomes of it\n";
}
std::string call_removed(const json& answer) { return std::to_string(answer.value("id", 0u)) + " is removed\n"; }

std::string banned(const json& answer) {
  const std::uint64_t closed = answer.value("sessions_closed", std::uint64_t{0});
  return "banned " + printable(answer.value("prefix", std::string{})) + "; " + std::to_string(closed) +
         (closed == 1 ? " session ends\n" : " sessions end\n");
}
std::string unbanned(const json& answer) {
  return "unbanned " + printable(answer.value("prefix", std::string{})) + "\n";
}

std::string session_target(std::uint32_t id) { return "/v1/sessions/" + std::to_string(id); }

}  // namespace

int show_status(const Context& context) { return ask(context, {.target = "/v1/status"}, status_report); }
int list_streams(const Context& context) { return ask(context, {.target = "/v1/streams"}, streams_report); }

int show_version(const Context& context) {
  const Result<std::string> relay = relay_version(context);
  if (context.is_json) {
    const json both{{"fanlight", kVersion}, {"fanlightd", relay ? json(*relay) : json(nullptr)}};
    std::puts(both.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    std::printf("fanlight %s\n", kVersion);
    std::puts(relay ? ("fanlightd " + printable(*relay)).c_str() : ("relay: " + printable(relay.error().what)).c_str());
  }
  return relay ? 0 : 1;
}

int follow_events(const Context& context, const std::string& stream) {
  std::signal(SIGINT, [](int) { _exit(0); });
  const std::string target = "/v1/events" + (stream.empty() ? "" : "?stream=" + percent_encoded(stream));
  const Result<Answer> answer = follow(context.api, target, [&](std::string_view line) {
    const json event = json::parse(line, nullptr, false);
    const bool is_told = event.is_object();
    if (context.is_json || !is_told) std::puts(printable(line).c_str());
    if (!context.is_json && is_told) std::fputs(event_report(event).c_str(), stdout);
    std::fflush(stdout);
  });
  if (!answer) return fail(answer.error().what);
  if (answer->status >= 300) return fail(reason_of(*answer));
  return fail("the relay at " + context.api + " ended, or cut us because we did not read");
}

int add_stream(const Context& context, const NewStream& stream) {
  json body = body_of(stream);
  const Result<Done> publish = add_passphrase(body, "publish_passphrase", stream.publish_passphrase_file);
  if (!publish) return fail(publish.error().what);
  const Result<Done> view = add_passphrase(body, "view_passphrase", stream.view_passphrase_file);
  if (!view) return fail(view.error().what);
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return ask(context, {.method = "POST", .target = "/v1/streams", .body = text}, added);
}

int remove_stream(const Context& context, const std::string& name) {
  return ask(context, {.method = "DELETE", .target = "/v1/streams/" + percent_encoded(name)}, removed);
}

int list_bans(const Context& context) { return ask(context, {.target = "/v1/bans"}, bans_report); }

int ban(const Context& context, const NewBan& order) {
  json body{{"prefix", order.prefix}};
  if (order.seconds) body["for_s"] = *order.seconds;
  if (!order.reason.empty()) body["reason"] = order.reason;
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return ask(context, {.method = "POST", .target = "/v1/bans", .body = text}, banned);
}

int unban(const Context& context, const std::string& prefix) {
  return ask(context, {.method = "DELETE", .target = "/v1/bans/" + percent_encoded(prefix)}, unbanned);
}

int rotate_keys(const Context& context, const std::string& stream, std::uint32_t session) {
  json body = json::object();
  if (!stream.empty()) body["stream"] = stream;
  if (session != 0) body["session"] = session;
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return ask(context, {.method = "POST", .target = "/v1/keys/rotate", .body = text}, keys_rotated);
}

int list_feeds(const Context& context) { return ask(context, {.target = "/v1/feeds"}, feeds_report); }

int show_sdp(const Context& context, const std::string& stream, const std::string& which, bool with_keys) {
  const std::string target = std::string{"/v1/calls?role=viewer"} + (with_keys ? "&with_keys=1" : "");
  const Result<Answer> answer = exchange(context.api, "GET", target, "");
  if (!answer) return fail(answer.error().what);
  if (answer->status >= 300) return fail(reason_of(*answer));
  const Result<RtpOutput> output =
      choose_output(rtp_outputs(json::parse(answer->body, nullptr, false), stream), stream, which);
  if (!output) {
    std::fprintf(stderr, "fanlight: %s\n", output.error().what.c_str());  // Several lines.
    return 1;
  }
  if (!with_keys && output->sdp.find("RTP/SAVP") != std::string::npos)
    std::fputs("fanlight: its SRTP key is left out; --with-keys shows it\n", stderr);
  std::fputs(context.is_json ? (json{{"sdp", output->sdp}}.dump() + "\n").c_str() : output->sdp.c_str(), stdout);
  return 0;
}

int list_calls(const Context& context, const std::string& role) {
  const Report report = role == "viewer" ? called_viewers_report : called_publishers_report;
  return ask(context, {.target = "/v1/calls?role=" + role}, report);
}

int add_call(const Context& context, const NewCall& call) {
  json body{{"role", call.role}, {"stream", call.stream}, {"url", call.url}};
  const Result<Done> secret = add_passphrase(body, "passphrase", call.passphrase_file);
  if (!secret) return fail(secret.error().what);
  if (is_open_to_others(call.srtp_file))
    return fail(call.srtp_file + " can be read by others, and has a key in it: chmod 600 " + call.srtp_file);
  const Result<Done> key = add_passphrase(body, "srtp", call.srtp_file);
  if (!key) return fail(key.error().what);
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  const Report report = call.role == "viewer" ? viewer_called : publisher_called;
  return ask(context, {.method = "POST", .target = "/v1/calls", .body = text}, report);
}

int remove_call(const Context& context, const std::string& role, std::uint32_t id) {
  const std::string target = "/v1/calls/" + std::to_string(id) + "?role=" + role;
  return ask(context, {.method = "DELETE", .target = target}, call_removed);
}

void hide_passphrase(char* argument) {
  constexpr std::string_view kKey = "passphrase=";
  char* at = std::strstr(argument, kKey.data());
  if (at == nullptr || strncasecmp(argument, "srt://", 6) != 0) return;
  for (at += kKey.size(); *at != '\0' && *at != '&'; ++at) *at = '*';
}

int list_sessions(const Context& context, const std::string& stream) {
  const std::string filter = stream.empty() ? "" : "?stream=" + percent_encoded(stream);
  return ask(context, {.target = "/v1/sessions" + filter}, sessions_report);
}

int show_session(const Context& context, std::uint32_t id) {
  return ask(context, {.target = session_target(id)}, session_report);
}

int kick(const Context& context, std::uint32_t id) {
  return ask(context, {.method = "DELETE", .target = session_target(id)}, kicked);
}

}  // namespace fanlight::cli
