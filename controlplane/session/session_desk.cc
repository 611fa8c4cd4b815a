#include "session/session_desk.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace fanlight::control {
namespace {

using wire::Reject;

// A log that nobody reads must not grow: the oldest goes.
constexpr std::size_t kNoticesMax = 1024;
// A caller that waited longer has given up, as libsrt does by itself. So no more than this is ever waiting to be done,
// however slow the host derives keys.
constexpr Micros kWaitMax = kHandshakeTimeout;

std::string_view describe(Role role) { return role == Role::kPublisher ? "publisher" : "viewer"; }

// C0, DEL, and C1 as UTF-8 has it (C2 80 to C2 9F).
void take_controls_out(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xE0) == 0x80;
    if (byte < 0x20 || byte == 0x7F) text[i] = '?';
    if (is_c1) text.replace(i, 2, "?");
  }
}

template <std::size_t Size>
ByteSpan used_part(const std::array<std::byte, Size>& array, std::size_t bytes) {
  return ByteSpan{array}.first(std::min(bytes, Size));
}

// What the conclusion and its terms say of the session; whose it is, and its ciphers, come later.
command::OpenSession opening_of(const Path& path, const Conclusion& conclusion, const Terms& terms,
                                std::size_t key_bytes) {
  command::OpenSession opening;
  opening.path = path;
  opening.peer = conclusion.handshake.socket;
  opening.role = conclusion.request.role;
  opening.first_seq = conclusion.handshake.first_seq;
  opening.receive_latency = terms.receive_latency;
  opening.send_latency = terms.send_latency;
  opening.window_packets = conclusion.handshake.window_packets;
  opening.mss = terms.mss;
  opening.peer_rexmit = (conclusion.caller.flags & wire::kFlagRexmit) != 0;
  opening.response_bytes =
      static_cast<std::uint16_t>(write_response(opening.response, conclusion, terms, key_bytes, path.remote.ip));
  return opening;
}

}  // namespace

// What stands in the way of a role that the passphrase let through. Whether the stream's packets fit a viewer's MSS is
// the worker's to say: it sees them.
std::optional<Reject> judge_stream(const StreamEntry* stream, Role role) {
  const bool is_taken = stream != nullptr && stream->publisher.has_value();
  if (role == Role::kPublisher) return is_taken ? std::optional{Reject::kConflict} : std::nullopt;
  const bool is_published = stream != nullptr && stream->is_published;
  const bool may_wait = stream != nullptr && !stream->is_dynamic && stream->policy.wait;
  return is_published || may_wait ? std::nullopt : std::optional{Reject::kNotFound};
}

void SessionDesk::handle_event(Instant now, Event event, std::size_t worker) {
  now_ = std::max(now_, now);
  from_ = worker;
  std::visit([this](auto& what) { handle(what); }, event);
}

void SessionDesk::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  sessions_.handle_timeout(now_);
  close_ended();
  streams_.for_each([this](StreamEntry& stream) {
    if (stream.linger_end <= now_) retire(stream);
  });
  while (const auto overdue = inquiries_.take_overdue(now_)) {
    from_ = overdue->worker;
    leave_unasked(overdue->path, overdue->peer, overdue->hook);
  }
  expire_bans();
  kick_expired();
  make_due_calls();
  open_due_feeds();
  open_due_destinations();
  look_at_ways();
  announce_keys();
  ask_for_rates();
}

Instant SessionDesk::next_deadline() const {
  const Instant due = std::min({sessions_.next_deadline(), streams_.next_linger_end(), inquiries_.next_deadline(),
                                bans_.next_deadline(), next_key_kick()});
  return is_stopping_ ? due
                      : std::min({due, calls_.next_deadline(), next_feed_due(), destinations_.next_deadline(),
                                  ways_look_, rotations_.next_deadline(), admission_.next_look()});
}

