#include "fanlight/reports.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fanlight/tables.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;

std::uint64_t count(const json& object, const char* key) { return object.value(key, std::uint64_t{0}); }
double number(const json& object, const char* key) { return object.value(key, 0.0); }
std::string text(const json& object, const char* key) { return printable(object.value(key, std::string{})); }
bool flag(const json& object, const char* key) { return object.value(key, false); }

// "label   value", the labels in one column.
class Facts {
 public:
  void add(const std::string& label, const std::string& value) {
    constexpr std::size_t kLabelWidth = 24;
    const std::size_t blanks = label.size() < kLabelWidth ? kLabelWidth - label.size() : 1;
    text_ += "  " + label + std::string(blanks, ' ') + printable(value) + "\n";
  }
  void head(const std::string& title) { text_ += (text_.empty() ? "" : "\n") + printable(title) + "\n"; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string packets(const json& stats, const char* key) { return grouped(count(stats, key)) + " packets"; }
std::string packets_and_bytes(const json& stats, const char* packet_key, const char* byte_key) {
  return packets(stats, packet_key) + ", " + byte_size(count(stats, byte_key));
}
std::string millis(const json& stats, const char* key) { return tenths(number(stats, key)) + " ms"; }

std::string megabits(double bits) { return tenths(bits / 1e6) + " Mb/s"; }
// Of everything sent or received since the session opened; waiting for a publisher counts as well.
std::string mean_rate(const json& session, const char* byte_key) {
  const double seconds = number(session, "age_s");
  const auto bytes = static_cast<double>(count(session.value("stats", json::object()), byte_key));
  return seconds > 0 ? megabits(bytes * 8 / seconds) + " of payload since the session opened" : "not known yet";
}

// 100 × part / whole, for people.
std::string share_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  return " (" + tenths(100.0 * static_cast<double>(part) / static_cast<double>(whole)) + " %)";
}

// Feeds and destinations; an SRT peer's agent is its version.
bool is_rtp(const json& session) { return session.value("agent", std::string{}) == "RTP"; }

void add_received(Facts& facts, const json& session) {
  const json stats = session.value("stats", json::object());
  const std::uint64_t unique = count(stats, "packets_received_unique");
  facts.head("received from the publisher");
  facts.add("all", packets_and_bytes(stats, "packets_received", "bytes_received") + ", repeats included");
  facts.add("taken", packets(stats, "packets_received_unique"));
  facts.add("missed at first", packets(stats, "packets_lost") + share_of(count(stats, "packets_lost"), unique));
  const std::uint64_t late = count(stats, "packets_repaired_late");
  facts.add("repaired",
            packets(stats, "packets_repaired") + " came again in time" +
                (late > 0 ? ", but " + grouped(late) + " too late for who plays with the latency below" : ""));
  if (count(stats, "fec_packets_received") > 0)
    facts.add("of them by FEC", packets(stats, "packets_repaired_by_fec") + ", from " +
                                    packets(stats, "fec_packets_received") + " of FEC");
  facts.add("given up", packets(stats, "packets_dropped_late") + " were too late to play");
  facts.add("belated", packets(stats, "packets_belated") + " came after that, or twice");
  if (!is_rtp(session)) facts.add("undecryptable", packets(stats, "packets_undecrypted"));
  facts.add("asked for now", packets(stats, "loss_list_packets"));
  if (!is_rtp(session))
    facts.add("rate", grouped(count(stats, "receive_rate_packets_per_s")) + " packets/s, " +
                          megabits(number(stats, "receive_rate_bytes_per_s") * 8) + " right now");
  facts.add("mean rate", mean_rate(session, "bytes_received"));
  facts.add("latency window", millis(stats, "receive_latency_ms"));
}

void add_sent(Facts& facts, const json& session) {
  const json stats = session.value("stats", json::object());
  const std::uint64_t unique = count(stats, "packets_sent_unique");
  facts.head("sent to the viewer");
  facts.add("all", packets_and_bytes(stats, "packets_sent", "bytes_sent") + ", repeats included");
  facts.add("fresh", packets(stats, "packets_sent_unique"));
  facts.add("reported lost", packets(stats, "packets_lost") + share_of(count(stats, "packets_lost"), unique));
  facts.add("sent again", packets(stats, "packets_retransmitted"));
  if (is_rtp(session)) return facts.add("mean rate", mean_rate(session, "bytes_sent") + ", repeats included");
  facts.add("refused as too old", packets(stats, "packets_dropped_late"));
  facts.add("skipped", packets(stats, "packets_skipped") + " because it could not keep up");
  facts.add("repairs waiting", packets(stats, "loss_list_packets"));
  if (session.value("encrypted", false))
    facts.add("key", packets(stats, "key_packets") + " sent under it; changed " + grouped(count(stats, "key_turns")) +
                         " times");
  facts.add("in flight", packets(stats, "flight_packets") + " of " + grouped(count(stats, "flow_window_packets")) +
                             " it can still take");
  facts.add("mean rate", mean_rate(session, "bytes_sent") + ", repeats included");
  facts.add("latency window", millis(stats, "send_latency_ms"));
}

// What RTCP told. A feed's round trip is not measured: who sends it asks nobody for reports.
void add_reports(Facts& facts, const json& session) {
  const json stats = session.value("stats", json::object());
  const bool is_publisher = session.value("role", std::string{}) == "publisher";
  facts.head("reports (RTCP)");
  if (!is_publisher)
    facts.add("round trip", number(stats, "rtt_ms") > 0 ? millis(stats, "rtt_ms") : "not reported yet");
  facts.add("jitter", millis(stats, "jitter_ms"));
  if (count(stats, "ssrc") > 0)
    facts.add("source (SSRC)", std::to_string(count(stats, "ssrc")) +
                                   (flag(session, "encrypted")
                                        ? ", rollover counter (ROC) " + std::to_string(count(stats, "srtp_rollovers"))
                                        : ""));
  facts.add("asked again (NACK)", is_publisher ? grouped(count(stats, "naks_sent")) + " sent"
                                               : grouped(count(stats, "naks_received")) + " received");
}

void add_connection(Facts& facts, const json& stats) {
  facts.head("connection");
  facts.add("round trip", millis(stats, "rtt_ms") + ", varies by " + millis(stats, "rtt_variance_ms"));
  facts.add("ACKs",
            grouped(count(stats, "acks_sent")) + " sent, " + grouped(count(stats, "acks_received")) + " received");
  facts.add("loss reports (NAK)",
            grouped(count(stats, "naks_sent")) + " sent, " + grouped(count(stats, "naks_received")) + " received");
  const std::uint64_t capacity = count(stats, "link_capacity_packets_per_s");
  facts.add("link capacity", capacity == 0
                                 ? "not estimated"
                                 : grouped(capacity) + " packets/s, as the receiver estimates; " +
                                       megabits(static_cast<double>(capacity) * number(stats, "mss_bytes") * 8) +
                                       " in packets of full size");
  facts.add("MSS", grouped(count(stats, "mss_bytes")) + " bytes");
}

// Of the counters, those that counted.
void add_counted(Facts& facts, const json& counters) {
  for (const auto& [name, value] : counters.items())
    if (value.is_number_unsigned() && value != 0u) facts.add(name, grouped(value.get<std::uint64_t>()));
}

std::string calls_report(const json& answer, const std::string& role) {
  Table table{{"ID", Align::kRight},
              {"STREAM"},
              {"URL"},
              {"STATE"},
              {"FOR", Align::kRight},
              {"SESSION", Align::kRight},
              {"AGAIN IN", Align::kRight},
              {"TRIES", Align::kRight},
              {"KEY"},
              {"LAST FAILURE"}};
  bool is_empty = true;
  for (const json& call : answer.value("calls", json::array())) {
    if (call.value("role", std::string{}) != role) continue;
    is_empty = false;
    const json session = call.value("session", json(nullptr));
    const json retry = call.value("retry_in_s", json(nullptr));
    table.add({std::to_string(count(call, "id")), text(call, "stream"), text(call, "url"), text(call, "state"),
               span(number(call, "state_s")), session.is_number() ? std::to_string(session.get<std::uint64_t>()) : "-",
               retry.is_number() ? span(retry.get<double>()) : "-", grouped(count(call, "attempts")),
               flag(call, "encrypted") ? "AES" : "clear", text(call, "failure")});
  }
  return is_empty ? "the relay calls no " + role + "s\n" : table.text();
}

// Nothing where nobody is turned away.
void add_admission(Facts& facts, const json& admission) {
  const double limit = number(admission, "limit_mbps");
  if (limit <= 0) return;
  facts.add("egress", tenths(number(admission, "egress_mbps")) + " of " + tenths(limit) + " Mb/s");
  facts.add("turned away", grouped(count(admission, "refused")) + " viewers");
}

// How the load is spread. Nothing where one has it all.
std::string workers_table(const json& workers) {
  if (workers.size() < 2) return {};
  Table table{{"WORKER", Align::kRight},          {"SESSIONS", Align::kRight},      {"RECEIVED", Align::kRight},
              {"TRANSMITTED", Align::kRight},     {"FRESH SENT", Align::kRight},    {"STRAYS TAKEN", Align::kRight},
              {"HANDOVERS TAKEN", Align::kRight}, {"HANDOVERS LOST", Align::kRight}};
  std::size_t number = 0;
  for (const json& worker : workers)
    table.add({std::to_string(number++), grouped(count(worker, "sessions_opened") - count(worker, "sessions_closed")),
               grouped(count(worker, "received")), grouped(count(worker, "transmitted")),
               grouped(count(worker, "fresh_sent")), grouped(count(worker, "strays_taken")),
               grouped(count(worker, "handovers_taken")), grouped(count(worker, "handovers_lost"))});
  return "\n" + table.text();
}

}  // namespace

