#include "session/rejected_callers.h"

namespace fanlight::control {

// Copies do not prolong it: the first answer was the answer.
void RejectedCallers::remember(Instant now, const Endpoint& remote, SocketId peer, SeqNo first_seq,
                               wire::Reject reason) {
  forget_until(now);
  const Caller caller{remote, peer.raw(), first_seq.raw};
  if (!reasons_.emplace(caller, reason).second) return;
  leaving_.emplace_back(now + kSpan, caller);
  if (leaving_.size() > kKeptMax) {
    reasons_.erase(leaving_.front().second);
    leaving_.pop_front();
  }
}

std::optional<wire::Reject> RejectedCallers::find(Instant now, const Endpoint& remote, SocketId peer, SeqNo first_seq) {
  forget_until(now);
  const auto found = reasons_.find({remote, peer.raw(), first_seq.raw});
  return found == reasons_.end() ? std::nullopt : std::optional{found->second};
}

void RejectedCallers::forget_until(Instant now) {
  for (; !leaving_.empty() && leaving_.front().first <= now; leaving_.pop_front())
    reasons_.erase(leaving_.front().second);
}

}  // namespace fanlight::control
