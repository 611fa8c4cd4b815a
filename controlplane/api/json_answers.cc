#include "api/json_answers.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "access/time_text.h"
#include "session/conclusion.h"

namespace fanlight::control {
namespace {

using nlohmann::json;

double millis_of(Micros span) { return static_cast<double>(span.count) / 1000; }

template <class What>
std::uint64_t sum_of(std::span<const WorkerCounters* const> workers, What what) {
  std::uint64_t sum = 0;
  for (const WorkerCounters* counters : workers) sum += counters->read(what);
  return sum;
}

json counters_json(std::span<const WorkerCounters* const> workers) {
  json out = json::object();
  for (std::size_t i = 0; i < kCounterCount; ++i)
    out[std::string{kCounterNames[i]}] = sum_of(workers, static_cast<Counter>(i));
  json verdicts = json::object();
  for (std::size_t i = 0; i < kVerdictCount; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    verdicts[std::string{name_of(verdict)}] = sum_of(workers, verdict);
  }
  out["verdicts"] = std::move(verdicts);
  return out;
}

json workers_json(const RelayFacts& facts) {
  json out = json::array();
  for (const WorkerCounters* const& counters : facts.counters) out.push_back(counters_json({&counters, 1}));
  return out;
}

bool is_rtp(const SessionView& session) { return session.agent == kRtpAgent; }

std::string_view state_of(const SessionView& session) {
  const event::SessionReport& report = session.report;
  if (!report.is_up) return "connecting";
  const bool is_destination = is_rtp(session) && report.role == Role::kViewer;
  if (is_destination && !report.is_live) return "paused";
  return report.is_live ? "live" : "up";
}

// The row that every listing of sessions shows. Packets and bytes are what passed on the session, repeats included.
json row_of(const SessionView& session) {
  const event::SessionReport& report = session.report;
  const SessionStats& stats = report.stats;
  const bool is_publisher = report.role == Role::kPublisher;
  return {{"id", report.socket.raw()},
          {"role", is_publisher ? "publisher" : "viewer"},
          {"stream", session.stream},
          {"remote", report.path.remote.text()},
          {"local", report.path.local.text()},
          {"state", state_of(session)},
          {"age_s", static_cast<double>(report.age.count) / 1e6},
          {"rtt_ms", millis_of(stats.rtt)},
          {"packets", is_publisher ? stats.packets_received : stats.packets_sent},
          {"bytes", is_publisher ? stats.bytes_received : stats.bytes_sent},
          {"repaired", is_publisher ? stats.packets_repaired : stats.packets_retransmitted},
          {"lost", stats.packets_lost},
          {"dropped", stats.packets_dropped_late},
          {"skipped", stats.packets_skipped},
          {"encrypted", session.is_encrypted},
          {"call", session.call == 0 ? json(nullptr) : json(session.call)},
          {"agent", session.agent},
          {"user", session.user}};
}

// What neither feeds nor destinations have.
constexpr std::array kOfSrtAlone{"acks_sent",
                                 "acks_received",
                                 "rtt_variance_ms",
                                 "flow_window_packets",
                                 "flight_packets",
                                 "receive_rate_packets_per_s",
                                 "receive_rate_bytes_per_s",
                                 "link_capacity_packets_per_s",
                                 "mss_bytes"};

json all_stats_json(const SessionStats& stats) {
  return {{"packets_sent", stats.packets_sent},
          {"bytes_sent", stats.bytes_sent},
          {"packets_sent_unique", stats.packets_sent_unique},
          {"packets_retransmitted", stats.packets_retransmitted},
          {"packets_received", stats.packets_received},
          {"bytes_received", stats.bytes_received},
          {"packets_received_unique", stats.packets_received_unique},
          {"packets_repaired", stats.packets_repaired},
          {"packets_repaired_late", stats.packets_repaired_late},
          {"packets_repaired_by_fec", stats.packets_repaired_by_fec},
          {"fec_packets_received", stats.fec_packets_received},
          {"packets_lost", stats.packets_lost},
          {"packets_dropped_late", stats.packets_dropped_late},
          {"packets_belated", stats.packets_belated},
          {"packets_skipped", stats.packets_skipped},
          {"packets_undecrypted", stats.packets_undecrypted},
          {"key_turns", stats.key_turns},
          {"key_packets", stats.key_packets},
          {"acks_sent", stats.acks_sent},
          {"acks_received", stats.acks_received},
          {"naks_sent", stats.naks_sent},
          {"naks_received", stats.naks_received},
          {"rtt_ms", millis_of(stats.rtt)},
          {"rtt_variance_ms", millis_of(stats.rtt_variance)},
          {"jitter_ms", millis_of(stats.jitter)},
          {"send_latency_ms", millis_of(stats.send_latency)},
          {"receive_latency_ms", millis_of(stats.receive_latency)},
          {"flow_window_packets", stats.flow_window_packets},
          {"flight_packets", stats.flight_packets},
          {"receive_rate_packets_per_s", stats.receive_rate_packets},
          {"receive_rate_bytes_per_s", stats.receive_rate_bytes},
          {"link_capacity_packets_per_s", stats.link_capacity_packets},
          {"mss_bytes", stats.mss},
          {"ssrc", stats.ssrc},
          {"srtp_rollovers", stats.rollovers},
          {"loss_list_packets", stats.loss_list_packets}};
}

json stats_json(const SessionStats& stats, bool is_rtp) {
  json out = all_stats_json(stats);
  if (is_rtp)
    for (const char* name : kOfSrtAlone) out.erase(name);
  return out;
}

json stream_json(const StreamView& stream) {
  return {{"name", stream.name},
          {"publisher", stream.report.has_publisher},
          {"viewers", stream.report.viewers},
          {"packets", stream.report.packets},
          {"bytes", stream.report.bytes},
          {"history_packets", stream.report.history_packets},
          {"history_slots", stream.report.history_slots},
          {"latency_ms", stream.rule.latency.count / 1000},
          {"publish_encrypted", stream.has_publish_passphrase},
          {"view_encrypted", stream.has_view_passphrase},
          {"dynamic", stream.is_dynamic},
          {"removed", stream.is_removed}};
}

}  // namespace

std::string json_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json status_json(const RelayFacts& facts, const Report& report) {
  std::uint64_t publishers = 0;
  std::uint64_t viewers = 0;
  for (const StreamView& stream : report.streams) {
    publishers += stream.report.has_publisher ? 1 : 0;
    viewers += stream.report.viewers;
  }
  return {{"version", facts.version},
          {"uptime_s", facts.uptime_s},
          {"port", facts.port},
          {"streams", report.streams.size()},
          {"publishers", publishers},
          {"viewers", viewers},
          {"admission",
           {{"limit_mbps", facts.admission.bits_max / 1e6},
            {"egress_mbps", facts.admission.bits / 1e6},
            {"refused", facts.admission.refused}}},
          {"worker", counters_json(facts.counters)},
          {"workers", workers_json(facts)}};
}

// The two ways that a feed's packets come; null when there is one.
json legs_json(const FeedView& feed, const Report& report) {
  if (feed.second.empty()) return nullptr;
  json out = json::array();
  const auto session =
      std::ranges::find(report.sessions, feed.socket, [](const SessionView& one) { return one.report.socket; });
  const SessionStats stats = session == report.sessions.end() ? SessionStats{} : session->report.stats;
  for (std::size_t i = 0; i < stats.legs.size(); ++i) {
    const LegStats& leg = stats.legs[i];
    out.push_back({{"url", i == 0 ? feed.url : feed.second},
                   {"packets", leg.packets},
                   {"lost", leg.lost},
                   {"first", leg.first},
                   {"behind_ms", millis_of(leg.behind)},
                   {"behind_max_ms", millis_of(leg.behind_max)}});
  }
  return out;
}

json feeds_json(const std::vector<FeedView>& feeds, const Report& report) {
  json out = json::array();
  for (const FeedView& feed : feeds)
    out.push_back({{"id", feed.id},
                   {"stream", feed.stream},
                   {"url", feed.url},
                   {"payload", feed.payload},
                   {"srtp", feed.srtp.empty() ? json(nullptr) : json(feed.srtp)},
                   {"state", feed.state},
                   {"state_s", static_cast<double>(feed.age.count) / 1e6},
                   {"sender", feed.sender.empty() ? json(nullptr) : json(feed.sender)},
                   {"failure", feed.failure},
                   {"packets_lost", feed.reception ? json(feed.reception->lost) : json(nullptr)},
                   {"jitter_ms", feed.reception ? json(millis_of(feed.reception->jitter)) : json(nullptr)},
                   {"legs", legs_json(feed, report)},
                   {"session", feed.socket == SocketId{} ? json(nullptr) : json(feed.socket.raw())}});
  return {{"feeds", std::move(out)}};
}

json calls_json(const std::vector<CallView>& calls) {
  json out = json::array();
  for (const CallView& call : calls) {
    const bool is_waiting = call.state == "waiting";
    out.push_back({{"id", call.id},
                   {"role", call.role == Role::kPublisher ? "publisher" : "viewer"},
                   {"stream", call.stream},
                   {"url", call.url},
                   {"state", call.state},
                   {"state_s", static_cast<double>(call.age.count) / 1e6},
                   {"retry_in_s", is_waiting ? json(static_cast<double>(call.retry_in.count) / 1e6) : json(nullptr)},
                   {"failure", call.failure},
                   {"attempts", call.attempts},
                   {"session", call.socket == SocketId{} ? json(nullptr) : json(call.socket.raw())},
                   {"encrypted", call.is_encrypted},
                   {"ssrc", call.ssrc == 0 ? json(nullptr) : json(call.ssrc)}});
    if (!call.sdp.empty()) out.back()["sdp"] = call.sdp;
  }
  return {{"calls", std::move(out)}};
}

json bans_json(const std::vector<BanView>& bans) {
  json out = json::array();
  for (const BanView& ban : bans) {
    out.push_back({{"prefix", ban.prefix.text()},
                   {"reason", ban.reason},
                   {"age_s", static_cast<double>(ban.age.count) / 1e6},
                   {"left_s", ban.left ? json(static_cast<double>(ban.left->count) / 1e6) : json(nullptr)},
                   {"sessions_closed", ban.sessions_closed}});
  }
  return {{"bans", std::move(out)}};
}

json streams_json(const Report& report) {
  json streams = json::array();
  for (const StreamView& stream : report.streams) streams.push_back(stream_json(stream));
  return {{"streams", std::move(streams)}};
}

json sessions_json(const Report& report, const std::optional<std::string>& stream) {
  json sessions = json::array();
  for (const SessionView& session : report.sessions)
    if (!stream || session.stream == *stream) sessions.push_back(row_of(session));
  return {{"sessions", std::move(sessions)}};
}

json session_json(const SessionView& session) {
  json out = row_of(session);
  out["stats"] = stats_json(session.report.stats, is_rtp(session));
  return out;
}

json event_json(const SessionEvent& event, std::int64_t wall_ms) {
  json out = {{"event", name_of(event.kind)}, {"number", event.number}, {"at", time_text(wall_ms)}};
  if (event.session != SocketId{}) out["session"] = event.session.raw();
  if (event.role) out["role"] = *event.role == Role::kPublisher ? "publisher" : "viewer";
  if (!event.stream.empty()) out["stream"] = event.stream;
  if (!event.user.empty()) out["user"] = event.user;
  if (!event.address.empty()) out["address"] = event.address;
  if (event.srt_version != 0) out["agent"] = version_text(event.srt_version);
  if (event.session != SocketId{}) out["encrypted"] = event.key_bytes != 0;
  if (event.call != 0) out["call"] = event.call;
  if (event.code != 0) out["code"] = event.code;
  if (!event.reason.empty()) out["reason"] = event.reason;
  if (event.stats) {
    out["age_s"] = static_cast<double>(event.age.count) / 1e6;
    out["stats"] = stats_json(*event.stats, event.srt_version == 0);
  }
  return out;
}

std::string event_line(const SessionEvent& event, std::int64_t wall_ms) {
  return json_text(event_json(event, wall_ms));
}

}  // namespace fanlight::control
