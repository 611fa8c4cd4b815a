// What control wants done.
#include <algorithm>

#include "base/check.h"
#include "stream/stream.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

// Long enough for the response to overtake nothing on the way (srt-wire §2.3).
constexpr Micros kDataAfterResponse = millis(5);

}  // namespace

void Relay::take_commands(Instant now) noexcept {
  Command command;
  // Each may answer with an event, which must not be lost: while control does not read, its commands wait.
  for (std::size_t i = 0; i < kCommandsPerBreath && mailbox_.events.has_room(1); ++i) {
    if (!mailbox_.commands.try_pop(command)) break;
    apply(now, command);
  }
  if (streams_removing_ > 0) retire_streams();
  if (stopping_ && !stopped_ && sessions_.open_count() == 0) stopped_ = mailbox_.post(Event{event::Stopped{}});
}

void Relay::apply(Instant now, Command& command) noexcept {
  std::visit([&](auto& one) { apply(now, one); }, command);
}

void Relay::apply(Instant, command::AddStream& add) noexcept {
  CHECK(add.index.raw() < streams_.size() && streams_[add.index.raw()].stream == nullptr);
  streams_[add.index.raw()] = {.stream = add.stream};
  add.stream->release().lend_from(places_);
  add.stream->fec_out().lend_from(places_);
  const std::uint16_t raw = add.index.raw();
  add.stream->report_clock().set_own_name(
      rtp::CanonicalName::of(key_, rtp::CanonicalName::Of::kStream, std::as_bytes(std::span(&raw, 1))));
  streams_end_ = std::max<std::size_t>(streams_end_, add.index.raw() + 1u);
}

void Relay::apply(Instant now, command::RemoveStream& remove) noexcept {
  StreamEntry& entry = streams_[remove.index.raw()];
  if (entry.stream == nullptr || entry.is_removing) return;
  entry.is_removing = true;
  ++streams_removing_;
  fail_calls(now, remove.index, wire::Reject::kNotFound);
  for (std::size_t i = 0; i < sessions_.capacity(); ++i) {
    Session& session = sessions_.at(static_cast<std::uint32_t>(i));
    if (session.state == Session::State::kOpen && session.stream == remove.index)
      begin_close(now, session, CloseReason::kStreamEnded);
  }
}

void Relay::apply(Instant now, command::OpenSession& open) noexcept {
  listener_.forget_pending(open.path.remote, open.peer);
  if (const std::optional<wire::Reject> reason = judge_open(open)) return refuse(open, *reason);
  Session* session = sessions_.open();
  if (session == nullptr) return refuse(open, wire::Reject::kResource);
  if (!begin_session(now, *session, open)) {
    sessions_.close(*session);
    return refuse(open, wire::Reject::kResource);
  }
  half_open_.add(*session);
  store_be32(open.response.data() + wire::kHandshakeSocketOffset, session->socket.raw());
  listener_.keep_response(*session, std::span(open.response).first(open.response_bytes));
  sessions_.index(*session);
  listener_.respond(now, *session);
  CHECK(mailbox_.post(Event{event::SessionOpened{open.request, session->socket}}));  // take_commands() saw to the room.
  touch(*session);
  if (half_open_.is_over_limit()) displace(now, half_open_.first_to_go(now));
}

void Relay::displace(Instant now, Session& session) noexcept {
  counters().add(Counter::kHalfOpenDisplaced);
  begin_close(now, session, CloseReason::kDisplaced);
}

// False when there is no place for another publisher.
bool Relay::begin_session(Instant now, Session& session, command::OpenSession& open) noexcept {
  session.stream = open.stream;
  session.opening = {.first_seq = open.first_seq};
  session.request = open.request;
  session.path = open.path;
  session.opened = now;
  if (open.role == Role::kViewer) {
    open_viewer(now, session, open);
  } else if (!open_publisher(now, session, open)) {
    return false;
  }
  ++streams_[open.stream.raw()].sessions;
  counters().add(Counter::kSessionsOpened);
  return true;
}

std::optional<wire::Reject> Relay::judge_open(const command::OpenSession& open) const noexcept {
  const StreamEntry& entry = streams_[open.stream.raw()];
  if (stopping_) return wire::Reject::kClosing;
  if (entry.stream == nullptr || entry.is_removing) return wire::Reject::kNotFound;
  if (!entry.stream->options().payload.is_transport_stream) return wire::Reject::kUnsupportedMedia;
  if (open.role == Role::kPublisher)
    return entry.publisher != nullptr ? std::optional(wire::Reject::kConflict) : std::nullopt;
  if (sessions_.open_count() + publisher_places_ >= sessions_.capacity()) return wire::Reject::kResource;
  const bool fits = open.mss >= kMssOverhead + entry.stream->payload_bytes_max();
  return fits ? std::nullopt : std::optional(wire::Reject::kUnacceptable);
}

bool Relay::open_publisher(Instant now, Session& session, command::OpenSession& open) noexcept {
  const srt::Receiver receiver({.opened = now,
                                .first_seq = open.first_seq,
                                .first_pos = streams_[open.stream.raw()].stream->history().next(),
                                .latency = open.receive_latency,
                                .window_packets = kFlowWindowPackets});
  Publisher* publisher = sessions_.open_publisher(receiver);
  if (publisher == nullptr) return false;
  publisher->ciphers = std::move(open.ciphers);
  publisher->envelope.peer = open.peer;
  publisher->mss = open.mss;
  replies_.address(open.path, publisher->envelope);
  begin_publisher(session, *publisher);
  return true;
}