// A worker hands a publisher's packets to all others as soon as it has the session: they know the stream by then. It
// waits for that stream alone: others may stand behind it, in this queue or in those that wait for this one.
Command* SessionDesk::peek_command(std::size_t worker) {
  if (commands_[worker].empty()) return nullptr;
  Command& next = commands_[worker].front();
  const auto waits_for = [&](StreamIndex stream) { return streams_untold_.contains(stream.raw()); };
  const auto* session = std::get_if<command::OpenSession>(&next);
  const auto* call = std::get_if<command::OpenCall>(&next);
  const auto* feed = std::get_if<command::OpenFeed>(&next);
  const auto* destination = std::get_if<command::OpenDestination>(&next);
  const bool waits = (session != nullptr && waits_for(session->stream)) ||
                     (call != nullptr && waits_for(call->stream)) || (feed != nullptr && waits_for(feed->stream)) ||
                     (destination != nullptr && waits_for(destination->stream));
  return waits ? nullptr : &next;
}

void SessionDesk::pop_command(std::size_t worker) {
  CHECK(!commands_[worker].empty());
  if (const auto* added = std::get_if<command::AddStream>(&commands_[worker].front())) {
    const auto untold = streams_untold_.find(added->index.raw());
    if (--untold->second == 0) streams_untold_.erase(untold);
  }
  commands_[worker].pop_front();
}

std::optional<Notice> SessionDesk::poll_notice() {
  if (notices_.empty()) return std::nullopt;
  Notice notice = std::move(notices_.front());
  notices_.pop_front();
  return notice;
}

// Names and reasons of others stand in notices: none may steer a terminal, or begin a line of its own.
void SessionDesk::note(Notice::Level level, std::string text, Notice::About about) {
  take_controls_out(text);
  if (notices_.size() == kNoticesMax) notices_.pop_front();
  notices_.push_back({level, std::move(text), about});
}

void SessionDesk::handle(event::ConclusionReceived& event) {
  const ConclusionReading reading =
      read_conclusion(used_part(event.datagram, event.bytes), default_stream_id_(event.path));
  if (const auto* conclusion = std::get_if<Conclusion>(&reading)) {
    if (now_ - event.received >= kWaitMax)
      return reject(event.path, conclusion->handshake, Reject::kOverload, &conclusion->request);
    admit(event, *conclusion);
  } else if (const auto* rejected = std::get_if<RejectedConclusion>(&reading)) {
    reject(event.path, rejected->handshake, rejected->reason, nullptr);
  }
}

AccessRequest SessionDesk::request_of(const Endpoint& from, const StreamRequest& wanted, WallTime at) {
  return {.wanted = wanted, .from = from, .at = at};
}

AccessRequest SessionDesk::request_of(const Path& path, const Conclusion& conclusion) const {
  AccessRequest request = request_of(path.remote, conclusion.request, wall_clock_());
  request.srt_version = conclusion.caller.srt_version;
  request.is_encrypted = !conclusion.key_message.empty();
  return request;
}

void SessionDesk::admit(const event::ConclusionReceived& event, const Conclusion& conclusion) {
  sessions_.handle_timeout(now_);
  const wire::Handshake& handshake = conclusion.handshake;
  if (const auto reason = rejected_.find(now_, event.path.remote, handshake.socket, handshake.first_seq))
    return say_rejection(event.path, handshake, *reason);
  if (sessions_.is_repeat(event.path, handshake.socket, handshake.first_seq))
    return answer_repeat(event.path, conclusion);
  if (inquiries_.is_held(event.path, handshake.socket, handshake.first_seq)) return;
  if (!may_show_token(event.path, conclusion)) return;
  AccessRequest request = request_of(event.path, conclusion);
  Decision decision = decide(request);
  note_token(event.path.remote.ip, request);
  if (auto* denied = std::get_if<Denied>(&decision))
    return reject(event.path, handshake, denied->reason, &conclusion.request, denied->by);
  if (auto* asked = std::get_if<Asked>(&decision)) return ask_about(event, conclusion, std::move(request), asked->hook);
  let_in(event.path, conclusion, std::get<Grant>(decision));
}

