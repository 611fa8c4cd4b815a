#include "capacity/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "capacity/formatted.h"

namespace fanlight::control {
namespace {

using nlohmann::json;

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::size_t advised(const Prediction& prediction) {
  return static_cast<std::size_t>(static_cast<double>(prediction.promised()) * CapacityReport::kAdvised);
}

double megabits(const Prediction& prediction) {
  return static_cast<double>(prediction.promised()) * prediction.bits / 1e6;
}

std::string viewers_of(const Prediction& prediction) {
  if (!prediction.is_range()) return grouped(prediction.viewers);
  return grouped(prediction.viewers_least) + "-" + grouped(prediction.viewers_most);
}

std::string limit_of(const Prediction& prediction) {
  return std::string{name_of(prediction.limit)} + (is_assumed(prediction.limit) ? " (assumed)" : "");
}

std::string listed(const std::string& heading, const std::vector<std::string>& lines) {
  std::string text = "\n" + heading + "\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

std::string header_of(const CapacityReport& report) {
  const std::string cipher =
      report.key_bytes == 0 ? "clear" : "AES-" + std::to_string(report.key_bytes * 8) + ", a key for each viewer";
  const WorkerCosts::Run& longest = report.costs.runs.back();
  std::string text = formatted("measured in %.1f s on %s, %s\n", report.seconds, report.port.c_str(), cipher.c_str());
  text += formatted("one worker spends %.2f µs on a packet sent alone", report.costs.runs.front().ns_per_packet / 1e3);
  if (longest.packets > 1)
    text += formatted(", %.2f µs on each of %zu to one viewer", longest.ns_per_packet / 1e3, longest.packets);
  if (report.costs.ns_per_packet_full > 0)
    text += formatted(", %.2f µs when its rings are full", report.costs.ns_per_packet_full / 1e3);
  return text + formatted(", %.2f µs on an ACK\n", report.costs.ns_per_ack / 1e3);
}

const char* meaning_of_range(const CapacityReport& report) {
  if (report.costs.ns_per_packet_full > 0)
    return "from: with rings that are always full, as in front of a slow device; to: with rings that never are; "
           "ADVISED and EGRESS are of the lesser\n";
  return "from-to: the passes of the measurement are more than a fifth apart; ADVISED and EGRESS are of the lesser\n";
}

std::string share_line(const CapacityReport& report) {
  std::string text;
  for (const Prediction& prediction : report.predictions) {
    const double share = worker_share(report.costs, report.bounds, prediction.bits, *report.viewers);
    const double most = worker_share(report.costs.when_full(), report.bounds, prediction.bits, *report.viewers);
    text += formatted("%s viewers of %g Mb/s take %.0f %% of each worker's time", grouped(*report.viewers).c_str(),
                      prediction.bits / 1e6, share * 100);
    text += most > share ? formatted(", %.0f %% with full rings\n", most * 100) : "\n";
  }
  return text;
}

json prediction_json(const CapacityReport& report, const Prediction& prediction) {
  json out{{"mbps", prediction.bits / 1e6},
           {"viewers", prediction.viewers},
           {"viewers_least", prediction.viewers_least},
           {"viewers_most", prediction.viewers_most},
           {"advised", advised(prediction)},
           {"limit", name_of(prediction.limit)},
           {"limit_is_assumed", is_assumed(prediction.limit)},
           {"viewers_by_worker", prediction.viewers_by_worker},
           {"viewers_unhurried", prediction.viewers_unhurried},
           {"egress_mbps", megabits(prediction)}};
  if (report.viewers) {
    out["share"] = worker_share(report.costs, report.bounds, prediction.bits, *report.viewers);
    out["share_full"] = worker_share(report.costs.when_full(), report.bounds, prediction.bits, *report.viewers);
  }
  return out;
}

}  // namespace

std::string text_of(const CapacityReport& report) {
  std::string text = header_of(report) + "\n";
  text += formatted("%10s  %15s  %10s  %14s  %s\n", "BITRATE", "VIEWERS", "ADVISED", "EGRESS", "LIMIT");
  for (const Prediction& one : report.predictions)
    text += formatted("%5g Mb/s  %15s  %10s  %9s Mb/s  %s\n", one.bits / 1e6, viewers_of(one).c_str(),
                      grouped(advised(one)).c_str(), grouped(static_cast<std::size_t>(megabits(one))).c_str(),
                      limit_of(one).c_str());
  if (std::ranges::any_of(report.predictions, &Prediction::is_range)) text += meaning_of_range(report);
  if (report.viewers) text += "\n" + share_line(report);
  text += listed("measured here", measured_here(report)) + listed("assumed", assumed_here(report));
  text += "\nto turn viewers away in time: relay.capacity_mbps = EGRESS of the bitrate that most of them watch\n";
  text += listed("to raise it", ways_up(report));
  for (const std::string& note : report.notes) text += "  " + note + "\n";
  return text;
}

std::string json_of(const CapacityReport& report) {
  json runs = json::array();
  for (const WorkerCosts::Run& run : report.costs.runs)
    runs.push_back({{"packets", run.packets}, {"ns_per_packet", run.ns_per_packet}});
  json predictions = json::array();
  for (const Prediction& one : report.predictions) predictions.push_back(prediction_json(report, one));
  const json out{{"format", 1},
                 {"port", report.port},
                 {"key_bits", report.key_bytes * 8},
                 {"seconds", report.seconds},
                 {"workers", report.bounds.workers},
                 {"cores", report.bounds.cores},
                 {"sessions_max", report.bounds.sessions_max},
                 {"line", {{"interface", report.line}, {"mbps", report.bounds.line_bits / 1e6}}},
                 {"measured",
                  {{"runs", std::move(runs)},
                   {"ns_per_ack", report.costs.ns_per_ack},
                   {"ns_per_packet_full", report.costs.ns_per_packet_full},
                   {"passes", report.passes}}},
                 {"origins", {{"measured", measured_here(report)}, {"assumed", assumed_here(report)}}},
                 {"predictions", std::move(predictions)},
                 {"ways_up", ways_up(report)},
                 {"notes", report.notes}};
  return out.dump() + "\n";
}

}  // namespace fanlight::control
