#include "session/event_feed.h"

#include <utility>

namespace fanlight::control {

void EventFeed::add(Instant now, SessionEvent event) {
  event.number = ++last_number_;
  if (event.kind == SessionEvent::Kind::kRejected && is_one_too_many(now)) {
    ++dropped_;
    return;
  }
  const EventRank rank = rank_of(event);
  if (held_.add(std::move(event), rank)) ++dropped_;
}

bool EventFeed::is_one_too_many(Instant now) {
  if (now - second_ >= seconds(1)) {
    second_ = now;
    rejections_ = 0;
  }
  return ++rejections_ > kRejectionsPerSecond;
}

std::optional<SessionEvent> EventFeed::poll() {
  if (held_.is_empty()) return std::nullopt;
  return held_.take();
}

}  // namespace fanlight::control
