#include "origin/waits.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::packager {

Waiter& Waits::add_endless(HttpRequestId id, const Ask& ask) {
  const auto [at, is_new] = waiters_.try_emplace(id);
  CHECK(is_new);
  at->second.id = id;
  at->second.ask = ask;
  return at->second;
}

Waiter& Waits::add(HttpRequestId id, const Ask& ask, Instant now, Micros at_most) {
  Waiter& waiter = add_endless(id, ask);
  waiter.until = now + at_most;
  by_length_[at_most].push_back(waiter);
  return waiter;
}

void Waits::limit(Waiter& waiter, Instant now, Micros at_most) {
  if (waiter.until != Instant::never()) return;
  waiter.until = now + at_most;
  by_length_[at_most].push_back(waiter);
}

Waiter* Waits::find(HttpRequestId id) {
  const auto at = waiters_.find(id);
  return at == waiters_.end() ? nullptr : &at->second;
}

bool Waits::erase(HttpRequestId id) { return waiters_.erase(id) != 0; }

Instant Waits::next_deadline() const {
  Instant next = Instant::never();
  for (const auto& [length, waiters] : by_length_)
    if (!waiters.empty()) next = std::min(next, waiters.front().until);
  return next;
}

Waiter* Waits::first_expired(Instant now) {
  for (auto& [length, waiters] : by_length_)
    if (!waiters.empty() && waiters.front().until <= now) return &waiters.front();
  return nullptr;
}

}  // namespace fanlight::packager
