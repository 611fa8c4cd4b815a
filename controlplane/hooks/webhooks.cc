#include "hooks/webhooks.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "config/secret.h"
#include "hooks/answer.h"
#include "hooks/question.h"

namespace fanlight::control {
namespace {

using Clock = std::chrono::steady_clock;

HookOutcome outcome_of(PostFailure::Kind kind) {
  switch (kind) {
    case PostFailure::Kind::kTimeout:
      return HookOutcome::kTimeout;
    case PostFailure::Kind::kUnreachable:
      return HookOutcome::kUnreachable;
    case PostFailure::Kind::kBroken:
      return HookOutcome::kBroken;
    case PostFailure::Kind::kBusy:
      break;
  }
  return HookOutcome::kBusy;
}

HookOutcome outcome_of(const InquiryAnswer& answer) {
  if (std::holds_alternative<Grant>(answer)) return HookOutcome::kAllowed;
  return std::holds_alternative<Denied>(answer) ? HookOutcome::kRefused : HookOutcome::kUnusable;
}

void count(WebhookView& view, HookOutcome outcome) { ++view.outcomes[static_cast<std::size_t>(outcome)]; }

// What the webhook said, under its name.
InquiryAnswer judge(PostResult result, WebhookView& view, Micros refusal_holds) {
  if (!result) {
    const HookOutcome outcome = outcome_of(result.error().kind);
    count(view, outcome);
    return NoAnswer{std::move(result.error().why), outcome == HookOutcome::kBusy};
  }
  InquiryAnswer answer = read_answer(result->status, result->body);
  count(view, outcome_of(answer));
  if (auto* grant = std::get_if<Grant>(&answer)) grant->by = view.name;
  if (auto* denied = std::get_if<Denied>(&answer)) {
    denied->by = denied->by.empty() ? view.name : view.name + ": " + denied->by;
    denied->holds = refusal_holds;
  }
  return answer;
}

}  // namespace

void Webhooks::reload(const std::vector<WebhookRule>& rules, const EventsRule& events) {
  std::map<std::string, Hook, std::less<>> fresh;
  for (const WebhookRule& rule : rules) {
    Hook hook{.rule = rule, .view = std::make_shared<WebhookView>(WebhookView{.name = rule.name}), .poster = {}};
    if (const auto old = hooks_.find(rule.name); old != hooks_.end()) {
      hook.view = old->second.view;
      if (old->second.rule == rule) {
        hook.version = old->second.version;
        hook.poster = std::move(old->second.poster);
      }
    }
    if (!hook.poster) {
      hook.version = ++last_version_;
      hook.poster = std::make_unique<HttpPoster>(loop_, rule);
      if (!hook.poster->fault().empty()) warn_("webhook " + rule.name + ": " + hook.poster->fault());
    }
    fresh.emplace(rule.name, std::move(hook));
  }
  hooks_ = std::move(fresh);
  reload_events(events, rules);
}

void Webhooks::reload_events(const EventsRule& events, const std::vector<WebhookRule>& rules) {
  const auto rule = std::ranges::find(rules, events.webhook, &WebhookRule::name);
  if (events_ && rule != rules.end() && *rule == events_rule_) return;
  past_ = events_view();
  if (const std::size_t unsent = events_ ? events_->unsent() : 0) {
    past_.dropped += unsent;
    if (warn_)
      warn_("webhook " + events_rule_.name + " is another, or none, from now on: " + std::to_string(unsent) +
            " session events that it had not taken are not told");
  }
  events_.reset();
  if (rule == rules.end()) return;
  events_rule_ = *rule;
  events_ = std::make_unique<EventSender>(loop_, *rule, warn_);
}

void Webhooks::ask(const Inquiry& inquiry, std::function<void(InquiryAnswer)> done) {
  const auto found = hooks_.find(inquiry.hook);
  if (found == hooks_.end()) {
    boost::asio::post(loop_, [done = std::move(done)] {
      done(NoAnswer{"there is no [[webhook]] of that name any more", true});
    });
    return;
  }
  const Hook& hook = found->second;
  hook.poster->post(write_question(inquiry), [this, name = inquiry.hook, version = hook.version, view = hook.view,
                                              holds = hook.rule.negative_cache, asked = Clock::now(),
                                              done = std::move(done)](PostResult result) {
    if (result) view->answer_seconds = std::chrono::duration<double>(Clock::now() - asked).count();
    InquiryAnswer answer = judge(std::move(result), *view, holds);
    const auto now = hooks_.find(name);
    const bool is_same = now != hooks_.end() && now->second.version == version;
    done(is_same ? std::move(answer) : NoAnswer{"its [[webhook]] is another by now", true});
  });
}

void Webhooks::tell(std::string event, const EventRank& rank) {
  if (events_) events_->add(std::move(event), rank);
}

std::vector<WebhookView> Webhooks::views() const {
  std::vector<WebhookView> out;
  for (const auto& [name, hook] : hooks_) out.push_back(*hook.view);
  return out;
}

EventsView Webhooks::events_view() const {
  EventsView view = past_;
  if (events_) {
    view.posted += events_->posted();
    view.dropped += events_->dropped();
  }
  return view;
}

}  // namespace fanlight::control
