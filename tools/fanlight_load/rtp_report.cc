#include <cinttypes>
#include <nlohmann/json.hpp>

#include "fanlight_load/rtp_load.h"

namespace fanlight::load {
namespace {

using Json = nlohmann::ordered_json;

double to_us(std::uint64_t ns) { return static_cast<double>(ns / 100) / 10; }

std::string line(const char* format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return std::string(text) + "\n";
}

double rate_of(const RtpReport& report) {
  return report.duration_s > 0 ? static_cast<double>(report.received_while_running) / report.duration_s : 0;
}

std::uint64_t missed(const RtpReport& report) { return report.tally.lost + report.tail_lost; }

Json link_json(const link_proxy::LinkCounters& link) {
  return {{"offered", link.offered},
          {"lost", link.lost + link.lost_in_burst},
          {"reordered", link.reordered},
          {"duplicated", link.duplicated}};
}

// What the relay says of what it got. Its first report comes within 3.75 s (RFC 3550 §6.2).
void judge_reports(const RtpSettings& settings, const RtpReport& report, const auto& claim) {
  constexpr double kReportedAfter = 4;
  if (settings.kind != FeedKind::kRtp || settings.feed_rtcp == RtcpWay::kNone) return;
  claim(report.unreported == 0 || report.duration_s < kReportedAfter,
        "the relay reported nothing of " + std::to_string(report.unreported) + " of " + std::to_string(report.senders) +
            " senders: it got nothing, or reports go elsewhere (--feed-rtcp)");
  const auto excused = static_cast<std::int64_t>(settings.common.excused_loss * static_cast<double>(report.sent));
  const auto weather = static_cast<std::int64_t>(report.up.lost + report.up.lost_in_burst + report.up.reordered);
  claim(report.reported_lost <= weather + excused, "the relay reported " + std::to_string(report.reported_lost) +
                                                       " packets lost on the way to it, " +
                                                       std::to_string(weather + excused) + " are excused");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& one : words) text += (text.empty() ? "" : ", ") + one;
  return text;
}

}  // namespace

std::vector<std::string> verified(const RtpReport& report) {
  std::vector<std::string> what;
  if (report.begun > 0) what.push_back("what " + std::to_string(report.begun) + " destinations got");
  if (report.senders > report.unreported)
    what.push_back("what the relay reported of " + std::to_string(report.senders - report.unreported) + " senders");
  return what;
}

std::vector<std::string> judge(const RtpSettings& settings, const RtpReport& report) {
  std::vector<std::string> reasons;
  const auto claim = [&](bool holds, const std::string& otherwise) {
    if (!holds) reasons.push_back(otherwise);
  };
  claim(!report.is_interrupted, "interrupted");
  claim(report.failure.empty(), report.failure);
  if (!report.failure.empty()) return reasons;
  judge_reports(settings, report, claim);
  claim(report.begun == report.destinations, std::to_string(report.destinations - report.begun) + " of " +
                                                 std::to_string(report.destinations) + " destinations got nothing");
  const auto expected = static_cast<double>(report.tally.received + missed(report));
  const auto excused = static_cast<std::uint64_t>(settings.common.excused_loss * expected);
  claim(missed(report) <= excused,
        std::to_string(missed(report)) + " packets were lost, " + std::to_string(excused) + " are excused");
  claim(report.tally.continuity_errors == 0, std::to_string(report.tally.continuity_errors) + " continuity errors");
  claim(report.tally.timestamp_errors == 0, std::to_string(report.tally.timestamp_errors) + " timestamps off by 20 ms");
  claim(report.tally.hash_failures == 0, std::to_string(report.tally.hash_failures) + " payloads with a wrong hash");
  claim(report.tally.foreign == 0, std::to_string(report.tally.foreign) + " packets that nobody of ours sent");
  claim(report.tally.sources == 0, std::to_string(report.tally.sources) + " changes of SSRC");
  return reasons;
}

