// Session events in their order, until somebody takes them. Bounded (session/event_queue.h), and of rejections, which
// strangers can make at will, so many a second are told. Numbers go on counting, so whoever reads sees a gap.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "session/event_queue.h"
#include "session/session_event.h"

namespace fanlight::control {

class EventFeed {
 public:
  static constexpr std::size_t kHeldMax = 1024;
  static constexpr std::uint32_t kRejectionsPerSecond = 100;

  void add(Instant now, SessionEvent event);
  [[nodiscard]] std::optional<SessionEvent> poll();
  // Events that nobody will ever see.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] bool is_one_too_many(Instant now);

  EventQueue<SessionEvent> held_{kHeldMax};
  std::uint64_t last_number_ = 0;
  std::uint64_t dropped_ = 0;
  Instant second_;  // Its rejections are counted.
  std::uint32_t rejections_ = 0;
};

}  // namespace fanlight::control
