#include "session/report_desk.h"

#include <algorithm>
#include <utility>

namespace fanlight::control {

void StreamView::add(const event::StreamReport& other) {
  report.has_publisher = report.has_publisher || other.has_publisher;
  report.viewers += other.viewers;
  report.packets = std::max(report.packets, other.packets);
  report.bytes = std::max(report.bytes, other.bytes);
  report.history_packets = std::max(report.history_packets, other.history_packets);
  report.history_slots = std::max(report.history_slots, other.history_slots);
}

std::uint64_t ReportDesk::open(std::size_t answers) {
  if (held_.size() == kHeldMax) held_.erase(held_.begin());
  held_.emplace(++last_ticket_, Held{.answers_missing = answers, .report = {}});
  return last_ticket_;
}

Report* ReportDesk::find_open(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  return found == held_.end() || found->second.answers_missing == 0 ? nullptr : &found->second.report;
}

void ReportDesk::close(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  if (found != held_.end() && found->second.answers_missing > 0) --found->second.answers_missing;
}

std::optional<Report> ReportDesk::take(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  if (found == held_.end() || found->second.answers_missing > 0) return std::nullopt;
  Report report = std::move(found->second.report);
  held_.erase(found);
  return report;
}

}  // namespace fanlight::control
