#include "session/destination_table.h"

#include "base/check.h"

namespace fanlight::control {

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
  }
  return "unknown";
}

DestinationEntry& DestinationTable::add(std::uint32_t id, Instant now, DestinationRule rule, std::uint32_t leader) {
  DestinationEntry& entry =
      entries_.emplace(id, DestinationEntry{.id = id, .rule = std::move(rule), .leader = leader, .since = now})
          .first->second;
  for (const Endpoint& address : entry.rule.addresses()) addresses_.emplace(address, id);
  sessions_ += entry.rule.second ? 2 : 1;  // FEC's are entries of their own.
  if (entry.rule.terms.fec) ++fec_[entry.rule.stream];
  wait(entry, now);
  return entry;
}

void DestinationTable::erase(std::uint32_t id) {
  const auto found = entries_.find(id);
  CHECK(found != entries_.end());
  const DestinationEntry& entry = found->second;
  waiting_.erase({entry.retry_at, id});
  for (const Endpoint& address : entry.rule.addresses()) addresses_.erase(address);
  sessions_ -= entry.rule.second ? 2 : 1;
  if (entry.rule.terms.fec)
    if (const auto of_stream = fec_.find(entry.rule.stream); --of_stream->second == 0) fec_.erase(of_stream);
  entries_.erase(found);
}

DestinationEntry* DestinationTable::find(std::uint32_t id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

DestinationEntry* DestinationTable::find(const Endpoint& remote) {
  const auto found = addresses_.find(remote);
  return found == addresses_.end() ? nullptr : find(found->second);
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
