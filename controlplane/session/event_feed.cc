#include "session/event_feed.h"

#include <utility>

namespace fanlight::control {

void EventFeed::add(Instant now, SessionEvent event) {
  event.number = ++last_number_;
  if (event.kind == SessionEvent::Kind::kRejected && is_one_too_many(now)) {
    ++dropped_;
    return;
  }
  if (held_.size() == kHeldMax) {
    held_.pop_front();
    ++dropped_;
  }
  held_.push_back(std::move(event));
}

bool EventFeed::is_one_too_many(Instant now) {
  if (now - second_ >= seconds(1)) {
    second_ = now;
    rejections_ = 0;
  }
  return ++rejections_ > kRejectionsPerSecond;
}

std::optional<SessionEvent> EventFeed::poll() {
  if (held_.empty()) return std::nullopt;
  SessionEvent event = std::move(held_.front());
  held_.pop_front();
  return event;
}

}  // namespace fanlight::control