std::string rtp_json(const RtpSettings& settings, const RtpReport& report) {
  const std::vector<std::string> reasons = judge(settings, report);
  const Histogram& latency = report.latency_ns;
  Json json;
  json["format"] = 1;
  json["passed"] = reasons.empty();
  json["reasons"] = reasons;
  json["verified"] = verified(report);
  json["duration_s"] = report.duration_s;
  json["cpu_s"] = report.cpu_s;
  json["destinations"] = report.destinations;
  json["added"] = report.added;
  json["begun"] = report.begun;
  json["served"] = report.served;
  json["received"] = report.tally.received;
  json["lost"] = missed(report);
  json["late"] = report.tally.late;
  json["duplicate"] = report.tally.duplicate;
  json["continuity_errors"] = report.tally.continuity_errors;
  json["timestamp_errors"] = report.tally.timestamp_errors;
  json["hash_failures"] = report.tally.hash_failures;
  json["foreign"] = report.tally.foreign;
  json["restarts"] = report.tally.restarts;
  json["sources"] = report.tally.sources;
  json["reports"] = {{"heard", report.tally.reports_heard}, {"said", report.tally.reports_said}};
  json["jitter_max_us"] = report.jitter_max.count;
  json["latency_us"] = {{"samples", latency.samples()},           {"p50", to_us(latency.quantile(0.5))},
                        {"p90", to_us(latency.quantile(0.9))},    {"p99", to_us(latency.quantile(0.99))},
                        {"p999", to_us(latency.quantile(0.999))}, {"max", to_us(latency.max())}};
  json["rate"] = {{"packets_per_s", rate_of(report)},
                  {"bits_per_s", rate_of(report) * static_cast<double>(kPayloadBytes) * 8}};
  json["senders"] = {{"count", report.senders},         {"sent", report.sent},
                     {"delayed", report.delayed},       {"reports_heard", report.reports_to_senders},
                     {"unreported", report.unreported}, {"reported_lost", report.reported_lost}};
  json["impairment"] = {{"up", link_json(report.up)}, {"down", link_json(report.down)}};
  json["generator"] = {{"received", report.port.received},
                       {"transmitted", report.port.transmitted},
                       {"receive_pool_dry", report.port.receive_pool_dry},
                       {"strangers", report.strangers}};
  return json.dump();
}

std::string rtp_table(const RtpSettings& settings, const RtpReport& report) {
  std::string text;
  if (report.senders > 0)
    text +=
        line("%-18s %zu; sent %" PRIu64 ", delayed %" PRIu64 "; the relay reported %" PRIu64 " times, lost %" PRId64,
             "senders", report.senders, report.sent, report.delayed, report.reports_to_senders, report.reported_lost);
  if (report.destinations > 0) {
    const Histogram& latency = report.latency_ns;
    text += line("%-18s %zu, %zu added, %zu got packets, %zu served well", "destinations", report.destinations,
                 report.added, report.begun, report.served);
    text += line("  packets          received %" PRIu64 ", lost %" PRIu64 ", late %" PRIu64 ", duplicate %" PRIu64,
                 report.tally.received, missed(report), report.tally.late, report.tally.duplicate);
    text += line("  verified         continuity errors %" PRIu64 ", timestamps off %" PRIu64 ", hash failures %" PRIu64
                 ", foreign %" PRIu64,
                 report.tally.continuity_errors, report.tally.timestamp_errors, report.tally.hash_failures,
                 report.tally.foreign);
    text +=
        line("  reports          heard %" PRIu64 ", said %" PRIu64 "; jitter at most %.3f ms",
             report.tally.reports_heard, report.tally.reports_said, static_cast<double>(report.jitter_max.count) / 1e3);
    text += line("  latency          p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms",
                 to_us(latency.quantile(0.5)) / 1e3, to_us(latency.quantile(0.99)) / 1e3,
                 to_us(latency.quantile(0.999)) / 1e3, to_us(latency.max()) / 1e3);
  }
  text += line("%-18s %.0f packets/s, %.3f Gb/s over %.1f s", "rate", rate_of(report),
               rate_of(report) * static_cast<double>(kPayloadBytes) * 8 / 1e9, report.duration_s);
  text += line("%-18s %.2f s CPU", "generator", report.cpu_s);
  const std::vector<std::string> reasons = judge(settings, report);
  for (const std::string& reason : reasons) text += "failed: " + reason + "\n";
  if (!reasons.empty()) return text;
  const std::string what = joined(verified(report));
  return text + "passed: " + (what.empty() ? "nothing was verified, for nobody reported" : what) + "\n";
}

}  // namespace fanlight::load
