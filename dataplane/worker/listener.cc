#include "worker/listener.h"

#include <algorithm>
#include <cstring>

#include "stream/stream.h"

namespace fanlight {

Verdict Listener::handle(Instant now, const io::Arrival& arrival) noexcept {
  const ByteSpan datagram = arrival.packet.bytes();
  const std::optional<wire::ControlHeader> header = wire::parse_control_header(datagram);
  if (!header || header->type != wire::ControlType::kHandshake) return Verdict::kUnknownSocket;
  if (bans_.covers(arrival.path.remote.ip)) return Verdict::kBanned;  // Without a word: the address may be forged.
  const std::optional<wire::Handshake> request = wire::parse_handshake(datagram.subspan(wire::kHeaderBytes));
  if (!request || !wire::is_valid(*request)) return Verdict::kMalformed;
  // Answers carry the caller's ID as destination. One to ID 0, or to what is an answer itself, would be taken for a
  // request by the next relay, and two of them would talk for ever.
  if (request->socket == SocketId{} || request->extension == wire::kInductionMagic) return Verdict::kMalformed;
  switch (static_cast<wire::RequestType>(request->request)) {
    case wire::RequestType::kInduction:
      return answer_induction(now, arrival, *request);
    case wire::RequestType::kConclusion:
      return handle_conclusion(now, arrival, *request);
    case wire::RequestType::kWaveAHand:
    case wire::RequestType::kAgreement:
      return Verdict::kRendezvous;
  }
  return Verdict::kMalformed;
}

// As long as the shortest request, so nobody can be flooded through us; nothing is remembered.
Verdict Listener::answer_induction(Instant now, const io::Arrival& arrival, const wire::Handshake& request) noexcept {
  if (!budget_.take_induction(now)) return Verdict::kInductionsLimited;
  wire::Handshake answer = request;
  answer.version = 5;
  answer.encryption = 0;  // Nothing advertised: every caller keeps its own key length.
  answer.extension = wire::kInductionMagic;
  answer.mss = std::min(request.mss, kMssMax);
  answer.cookie = cookies_.make(now, arrival.path.remote, request.socket);
  answer.peer_ip = arrival.path.remote.ip;
  std::array<std::byte, wire::kHeaderBytes + wire::kHandshakeBytes> datagram;
  const std::size_t bytes = wire::write_handshake_packet(
      datagram,
      {.handshake = answer, .capabilities = {}, .stream_id = {}, .congestion = {}, .filter = {}, .key_message = {}},
      WireTime{static_cast<std::uint32_t>(now.us)}, request.socket);
  replies_.send_to(arrival.path, std::span(datagram).first(bytes));
  return Verdict::kHandshakeAnswered;
}

Verdict Listener::handle_conclusion(Instant now, const io::Arrival& arrival, const wire::Handshake& request) noexcept {
  if (!cookies_.judge(now, arrival.path.remote, request.socket, request.cookie)) return Verdict::kBadCookie;
  if (request.version < 5) {  // HSv4 knows no rejection; libsrt answers it the same way (srt-wire §2.4).
    std::array<std::byte, 20> shutdown;
    const std::size_t bytes =
        wire::write_bare_control(shutdown, {wire::ControlType::kShutdown, 0, 0, {}, request.socket});
    replies_.send_to(arrival.path, std::span(shutdown).first(bytes));
    return Verdict::kLegacyHandshake;
  }
  Session* session = sessions_.find_caller(arrival.path.remote, request.socket);
  if (session != nullptr && session->speaks_srt() && session->opening.first_seq == request.first_seq)
    return repeat_response(now, *session, arrival.packet.bytes().size());
  return forward(now, arrival, request.socket);
}

void Listener::keep_response(Session& session, ByteSpan datagram) noexcept {
  const auto is_needed = [this](SocketId socket) {
    const Session* other = sessions_.find(socket);
    return other != nullptr && other->state == Session::State::kOpen && !other->has_been_heard();
  };
  const Responses::Kept kept = responses_.keep(session.socket, datagram, is_needed);
  session.opening.response = static_cast<std::uint16_t>(kept.place);
  if (kept.has_forgotten) mailbox_.counters.add(Counter::kResponsesForgotten);
}

Verdict Listener::repeat_response(Instant now, const Session& session, std::size_t copy_bytes) noexcept {
  Response* response = responses_.find(session.socket, session.opening.response);
  if (response == nullptr) return Verdict::kHandshakePending;  // It was heard, or others needed the place.
  if (copy_bytes < response->content().size()) return Verdict::kMalformed;
  if (response->last_said.ago(now) < kResponseInterval) return Verdict::kHandshakeLimited;
  // A viewer sets its watch by this packet, so it carries the stream's clock.
  const std::int64_t us = session.is_viewer()
                              ? (session.viewer().stream->clock().now(now) - session.envelope().time_zero).count
                              : (now - session.opened).count;
  say(now, session, *response, WireTime{static_cast<std::uint32_t>(us)});
  return Verdict::kHandshakeAnswered;
}

void Listener::respond(Instant now, const Session& session) noexcept {
  if (Response* response = responses_.find(session.socket, session.opening.response))
    say(now, session, *response, WireTime{0});
}

void Listener::say(Instant now, const Session& session, Response& response, WireTime time) noexcept {
  response.last_said = NearInstant::of(now);
  store_be32(response.datagram.data() + wire::kTimestampOffset, time.raw);
  replies_.send(session.envelope(), response.content());
}

Verdict Listener::forward(Instant now, const io::Arrival& arrival, SocketId peer) noexcept {
  if (is_pending(now, arrival.path.remote, peer)) return Verdict::kHandshakePending;
  // Said to nobody: an honest caller repeats itself every 250 ms, and is let through when there is room again.
  if (const std::optional<Verdict> limited = budget_.take_conclusion(now, arrival.path.remote.ip)) return *limited;
  const ByteSpan datagram = arrival.packet.bytes();
  event::ConclusionReceived received{
      .path = arrival.path, .received = now, .bytes = static_cast<std::uint16_t>(datagram.size())};
  std::memcpy(received.datagram.data(), datagram.data(), datagram.size());
  if (!mailbox_.post(Event{std::move(received)})) return Verdict::kEventRingFull;
  pending_[next_pending_++ % pending_.size()] = {arrival.path.remote, peer, now + kHandshakeTimeout};
  return Verdict::kHandshakeForwarded;
}

bool Listener::is_pending(Instant now, const Endpoint& remote, SocketId peer) const noexcept {
  return std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
    return pending.peer == peer && now < pending.until && pending.remote == remote;
  });
}

void Listener::forget_pending(const Endpoint& remote, SocketId peer) noexcept {
  for (Pending& pending : pending_)
    if (pending.peer == peer && pending.remote == remote) pending.until = {};
}

}  // namespace fanlight