void Relay::begin_publisher(Session& session, Publisher& publisher) noexcept {
  StreamEntry& entry = streams_[session.stream.raw()];
  entry.stream->begin_publisher();
  entry.publisher = &session;
  entry.is_distributed = exchange_.workers() > 1;
  if (entry.is_distributed) distribution_.begin(session.stream, *entry.stream);
  session.become_publisher(publisher);
}

void Relay::open_viewer(Instant now, Session& session, command::OpenSession& open) noexcept {
  Stream& stream = *streams_[open.stream.raw()].stream;
  const PacketPos first = stream.pass().active ? stream.pass().end : stream.served_next();
  const std::size_t payload_bytes_max = std::min<std::size_t>(open.mss - kMssOverhead, kPayloadBytesMax);
  Viewer& viewer =
      session.become_viewer(Viewer::Opening{.stream = &stream,
                                            .ciphers = std::move(open.ciphers),
                                            .start_at = now + kDataAfterResponse,
                                            .peer_rexmit = open.peer_rexmit,
                                            .payload_bytes_max = static_cast<std::uint16_t>(payload_bytes_max)},
                            srt::Sender::Options{.opened = now,
                                                 .first_seq = open.first_seq,
                                                 .first_pos = first,
                                                 .latency = open.send_latency,
                                                 .window_packets = open.window_packets});
  if (viewer.ciphers) viewer.ciphers->sending_from = open.first_seq;
  viewer.envelope.peer = open.peer;
  viewer.envelope.time_zero = stream.clock().now(now);
  replies_.address(open.path, viewer.envelope);
  stream.add_viewer(viewer);
}

// The response, cut back to a rejection: 48 bytes of content, no extensions.
void Relay::refuse(command::OpenSession& open, wire::Reject reason) noexcept {
  constexpr std::size_t kExtensionFieldOffset = wire::kHeaderBytes + 6;
  constexpr std::size_t kRequestOffset = wire::kHeaderBytes + 20;
  store_be16(open.response.data() + kExtensionFieldOffset, 0);
  store_be32(open.response.data() + kRequestOffset, static_cast<std::uint32_t>(reason));
  replies_.send_to(open.path, std::span(open.response).first(wire::kHeaderBytes + wire::kHandshakeBytes));
  counters().add(Counter::kSessionsRefused);
  CHECK(mailbox_.post(Event{event::SessionRefused{open.request, reason, std::move(open.ciphers)}}));
}

void Relay::apply(Instant, command::SendReply& reply) noexcept {
  const ByteSpan datagram = std::span(reply.datagram).first(reply.bytes);
  if (const std::optional<SocketId> peer = wire::peek_destination(datagram))
    listener_.forget_pending(reply.path.remote, *peer);
  replies_.send_to(reply.path, datagram);
}

void Relay::apply(Instant, command::ForgetCaller& caller) noexcept {
  listener_.forget_pending(caller.remote, caller.peer);
}

void Relay::apply(Instant now, command::RepeatResponse& repeat) noexcept {
  Session* session = sessions_.find(repeat.socket);
  if (session != nullptr && session->state == Session::State::kOpen)
    listener_.repeat_response(now, *session, kDatagramBytesMax);  // Control has read it.
}

void Relay::apply(Instant now, command::CloseSession& close) noexcept {
  Session* session = sessions_.find(close.socket);
  if (session != nullptr && session->state == Session::State::kOpen) begin_close(now, *session, close.reason);
}

void Relay::apply(Instant now, command::InstallKeys& install) noexcept {
  Session* session = sessions_.find(install.socket);
  event::KeysInstalled done{install.socket, std::move(install.ciphers)};
  if (session != nullptr && session->state == Session::State::kOpen && session->is_publisher() &&
      session->publisher().ciphers) {
    Publisher& publisher = session->publisher();
    ++publisher.ciphers->turns;
    if (done.retired->even) std::swap(publisher.ciphers->even, done.retired->even);
    if (done.retired->odd) std::swap(publisher.ciphers->odd, done.retired->odd);
    publisher.key_message = install.response;
    publisher.key_message_bytes = install.response_bytes;
    answer_key_request(now, *session);
  }
  CHECK(mailbox_.post(Event{std::move(done)}));
}

void Relay::apply(Instant, command::Ban& ban) noexcept { CHECK(listener_.bans().add(ban.prefix)); }

void Relay::apply(Instant, command::Unban& ban) noexcept { listener_.bans().remove(ban.prefix); }

void Relay::apply(Instant, command::SetArmour& set) noexcept { limit(set.armour); }

void Relay::limit(const ArmourOptions& armour) noexcept {
  listener_.limit(armour);
  half_open_.limit(armour.half_open_max > 0 ? armour.half_open_max : kSessionsMax);
}

void Relay::apply(Instant, command::AskReport& question) noexcept { reporter_.ask(question); }

void Relay::apply(Instant now, command::Stop&) noexcept {
  stopping_ = true;
  fail_calls(now, std::nullopt, wire::Reject::kClosing);
  for (std::size_t i = 0; i < sessions_.capacity(); ++i) {
    Session& session = sessions_.at(static_cast<std::uint32_t>(i));
    if (session.state == Session::State::kOpen) begin_close(now, session, CloseReason::kRelayStopping);
  }
}

}  // namespace fanlight
