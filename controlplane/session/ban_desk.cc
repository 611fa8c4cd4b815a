// SessionDesk's doorkeeper: whom an operator shut out, and how much the workers do for strangers.
#include <algorithm>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

std::string words_for(const BanOrder& order) {
  std::string text = order.prefix.text() + " is banned";
  if (order.span) text += " for " + std::to_string(order.span->count / 1'000'000) + " s";
  return order.reason.empty() ? text : text + ": " + order.reason;
}

}  // namespace

// The workers first: a session that is closed must not come back while the next is looked for.
Result<std::size_t> SessionDesk::ban(Instant now, const BanOrder& order) {
  now_ = std::max(now_, now);
  const bool is_told = bans_.has(order.prefix);
  const Result<BanTable::Ban*> added = bans_.add(now_, order);
  if (!added) return added.error();
  if (!is_told) say_to_all(command::Ban{order.prefix});
  std::size_t closed = 0;
  sessions_.for_each([&](const Session& session) {
    if (order.prefix.covers(session.path.remote.ip) && shut_out(session)) ++closed;
  });
  (*added)->sessions_closed = closed;
  tell({.kind = SessionEvent::Kind::kBan, .address = order.prefix.text(), .reason = order.reason});
  note(Notice::Level::kInfo, words_for(order) + "; " + std::to_string(closed) + " sessions end");
  return closed;
}

Result<Done> SessionDesk::unban(const IpPrefix& prefix) {
  if (!bans_.remove(prefix)) {
    const IpPrefix* wider = bans_.find(prefix.ip);
    return Error{ErrorCode::kNotFound, "there is no ban of " + prefix.text() +
                                           (wider != nullptr ? ", but one of " + wider->text() : std::string{})};
  }
  say_to_all(command::Unban{prefix});
  tell({.kind = SessionEvent::Kind::kUnban, .address = prefix.text(), .reason = "lifted"});
  note(Notice::Level::kInfo, "the ban of " + prefix.text() + " is lifted");
  return Done{};
}

void SessionDesk::expire_bans() {
  while (const auto prefix = bans_.take_expired(now_)) {
    say_to_all(command::Unban{*prefix});
    tell({.kind = SessionEvent::Kind::kUnban, .address = prefix->text(), .reason = "over"});
    note(Notice::Level::kInfo, "the ban of " + prefix->text() + " is over");
  }
}

// One that the worker has not opened yet is closed when it has (handle(SessionOpened)).
bool SessionDesk::shut_out(const Session& session) {
  if (session.socket == SocketId{}) return false;
  say(session.worker, command::CloseSession{.socket = session.socket, .reason = CloseReason::kBanned});
  StreamEntry* stream = streams_.at(session.stream);
  if (stream != nullptr && workers() == 1) stream->vacate(session.request);
  return true;
}

Result<AgreedKeys, Denied> SessionDesk::agree_keys(const Path& path, const Conclusion& conclusion,
                                                   const Secret& passphrase) {
  const PassphraseGuard::Attempt attempt{path.remote.ip, passphrase_marks_.of(passphrase)};
  const bool is_attempt = !conclusion.key_message.empty() && !passphrase.is_empty();
  if (is_attempt && guard_.is_paused(now_, attempt))
    return Denied{wire::Reject::kOverload, "too many wrong passphrases from there"};
  auto keys = keys_.agree(now_, path.remote.ip, passphrase, conclusion.key_message);
  if (!keys) {
    if (keys.error() == wire::Reject::kBadSecret)
      guard_.note_failure(now_, attempt, is_known_from(host_of(path.remote.ip), attempt.passphrase));
    return Denied{.reason = keys.error(), .by = {}, .is_postponed = keys.error() == wire::Reject::kOverload};
  }
  if (is_attempt) guard_.note_success(attempt);
  return *std::move(keys);
}

// 2402 would end its attempts (srt-wire §2.4): what others spent is no reason to. It says its CONCLUSION every 250 ms
// for as long as it has patience, and the worker is to pass on the next.
void SessionDesk::postpone(const Path& path, const wire::Handshake& handshake) {
  stay_silent(path, handshake.socket);
  if (const auto count = postponed_.add(now_))
    note(Notice::Level::kWarning, "conclusions put off for want of a key derivation: " + std::to_string(*count) +
                                      ", the last from " + path.remote.text() + "; their callers come again");
}

// Whether somebody is in from there who knows the passphrase. Asked after a failure, which costs more.
bool SessionDesk::is_known_from(const IpAddress& host, std::uint64_t passphrase) const {
  bool is_known = false;
  sessions_.for_each([&](const Session& session) {
    is_known = is_known || (session.passphrase_mark == passphrase && host_of(session.path.remote.ip) == host);
  });
  return is_known;
}

void SessionDesk::set_armour(const ArmourOptions& armour) { say_to_all(command::SetArmour{armour}); }

}  // namespace fanlight::control
