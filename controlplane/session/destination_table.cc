#include "session/destination_table.h"

#include "base/check.h"

namespace fanlight::control {

std::string title_of(const DestinationEntry& one) {
  return "destination " + std::to_string(one.id) + ", " + url_of(one.rule) + " of " + one.rule.stream;
}

std::string_view name_of(DestinationState state) {
  switch (state) {
    case DestinationState::kWaiting:
      return "waiting";
    case DestinationState::kOpening:
      return "connecting";
    case DestinationState::kSending:
      return "sending";
    case DestinationState::kPaused:
      return "paused";
    case DestinationState::kWornOut:
      return "worn out";
  }
  return "unknown";
}

DestinationEntry& DestinationTable::add(std::uint32_t id, Instant now, DestinationRule rule, std::uint32_t leader) {
  DestinationEntry& entry =
      entries_.emplace(id, DestinationEntry{.id = id, .rule = std::move(rule), .leader = leader, .since = now})
          .first->second;
  entry.srtp = keys_.take(entry.rule);
  entry.is_blocked = !claim(entry);
  if (entry.is_blocked)
    for (const Endpoint& address : entry.rule.addresses()) blocked_.emplace(address, id);
  count(entry, true);
  wait(entry, entry.is_blocked ? Instant::never() : now);
  return entry;
}

void DestinationTable::erase(std::uint32_t id, Instant now) {
  const auto found = entries_.find(id);
  CHECK(found != entries_.end());
  const DestinationEntry& entry = found->second;
  const std::vector<Endpoint> addresses = entry.rule.addresses();
  waiting_.erase({entry.retry_at, id});
  for (const Endpoint& address : addresses) {
    if (const auto at = addresses_.find(address); at != addresses_.end() && at->second == id) addresses_.erase(at);
    if (const auto at = blocked_.find(address); at != blocked_.end() && at->second == id) blocked_.erase(at);
  }
  if (!entry.is_removed) count(entry, false);
  if (entry.srtp != nullptr) keys_.give_back(*entry.srtp);
  entries_.erase(found);
  for (const Endpoint& address : addresses) unblock(address, now);
}

// All of them; false when some are still another's.
bool DestinationTable::claim(const DestinationEntry& entry) {
  bool has_all = true;
  for (const Endpoint& address : entry.rule.addresses())
    has_all = addresses_.emplace(address, entry.id).first->second == entry.id && has_all;
  return has_all;
}

void DestinationTable::unblock(const Endpoint& address, Instant now) {
  DestinationEntry* entry = find_blocked(address);
  if (entry == nullptr || !claim(*entry)) return;
  for (const Endpoint& own : entry->rule.addresses()) blocked_.erase(own);
  entry->is_blocked = false;
  wait(*entry, now);
}

void DestinationTable::note_removed(DestinationEntry& entry) {
  if (entry.is_removed) return;
  entry.is_removed = true;
  count(entry, false);
}

// FEC's are entries of their own.
void DestinationTable::count(const DestinationEntry& entry, bool is_more) {
  const std::size_t sessions = entry.rule.second ? 2 : 1;
  sessions_ = is_more ? sessions_ + sessions : sessions_ - sessions;
  if (!is_more && entry.srtp != nullptr) keys_.retire(entry.rule, *entry.srtp);  // take() counted it.
  if (!entry.rule.terms.fec) return;
  if (is_more) {
    ++fec_[entry.rule.stream];
  } else if (const auto of_stream = fec_.find(entry.rule.stream); --of_stream->second == 0) {
    fec_.erase(of_stream);
  }
}

DestinationEntry* DestinationTable::find(std::uint32_t id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

DestinationEntry* DestinationTable::find(const Endpoint& remote) {
  const auto found = addresses_.find(remote);
  return found == addresses_.end() ? nullptr : find(found->second);
}

DestinationEntry* DestinationTable::find_blocked(const Endpoint& remote) {
  const auto found = blocked_.find(remote);
  return found == blocked_.end() ? nullptr : find(found->second);
}

void DestinationTable::wait(DestinationEntry& entry, Instant until) {
  waiting_.erase({entry.retry_at, entry.id});
  entry.state = DestinationState::kWaiting;
  entry.retry_at = until;
  waiting_.emplace(until, entry.id);
}

DestinationEntry* DestinationTable::take_due(Instant now) {
  if (next_deadline() > now) return nullptr;
  DestinationEntry* entry = find(waiting_.begin()->second);
  waiting_.erase(waiting_.begin());
  return entry;
}

Instant DestinationTable::next_deadline() const {
  return waiting_.empty() ? Instant::never() : waiting_.begin()->first;
}

}  // namespace fanlight::control