void SessionDesk::ask_about(const event::ConclusionReceived& event, const Conclusion& conclusion, AccessRequest request,
                            const std::string& hook) {
  const wire::Handshake& handshake = conclusion.handshake;
  if (const Denied* before = refusals_.find(now_, hook, request)) {
    ++refusals_remembered_;
    return reject(event.path, handshake, before->reason, &conclusion.request, before->by + " a moment ago");
  }
  const ByteSpan datagram = used_part(event.datagram, event.bytes);
  HeldConclusion held{.path = event.path,
                      .peer = handshake.socket,
                      .first_seq = handshake.first_seq,
                      .worker = from_,
                      .received = event.received,
                      .hook = hook,
                      .request = std::move(request),
                      .datagram = {datagram.begin(), datagram.end()}};
  if (!inquiries_.hold(std::move(held))) leave_unasked(event.path, handshake.socket, hook);
}

void SessionDesk::handle_answer(Instant now, std::uint64_t inquiry, InquiryAnswer answer) {
  now_ = std::max(now_, now);
  if (const auto held = inquiries_.take(inquiry)) answer_held(*held, std::move(answer));
}

// Nothing is said: an honest caller repeats itself every 250 ms, and may have its turn then. And who makes the relay
// ask more than it can must not open a door by that, whatever the policy says.
void SessionDesk::leave_unasked(const Path& path, SocketId peer, const std::string& hook) {
  stay_silent(path, peer);
  if (const auto count = unasked_.add(now_))
    note(Notice::Level::kWarning, hook + ": " + std::to_string(*count) +
                                      " times a caller was left without an answer, for want of a turn or of time; it "
                                      "may come again");
}

// The worker passes the caller's next copy on.
void SessionDesk::stay_silent(const Path& path, SocketId peer) { say(from_, command::ForgetCaller{path.remote, peer}); }

InquiryAnswer SessionDesk::without_answer(const Asked& asked, const NoAnswer& none) {
  std::string by = asked.hook + ": " + none.why;
  if (!asked.fails_open) return Denied{Reject::kGateway, std::move(by)};
  note(Notice::Level::kWarning, by + "; let in as its policy says");
  return asked.grant;
}

// The policy of this moment counts, in all that it says: the answer as far as it still asks the same, of the same
// webhook. For another question the caller's next copy is waited for, which comes within 250 ms.
void SessionDesk::answer_held(const HeldConclusion& held, InquiryAnswer answer) {
  from_ = held.worker;
  const ConclusionReading reading = read_conclusion(held.datagram, default_stream_id_(held.path));
  const auto* read = std::get_if<Conclusion>(&reading);
  if (read == nullptr) return;  // It was one before; what its address says instead of a stream ID may be another now.
  const Conclusion& conclusion = *read;
  AccessRequest request = request_of(held.path, conclusion);
  const Decision current = decide(request);
  if (const auto* denied = std::get_if<Denied>(&current))
    return reject(held.path, conclusion.handshake, denied->reason, &conclusion.request, denied->by);
  if (const auto* grant = std::get_if<Grant>(&current)) return let_in(held.path, conclusion, *grant);
  const Asked& asked = std::get<Asked>(current);
  if (asked.hook != held.hook || request.claims != held.request.claims) return stay_silent(held.path, held.peer);
  if (const auto* none = std::get_if<NoAnswer>(&answer)) {
    if (none->is_ours) return leave_unasked(held.path, held.peer, asked.hook);
    answer = without_answer(asked, *none);
  }
  if (const auto* denied = std::get_if<Denied>(&answer)) {
    refusals_.add(now_, asked.hook, request, *denied);
    return reject(held.path, conclusion.handshake, denied->reason, &conclusion.request, denied->by);
  }
  let_in(held.path, conclusion, on_top_of(asked.grant, std::get<Grant>(std::move(answer))));
}

