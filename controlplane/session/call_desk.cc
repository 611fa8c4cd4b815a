// SessionDesk's care of calls: who is called, when, with which key, and when again.
//
//   waiting ─ due, nothing in the way ─▶ resolving ─▶ calling ─ CallConnected ─▶ connected
//      ▲                                     │           │ CallFailed               │ SessionClosed
//      ╰─────────────────────────────────────┴───────────┴──────────────────────────╯
#include <algorithm>
#include <utility>

#include "session/call_keys.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using wire::Reject;

// Keys take 2 ms: between turns the API and sessions have theirs.
constexpr int kCallsPerTurn = 8;
// What stands in the way is ours to see: looked at often, and nobody is bothered.
constexpr Micros kStreamPoll = seconds(1);
// A session of that age was a success: the next pause is the shortest again.
constexpr Micros kSteady = seconds(10);

std::string title_of(const CallEntry& call) {
  const bool is_viewer = call.rule.role == Role::kViewer;
  return "call " + std::to_string(call.id) + " to " + call.rule.url.host + ":" + std::to_string(call.rule.url.port) +
         (is_viewer ? " as viewer of " : " as publisher of ") + call.rule.stream;
}

std::string words_for(Reject reason, bool is_from_peer) {
  if (reason == Reject::kTimeout) return "no answer within 3 s";
  return (is_from_peer ? "the listener said: " : "") + std::string{wire::describe(reason)} + " (" +
         std::to_string(static_cast<std::int32_t>(reason)) + ")";
}

std::string own_address_words(const Endpoint& to) {
  return to.text() + " is this relay itself: name a listener elsewhere";
}

