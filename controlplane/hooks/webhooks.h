// The webhooks of the configuration by name: what the session desk asks, and what it tells.
//
// A hook that a reload leaves as it is keeps its connections. Questions under way to one that it changes are answered,
// and the answer does not count.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "access/decision.h"
#include "config/webhook_rule.h"
#include "hooks/event_sender.h"
#include "hooks/http_poster.h"
#include "hooks/webhook_view.h"
#include "session/inquiry_desk.h"

namespace fanlight::control {

class Webhooks {
 public:
  using Warn = std::function<void(std::string)>;
  // `loop` must outlive it; `warn` is given sentences for the log.
  Webhooks(boost::asio::io_context& loop, Warn warn) : loop_(loop), warn_(std::move(warn)) {}

  void reload(const std::vector<WebhookRule>& rules, const EventsRule& events);
  // `done` is called from the loop, never from here, and not after the webhook's timeout.
  void ask(const Inquiry& inquiry, std::function<void(InquiryAnswer)> done);
  // A session event as one JSON object, and what it is worth.
  void tell(std::string event, const EventRank& rank = {});
  [[nodiscard]] bool wants_events() const { return events_ != nullptr; }
  [[nodiscard]] bool has_unsent_events() const { return events_ != nullptr && events_->unsent() > 0; }

  [[nodiscard]] std::vector<WebhookView> views() const;
  // Of what was posted; the desk's own drops and the listeners are others' to add.
  [[nodiscard]] EventsView events_view() const;

 private:
  struct Hook {
    WebhookRule rule;
    std::uint64_t version = 0;  // Another one for each rule.
    std::shared_ptr<WebhookView> view;
    std::unique_ptr<HttpPoster> poster;
  };
  void reload_events(const EventsRule& events, const std::vector<WebhookRule>& rules);

  boost::asio::io_context& loop_;
  Warn warn_;
  std::map<std::string, Hook, std::less<>> hooks_;
  std::uint64_t last_version_ = 0;
  WebhookRule events_rule_;
  std::unique_ptr<EventSender> events_;
  EventsView past_;  // Of senders that a reload ended.
};

}  // namespace fanlight::control