std::string status_report(const json& status) {
  Facts facts;
  facts.head("fanlightd " + text(status, "version") + " on " + text(status, "port") + ", up " +
             span(number(status, "uptime_s")));
  facts.add("streams", grouped(count(status, "streams")));
  facts.add("publishers", grouped(count(status, "publishers")));
  facts.add("viewers", grouped(count(status, "viewers")));
  add_admission(facts, status.value("admission", json::object()));
  json worker = status.value("worker", json::object());
  const json workers = status.value("workers", json::array());
  facts.head(workers.size() > 1 ? "all workers, since they started" : "worker, since it started");
  facts.add("received", packets_and_bytes(worker, "received", "received_bytes"));
  facts.add("transmitted", packets_and_bytes(worker, "transmitted", "transmitted_bytes"));
  for (const char* said : {"received", "received_bytes", "transmitted", "transmitted_bytes"}) worker.erase(said);
  add_counted(facts, worker);
  facts.head("received packets by verdict");
  add_counted(facts, worker.value("verdicts", json::object()));
  return facts.text() + workers_table(workers);
}

std::string streams_report(const json& answer) {
  Table table{{"STREAM"},
              {"PUBLISHER"},
              {"VIEWERS", Align::kRight},
              {"PACKETS", Align::kRight},
              {"BYTES", Align::kRight},
              {"HISTORY", Align::kRight},
              {"LATENCY", Align::kRight},
              {"STATE"}};
  const json streams = answer.value("streams", json::array());
  for (const json& stream : streams)
    table.add({text(stream, "name"), flag(stream, "publisher") ? "yes" : "no", grouped(count(stream, "viewers")),
               grouped(count(stream, "packets")), byte_size(count(stream, "bytes")),
               grouped(count(stream, "history_packets")) + "/" + grouped(count(stream, "history_slots")),
               grouped(count(stream, "latency_ms")) + " ms", flag(stream, "removed") ? "ending" : "open"});
  return streams.empty() ? "no streams\n" : table.text();
}

