// What came in: each datagram leaves here with one verdict.
#include "worker/relay.h"

#include "base/check.h"
#include "stream/stream.h"
#include "wire/rtp_header.h"
#include "wire/srt_key_message.h"

namespace fanlight {
namespace {

constexpr std::size_t kAskedAhead = 16;

}  // namespace

// Each arrival's session is asked for some arrivals ahead, so that cache misses pass while others are judged.
void Relay::admit(Instant now, std::span<io::Arrival> burst) noexcept {
  const auto ask_for = [&](std::size_t i) {
    if (i >= burst.size()) return;
    if (const std::optional<SocketId> destination = wire::peek_destination(burst[i].packet.bytes()))
      sessions_.prefetch(*destination);
  };
  for (std::size_t i = 0; i < kAskedAhead; ++i) ask_for(i);
  for (std::size_t i = 0; i < burst.size(); ++i) {
    ask_for(i + kAskedAhead);
    counters().count(admit_one(now, burst[i]));  // A verdict is an index: no branch to count.
    burst[i].packet.reset();
  }
}

Verdict Relay::admit_one(Instant now, io::Arrival& arrival) noexcept {
  if (arrival.undelivered != io::Undelivered::kNo) return admit_undelivered(now, arrival);
  const ByteSpan datagram = arrival.packet.bytes();
  if (feeds_.hears(arrival.path.local.port))
    if (const std::optional<Verdict> verdict = admit_to_feed(now, arrival)) return *verdict;
  if (datagram.size() > kDatagramBytesMax) return Verdict::kOversized;
  if (wire::is_rtcp_beside_srt(datagram)) return admit_report(now, arrival);
  const std::optional<SocketId> destination = wire::peek_destination(datagram);
  if (!destination) return Verdict::kMalformed;
  // A group calls nobody, and is no address to answer from.
  if (*destination == SocketId{})
    return arrival.path.door < srt_doors_ && !arrival.path.local.ip.is_multicast() ? listener_.handle(now, arrival)
                                                                                   : Verdict::kForeignSource;
  if (!exchange_.is_ours(*destination)) return exchange_.hand_over(*destination, arrival);
  Session* session = sessions_.find(*destination);
  if (session != nullptr && session->state == Session::State::kCalling) return admit_to_call(now, *session, arrival);
  if (session == nullptr || session->state != Session::State::kOpen) return Verdict::kUnknownSocket;
  if (!session->path.is_same_peer(arrival.path) || !session->speaks_srt()) return Verdict::kWrongAddress;
  return wire::is_control(datagram) ? admit_control(now, *session, datagram)
                                    : admit_data(now, *session, arrival.packet);
}

Verdict Relay::admit_control(Instant now, Session& session, ByteSpan datagram) noexcept {
  const std::optional<wire::ControlHeader> header = wire::parse_control_header(datagram);
  if (!header) return Verdict::kMalformed;
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  touch(session);
  if (header->type == wire::ControlType::kHandshake) return Verdict::kHandshakePending;  // Harmless (srt-wire §2.3).
  if (header->type == wire::ControlType::kUser) return admit_key_packet(now, session, *header, content);
  if (session.is_publisher()) {
    const Verdict verdict = session.publisher().srt()->handle_control(now, *header, content);
    session.is_up = session.is_up || verdict == Verdict::kControl;
    return verdict;
  }
  Viewer& viewer = session.viewer();
  if (header->type == wire::ControlType::kNak && !repair_.admit_report(now, *viewer.stream, viewer)) {
    viewer.sender.handle_sign_of_life(now);
    return Verdict::kNakLimited;
  }
  const Verdict verdict =
      viewer.sender.handle_control(now, *header, content, viewer.stream->edge_for(viewer), slabs_.ranges);
  if (header->type == wire::ControlType::kNak) counters().add(Counter::kNakOverflow, slabs_.ranges.take_overflow());
  // An ACK may shrink the window below what the live set was last checked for, or open it for who waits.
  viewer.stream->note_window(now, viewer);
  return verdict;
}

// A publisher's key refresh: control unwraps it. Every copy of a request is answered (srt-wire §4.5).
Verdict Relay::admit_key_packet(Instant now, Session& session, const wire::ControlHeader& header,
                                ByteSpan content) noexcept {
  if (header.subtype == wire::kUserKeyResponse) return admit_key_response(now, session, content);
  if (header.subtype != wire::kUserKeyRequest || !session.is_publisher()) return Verdict::kUnknownType;
  if (!wire::parse_key_message(content)) return Verdict::kMalformed;
  Publisher& publisher = session.publisher();
  if (!publisher.ciphers) return Verdict::kUndecryptable;
  publisher.srt()->handle_sign_of_life(now);
  const ByteSpan known = std::span(publisher.key_message).first(publisher.key_message_bytes);
  if (std::equal(content.begin(), content.end(), known.begin(), known.end())) {
    answer_key_request(now, session);
    return Verdict::kControl;
  }
  event::KeyRequestReceived request{
      .request = session.request, .socket = session.socket, .bytes = static_cast<std::uint16_t>(content.size())};
  std::copy(content.begin(), content.end(), request.message.begin());
  return mailbox_.post(Event{std::move(request)}) ? Verdict::kControl : Verdict::kEventRingFull;
}

// The message echoed, byte for byte.
void Relay::answer_key_request(Instant now, const Session& session) noexcept {
  const Publisher& publisher = session.publisher();
  std::array<std::byte, wire::kHeaderBytes + kKeyMessageBytesMax> answer;
  const ControlStamp stamp = stamp_for(now, session);
  const std::size_t bytes = wire::write_key_packet(answer, wire::kUserKeyResponse,
                                                   std::span(publisher.key_message).first(publisher.key_message_bytes),
                                                   stamp.time, stamp.peer);
  replies_.send(publisher.envelope, std::span(answer).first(bytes));
}

Verdict Relay::admit_data(Instant now, Session& session, PacketRef& packet) noexcept {
  if (!session.is_publisher()) return Verdict::kUnexpectedData;
  Publisher& publisher = session.publisher();
  const std::optional<wire::DataHeader> header = wire::parse_data_header(packet.bytes());
  const std::size_t payload_bytes = packet.bytes().size() - wire::kHeaderBytes;
  if (!header || payload_bytes == 0 || header->key == wire::KeyFlag::kBoth) return Verdict::kMalformed;
  if (header->boundary != wire::Boundary::kWhole) return Verdict::kPartialMessage;
  if (header->message == 0) return Verdict::kFilterPacket;
  if (publisher.ciphers && header->key == wire::KeyFlag::kClear) return Verdict::kUnencrypted;
  touch(session);
  session.is_up = true;
  const srt::Receiver::Placement placement = publisher.srt()->handle_data(now, *header, payload_bytes);
  if (placement.verdict == Verdict::kOutOfWindow) return placement.verdict;
  ++publisher.packets;
  publisher.bytes += payload_bytes;
  publisher.last_data = now;
  if (placement.verdict == Verdict::kAccepted || placement.verdict == Verdict::kAcceptedLate)
    return hold(now, session, *header, placement, packet);
  ++publisher.belated;
  return placement.verdict;
}

// The engine has placed the packet; here it is opened, cut to its payload and given to the stream.
Verdict Relay::hold(Instant now, Session& session, const wire::DataHeader& header,
                    const srt::Receiver::Placement& placement, PacketRef& packet) noexcept {
  Publisher& publisher = session.publisher();
  Stream& stream = *streams_[session.stream.raw()].stream;
  packet.trim_front(wire::kHeaderBytes);
  if (header.key != wire::KeyFlag::kClear) {
    crypto::PacketCipher* cipher = publisher.ciphers ? publisher.ciphers->slot(header.key) : nullptr;
    if (cipher == nullptr || !cipher->apply(header.seq, packet.bytes(), packet.bytes())) {
      ++publisher.undecrypted;
      if (placement.verdict == Verdict::kAccepted) stream.advance_to(placement.pos + 1);  // A hole: never sent on.
      return Verdict::kUndecryptable;
    }
  }
  ++publisher.unique;
  const StreamTime time = publisher.time.place(now, header.time, stream.clock());
  const Verdict verdict = stream.admit(now, placement.pos, time, packet);
  if (verdict == Verdict::kAcceptedLate)
    distribution_.give_late(session.stream, stream, placement.pos, publisher.first_missing());
  return verdict;
}

void Relay::touch(Session& session) noexcept {
  if (session.is_touched) return;
  session.is_touched = true;
  const std::uint32_t slot = sessions_.slot_of(session);
  touched_.push_back(static_cast<std::uint16_t>(slot));
  timers_.prefetch(slot);  // Servicing it moves its deadline.
  if (session.is_viewer()) __builtin_prefetch(session.viewer().ciphers.get());
}

}  // namespace fanlight