void SessionDesk::let_in(const Path& path, const Conclusion& conclusion, const Grant& grant) {
  if (bans_.find(path.remote.ip) != nullptr)  // It came in before the worker was told.
    return stay_silent(path, conclusion.handshake.socket);
  const auto denied = try_open(path, conclusion, grant);
  if (!denied) return;
  if (!denied->is_postponed) return reject(path, conclusion.handshake, denied->reason, &conclusion.request, denied->by);
  if (denied->reason == Reject::kResource) return stay_silent(path, conclusion.handshake.socket);
  postpone(path, conclusion.handshake);
}

// The worker that has the session answers its copies by itself. One that comes to another worker comes here.
void SessionDesk::answer_repeat(const Path& path, const Conclusion& conclusion) {
  const Session* session = sessions_.find(path, conclusion.handshake.socket, conclusion.handshake.first_seq);
  if (session == nullptr || session->worker == from_) return;
  if (session->key_bytes != 0 && conclusion.key_message.empty()) return;  // The response would be longer than this.
  say(from_, command::ForgetCaller{path.remote, conclusion.handshake.socket});
  if (session->socket != SocketId{}) say(session->worker, command::RepeatResponse{session->socket});
}

// After the policies, which cost no derivation. The passphrase comes before the stream's state (srt-wire §2.2), so that
// a stranger without it learns nothing of a stream but its name.
std::optional<Denied> SessionDesk::try_open(const Path& path, const Conclusion& conclusion, const Grant& grant) {
  if (is_stopping_) return Denied{Reject::kClosing, {}};
  if (auto denied = judge_address(path.remote.ip, grant)) return denied;
  const StreamRequest& request = conclusion.request;
  if (request.role == Role::kPublisher && barred_.has(now_, path.remote.ip, request.name))
    return Denied{Reject::kOverload, "closed for its bitrate less than 30 s ago"};
  StreamEntry* stream = streams_.find(request.name);
  if (stream != nullptr && stream->is_removed) return Denied{Reject::kNotFound, {}};
  const StreamPolicy* policy = stream != nullptr ? &stream->policy : streams_.match(request.name);
  if (policy == nullptr) return Denied{Reject::kNotFound, {}};

  const KeyChoice choice = choose_key(*policy, request, grant);
  if (choice.key != nullptr && choice.key->is_expired(wall_clock_()))
    return Denied{Reject::kLocked, "the key for " + place_text(choice.key->place) + " has expired"};
  auto keys = agree_keys(path, conclusion, *choice.passphrase);
  if (!keys) return keys.error();
  if (const MediaFormat& format = format_of(formats_, request.name); !format.is_transport_stream())
    return Denied{Reject::kUnsupportedMedia, rtp_alone_words(request.name, format)};
  if (const auto reason = judge_stream(stream, request.role)) return Denied{*reason, {}};
  if (auto denied = judge_limits(stream, *policy, request.role, grant)) return denied;
  if (stream == nullptr) {
    if (newcomers_.is_crowded(now_, path.remote.ip))
      return Denied{Reject::kOverload, "its site has most of the new streams, and others wait"};
    stream = begin_stream(*policy, request.name);
    if (stream == nullptr)
      return Denied{.reason = Reject::kResource, .by = {}, .is_postponed = try_displace_newcomer(path.remote.ip)};
    stream->is_dynamic = true;
  }
  open(path, conclusion, *stream, grant, *std::move(keys), choice);
  return std::nullopt;
}

