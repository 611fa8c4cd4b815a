// SessionDesk's care of keys while sessions run: publishers' refreshes, and viewers' next keys.
#include <algorithm>
#include <utility>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using wire::Reject;

std::string reason_for(Reject reason) {
  if (reason == Reject::kConflict) return "it brings back a key that was replaced";
  if (reason == Reject::kOverload) return "too many came in so short a time";
  return std::string{wire::describe(reason)};
}

}  // namespace

void SessionDesk::keep_keys(Session& session, const SessionKek& keys, const KeyPrints& prints) {
  if (session.role == Role::kPublisher) {
    session.keys = std::make_unique<PublisherKeys>(PublisherKeys{.session = keys});
    session.keys->memory.take(prints);
    return;
  }
  const StreamEntry* stream = streams_.at(session.stream);
  rotations_.add(now_, {.request = session.request,
                        .stream = session.stream,
                        .worker = session.worker,
                        .socket = session.socket,
                        .keys = keys,
                        .rule = stream != nullptr ? stream->policy.rekey : RekeyRule{}});
}

// Whoever has a publisher's session makes as many as it likes: one line in a while.
void SessionDesk::note_ignored_refresh(Session& session, Reject why) {
  ++refreshes_ignored_;
  const auto count = session.keys != nullptr ? session.keys->ignored.add(now_) : std::nullopt;
  if (!count) return;
  const std::string what = *count == 1 ? "a key refresh that was ignored: "
                                       : std::to_string(*count) + " key refreshes that were ignored, the last: ";
  note(Notice::Level::kWarning, title_of(session) + " sent " + what + reason_for(why), Notice::About::kSession);
}

// CVE-2026-55868: whatever is wrong with a refresh, the session goes on with the keys it has, and hears nothing.
void SessionDesk::handle(event::KeyRequestReceived& event) {
  Session* session = sessions_.find(event.request);
  if (session == nullptr) return;
  const ByteSpan message = ByteSpan{event.message}.first(std::min<std::size_t>(event.bytes, event.message.size()));
  auto keys = session->keys != nullptr ? keys_.refresh(now_, session->passphrase, message, *session->keys)
                                       : Result<AgreedKeys, Reject>{Reject::kBadRequest};
  if (!keys) return note_ignored_refresh(*session, keys.error());
  command::InstallKeys install{.socket = event.socket, .ciphers = std::move(keys->ciphers)};
  install.response_bytes = static_cast<std::uint16_t>(message.size());
  std::copy(message.begin(), message.end(), install.response.begin());
  say(session->worker, std::move(install));
  if (keys->is_news) tell(event_of(SessionEvent::Kind::kKeyRotated, *session));
}

void SessionDesk::handle(event::KeyAnnounced& event) {
  rotations_.handle_announced(now_, event.request, event.outcome);
  const Session* session = event.outcome == KeyOutcome::kTurned ? sessions_.find(event.request) : nullptr;
  if (session != nullptr) tell(event_of(SessionEvent::Kind::kKeyRotated, *session));
}

void SessionDesk::announce_keys() {
  if (is_stopping_) return;
  rotations_.handle_timeout(now_);
  while (auto order = rotations_.poll(now_)) say(order->worker, std::move(order->command));
  note_rotations();
}

// An audience that turns is one line, not a thousand. Keys are counted: a viewer may have turned twice.
void SessionDesk::note_rotations() {
  while (const auto tally = rotations_.poll_tally(now_)) {
    const StreamEntry* stream = streams_.at(tally->stream);
    const std::string name = stream != nullptr ? stream->policy.name : "a stream that ended";
    const auto note_keys = [&](Notice::Level level, std::size_t count, RequestId last, const std::string& what) {
      if (count == 0) return;
      const Session* session = count == 1 ? sessions_.find(last) : nullptr;
      note(level, session != nullptr ? title_of(*session) + ": key " + what
                                     : "viewers of " + name + ": " + std::to_string(count) + " keys " + what);
    };
    note_keys(Notice::Level::kInfo, tally->turned, tally->last_turned, "rotated");
    note_keys(Notice::Level::kWarning, tally->unanswered, tally->last_unanswered,
              "not confirmed, the one in use stays; again in 60 s");
  }
}

Result<std::size_t> SessionDesk::rotate_keys(Instant now, std::string_view stream, SocketId socket) {
  now_ = std::max(now_, now);
  if (is_stopping_) return Error{ErrorCode::kUnavailable, "the relay is stopping"};
  if (socket != SocketId{}) return rotate_one(stream, socket);
  std::size_t asked = 0;
  bool is_known = false;
  streams_.for_each([&](const StreamEntry& entry) {
    const std::string& name = entry.policy.name;
    if (!covers(stream, name)) return;
    is_known = true;
    asked += rotations_.ask(entry.index);
  });
  if (!is_known) return Error{ErrorCode::kNotFound, "there is no stream " + std::string{stream}};
  return asked;
}

Result<std::size_t> SessionDesk::rotate_one(std::string_view stream, SocketId socket) {
  const Session* session = sessions_.find(socket);
  const std::string id = "session " + std::to_string(socket.raw());
  if (session == nullptr) return Error{ErrorCode::kNotFound, "there is no " + id};
  if (!stream.empty() && stream != session->stream_name)
    return Error{ErrorCode::kNotFound, id + " is one of " + session->stream_name + ", not of " + std::string{stream}};
  if (session->role == Role::kPublisher)
    return Error{ErrorCode::kInvalid, id + " is a publisher: whoever encrypts renews the key"};
  if (!rotations_.ask(session->request)) return Error{ErrorCode::kInvalid, id + " is not encrypted"};
  return std::size_t{1};
}

}  // namespace fanlight::control
