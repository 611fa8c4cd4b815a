#include "api/routes.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "access/stream_id.h"
#include "api/access_routes.h"
#include "api/answers.h"
#include "api/json_answers.h"
#include "api/metrics.h"
#include "config/call_rule.h"
#include "config/secret.h"
#include "config/stream_rule.h"

namespace fanlight::control {
namespace {

using nlohmann::json;

bool knows(const Report& report, std::string_view stream) {
  return std::ranges::find(report.streams, stream, &StreamView::name) != report.streams.end() ||
         std::ranges::find(report.sessions, stream, &SessionView::stream) != report.sessions.end();
}

// IDs begin at 1.
std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t raw = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), raw);
  if (error != std::errc{} || end != text.data() + text.size() || raw == 0) return std::nullopt;
  return raw;
}

bool is_role(const std::optional<std::string>& word) { return !word || *word == "viewer" || *word == "publisher"; }

Response wrong_role() {
  return error_response(400, "invalid", "role is viewer or publisher; without it, calls of either are meant");
}

}  // namespace

Routes::Outcome Routes::start(const Request& request) {
  const std::string_view target = request.target;
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  const bool is_get = request.method == "GET";
  constexpr std::string_view kStreams = "/v1/streams/";
  constexpr std::string_view kSessions = "/v1/sessions/";
  constexpr std::string_view kCalls = "/v1/calls/";
  constexpr std::string_view kSdp = "/sdp";
  constexpr std::string_view kBans = "/v1/bans/";

  if (is_query_malformed(query)) return error_response(400, "invalid", "the query has a malformed percent escape");
  if (path == "/v1/version")
    return is_get ? json_response(200, {{"version", relay_.facts().version}}) : method_refused("GET");
  if (path == "/metrics")
    return is_get ? Response{200, metrics_text(relay_.facts()), std::string{kMetricsContentType}, ""}
                  : method_refused("GET");
  if (path == "/v1/status") return is_get ? status() : method_refused("GET");
  if (path == "/v1/sessions") return is_get ? sessions(query_value(query, "stream")) : method_refused("GET");
  if (path == "/v1/events") return is_get ? events(query_value(query, "stream")) : method_refused("GET");
  if (path == "/v1/streams") {
    if (request.method == "POST") return add_stream(request.body);
    return is_get ? streams() : method_refused("GET, POST");
  }
  if (path == "/v1/keys/rotate") return request.method == "POST" ? rotate_keys(request.body) : method_refused("POST");
  if (path == "/v1/feeds") return is_get ? feeds() : method_refused("GET");
  if (path == "/v1/calls") {
    if (request.method == "POST") return add_call(request.body);
    return is_get ? calls(query_value(query, "role"), query_value(query, "with_keys")) : method_refused("GET, POST");
  }
  if (path.starts_with(kCalls) && path.ends_with(kSdp))
    return is_get ? sdp(path.substr(kCalls.size(), path.size() - kCalls.size() - kSdp.size())) : method_refused("GET");
  if (path.starts_with(kCalls)) {
    const bool is_delete = request.method == "DELETE";
    return is_delete ? remove_call(path.substr(kCalls.size()), query_value(query, "role")) : method_refused("DELETE");
  }
  if (path == "/v1/bans") return bans(request);
  if (path.starts_with(kBans))
    return request.method == "DELETE" ? unban(path.substr(kBans.size())) : method_refused("DELETE");
  if (path.starts_with(kSessions)) return session_resource(request, path.substr(kSessions.size()));
  if (path.starts_with(kStreams)) {
    const std::optional<std::string> name = percent_decoded(path.substr(kStreams.size()));
    if (!name) return error_response(400, "invalid", "the stream's name has a malformed percent escape");
    return request.method == "DELETE" ? remove_stream(*name) : method_refused("DELETE");
  }
  if (std::optional<Response> response = AccessRoutes(relay_).start(request, path)) return *std::move(response);
  return not_found("no such resource; docs/api.md lists them");
}

Routes::Outcome Routes::session_resource(const Request& request, std::string_view id) {
  const std::optional<std::uint32_t> number = parse_number(id);
  if (!number) return error_response(400, "invalid", "a session's ID is a number; GET /v1/sessions lists them");
  if (request.method == "DELETE") return kick(SocketId{*number});
  return request.method == "GET" ? session(SocketId{*number}) : method_refused("GET, DELETE");
}

Routes::Outcome Routes::status() {
  return Question{relay_.ask_report(kNoSession),
                  [this](const Report& report) { return json_response(200, status_json(relay_.facts(), report)); }};
}

