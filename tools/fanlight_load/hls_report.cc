#include "fanlight_load/hls_report.h"

#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace fanlight::load {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const char* format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return std::string(text) + "\n";
}

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double ms(std::uint64_t us) { return static_cast<double>(us) / 1e3; }

std::string number(std::uint64_t value) { return std::to_string(value); }

Json times_json(const Histogram& times) {
  return {{"samples", times.samples()},  {"p50", times.quantile(0.5)},    {"p90", times.quantile(0.9)},
          {"p99", times.quantile(0.99)}, {"p999", times.quantile(0.999)}, {"max", times.max()}};
}

std::string times_line(const char* name, const Histogram& times) {
  return line("%-18s p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms", name, ms(times.quantile(0.5)),
              ms(times.quantile(0.99)), ms(times.quantile(0.999)), ms(times.max()));
}

void for_each_fault(const HlsFaults& faults, auto&& take) {
  for (std::size_t kind = 0; kind < kHlsFaults; ++kind) {
    const HlsFaults::Count& its = faults.of(static_cast<HlsFault>(kind));
    if (its.count > 0) take(name_of(static_cast<HlsFault>(kind)), its);
  }
}

std::string bound_text(const HlsSettings& settings) {
  return settings.terms.late > Micros{} ? number(static_cast<std::uint64_t>(settings.terms.late.count)) + " us"
                                        : "the part target";
}

Json faults_json(const HlsFaults& faults) {
  Json json = Json::object();
  for_each_fault(faults, [&](const char* name, const HlsFaults::Count& its) {
    json[name] = {{"count", its.count}, {"first", its.first}};
  });
  return json;
}

}  // namespace

std::vector<std::string> judge(const HlsSettings& settings, const HlsLoadReport& report) {
  std::vector<std::string> reasons;
  const auto claim = [&](bool holds, const std::string& otherwise) {
    if (!holds) reasons.push_back(otherwise);
  };
  const HlsTally& tally = report.tally;
  claim(!report.is_interrupted, "interrupted");
  claim(report.up == report.viewers,
        number(report.viewers - report.up) + " of " + number(report.viewers) + " viewers never began to play");
  for_each_fault(tally.faults, [&](const char* name, const HlsFaults::Count& its) {
    claim(false, std::string(name) + " (" + number(its.count) + "): " + its.first);
  });
  claim(tally.measured > 0, "no part came while it ran");
  claim(report.ended == 0, "the stream ended for " + number(report.ended) + " viewers");
  const auto excused = static_cast<std::uint64_t>(settings.excused_late * static_cast<double>(tally.measured));
  claim(tally.late <= excused, number(tally.late) + " of " + number(tally.measured) + " parts came later than " +
                                   bound_text(settings) + " after they were listed, " + number(excused) +
                                   " are excused");
  claim(tally.stalls == 0 || settings.excuses_stalls,
        number(tally.stalls) + " stalls of " + number(report.stalled) + " viewers, " +
            number(static_cast<std::uint64_t>(tally.stalled.count / 1000)) + " ms in all");
  return reasons;
}

std::string hls_json(const HlsSettings& settings, const HlsLoadReport& report) {
  const std::vector<std::string> reasons = judge(settings, report);
  const HlsTally& tally = report.tally;
  Json json;
  json["format"] = 1;
  json["passed"] = reasons.empty();
  json["reasons"] = reasons;
  json["duration_s"] = report.duration_s;
  json["ramp_s"] = report.ramp_s;
  json["cpu_s"] = report.cpu_s;
  json["viewers"] = report.viewers;
  json["up"] = report.up;
  json["ended"] = report.ended;
  json["renditions"] = report.renditions;
  json["playlists"] = {{"received", tally.playlists}, {"distinct", tally.playlists_distinct}, {"deltas", tally.deltas}};
  json["parts"] = {{"received", tally.parts},
                   {"distinct", tally.parts_distinct},
                   {"hinted", tally.hinted},
                   {"hints_in_vain", tally.hints_in_vain},
                   {"measured", tally.measured},
                   {"late", tally.late},
                   {"late_bound_us", settings.terms.late.count}};
  json["inits"] = tally.inits;
  json["bytes"] = tally.bytes;
  json["release_us"] = times_json(tally.release_us);
  json["arrival_us"] = times_json(tally.arrival_us);
  json["stalls"] = {{"count", tally.stalls}, {"viewers", report.stalled}, {"total_us", tally.stalled.count}};
  json["faults"] = faults_json(tally.faults);
  json["rate"] = {{"requests_per_s", per_second(report.requests, report.duration_s)},
                  {"bits_per_s", 8 * per_second(report.bytes, report.duration_s)}};
  json["connections"] = {{"opened", report.connections}, {"reopened", report.reconnections}};
  json["generator"] = {{"turn_max_us", report.turn_max.count}};
  return json.dump();
}

std::string hls_table(const HlsSettings& settings, const HlsLoadReport& report) {
  const HlsTally& tally = report.tally;
  std::string text = line("%-18s %zu, %zu played, %zu stood still; %zu rendition(s) each", "viewers", report.viewers,
                          report.up, report.stalled, report.renditions);
  text += line("%-18s %" PRIu64 ", %" PRIu64 " texts, %" PRIu64 " delta updates", "playlists", tally.playlists,
               tally.playlists_distinct, tally.deltas);
  text += line("%-18s %" PRIu64 ", %" PRIu64 " different; asked for by their hint %" PRIu64 ", in vain %" PRIu64,
               "parts", tally.parts, tally.parts_distinct, tally.hinted, tally.hints_in_vain);
  text += line("%-18s %" PRIu64 " of %" PRIu64 " later than %s", "late", tally.late, tally.measured,
               bound_text(settings).c_str());
  text += times_line("release", tally.release_us);
  text += times_line("arrival", tally.arrival_us);
  text +=
      line("%-18s %" PRIu64 ", %.3f s in all", "stalls", tally.stalls, static_cast<double>(tally.stalled.count) / 1e6);
  text += line("%-18s %.0f requests/s, %.3f Gb/s over %.1f s; %zu connections", "rate",
               per_second(report.requests, report.duration_s), 8 * per_second(report.bytes, report.duration_s) / 1e9,
               report.duration_s, report.connections);
  text += line("%-18s %.2f s CPU, longest turn %.3f ms", "generator", report.cpu_s,
               static_cast<double>(report.turn_max.count) / 1e3);
  const std::vector<std::string> reasons = judge(settings, report);
  for (const std::string& reason : reasons) text += "failed: " + reason + "\n";
  return reasons.empty() ? text + "passed: each byte and playlist was as it should be\n" : text;
}

}  // namespace fanlight::load