void SessionDesk::open(const Path& path, const Conclusion& conclusion, StreamEntry& stream, const Grant& grant,
                       AgreedKeys keys, const KeyChoice& choice) {
  const StreamRequest& request = conclusion.request;
  const bool is_publisher = request.role == Role::kPublisher;
  const Terms terms = agree_terms(conclusion, stream.policy, is_publisher ? Micros{} : stream.publisher_latency,
                                  {.least = grant.latency, .most = grant.latency_max});
  command::OpenSession opening = opening_of(path, conclusion, terms, keys.key_bytes);
  opening.request = RequestId{++last_request_};
  opening.stream = stream.index;
  if (keys.ciphers) keys.ciphers->rekey_packets = stream.policy.rekey.packets;
  opening.ciphers = std::move(keys.ciphers);

  const std::size_t worker = placement_.place(request.role, from_);
  Session session{.request = opening.request,
                  .worker = worker,
                  .path = path,
                  .peer = opening.peer,
                  .first_seq = opening.first_seq,
                  .role = request.role,
                  .stream = stream.index,
                  .stream_name = request.name,
                  .user = grant.user.empty() ? request.user : grant.user,
                  .group = grant.group,
                  .srt_version = conclusion.caller.srt_version,
                  .key_bytes = keys.key_bytes,
                  .key = choice.key != nullptr ? choice.key->id : 0,
                  .passphrase_mark = passphrase_marks_.of(*choice.passphrase),
                  .has_own_passphrase = grant.passphrase.has_value(),
                  .end = end_of(grant),
                  .by = grant.by};
  ++stream.sessions;
  placement_.enter(worker);
  if (is_publisher) {
    session.passphrase = *choice.passphrase;
    stream.publisher = opening.request;
    stream.is_published = true;
    stream.publisher_latency = terms.receive_latency;
    stream.publisher_bits_max = grant.bitrate_bits_max;
    if (grant.bitrate_bits_max > 0) admission_.watch(true);
    stream.linger_end = Instant::never();
  }
  if (keys.key_bytes != 0) keep_keys(session, keys.session, keys.prints);
  sessions_.add(std::move(session));
  if (worker != from_) say(from_, command::ForgetCaller{path.remote, opening.peer});
  say(worker, std::move(opening));
}

void SessionDesk::say_rejection(const Path& path, const wire::Handshake& handshake, Reject reason) {
  command::SendReply reply{.path = path};
  reply.bytes = static_cast<std::uint16_t>(write_rejection(reply.datagram, handshake, reason));
  say(from_, std::move(reply));
  rejected_.remember(now_, path.remote, handshake.socket, handshake.first_seq, reason);
}

void SessionDesk::reject(const Path& path, const wire::Handshake& handshake, Reject reason,
                         const StreamRequest* request, std::string_view by) {
  say_rejection(path, handshake, reason);
  std::string text = path.remote.text() + " rejected";
  if (request != nullptr) text.append(" as ").append(describe(request->role)).append(" of ").append(request->name);
  text.append(": ").append(wire::describe(reason));
  text += " (" + std::to_string(static_cast<std::int32_t>(reason)) + ")";
  if (!by.empty()) text.append(", ").append(by);
  note(Notice::Level::kWarning, std::move(text), Notice::About::kRejection);
  SessionEvent told{.kind = SessionEvent::Kind::kRejected,
                    .address = path.remote.text(),
                    .code = static_cast<std::int32_t>(reason),
                    .reason = std::string{by.empty() ? wire::describe(reason) : by},
                    .caller = path.remote.ip};
  if (request != nullptr) {
    told.role = request->role;
    told.stream = request->name;
    told.user = request->user;
  }
  tell(std::move(told));
}