Routes::Outcome Routes::streams() {
  return Question{relay_.ask_report(kNoSession),
                  [](const Report& report) { return json_response(200, streams_json(report)); }};
}

Routes::Outcome Routes::sessions(std::optional<std::string> stream) {
  return Question{relay_.ask_report(SocketId{}), [stream = std::move(stream)](const Report& report) {
                    if (stream && !knows(report, *stream)) return not_found("no stream " + *stream);
                    return json_response(200, sessions_json(report, stream));
                  }};
}

// What legs do, their sessions know.
Routes::Outcome Routes::feeds() {
  std::vector<FeedView> feeds = relay_.feeds();
  if (std::ranges::all_of(feeds, [](const FeedView& feed) { return feed.second.empty(); }))
    return json_response(200, feeds_json(feeds, {}));
  return Question{relay_.ask_report(SocketId{}), [feeds = std::move(feeds)](const Report& report) {
                    return json_response(200, feeds_json(feeds, report));
                  }};
}

Routes::Outcome Routes::session(SocketId socket) {
  return Question{relay_.ask_report(socket), [socket](const Report& report) {
                    for (const SessionView& session : report.sessions)
                      if (session.report.socket == socket) return json_response(200, session_json(session));
                    return not_found("no session " + std::to_string(socket.raw()));
                  }};
}

Routes::Outcome Routes::events(std::optional<std::string> stream) {
  if (stream && !is_stream_name(*stream) && !is_stream_pattern(*stream))
    return error_response(400, "invalid", "stream is a name, or a pattern like live/*");
  return Subscription{std::move(stream)};
}

Response Routes::too_many_listeners() {
  return error_response(503, "too_many_listeners", "16 listen to events; try again when one has ended");
}

Response Routes::add_stream(const std::string& body) {
  std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields) return error_response(400, "invalid", "the body must be a JSON object with at least \"name\"");
  const WipedAtEnd given(texts_of(*fields));
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  StreamRule rule = read_stream_rule(reader);
  const WipedAtEnd wiped({&rule.publish_passphrase, &rule.view_passphrase});
  if (!problems.empty()) return error_response(400, "invalid", sentence_of(problems));
  const Result<Done> added = relay_.add_stream(rule);
  return added ? json_response(201, {{"name", rule.name}}) : refusal(added.error());
}

