#include "capacity/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

using nlohmann::json;

template <class... T>
std::string formatted(const char* format, T... values) {
  std::array<char, 256> out{};
  std::snprintf(out.data(), out.size(), format, values...);
  return out.data();
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::size_t advised(const Prediction& prediction) {
  return static_cast<std::size_t>(static_cast<double>(prediction.viewers) * CapacityReport::kAdvised);
}

double megabits(const Prediction& prediction) {
  return static_cast<double>(prediction.viewers) * prediction.bits / 1e6;
}

std::string header_of(const CapacityReport& report) {
  const std::string cipher =
      report.key_bytes == 0 ? "clear" : "AES-" + std::to_string(report.key_bytes * 8) + ", a key for each viewer";
  const WorkerCosts::Run& longest = report.costs.runs.back();
  std::string text = formatted("measured in %.1f s on %s, %s\n", report.seconds, report.port.c_str(), cipher.c_str());
  text += formatted("one worker spends %.2f µs on a packet sent alone", report.costs.runs.front().ns_per_packet / 1e3);
  if (longest.packets > 1)
    text += formatted(", %.2f µs on each of %zu to one viewer", longest.ns_per_packet / 1e3, longest.packets);
  return text + formatted(", %.2f µs on an ACK\n", report.costs.ns_per_ack / 1e3);
}

std::string share_line(const CapacityReport& report) {
  std::string text;
  for (const Prediction& prediction : report.predictions) {
    const double share = worker_share(report.costs, report.bounds, prediction.bits, *report.viewers);
    text += formatted("%s viewers of %g Mb/s take %.0f %% of each worker's time\n", grouped(*report.viewers).c_str(),
                      prediction.bits / 1e6, share * 100);
  }
  return text;
}

json prediction_json(const CapacityReport& report, const Prediction& prediction) {
  json out{{"mbps", prediction.bits / 1e6},
           {"viewers", prediction.viewers},
           {"advised", advised(prediction)},
           {"limit", name_of(prediction.limit)},
           {"viewers_by_worker", prediction.viewers_by_worker},
           {"viewers_unhurried", prediction.viewers_unhurried},
           {"egress_mbps", megabits(prediction)}};
  if (report.viewers) out["share"] = worker_share(report.costs, report.bounds, prediction.bits, *report.viewers);
  return out;
}

}  // namespace

std::string text_of(const CapacityReport& report) {
  std::string text = header_of(report) + "\n";
  text += formatted("%10s  %10s  %10s  %14s  %s\n", "BITRATE", "VIEWERS", "ADVISED", "EGRESS", "LIMIT");
  for (const Prediction& one : report.predictions)
    text += formatted("%5g Mb/s  %10s  %10s  %9s Mb/s  %s\n", one.bits / 1e6, grouped(one.viewers).c_str(),
                      grouped(advised(one)).c_str(), grouped(static_cast<std::size_t>(megabits(one))).c_str(),
                      std::string{name_of(one.limit)}.c_str());
  if (report.viewers) text += "\n" + share_line(report);
  text += "\nto turn viewers away in time: relay.capacity_mbps = EGRESS of the bitrate that most of them watch\n";
  text += "\nto raise it\n";
  for (const std::string& way : ways_up(report)) text += "  " + way + "\n";
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
                 {"measured", {{"runs", std::move(runs)}, {"ns_per_ack", report.costs.ns_per_ack}}},
                 {"predictions", std::move(predictions)},
                 {"ways_up", ways_up(report)},
                 {"notes", report.notes}};
  return out.dump() + "\n";
}

}  // namespace fanlight::control
