#include "session/call_table.h"

#include <algorithm>
#include <utility>

namespace fanlight::control {
namespace {

constexpr Micros kPauseMin = seconds(1);
constexpr Micros kPauseMax = seconds(30);

std::string_view describe(CallState state) {
  switch (state) {
    case CallState::kWaiting:
      return "waiting";
    case CallState::kResolving:
    case CallState::kCalling:
      return "connecting";
    case CallState::kConnected:
      return "connected";
  }
  return "unknown";
}

}  // namespace

Micros pause_after(std::uint32_t failures, std::uint32_t random) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures > 0 ? failures - 1 : 0, 5);
  const Micros pause = std::min(std::int64_t{1 << doublings} * kPauseMin, kPauseMax);
  return pause / 2 + micros(static_cast<std::int64_t>(random) % (pause.count / 2));
}

CallEntry* CallTable::add(Instant now, CallRule rule) {
  if (calls_.size() == kCallsMax) return nullptr;
  CallEntry entry{.id = ++last_id_, .rule = std::move(rule), .since = now, .retry_at = now};
  entry.passphrase = Secret(entry.rule.url.passphrase);
  wipe(entry.rule.url.passphrase);
  return &calls_.emplace(entry.id, std::move(entry)).first->second;
}

CallEntry* CallTable::find(std::uint32_t id) {
  const auto found = calls_.find(id);
  return found == calls_.end() || found->second.is_removed ? nullptr : &found->second;
}

CallEntry* CallTable::find(RequestId request) {
  for (auto& [id, call] : calls_) {
    const bool is_out = call.state == CallState::kCalling || call.state == CallState::kConnected;
    if (is_out && call.request == request) return &call;
  }
  return nullptr;
}

CallEntry* CallTable::find(const CallRule& rule) {
  CallRule words = rule;
  wipe(words.url.passphrase);
  for (auto& [id, call] : calls_)
    if (!call.is_removed && call.rule == words && call.passphrase == Secret(rule.url.passphrase)) return &call;
  return nullptr;
}

bool CallTable::is_ringing_full() const {
  std::size_t ringing = 0;
  for (const auto& [id, call] : calls_)
    if (call.state == CallState::kResolving || call.state == CallState::kCalling) ++ringing;
  return ringing >= kCallsAtOnceMax;
}

// While as many ring as may, an answer is what is waited for.
Instant CallTable::next_deadline() const {
  Instant due = Instant::never();
  if (is_ringing_full()) return due;
  for (const auto& [id, call] : calls_)
    if (call.state == CallState::kWaiting) due = std::min(due, call.retry_at);
  return due;
}

std::vector<CallView> CallTable::views(Instant now) const {
  std::vector<CallView> out;
  for (const auto& [id, call] : calls_) {
    if (call.is_removed) continue;
    SrtUrl url = call.rule.url;
    if (!call.passphrase.is_empty()) url.passphrase = "shown as a length only";
    out.push_back({.id = id,
                   .role = call.rule.role,
                   .stream = call.rule.stream,
                   .url = public_text(url),
                   .state = describe(call.state),
                   .age = std::max(now - call.since, Micros{}),
                   .retry_in = call.state == CallState::kWaiting ? std::max(call.retry_at - now, Micros{}) : Micros{},
                   .failure = call.failure,
                   .attempts = call.attempts,
                   .socket = call.state == CallState::kConnected ? call.socket : SocketId{},
                   .is_encrypted = !call.passphrase.is_empty()});
  }
  return out;
}

}  // namespace fanlight::control