std::string called_viewers_report(const json& answer) { return calls_report(answer, "viewer"); }
std::string called_publishers_report(const json& answer) { return calls_report(answer, "publisher"); }

// Of feeds whose packets come by two.
std::string legs_report(const json& feeds) {
  Table table{{"FEED", Align::kRight},    {"LEG"},
              {"PACKETS", Align::kRight}, {"LOST", Align::kRight},
              {"FIRST", Align::kRight},   {"BEHIND", Align::kRight},
              {"AT MOST", Align::kRight}};
  bool has_legs = false;
  for (const json& feed : feeds) {
    const json legs = feed.value("legs", json(nullptr));
    if (!legs.is_array()) continue;
    has_legs = true;
    for (const json& leg : legs)
      table.add({std::to_string(count(feed, "id")), text(leg, "url"), grouped(count(leg, "packets")),
                 grouped(count(leg, "lost")), grouped(count(leg, "first")), millis(leg, "behind_ms"),
                 millis(leg, "behind_max_ms")});
  }
  return has_legs ? "\n" + table.text() : "";
}

std::string feeds_report(const json& answer) {
  Table table{{"ID", Align::kRight},
              {"STREAM"},
              {"URL"},
              {"PAYLOAD"},
              {"STATE"},
              {"SINCE", Align::kRight},
              {"SENDER"},
              {"LOST", Align::kRight},
              {"JITTER", Align::kRight},
              {"NOTE"}};
  const json feeds = answer.value("feeds", json::array());
  for (const json& feed : feeds) {
    const json sender = feed.value("sender", json(nullptr));
    const std::string srtp = feed.value("srtp", json(nullptr)).is_string() ? ", SRTP" : "";
    const bool is_measured = feed.value("jitter_ms", json(nullptr)).is_number();
    table.add({std::to_string(count(feed, "id")), text(feed, "stream"), text(feed, "url"), text(feed, "payload") + srtp,
               text(feed, "state"), span(number(feed, "state_s")), sender.is_string() ? text(feed, "sender") : "-",
               is_measured ? grouped(count(feed, "packets_lost")) : "-", is_measured ? millis(feed, "jitter_ms") : "-",
               text(feed, "failure")});
  }
  return feeds.empty() ? "no feeds\n" : table.text() + legs_report(feeds);
}

