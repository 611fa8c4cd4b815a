#include "hooks/event_sender.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "hooks/http_poster.h"
#include "session/event_queue.h"

namespace fanlight::control {
namespace {

WebhookRule one_at_a_time(WebhookRule rule) {
  rule.concurrency = 1;
  return rule;
}

}  // namespace

struct EventSender::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, const WebhookRule& rule, Warn warn_of)
      : name(rule.name), poster(loop, one_at_a_time(rule)), pause(loop), warn(std::move(warn_of)) {}

  void begin();
  void send();
  void handle(const PostResult& result);

  const std::string name;
  HttpPoster poster;
  boost::asio::steady_timer pause;
  Warn warn;
  EventQueue<std::string> queue{kQueueMax};
  std::string batch;  // The body under way; empty: none.
  std::size_t batch_size = 0;
  int tries = 0;
  bool is_over = false;
  std::uint64_t posted = 0;
  std::uint64_t dropped = 0;
};

void EventSender::State::begin() {
  if (batch_size > 0 || queue.is_empty() || is_over) return;
  batch = R"({"event":"session_events","events":[)";
  for (; batch_size < kBatchMax && !queue.is_empty(); ++batch_size) {
    if (batch_size > 0) batch += ',';
    batch += queue.take();
  }
  batch += "]}";
  tries = 0;
  send();
}

void EventSender::State::send() {
  ++tries;
  // Weak: the poster is the state's own, and keeps what it still has to call.
  poster.post(batch, [weak = weak_from_this()](const PostResult& result) {
    if (const auto self = weak.lock()) self->handle(result);
  });
}

void EventSender::State::handle(const PostResult& result) {
  const bool is_taken = result && result->status / 100 == 2;
  if (!is_taken && tries < kTriesMax && !is_over) {
    pause.expires_after(std::chrono::seconds(1 << (tries - 1)));
    pause.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!error && self && !self->is_over) self->send();
    });
    return;
  }
  if (!is_taken && warn)
    warn("webhook " + name + " did not take " + std::to_string(batch_size) +
         " session events: " + (result ? "HTTP " + std::to_string(result->status) : result.error().why));
  (is_taken ? posted : dropped) += batch_size;
  batch_size = 0;
  begin();
}

EventSender::EventSender(boost::asio::io_context& loop, const WebhookRule& rule, Warn warn)
    : state_(std::make_shared<State>(loop, rule, std::move(warn))) {}

EventSender::~EventSender() {
  state_->is_over = true;
  state_->warn = nullptr;
  state_->pause.cancel();
}

void EventSender::add(std::string event, const EventRank& rank) {
  if (state_->queue.add(std::move(event), rank)) ++state_->dropped;
  state_->begin();
}

std::size_t EventSender::unsent() const { return state_->batch_size + state_->queue.size(); }
std::uint64_t EventSender::posted() const { return state_->posted; }
std::uint64_t EventSender::dropped() const { return state_->dropped; }

}  // namespace fanlight::control
