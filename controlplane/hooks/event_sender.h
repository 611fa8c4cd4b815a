// Takes session events to a webhook, in their order, many in one POST while it is slow:
//
//   {"event": "session_events", "events": [{…}, …]}
//
// A batch that is not taken with 2xx is sent again after 1, 2 and 4 s, then dropped and counted. Events wait in a
// bounded queue meanwhile, where publishers' have their place before others'. Nothing waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/webhook_rule.h"
#include "session/session_event.h"

namespace boost::asio {
class io_context;
}

namespace fanlight::control {

class EventSender {
 public:
  static constexpr std::size_t kQueueMax = 1024;
  static constexpr std::size_t kBatchMax = 64;
  static constexpr int kTriesMax = 4;

  using Warn = std::function<void(std::string)>;
  EventSender(boost::asio::io_context& loop, const WebhookRule& rule, Warn warn);
  // A batch under way is carried out, and nobody hears what became of it; what waits is dropped.
  ~EventSender();
  EventSender(const EventSender&) = delete;
  EventSender& operator=(const EventSender&) = delete;

  // One JSON object.
  void add(std::string event, const EventRank& rank);
  // Events that wait, or are under way.
  [[nodiscard]] std::size_t unsent() const;
  [[nodiscard]] std::uint64_t posted() const;
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fanlight::control
