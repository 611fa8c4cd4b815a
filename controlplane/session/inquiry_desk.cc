#include "session/inquiry_desk.h"

#include <algorithm>
#include <utility>

namespace fanlight::control {

bool InquiryDesk::hold(HeldConclusion held) {
  const std::string hook = held.hook;
  FairLine& line = lines_.try_emplace(hook, kHeldMax).first->second;
  const std::uint64_t id = ++last_id_;
  if (!line.enter(id, held.path.remote.ip)) return false;
  hooks_.emplace(id, hook);
  waiting_.emplace(id, Waiting{std::move(held)});
  return true;
}

bool InquiryDesk::is_held(const Path& path, SocketId peer, SeqNo first_seq) const {
  return std::ranges::any_of(waiting_, [&](const auto& entry) {
    const HeldConclusion& held = entry.second.held;
    return held.peer == peer && held.first_seq == first_seq && held.path.remote == path.remote;
  });
}

std::optional<Inquiry> InquiryDesk::poll() {
  for (auto& [hook, line] : lines_) {
    const auto hands = hands_.find(hook);
    const auto id = line.next(hands == hands_.end() ? kHandsUnsaid : hands->second);
    if (!id) continue;
    Waiting& waiting = waiting_.at(*id);
    waiting.is_asked = true;
    return Inquiry{*id, hook, waiting.held.request};
  }
  return std::nullopt;
}

std::optional<HeldConclusion> InquiryDesk::take(std::uint64_t id) {
  leave_line(id);
  auto node = waiting_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped().held);
}

// One that was asked keeps its hand busy until the answer comes.
std::optional<HeldConclusion> InquiryDesk::take_overdue(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  auto node = waiting_.extract(waiting_.begin());
  if (!node.mapped().is_asked) leave_line(node.key());
  return std::move(node.mapped().held);
}

Instant InquiryDesk::next_deadline() const {
  return waiting_.empty() ? Instant::never() : waiting_.begin()->second.held.received + kWaitMax;
}

void InquiryDesk::leave_line(std::uint64_t id) {
  const auto hook = hooks_.extract(id);
  if (hook.empty()) return;
  const auto line = lines_.find(hook.mapped());
  line->second.leave(id);
  if (line->second.is_empty()) lines_.erase(line);
}

}  // namespace fanlight::control
