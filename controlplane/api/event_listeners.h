// Who reads `GET /v1/events` right now, and what each has not been sent yet. One that does not read is cut: the events
// of all must not wait, nor pile up, for it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace fanlight::control {

struct EventListener {
  std::optional<std::string> stream{};  // A name or a pattern; absent: every event.
  std::function<void()> wake{};         // Something to send, or it is over.
  std::string unsent{};                 // Whole lines.
  bool is_over = false;
};

class EventListeners {
 public:
  static constexpr std::size_t kListenersMax = 16;
  static constexpr std::size_t kUnsentBytesMax = 256 * 1024;

  using Place = std::list<EventListener*>::iterator;
  // Empty when there are too many. The listener must be removed before it ends.
  [[nodiscard]] std::optional<Place> try_add(EventListener& listener);
  void remove(Place place) { all_.erase(place); }

  // A line of JSON about `stream`; empty: about none.
  void publish(std::string_view stream, std::string_view line);
  [[nodiscard]] bool has_any() const { return !all_.empty(); }
  [[nodiscard]] bool has_unsent() const;
  [[nodiscard]] std::uint64_t cut() const { return cut_; }

 private:
  std::list<EventListener*> all_;
  std::uint64_t cut_ = 0;
};

}  // namespace fanlight::control
