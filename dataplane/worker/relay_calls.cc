// The relay calls, too: from command::OpenCall to a session, or to the reason why there is none. design D10: who is
// called, with which key and when again, is control's to say.
#include "base/check.h"
#include "stream/stream.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

constexpr Micros kNewsRetry = millis(1);  // Control had no room for the news.

WireTime clock_of(Instant now, const Call& call) { return {static_cast<std::uint32_t>((now - call.opened).count)}; }

}  // namespace

void Relay::apply(Instant now, command::OpenCall& open) noexcept {
  StreamEntry& entry = streams_[open.stream.raw()];
  std::optional<wire::Reject> reason;
  if (open.role == Role::kPublisher && entry.publisher != nullptr) reason = wire::Reject::kConflict;
  if (entry.stream == nullptr || entry.is_removing) reason = wire::Reject::kNotFound;
  if (stopping_) reason = wire::Reject::kClosing;
  Session* session = reason ? nullptr : sessions_.open();
  if (session != nullptr && calls_.open(now, session->socket, open) == nullptr) {
    sessions_.close(*session);
    session = nullptr;
  }
  if (session == nullptr) {
    counters().add(Counter::kCallsFailed);
    const RequestId request = open.request;
    CHECK(mailbox_.post(
        Event{// take_commands() saw to the room.
              event::CallFailed{request, reason.value_or(wire::Reject::kResource), false, std::move(open.kit)}}));
    return;
  }
  session->state = Session::State::kCalling;
  ++entry.sessions;
  counters().add(Counter::kCallsMade);
  touch(*session);
}

// Whatever comes for a slot that calls. Its data, too, may arrive before the answer.
Verdict Relay::admit_to_call(Instant now, Session& session, const io::Arrival& arrival) noexcept {
  Call& call = calls_.at(session.socket);
  if (!call.terms.path.is_same_peer(arrival.path)) return Verdict::kWrongAddress;
  const ByteSpan datagram = arrival.packet.bytes();
  const std::optional<wire::ControlHeader> header = wire::parse_control_header(datagram);
  // The engine must not connect when that cannot be told; the listener repeats itself.
  if (!mailbox_.events.has_room(1) || call.failure) return Verdict::kEventRingFull;
  touch(session);
  if (!header) {
    if (!wire::parse_data_header(datagram)) return Verdict::kMalformed;
    call.engine.handle_early_packet(now);
    return Verdict::kUnexpectedData;
  }
  const Verdict verdict = call.engine.handle_control(now, *header, datagram.subspan(wire::kHeaderBytes));
  if (call.engine.state() != srt::Caller::State::kConnected) return verdict;
  if (const std::optional<wire::Reject> reason = try_connect(now, session, call, arrival.path)) {
    hang_up(call);
    fail_call(now, session, {*reason, false});
  }
  return verdict;
}

void Relay::service_call(Instant now, Session& session) noexcept {
  Call& call = calls_.at(session.socket);
  if (call.failure) return fail_call(now, session, *call.failure);
  call.engine.handle_timeout(now);
  std::array<std::byte, kDatagramBytesMax> scratch;
  while (const std::size_t bytes = call.engine.poll_control(now, {clock_of(now, call), {}}, scratch))
    replies_.send_to(call.terms.path, std::span(scratch).first(bytes));
  if (call.engine.poll_event()) return fail_call(now, session, call.engine.failure());
  timers_.schedule(sessions_.slot_of(session), call.engine.next_deadline().at);
}

// The listener agreed: the slot becomes a session, its clock that of the call, by which the peer sets its watch.
// Answers why not.
std::optional<wire::Reject> Relay::try_connect(Instant now, Session& session, Call& call, const Path& path) noexcept {
  const srt::Caller::Answer& answer = call.engine.answer();
  command::OpenSession open;
  open.request = call.terms.request;
  open.path = path;
  open.peer = answer.peer;
  open.role = call.terms.role;
  open.stream = call.terms.stream;
  open.first_seq = open.role == Role::kPublisher ? answer.first_seq : call.terms.first_seq;
  open.receive_latency = std::min(answer.receive_latency, call.terms.latency_max);
  open.send_latency = std::min(answer.send_latency, call.terms.latency_max);
  open.window_packets = answer.window_packets;
  open.mss = answer.mss;
  open.peer_rexmit = answer.knows_retransmit_flag;
  open.ciphers = std::move(call.terms.kit->ciphers);
  std::optional<wire::Reject> reason = judge_open(open);
  if (!reason && !begin_session(now, session, open)) reason = wire::Reject::kResource;
  if (reason) {
    call.terms.kit->ciphers = std::move(open.ciphers);
    return reason;
  }
  session.state = Session::State::kOpen;
  session.opened = call.opened;
  session.is_up = true;
  if (session.is_viewer()) {
    session.viewer().envelope.time_zero = session.viewer().envelope.time_zero + (call.opened - now);
    session.viewer().sender.handle_sign_of_life(now);
  }
  std::array<std::byte, 20> greeting;  // So that the listener knows.
  while (const std::size_t bytes = call.engine.poll_control(now, {clock_of(now, call), {}}, greeting))
    replies_.send(session.envelope(), std::span(greeting).first(bytes));
  CHECK(mailbox_.post(Event{event::CallConnected{.request = call.terms.request,
                                                 .socket = session.socket,
                                                 .peer = answer.peer,
                                                 .path = path,
                                                 .srt_version = answer.srt_version,
                                                 .receive_latency = open.receive_latency,
                                                 .kit = std::move(call.terms.kit)}}));
  --streams_[call.terms.stream.raw()].sessions;  // It was counted as a call, and is now as a session.
  calls_.close(call);
  return std::nullopt;
}

// The listener has a session with us that we do not want.
void Relay::hang_up(const Call& call) noexcept {
  std::array<std::byte, 20> shutdown;
  const std::size_t bytes =
      wire::write_bare_control(shutdown, {wire::ControlType::kShutdown, 0, 0, {}, call.engine.answer().peer});
  replies_.send_to(call.terms.path, std::span(shutdown).first(bytes));
}

// The slot stays until control has room for the news: the kit must go back.
void Relay::fail_call(Instant now, Session& session, srt::Caller::Failure failure) noexcept {
  Call& call = calls_.at(session.socket);
  call.failure = failure;
  if (!mailbox_.events.has_room(1)) return timers_.schedule(sessions_.slot_of(session), now + kNewsRetry);
  CHECK(mailbox_.post(
      Event{event::CallFailed{call.terms.request, failure.reason, failure.is_from_peer, std::move(call.terms.kit)}}));
  counters().add(Counter::kCallsFailed);
  --streams_[call.terms.stream.raw()].sessions;
  calls_.close(call);
  timers_.cancel(sessions_.slot_of(session));
  sessions_.close(session);
}

void Relay::fail_calls(Instant now, std::optional<StreamIndex> stream, wire::Reject reason) noexcept {
  for (std::size_t i = 0; i < sessions_.capacity(); ++i) {
    Session& session = sessions_.at(static_cast<std::uint32_t>(i));
    if (session.state != Session::State::kCalling) continue;
    if (!stream || calls_.at(session.socket).terms.stream == *stream) fail_call(now, session, {reason, false});
  }
}

}  // namespace fanlight