Response Routes::rotate_keys(const std::string& body) {
  std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields)
    return error_response(400, "invalid", R"(the body must be a JSON object with "stream", "session" or both)");
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  const std::string stream = reader.text("stream");
  const auto socket = static_cast<std::uint32_t>(reader.integer("session", {1, 0x3FFF'FFFF}, 0));
  if (stream.empty() && socket == 0) reader.complain("stream", "nothing", "a stream's name, or a pattern: \"live/*\"");
  reader.finish();
  if (!problems.empty()) return error_response(400, "invalid", sentence_of(problems));
  const Result<std::size_t> asked = relay_.rotate_keys(stream, SocketId{socket});
  return asked ? json_response(200, {{"viewers", *asked}}) : refusal(asked.error());
}

// The one answer that shows keys, to who asks for just that: whoever reads this socket may do all that the relay may.
Response Routes::calls(const std::optional<std::string>& role, const std::optional<std::string>& with_keys) {
  if (!is_role(role)) return wrong_role();
  if (with_keys && *with_keys != "1" && *with_keys != "0")
    return error_response(400, "invalid", "with_keys is 1, session descriptions hold SRTP keys, or 0");
  std::vector<CallView> calls = relay_.calls(with_keys == "1");
  std::erase_if(calls,
                [&](const CallView& call) { return role && (*role == "viewer") != (call.role == Role::kViewer); });
  return json_response(200, calls_json(calls));
}

// As a file that receivers read.
Response Routes::sdp(std::string_view id) {
  const std::optional<std::uint32_t> number = parse_number(id);
  if (!number) return error_response(400, "invalid", "a destination's ID is a number; GET /v1/calls lists them");
  std::vector<CallView> calls = relay_.calls(/*with_keys=*/false);
  const auto found = std::ranges::find(calls, *number, &CallView::id);
  if (found == calls.end()) return not_found("no destination " + std::to_string(*number));
  if (found->sdp.empty()) return not_found(std::to_string(*number) + " is sent no RTP: nothing describes it");
  return {200, std::move(found->sdp), "application/sdp", ""};
}

Response Routes::add_call(const std::string& body) {
  std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields)
    return error_response(400, "invalid", "the body must be a JSON object with \"role\", \"stream\" and \"url\"");
  const WipedAtEnd given(texts_of(*fields));
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  if (is_destination_url(reader.text("url"))) return add_destination(reader, problems);
  CallRule rule = read_call_rule(reader);
  const WipedAtEnd wiped({&rule.url.passphrase});
  if (!problems.empty()) return error_response(400, "invalid", sentence_of(problems));
  const Result<std::uint32_t> added = relay_.add_call(rule);
  return added ? json_response(201, {{"id", *added}}) : refusal(added.error());
}

Response Routes::add_destination(FieldReader& reader, std::vector<Problem>& problems) {
  if (reader.text("role") != "viewer")
    reader.complain("role", control::quoted(reader.text("role")),
                    "\"viewer\" beside rtp:// and udp://; what comes in that way is a [[feed]] of the configuration");
  const DestinationRule rule = read_destination_rule(reader, 0);  // Its key, if any, in secret memory.
  if (!problems.empty()) return error_response(400, "invalid", sentence_of(problems));
  const Result<std::uint32_t> added = relay_.add_destination(rule);
  return added ? json_response(201, {{"id", *added}}) : refusal(added.error());
}

Response Routes::remove_call(std::string_view id, std::optional<std::string> role) {
  const std::optional<std::uint32_t> number = parse_number(id);
  if (!number) return error_response(400, "invalid", "a call's ID is a number; GET /v1/calls lists them");
  if (!is_role(role)) return wrong_role();
  std::optional<Role> wanted;
  if (role) wanted = *role == "publisher" ? Role::kPublisher : Role::kViewer;
  const Result<Done> removed = relay_.remove_call(*number, wanted);
  return removed ? json_response(200, {{"id", *number}}) : refusal(removed.error());
}

Response Routes::bans(const Request& request) {
  if (request.method == "POST") return ban(request.body);
  return request.method == "GET" ? json_response(200, bans_json(relay_.bans())) : method_refused("GET, POST");
}

Response Routes::ban(const std::string& body) {
  const std::optional<std::vector<Field>> fields = fields_of(body);
  if (!fields) return error_response(400, "invalid", "the body must be a JSON object with at least \"prefix\"");
  std::vector<Problem> problems;
  FieldReader reader("", 0, *fields, problems);
  BanOrder order{.prefix = {}, .reason = reader.text("reason")};
  const std::string text = reader.text("prefix");
  const std::int64_t span_s = reader.integer("for_s", {1, BanTable::kSpanMax.count / 1'000'000}, 0);
  if (span_s > 0) order.span = seconds(span_s);
  reader.finish();
  if (!reader.has("prefix")) reader.complain("prefix", "nothing", "an address or a prefix, like 192.0.2.0/24");
  if (!problems.empty()) return error_response(400, "invalid", sentence_of(problems));
  const Result<IpPrefix> prefix = IpPrefix::read(text);
  if (!prefix) return refusal(prefix.error());
  order.prefix = *prefix;
  const Result<std::size_t> closed = relay_.ban(order);
  if (!closed) return refusal(closed.error());
  return json_response(201, {{"prefix", prefix->text()}, {"sessions_closed", *closed}});
}

Response Routes::unban(std::string_view name) {
  const std::optional<std::string> text = percent_decoded(name);
  const Result<IpPrefix> prefix = IpPrefix::read(text.value_or(""));
  if (!prefix) return refusal(prefix.error());
  const Result<Done> removed = relay_.unban(*prefix);
  return removed ? json_response(200, {{"prefix", prefix->text()}}) : refusal(removed.error());
}

Response Routes::remove_stream(const std::string& name) {
  const Result<Done> removed = relay_.remove_stream(name);
  return removed ? json_response(200, {{"name", name}}) : refusal(removed.error());
}

Response Routes::kick(SocketId socket) {
  const Result<Done> kicked = relay_.kick(socket);
  return kicked ? json_response(200, {{"id", socket.raw()}}) : refusal(kicked.error());
}

std::optional<Response> Routes::poll(const Question& question) {
  const std::optional<Report> report = relay_.take_report(question.ticket);
  if (!report) return std::nullopt;
  return question.answer(*report);
}

Response Routes::unanswered() {
  return error_response(503, "worker_silent",
                        "the worker did not answer within 1 s; GET /metrics still shows its counters");
}

}  // namespace fanlight::control