std::string seconds_text(Micros span) { return std::to_string((span.count + 999'999) / 1'000'000) + " s"; }

}  // namespace

Result<std::uint32_t> SessionDesk::add_call(Instant now, CallRule rule) {
  const WipedAtEnd wiped({&rule.url.passphrase});
  now_ = std::max(now_, now);
  if (is_stopping_) return Error{ErrorCode::kUnavailable, "the relay is stopping"};
  if (const auto address = IpAddress::parse(rule.url.host); address && is_own_({*address, rule.url.port}))
    return Error{ErrorCode::kInvalid, own_address_words({*address, rule.url.port})};
  if (const MediaFormat& format = format_of(formats_, rule.stream); !format.is_transport_stream())
    return Error{ErrorCode::kInvalid, rtp_alone_words(rule.stream, format) + ": name an rtp:// destination"};
  if (rule.role == Role::kPublisher &&
      std::ranges::any_of(feeds_, [&](const FeedEntry& feed) { return feed.place.rule.stream == rule.stream; }))
    return Error{ErrorCode::kInvalid, "a [[feed]] is the only publisher of " + rule.stream};
  if (calls_.find(rule) != nullptr)
    return Error{ErrorCode::kInUse, "there is such a call to " + public_text(rule.url) + " already"};
  if (streams_.find(rule.stream) == nullptr && streams_.match(rule.stream) == nullptr)
    return Error{ErrorCode::kNotFound, "there is no stream " + rule.stream + ", nor a pattern that covers it"};
  const CallEntry* call = calls_.add(now_, std::move(rule));
  if (call == nullptr)
    return Error{ErrorCode::kNoMemory,
                 "there are " + std::to_string(CallTable::kCallsMax) + " calls, the most there may be"};
  return call->id;
}

Result<Done> SessionDesk::remove_call(std::uint32_t id, std::optional<Role> role) {
  if (role != Role::kPublisher && destinations_.find(id) != nullptr) return remove_destination(id);
  CallEntry* call = calls_.find(id);
  if (call == nullptr || (role && call->rule.role != *role)) {
    const std::string kind = !role ? "" : *role == Role::kViewer ? " viewer" : " publisher";
    return Error{ErrorCode::kNotFound, "the relay calls no" + kind + " " + std::to_string(id)};
  }
  drop_call(*call);
  return Done{};
}

void SessionDesk::drop_call(CallEntry& call) {
  if (call.state == CallState::kConnected)
    say(call.worker, command::CloseSession{.socket = call.socket, .reason = CloseReason::kKicked});
  call.is_removed = true;
  if (call.state != CallState::kCalling) calls_.erase(call.id);
}

void SessionDesk::reload_calls(Instant now, std::vector<CallRule> rules) {
  now_ = std::max(now_, now);
  calls_.for_each([&](CallEntry& call) {
    const bool stays = std::ranges::any_of(rules, [&](const CallRule& rule) { return calls_.find(rule) == &call; });
    if (!stays && !call.is_removed) drop_call(call);
  });
  for (CallRule& rule : rules) {
    if (calls_.find(rule) == nullptr && calls_.add(now_, rule) == nullptr)
      note(Notice::Level::kWarning, "call to " + public_text(rule.url) + " left out: there are too many");
    wipe(rule.url.passphrase);
  }
}

void SessionDesk::make_due_calls() {
  if (is_stopping_) return;
  int turns = kCallsPerTurn;
  calls_.for_each([&](CallEntry& call) {
    if (call.state != CallState::kWaiting || call.retry_at > now_ || turns == 0 || calls_.is_ringing_full()) return;
    --turns;
    begin_call(call);
  });
}

// What keeps a call from being made at all; empty when nothing does. The same rules as for those who call us.
std::optional<std::string> SessionDesk::obstacle_of(const CallEntry& call) {
  const StreamEntry* stream = streams_.find(call.rule.stream);
  const bool is_known = stream != nullptr ? !stream->is_removed : streams_.match(call.rule.stream) != nullptr;
  if (!is_known) return "there is no stream " + call.rule.stream;
  const std::optional<Reject> reason = judge_stream(stream, call.rule.role);
  if (reason == Reject::kConflict) return "stream " + call.rule.stream + " has a publisher already";
  if (reason) return "stream " + call.rule.stream + " is not published";
  if (call.rule.role == Role::kViewer && !has_room_to_push(stream, call.rule.stream))
    return "the relay sends as much as capacity_mbps and admission_share let it";
  return std::nullopt;
}

// Beside what is sent now and what other calls will take that ring: each of them has been let ring.
bool SessionDesk::has_room_to_push(const StreamEntry* stream, std::string_view name) {
  if (!admission_.is_limited()) return true;
  double bits = admission().bits;
  streams_.for_each([&bits](const StreamEntry& one) { bits += one.ringing_viewers * one.viewer_bits(); });
  const double more =
      stream != nullptr ? stream->viewer_bits() : static_cast<double>(streams_.match(name)->bitrate_bits_max);
  return admission_.has_room(bits, more);
}

void SessionDesk::begin_call(CallEntry& call) {
  if (const auto obstacle = obstacle_of(call)) {
    call.waits_for_stream = true;
    call.failure = *obstacle;
    call.retry_at = now_ + kStreamPoll;
    return;
  }
  call.waits_for_stream = false;
  call.since = now_;
  call.state = CallState::kResolving;
  if (const auto address = IpAddress::parse(call.rule.url.host))
    handle_lookup(now_, call.id, {*address}, "");
  else
    lookups_.push_back({call.id, call.rule.url.host});
}

std::optional<SessionDesk::Lookup> SessionDesk::poll_lookup() {
  if (lookups_.empty()) return std::nullopt;
  Lookup lookup = std::move(lookups_.front());
  lookups_.pop_front();
  return lookup;
}

void SessionDesk::handle_lookup(Instant now, std::uint32_t id, std::vector<IpAddress> addresses,
                                const std::string& error) {
  now_ = std::max(now_, now);
  CallEntry* call = calls_.find(id);
  if (call == nullptr || call->state != CallState::kResolving || is_stopping_) return;
  if (addresses.empty()) return pause_call(*call, "the name " + call->rule.url.host + " cannot be resolved: " + error);
  // Another one each time.
  const std::size_t first = call->attempts++ % addresses.size();
  std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(first), addresses.end());
  for (const IpAddress& address : addresses)
    if (is_own_({address, call->rule.url.port}))
      return pause_call(*call, own_address_words({address, call->rule.url.port}));
  std::erase_if(addresses, [this](const IpAddress& address) { return bans_.find(address) != nullptr; });
  if (addresses.empty()) return pause_call(*call, call->rule.url.host + " is banned");
  for (const IpAddress& address : addresses)
    if (const auto path = way_out_({address, call->rule.url.port})) return dial(*call, *path);
  pause_call(*call, "no address that the relay listens on can reach " + addresses.front().text());
}

void SessionDesk::dial(CallEntry& call, const Path& path) {
  if (const auto obstacle = obstacle_of(call)) return pause_call(call, *obstacle);  // It came while we resolved.
  command::OpenCall opening;
  opening.kit = std::make_unique<CallKit>();
  if (!make_call_keys(call.passphrase, call.rule.url.key_bytes, *opening.kit, call.keys))
    return pause_call(call, "no keys could be made");
  const ByteSpan first_key = ByteSpan{opening.kit->key_message}.first(opening.kit->key_message_bytes);
  call.prints = keys_.prints_of(call.keys.kek, first_key);
  StreamEntry* stream = streams_.find(call.rule.stream);
  if (stream == nullptr) {
    stream = begin_stream(*streams_.match(call.rule.stream), call.rule.stream);
    if (stream == nullptr) return pause_call(call, "no memory for stream " + call.rule.stream);
    stream->is_dynamic = true;
  }
  if (opening.kit->ciphers) opening.kit->ciphers->rekey_packets = stream->policy.rekey.packets;
  const bool is_viewer = call.rule.role == Role::kViewer;
  const Micros least = std::max(stream->policy.latency, is_viewer ? stream->publisher_latency : Micros{});
  const Micros latency = std::min(std::max(call.rule.url.latency, least), stream->policy.latency_max);
  opening.kit->stream_id = call.rule.url.stream_id;
  opening.request = RequestId{++last_request_};
  opening.path = path;
  opening.role = call.rule.role;
  opening.stream = stream->index;
  opening.first_seq = SeqNo{random_word() % kSeqMask};
  opening.receive_latency = latency;
  opening.send_latency = latency;
  opening.latency_max = stream->policy.latency_max;
  ++stream->sessions;
  // Nobody lands with a call; the publisher's place is taken while it rings, so that two cannot win.
  call.worker = placement_.place(Role::kViewer, call.id % placement_.workers());
  placement_.enter(call.worker);
  if (is_viewer)
    ++stream->ringing_viewers;
  else
    stream->publisher = opening.request;
  call.state = CallState::kCalling;
  call.request = opening.request;
  call.stream = stream->index;
  call.first_seq = opening.first_seq;
  say(call.worker, std::move(opening));
}

void SessionDesk::handle(event::CallConnected& event) {
  CallEntry* call = calls_.find(event.request);
  if (call == nullptr) return;
  Session session{.request = event.request,
                  .worker = call->worker,
                  .socket = event.socket,
                  .path = event.path,
                  .peer = event.peer,
                  .first_seq = call->first_seq,
                  .role = call->rule.role,
                  .stream = call->stream,
                  .stream_name = call->rule.stream,
                  .user = {},
                  .srt_version = event.srt_version,
                  .key_bytes = call->passphrase.is_empty() ? 0u : call->rule.url.key_bytes,
                  .call = call->id};
  StreamEntry* stream = streams_.at(call->stream);
  if (session.role == Role::kViewer && stream != nullptr) --stream->ringing_viewers;
  if (session.role == Role::kPublisher && stream != nullptr) {
    session.passphrase = call->passphrase;
    stream->is_published = true;
    stream->publisher_latency = event.receive_latency;
    stream->linger_end = Instant::never();
  }
  call->state = CallState::kConnected;
  call->since = now_;
  call->socket = event.socket;
  note(Notice::Level::kInfo, title_of(*call) + " answered by " + event.path.remote.text() + ", SRT " +
                                 version_text(event.srt_version) +
                                 (session.key_bytes != 0 ? ", AES-" + std::to_string(session.key_bytes * 8) : ""));
  session.opened = now_;
  tell(event_of(SessionEvent::Kind::kConnect, session));
  if (session.role == Role::kPublisher) {
    tell(event_of(SessionEvent::Kind::kPublishStart, session));
    wake_calls(session.stream_name);
  }
  if (session.key_bytes != 0) keep_keys(session, call->keys, call->prints);
  const Session& added = sessions_.add(std::move(session));
  if (bans_.find(event.path.remote.ip) != nullptr) shut_out(added);
  if (call->is_removed) drop_call(*call);
}

void SessionDesk::handle(event::CallFailed& event) {
  CallEntry* call = calls_.find(event.request);
  if (call == nullptr) return;
  Session session;
  session.request = event.request;
  session.role = call->rule.role;
  session.stream = call->stream;
  if (StreamEntry* stream = streams_.at(call->stream); stream != nullptr && session.role == Role::kViewer)
    --stream->ringing_viewers;
  leave_stream(session, false);
  placement_.leave(call->worker);
  if (call->is_removed) return calls_.erase(call->id);
  const std::string words = words_for(event.reason, event.is_from_peer);
  tell({.kind = SessionEvent::Kind::kCallFailed,
        .role = call->rule.role,
        .stream = call->rule.stream,
        .call = call->id,
        .code = static_cast<std::int32_t>(event.reason),
        .reason = words});
  pause_call(*call, words);
}

void SessionDesk::end_call(const Session& session, CloseReason reason) {
  CallEntry* call = calls_.find(session.request);
  if (call == nullptr) return;
  if (now_ - call->since >= kSteady) call->failures = 0;
  pause_call(*call, std::string{fanlight::describe(reason)});
}

void SessionDesk::pause_call(CallEntry& call, std::string failure) {
  ++call.failures;
  const Micros pause = pause_after(call.failures, random_word());
  call.state = CallState::kWaiting;
  call.since = now_;
  call.retry_at = now_ + pause;
  call.failure = std::move(failure);
  if (is_stopping_) return;
  note(Notice::Level::kWarning, title_of(call) + ": " + call.failure + "; again in " + seconds_text(pause));
}

// A publisher has come: whoever waits for it need not wait for its turn.
void SessionDesk::wake_calls(std::string_view stream) {
  wake_destinations(stream);
  calls_.for_each([&](CallEntry& call) {
    if (call.state == CallState::kWaiting && call.waits_for_stream && call.rule.stream == stream) call.retry_at = now_;
  });
}

}  // namespace fanlight::control
