#include "session/inquiry_desk.h"

#include <algorithm>
#include <utility>

namespace fanlight::control {

bool InquiryDesk::hold(HeldConclusion held, AccessRequest request) {
  if (held_.size() == kHeldMax) return false;
  const std::uint64_t id = ++last_id_;
  unasked_.push_back({id, held.asked.hook, std::move(request)});
  held_.emplace(id, std::move(held));
  return true;
}

bool InquiryDesk::is_held(const Path& path, SocketId peer, SeqNo first_seq) const {
  return std::ranges::any_of(held_, [&](const auto& entry) {
    const HeldConclusion& held = entry.second;
    return held.peer == peer && held.first_seq == first_seq && held.path.remote == path.remote;
  });
}

// What nobody waits for any more need not be asked.
std::optional<Inquiry> InquiryDesk::poll() {
  while (!unasked_.empty()) {
    Inquiry inquiry = std::move(unasked_.front());
    unasked_.pop_front();
    if (held_.contains(inquiry.id)) return inquiry;
  }
  return std::nullopt;
}

std::optional<HeldConclusion> InquiryDesk::take(std::uint64_t id) {
  auto node = held_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::optional<HeldConclusion> InquiryDesk::take_overdue(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  return take(held_.begin()->first);
}

Instant InquiryDesk::next_deadline() const {
  return held_.empty() ? Instant::never() : held_.begin()->second.received + kWaitMax;
}

}  // namespace fanlight::control
