#include "api/event_listeners.h"

#include <algorithm>

#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

bool wants(const EventListener& listener, std::string_view stream) {
  return !listener.stream || covers(*listener.stream, stream);
}

}  // namespace

std::optional<EventListeners::Place> EventListeners::try_add(EventListener& listener) {
  if (all_.size() == kListenersMax) return std::nullopt;
  return all_.insert(all_.end(), &listener);
}

void EventListeners::publish(std::string_view stream, std::string_view line) {
  for (EventListener* listener : all_) {
    if (listener->is_over || !wants(*listener, stream)) continue;
    listener->is_over = listener->unsent.size() + line.size() + 1 > kUnsentBytesMax;
    if (listener->is_over) {
      ++cut_;
    } else {
      listener->unsent.append(line).push_back('\n');
    }
    listener->wake();
  }
}

bool EventListeners::has_unsent() const {
  return std::ranges::any_of(all_, [](const EventListener* one) { return !one->is_over && !one->unsent.empty(); });
}

}  // namespace fanlight::control
