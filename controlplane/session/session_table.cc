#include "session/session_table.h"

#include <algorithm>

#include "base/prefix.h"

namespace fanlight::control {

std::string title_of(const Session& session) {
  const char* role = session.role == Role::kPublisher ? "publisher " : "viewer ";
  return role + session.path.remote.text() + " of " + session.stream_name;
}

SessionTable::Caller SessionTable::caller_of(const Session& session) {
  return {session.path.remote, session.peer.raw(), session.first_seq.raw};
}

bool SessionTable::is_repeat(const Path& path, SocketId peer, SeqNo first_seq) const {
  return callers_.contains({path.remote, peer.raw(), first_seq.raw});
}

Session& SessionTable::add(Session session) {
  const std::uint64_t number = session.request.raw();
  callers_[caller_of(session)] = number;
  if (session.has_called()) ++counts_[host_of(session.path.remote.ip)];
  if (session.end != Instant::never()) ends_.emplace(session.end, number);
  return sessions_.insert_or_assign(number, std::move(session)).first->second;
}

Session* SessionTable::find(RequestId request) {
  const auto found = sessions_.find(request.raw());
  return found == sessions_.end() ? nullptr : &found->second;
}

Session* SessionTable::find(const Path& path, SocketId peer, SeqNo first_seq) {
  const auto found = callers_.find({path.remote, peer.raw(), first_seq.raw});
  return found == callers_.end() ? nullptr : find(RequestId{found->second});
}

Session* SessionTable::find(SocketId socket) {
  if (socket == SocketId{}) return nullptr;
  for (auto& [number, session] : sessions_)
    if (session.socket == socket) return &session;
  return nullptr;
}

void SessionTable::erase_closed(Instant now, RequestId request) {
  const auto found = sessions_.find(request.raw());
  if (found == sessions_.end()) return;
  leaving_.emplace_back(now + kRepeatSpan, caller_of(found->second));
  erase(found->first);
}

void SessionTable::erase_refused(RequestId request) {
  const auto found = sessions_.find(request.raw());
  if (found == sessions_.end()) return;
  callers_.erase(caller_of(found->second));
  erase(found->first);
}

void SessionTable::erase(std::uint64_t number) {
  const auto found = sessions_.find(number);
  if (found->second.has_called()) {
    const auto count = counts_.find(host_of(found->second.path.remote.ip));
    if (--count->second == 0) counts_.erase(count);
  }
  ends_.erase({found->second.end, number});
  sessions_.erase(found);
}

void SessionTable::set_end(Session& session, Instant end) {
  ends_.erase({session.end, session.request.raw()});
  session.end = end;
  if (end != Instant::never()) ends_.emplace(end, session.request.raw());
}

Session* SessionTable::take_ended(Instant now) {
  if (ends_.empty() || ends_.begin()->first > now) return nullptr;
  Session* session = find(RequestId{ends_.begin()->second});
  set_end(*session, Instant::never());
  return session;
}

std::uint32_t SessionTable::sessions_from(const IpAddress& address) const {
  const auto found = counts_.find(host_of(address));
  return found == counts_.end() ? 0 : found->second;
}

void SessionTable::handle_timeout(Instant now) {
  for (; !leaving_.empty() && leaving_.front().first <= now; leaving_.pop_front())
    callers_.erase(leaving_.front().second);
}

Instant SessionTable::next_deadline() const {
  const Instant leaves = leaving_.empty() ? Instant::never() : leaving_.front().first;
  return ends_.empty() ? leaves : std::min(leaves, ends_.begin()->first);
}

}  // namespace fanlight::control