std::string bans_report(const json& answer) {
  Table table{{"PREFIX"}, {"FOR", Align::kRight}, {"STILL", Align::kRight}, {"ENDED", Align::kRight}, {"REASON"}};
  const json bans = answer.value("bans", json::array());
  for (const json& ban : bans) {
    const json left = ban.value("left_s", json(nullptr));
    table.add({text(ban, "prefix"), span(number(ban, "age_s")),
               left.is_number() ? span(left.get<double>()) : "until lifted", grouped(count(ban, "sessions_closed")),
               text(ban, "reason")});
  }
  return bans.empty() ? "nobody is banned\n" : table.text();
}

std::string sessions_report(const json& answer) {
  Table table{{"ID", Align::kRight},
              {"ROLE"},
              {"STREAM"},
              {"REMOTE"},
              {"STATE"},
              {"AGE", Align::kRight},
              {"RTT ms", Align::kRight},
              {"PACKETS", Align::kRight},
              {"BYTES", Align::kRight},
              {"REPAIRED", Align::kRight},
              {"LOST", Align::kRight},
              {"DROPPED", Align::kRight},
              {"SKIPPED", Align::kRight},
              {"KEY"},
              {"SRT"},
              {"USER"}};
  const json sessions = answer.value("sessions", json::array());
  for (const json& session : sessions)
    table.add({std::to_string(count(session, "id")), text(session, "role"), text(session, "stream"),
               text(session, "remote"), text(session, "state"), span(number(session, "age_s")),
               tenths(number(session, "rtt_ms")), grouped(count(session, "packets")),
               byte_size(count(session, "bytes")), grouped(count(session, "repaired")), grouped(count(session, "lost")),
               grouped(count(session, "dropped")), grouped(count(session, "skipped")),
               flag(session, "encrypted") ? "AES" : "clear", text(session, "agent"), text(session, "user")});
  return sessions.empty() ? "no sessions\n" : table.text();
}

std::string session_report(const json& session) {
  const bool is_publisher = session.value("role", std::string{}) == "publisher";
  const std::string user = text(session, "user");
  Facts facts;
  facts.head("session " + std::to_string(count(session, "id")) + ", " + text(session, "role") + " of " +
             text(session, "stream"));
  facts.add("state", text(session, "state") + ", open for " + span(number(session, "age_s")));
  facts.add("from", text(session, "remote") + " to " + text(session, "local"));
  facts.add("peer", is_rtp(session) ? "RTP" : "SRT " + text(session, "agent") + (user.empty() ? "" : ", user " + user));
  facts.add("encryption", !flag(session, "encrypted") ? "none" : is_rtp(session) ? "SRTP" : "AES-CTR");
  is_publisher ? add_received(facts, session) : add_sent(facts, session);
  if (is_rtp(session)) {
    add_reports(facts, session);
    return facts.text() + "\nBytes are RTP payload without any header.\n";
  }
  add_connection(facts, session.value("stats", json::object()));
  return facts.text() +
         "\nBytes are SRT payload without any header; libsrt's own statistics add 44 bytes to each packet.\n";
}

// "04:05:16.123 rejected       viewer     live/main bob 192.0.2.9:5000 2403 policy 2 (line 31)"
std::string event_report(const json& event) {
  const auto text = [&](const char* key) {
    return event.contains(key) && event[key].is_string() ? printable(event[key].get<std::string>()) : std::string{};
  };
  const auto number = [&](const char* key) {
    return event.contains(key) && event[key].is_number() ? event[key].get<double>() : 0;
  };
  const auto padded = [](std::string word, std::size_t width) {
    return word.append(width - std::min(width, word.size()), ' ');
  };
  const std::string at = text("at");
  std::string line = (at.size() == 24 ? at.substr(11, 12) : at) + " " + padded(text("event"), 13);
  const auto add = [&](const std::string& word) {
    if (!word.empty()) line += " " + word;
  };
  add(padded(text("role"), 9));
  add(text("stream"));
  add(text("user"));
  add(text("address"));
  if (number("session") > 0) add("session " + std::to_string(static_cast<std::uint32_t>(number("session"))));
  if (number("call") > 0) add("call " + std::to_string(static_cast<std::uint32_t>(number("call"))));
  if (number("code") > 0) add(std::to_string(static_cast<int>(number("code"))));
  add(text("reason"));
  if (event.contains("stats") && event["stats"].is_object()) {
    const bool is_publisher = text("role") == "publisher";
    const json& stats = event["stats"];
    const char* bytes = is_publisher ? "bytes_received" : "bytes_sent";
    add("after " + std::to_string(static_cast<std::uint64_t>(number("age_s"))) + " s, " +
        byte_size(stats.value(bytes, std::uint64_t{0})) + (is_publisher ? " received" : " sent"));
  }
  return line + "\n";
}

}  // namespace fanlight::cli
