#include "session/rotation_desk.h"

#include <algorithm>

namespace fanlight::control {
namespace {

constexpr Micros kKeyInterval = RotationDesk::kTurnInterval / RotationDesk::kKeysPerTurn;

Instant after(Instant now, Micros interval) { return interval > Micros{} ? now + interval : Instant::never(); }

}  // namespace

void RotationDesk::add(Instant now, Viewer viewer) {
  const std::uint64_t number = viewer.request.raw();
  Entry& entry = viewers_.insert_or_assign(number, Entry{.viewer = std::move(viewer)}).first->second;
  rest(entry, after(now, entry.viewer.rule.interval));
}

void RotationDesk::note_opened(RequestId request, SocketId socket) {
  Entry* entry = find(request);
  if (entry == nullptr) return;
  entry->viewer.socket = socket;
  if (entry->state == State::kWanted) wanted_.push_back(request.raw());
}

void RotationDesk::forget(RequestId request) {
  Entry* entry = find(request);
  if (entry == nullptr) return;
  stop_waiting(*entry);
  viewers_.erase(request.raw());
}

void RotationDesk::apply_rule(Instant now, StreamIndex stream, const RekeyRule& rule) {
  for (auto& [number, entry] : viewers_) {
    if (entry.viewer.stream != stream || entry.viewer.rule == rule) continue;
    const bool is_other_interval = entry.viewer.rule.interval != rule.interval;
    entry.viewer.rule = rule;
    if (is_other_interval && entry.state == State::kIdle) rest(entry, after(now, rule.interval));
  }
}

bool RotationDesk::ask(RequestId request) {
  Entry* entry = find(request);
  return entry != nullptr && want(*entry);
}

std::size_t RotationDesk::ask(StreamIndex stream) {
  std::size_t asked = 0;
  for (auto& [number, entry] : viewers_) asked += entry.viewer.stream == stream && want(entry) ? 1 : 0;
  return asked;
}

// A key that is on its way already is the one that was asked for.
bool RotationDesk::want(Entry& entry) {
  if (entry.state != State::kIdle) return true;
  stop_waiting(entry);
  entry.state = State::kWanted;
  if (entry.viewer.socket != SocketId{}) wanted_.push_back(entry.viewer.request.raw());
  return true;
}

void RotationDesk::handle_announced(Instant now, RequestId request, KeyOutcome outcome) {
  Entry* entry = find(request);
  if (entry == nullptr || entry->state != State::kAnnounced) return;
  const bool is_turned = outcome == KeyOutcome::kTurned;
  if (is_turned) entry->viewer.keys.sending = crypto::other_slot(entry->viewer.keys.sending);
  rest(*entry, is_turned ? after(now, entry->viewer.rule.interval) : now + kRetryPause);
  if (outcome == KeyOutcome::kGone) return;
  OpenTally& open = tallies_.try_emplace(entry->viewer.stream, OpenTally{.due_at = now + kTallySpan}).first->second;
  open.tally.stream = entry->viewer.stream;
  ++(is_turned ? open.tally.turned : open.tally.unanswered);
  (is_turned ? open.tally.last_turned : open.tally.last_unanswered) = request;
}

void RotationDesk::handle_timeout(Instant now) {
  while (!timed_.empty() && timed_.begin()->first <= now) ask(RequestId{timed_.begin()->second});
}

std::optional<RotationDesk::Order> RotationDesk::poll(Instant now) {
  if (!turns_.has_token(now, kKeysPerTurn, kKeyInterval)) return std::nullopt;
  Entry* entry = take_wanted();
  if (entry == nullptr) return std::nullopt;
  turns_.take(now, kKeyInterval);
  Viewer& viewer = entry->viewer;
  Order order{viewer.worker, {viewer.request, viewer.socket, make_next_key(viewer.keys, viewer.rule.packets)}};
  if (order.command.announcement == nullptr) {  // No random bytes: not now.
    rest(*entry, now + kRetryPause);
    return std::nullopt;
  }
  entry->state = State::kAnnounced;
  return order;
}

std::optional<RotationDesk::Tally> RotationDesk::poll_tally(Instant now) {
  for (auto at = tallies_.begin(); at != tallies_.end(); ++at) {
    if (at->second.due_at > now) continue;
    const Tally tally = at->second.tally;
    tallies_.erase(at);
    return tally;
  }
  return std::nullopt;
}

// The next turn is a whole one.
Instant RotationDesk::next_deadline() const {
  Instant due = timed_.empty() ? Instant::never() : timed_.begin()->first;
  if (!wanted_.empty()) due = std::min(due, turns_.full_at());
  for (const auto& [stream, open] : tallies_) due = std::min(due, open.due_at);
  return due;
}

RotationDesk::Entry* RotationDesk::find(RequestId request) {
  const auto found = viewers_.find(request.raw());
  return found == viewers_.end() ? nullptr : &found->second;
}

RotationDesk::Entry* RotationDesk::take_wanted() {
  while (!wanted_.empty()) {
    Entry* entry = find(RequestId{wanted_.front()});
    wanted_.pop_front();
    if (entry != nullptr && entry->state == State::kWanted) return entry;
  }
  return nullptr;
}

void RotationDesk::rest(Entry& entry, Instant until) {
  stop_waiting(entry);
  entry.state = State::kIdle;
  entry.due_at = until;
  if (until != Instant::never()) timed_.emplace(until, entry.viewer.request.raw());
}

void RotationDesk::stop_waiting(Entry& entry) {
  if (entry.due_at != Instant::never()) timed_.erase({entry.due_at, entry.viewer.request.raw()});
  entry.due_at = Instant::never();
}

}  // namespace fanlight::control