void SessionDesk::handle(event::SessionOpened& event) {
  Session* session = sessions_.find(event.request);
  if (session == nullptr) return;
  session->socket = event.socket;
  session->opened = now_;
  if (session->feed != 0) return handle_feed_opened(*session);
  if (session->destination != 0) return handle_destination_opened(*session);
  rotations_.note_opened(event.request, event.socket);
  std::string text = title_of(*session) + " joined, SRT " + version_text(session->srt_version);
  if (session->key_bytes != 0) text += ", AES-" + std::to_string(session->key_bytes * 8);
  if (!session->by.empty()) text += ", " + session->by;
  note(Notice::Level::kInfo, std::move(text), Notice::About::kSession);
  tell(event_of(SessionEvent::Kind::kConnect, *session));
  if (session->role == Role::kPublisher) {
    tell(event_of(SessionEvent::Kind::kPublishStart, *session));
    wake_calls(session->stream_name);
  }
  // Banned or kicked while the worker opened it.
  if (bans_.find(session->path.remote.ip) != nullptr)
    shut_out(*session);
  else if (session->is_kicked)
    static_cast<void>(kick(session->socket));
}

void SessionDesk::handle(event::SessionRefused& event) {
  Session* session = sessions_.find(event.request);
  if (session == nullptr) return;
  note(Notice::Level::kWarning,
       title_of(*session) + " refused by the worker: " + std::string{wire::describe(event.reason)} + " (" +
           std::to_string(static_cast<int>(event.reason)) + ")" +
           (event.reason == wire::Reject::kUnacceptable ? ", its MSS is below the stream's packets + 44" : ""),
       session->is_ours() ? Notice::About::kRelay : Notice::About::kRejection);
  if (session->is_ours()) {
    leave_stream(*session, false);
    placement_.leave(session->worker);
    const std::string words{wire::describe(event.reason)};
    session->feed != 0 ? end_feed(*session, words) : end_destination(*session, words);
    return sessions_.erase_refused(event.request);
  }
  SessionEvent told = event_of(SessionEvent::Kind::kRejected, *session);
  told.code = static_cast<std::int32_t>(event.reason);
  told.reason = wire::describe(event.reason);
  tell(std::move(told));
  leave_stream(*session, false);
  placement_.leave(session->worker);
  rotations_.forget(event.request);
  rejected_.remember(now_, session->path.remote, session->peer, session->first_seq, event.reason);
  sessions_.erase_refused(event.request);
}

void SessionDesk::handle(event::SessionClosed& event) {
  Session* session = sessions_.find(event.request);
  if (session == nullptr) return;
  // A feed's end is told by its name, and FEC goes and comes with its media.
  if (session->feed == 0 && !session->is_fec())
    note(Notice::Level::kInfo, title_of(*session) + " left: " + std::string{fanlight::describe(event.reason)},
         Notice::About::kSession);
  tell_end(*session, event);
  leave_stream(*session, event.reason != CloseReason::kConnectTimeout && event.reason != CloseReason::kDisplaced);
  placement_.leave(session->worker);
  if (session->call != 0) end_call(*session, event.reason);
  if (FeedEntry* feed = session->feed != 0 ? find_feed(event.request) : nullptr; feed != nullptr && event.srtp)
    feed->srtp_taken = event.srtp->taken();
  if (session->feed != 0) end_feed(*session, std::string{fanlight::describe(event.reason)});
  if (session->destination != 0)
    end_destination(*session, std::string{fanlight::describe(event.reason)}, event.reason == CloseReason::kKeyWornOut);
  rotations_.forget(event.request);
  sessions_.erase_closed(now_, event.request);
}

void SessionDesk::tell_end(const Session& session, event::SessionClosed& event) {
  // Of a feed, end_feed() tells what there is to tell, of FEC its media.
  if (session.feed != 0 || session.is_fec()) return;
  if (session.role == Role::kPublisher) tell(event_of(SessionEvent::Kind::kPublishStop, session));
  SessionEvent told = event_of(SessionEvent::Kind::kDisconnect, session);
  told.reason = fanlight::describe(event.reason);
  told.age = now_ - session.opened;
  told.stats = event.stats;
  tell(std::move(told));
}

void SessionDesk::stop() {
  if (is_stopping_) return;
  is_stopping_ = true;
  say_to_all(command::Stop{});
}

}  // namespace fanlight::control
