#include "session/report_desk.h"

#include <utility>

namespace fanlight::control {

std::uint64_t ReportDesk::open() {
  if (held_.size() == kHeldMax) held_.erase(held_.begin());
  held_.emplace(++last_ticket_, Held{});
  return last_ticket_;
}

Report* ReportDesk::find_open(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  return found == held_.end() || found->second.is_closed ? nullptr : &found->second.report;
}

void ReportDesk::close(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  if (found != held_.end()) found->second.is_closed = true;
}

std::optional<Report> ReportDesk::take(std::uint64_t ticket) {
  const auto found = held_.find(ticket);
  if (found == held_.end() || !found->second.is_closed) return std::nullopt;
  Report report = std::move(found->second.report);
  held_.erase(found);
  return report;
}

}  // namespace fanlight::control
