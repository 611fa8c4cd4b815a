#include "fanlight_load/report.h"

#include <cinttypes>
#include <nlohmann/json.hpp>

namespace fanlight::load {
namespace {

using Json = nlohmann::ordered_json;

double to_us(std::uint64_t ns) { return static_cast<double>(ns / 100) / 10; }

Json latency_json(const Histogram& latency) {
  return {{"samples", latency.samples()},           {"p50", to_us(latency.quantile(0.5))},
          {"p90", to_us(latency.quantile(0.9))},    {"p99", to_us(latency.quantile(0.99))},
          {"p999", to_us(latency.quantile(0.999))}, {"max", to_us(latency.max())}};
}

void add_figures(Json& to, const Figures& figures) {
  to["viewers"] = figures.viewers;
  to["connected"] = figures.connected;
  to["up_at_end"] = figures.up;
  to["silent"] = figures.silent;
  to["stale"] = figures.stale.viewers;
  to["served"] = figures.served;
  to["expected"] = figures.expected();
  to["received"] = figures.received;
  to["lost"] = figures.tally.lost;
  to["late"] = figures.tally.late;
  to["skipped"] = figures.tally.skipped;
  to["duplicate"] = figures.tally.duplicate;
  to["repaired"] = figures.tally.repaired;
  to["continuity_errors"] = figures.tally.continuity_errors;
  to["hash_failures"] = figures.tally.hash_failures;
  to["foreign"] = figures.tally.foreign;
  to["keys"] = figures.keys;
  to["latency_us"] = latency_json(figures.latency_ns);
}

Json link_json(const link_proxy::LinkCounters& link) {
  return {{"offered", link.offered},
          {"lost", link.lost + link.lost_in_burst},
          {"reordered", link.reordered},
          {"duplicated", link.duplicated}};
}

Json publishers_json(const PublishersReport& publishers) {
  return {{"count", publishers.count},       {"connected", publishers.connected},
          {"sent", publishers.sent},         {"reported_lost", publishers.reported_lost},
          {"repaired", publishers.repaired}, {"unacknowledged", publishers.unacknowledged},
          {"delayed", publishers.delayed},   {"failures", Json(publishers.failures)}};
}

double rate_of(const Report& report) {
  return report.duration_s > 0 ? static_cast<double>(report.received_while_running) / report.duration_s : 0;
}

std::string line(const char* format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return std::string(text) + "\n";
}

std::string table_of(const char* name, const Figures& figures) {
  const Histogram& latency = figures.latency_ns;
  std::string text = line("%-18s %zu, %zu connected, %zu up at the end, %zu served well", name, figures.viewers,
                          figures.connected, figures.up, figures.served);
  text += line("  packets          expected %" PRIu64 ", received %" PRIu64 ", lost %" PRIu64 ", late %" PRIu64,
               figures.expected(), figures.received, figures.tally.lost, figures.tally.late);
  text += line("                   repaired %" PRIu64 ", duplicate %" PRIu64 ", skipped %" PRIu64,
               figures.tally.repaired, figures.tally.duplicate, figures.tally.skipped);
  text += line("  verified         continuity errors %" PRIu64 ", hash failures %" PRIu64 ", foreign %" PRIu64,
               figures.tally.continuity_errors, figures.tally.hash_failures, figures.tally.foreign);
  text += line("  latency          p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms",
               to_us(latency.quantile(0.5)) / 1e3, to_us(latency.quantile(0.99)) / 1e3,
               to_us(latency.quantile(0.999)) / 1e3, to_us(latency.max()) / 1e3);
  return text;
}

std::string stale_text(const Figures& figures) {
  std::array<char, 120> text;
  std::snprintf(text.data(), text.size(), "%zu of %zu viewers: nothing new for %.1f s at the end",
                figures.stale.viewers, figures.viewers, static_cast<double>(figures.stale.longest.count) / 1e6);
  return text.data();
}

}  // namespace

std::vector<std::string> judge(const Settings& settings, const Report& report) {
  std::vector<std::string> reasons;
  const Figures& good = report.good();
  const auto claim = [&](bool holds, const std::string& otherwise) {
    if (!holds) reasons.push_back(otherwise);
  };
  if (report.is_interrupted) {
    std::array<char, 80> text;
    std::snprintf(text.data(), text.size(), "interrupted after %.1f s of %g s", report.duration_s,
                  static_cast<double>(settings.duration.count) / 1e6);
    reasons.emplace_back(text.data());
  }
  for (const auto& [why, count] : report.publishers.failures)
    reasons.push_back(std::to_string(count) + " publishers: " + why);
  const std::uint64_t unheard = report.publishers.unacknowledged;
  claim(static_cast<double>(unheard) <= settings.excused_loss * static_cast<double>(report.publishers.sent),
        std::to_string(unheard) + " published packets were never acknowledged");
  for (const auto& [why, count] : report.failures) reasons.push_back(std::to_string(count) + " viewers: " + why);
  claim(good.connected == good.viewers, std::to_string(good.viewers - good.connected) + " of " +
                                            std::to_string(good.viewers) + " viewers never came up");
  // Nobody knows how many packets those missed; what can be held against the excuse is their share of the time.
  const double viewing =
      std::max(report.duration_s, 1e-6) * static_cast<double>(std::max<std::size_t>(good.viewers, 1));
  claim(static_cast<double>(good.stale.sum.count) / 1e6 <= settings.excused_loss * viewing, stale_text(good));
  claim(good.silent == 0, std::to_string(good.silent) + " viewers got no packet at all");
  const std::uint64_t missed = good.tally.missed();
  const auto excused = static_cast<std::uint64_t>(settings.excused_loss * static_cast<double>(good.expected()));
  claim(missed <= excused,
        std::to_string(missed) + " packets were lost or late, " + std::to_string(excused) + " are excused");
  claim(good.tally.continuity_errors == 0, std::to_string(good.tally.continuity_errors) + " continuity errors");
  claim(good.tally.hash_failures == 0, std::to_string(good.tally.hash_failures) + " payloads with a wrong hash");
  claim(good.tally.foreign == 0, std::to_string(good.tally.foreign) + " payloads without a stamp of ours");
  return reasons;
}

std::string as_json(const Settings& settings, const Report& report) {
  const std::vector<std::string> reasons = judge(settings, report);
  Json json;
  json["format"] = 1;
  json["passed"] = reasons.empty();
  json["reasons"] = reasons;
  json["duration_s"] = report.duration_s;
  json["ramp_s"] = report.ramp_s;
  json["cpu_s"] = report.cpu_s;
  json["busy_s"] = report.busy_s;
  add_figures(json, report.good());
  json["hash_checked"] = report.hashed;
  json["rate"] = {{"packets_per_s", rate_of(report)},
                  {"bits_per_s", rate_of(report) * static_cast<double>(kPayloadBytes) * 8}};
  json["answer_us"] = latency_json(report.answers_ns);
  json["failures"] = report.failures;
  json["publishers"] = publishers_json(report.publishers);
  Json misbehaving = Json::object();
  for (std::size_t i = 1; i < kManners; ++i)
    if ((*report.figures)[i].viewers > 0) add_figures(misbehaving[kMannerNames[i]], (*report.figures)[i]);
  json["misbehaving"] = misbehaving;
  json["impairment"] = {{"up", link_json(report.up)}, {"down", link_json(report.down)}};
  json["generator"] = {{"received", report.port.received},
                       {"transmitted", report.port.transmitted},
                       {"transmit_refused", report.port.transmit_refused},
                       {"receive_pool_dry", report.port.receive_pool_dry},
                       {"missed_ticks", report.missed_ticks},
                       {"unsent", report.unsent},
                       {"copies_not_made", report.copies_not_made},
                       {"strangers", report.strangers}};
  return json.dump();
}

std::string as_table(const Settings& settings, const Report& report) {
  std::string text;
  if (report.publishers.count > 0) {
    text += line("%-18s %zu, %zu connected; sent %" PRIu64 ", repaired %" PRIu64 ", delayed %" PRIu64, "publishers",
                 report.publishers.count, report.publishers.connected, report.publishers.sent,
                 report.publishers.repaired, report.publishers.delayed);
  }
  if (settings.viewers > 0) text += table_of("viewers", report.good());
  for (std::size_t i = 1; i < kManners; ++i)
    if ((*report.figures)[i].viewers > 0) text += table_of(kMannerNames[i], (*report.figures)[i]);
  text += line("%-18s %.0f packets/s, %.3f Gb/s over %.1f s", "rate", rate_of(report),
               rate_of(report) * static_cast<double>(kPayloadBytes) * 8 / 1e9, report.duration_s);
  text += line("%-18s %.2f s CPU, %.2f s busy", "generator", report.cpu_s, report.busy_s);
  const std::vector<std::string> reasons = judge(settings, report);
  for (const std::string& reason : reasons) text += "failed: " + reason + "\n";
  return text + (reasons.empty() ? "passed\n" : "");
}

void Progress::show(const Now& now) {
  const double span = now.seconds - seconds_before_;
  const double rate = span > 0 ? static_cast<double>(now.good.received - received_before_) / span : 0;
  received_before_ = now.good.received;
  seconds_before_ = now.seconds;
  std::fprintf(stderr,
               "%s%6.1f s  %-8s  %zu up  published %" PRIu64 "  received %.0f/s  lost %" PRIu64 "  late %" PRIu64
               "  repaired %" PRIu64 "  p99 %.2f ms%s",
               is_terminal_ ? "\r" : "", now.seconds, now.stage, now.up, now.published, rate, now.good.tally.lost,
               now.good.tally.late, now.good.tally.repaired, to_us(now.good.latency_ns.quantile(0.99)) / 1e3,
               is_terminal_ ? "\x1b[K" : "\n");
  std::fflush(stderr);
  has_line_ = is_terminal_;
}

void Progress::finish() {
  if (has_line_) std::fputs("\n", stderr);
  has_line_ = false;
}

}  // namespace fanlight::load
