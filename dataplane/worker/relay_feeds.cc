// Feeds: publishers that do not call. Their datagrams are told by where they come to, RTP's source by its SSRC.
#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "stream/stream.h"
#include "wire/rtp_feedback.h"
#include "wire/ts_packet.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

constexpr std::size_t kRtpPayloadBytesMax = kDatagramBytesMax - wire::kRtpHeaderBytes;

// What a packet is, less what stands in front of its payload.
struct Parsed {
  wire::RtpPacket rtp;
  std::optional<std::uint16_t> original{};  // It is a retransmission of the packet with that number.
  bool is_bare = false;                     // There is nothing of the packet but RTP's fixed header and a payload.
};

// The verdict says why it is none of the feed's.
Verdict parse_rtp(const FeedTerms& terms, ByteSpan datagram, Parsed& parsed) {
  const std::optional<wire::RtpPacket> read = wire::parse_rtp(datagram);
  if (!read) return Verdict::kMalformed;
  parsed.rtp = *read;
  parsed.is_bare =
      read->payload_offset == wire::kRtpHeaderBytes && read->payload_offset + read->payload_bytes == datagram.size();
  if (read->header.payload_type == terms.payload_type) return Verdict::kAccepted;
  if (read->header.payload_type != terms.rtx_payload_type) return Verdict::kWrongPayloadType;
  parsed.original = wire::original_number(datagram.subspan(read->payload_offset, read->payload_bytes));
  if (!parsed.original) return Verdict::kMalformed;
  parsed.rtp.header.payload_type = terms.payload_type;
  parsed.rtp.payload_offset += wire::kRtxHeaderBytes;
  parsed.rtp.payload_bytes -= wire::kRtxHeaderBytes;
  return Verdict::kAccepted;
}

Verdict parse(const FeedTerms& terms, bool is_transport_stream, ByteSpan datagram, Parsed& parsed) {
  parsed.rtp.payload_bytes = datagram.size();
  if (terms.kind == FeedKind::kRtp)
    if (const Verdict verdict = parse_rtp(terms, datagram, parsed); verdict != Verdict::kAccepted) return verdict;
  parsed.is_bare = parsed.is_bare && parsed.rtp.payload_bytes > 0;
  const std::size_t most = is_transport_stream ? kPayloadBytesMax : kRtpPayloadBytesMax;
  return parsed.rtp.payload_bytes <= most ? Verdict::kAccepted : Verdict::kOversized;
}

// False: it is no transport stream, and should be. A packet of padding, or of nothing, is a number alone.
bool cut_to_payload(const FeedTerms& terms, bool is_transport_stream, const wire::RtpPacket& parsed,
                    PacketRef& packet) {
  packet.trim_front(parsed.payload_offset);
  CHECK(packet.resize(parsed.payload_bytes));
  const bool is_number_alone = terms.kind == FeedKind::kRtp && packet.bytes().empty();
  return !is_transport_stream || is_number_alone || wire::is_transport_stream(packet.bytes());
}

// Nothing of the kind would be taken later on either.
bool is_refusal(Verdict verdict) {
  constexpr std::array kRefusals{Verdict::kForeignSource,      Verdict::kWrongPayloadType, Verdict::kMalformed,
                                 Verdict::kNotTransportStream, Verdict::kOversized,        Verdict::kUnauthentic,
                                 Verdict::kReplayed,           Verdict::kKeyWornOut};
  return std::ranges::find(kRefusals, verdict) != kRefusals.end();
}

bool is_rtcp_of(const Feed& feed, ByteSpan datagram, bool is_control_port) {
  return feed.terms.kind == FeedKind::kRtp &&
         (is_control_port || (feed.terms.rtcp == RtcpWay::kSamePort && wire::is_rtcp(datagram)));
}

}  // namespace

void Relay::apply(Instant now, command::OpenFeed& open) noexcept {
  const std::optional<wire::Reject> reason = try_open_feed(now, open);
  if (!reason) return;
  counters().add(Counter::kSessionsRefused);
  // take_commands() saw to the room.
  CHECK(mailbox_.post(Event{event::SessionRefused{open.request, *reason, nullptr, std::move(open.srtp)}}));
}

std::optional<wire::Reject> Relay::try_open_feed(Instant now, command::OpenFeed& open) noexcept {
  const StreamEntry& entry = streams_[open.stream.raw()];
  if (stopping_) return wire::Reject::kClosing;
  if (entry.stream == nullptr || entry.is_removing) return wire::Reject::kNotFound;
  if (entry.publisher != nullptr) return wire::Reject::kConflict;
  Session* session = sessions_.open();
  if (session == nullptr) return wire::Reject::kResource;
  const rtp::Receiver receiver({.first_pos = entry.stream->history().next(),
                                .latency = open.latency,
                                .clock_rate = entry.stream->options().payload.clock_rate,
                                .ssrc = open.terms.ssrc,
                                .reports = open.terms.rtcp != RtcpWay::kNone,
                                .own_ssrc = open.own_ssrc,
                                .nack = open.terms.nack,
                                .is_sender_named = open.terms.source.has_value(),
                                .rtx_ssrc = open.terms.rtx_ssrc,
                                .name_key = key_});
  FecRepair* fec = open.terms.fec ? fec_places_.take() : nullptr;
  const bool has_places = !open.terms.fec || fec != nullptr;
  Publisher* publisher =
      has_places
          ? sessions_.open_publisher(Feed{.receiver = receiver, .terms = open.terms, .doors = open.doors, .fec = fec})
          : nullptr;
  if (publisher == nullptr || !feeds_.add(sessions_.slot_of(*session), open.terms, open.doors)) {
    if (publisher != nullptr) sessions_.close_publisher(*publisher);
    if (fec != nullptr) fec_places_.give_back(*fec);
    sessions_.close(*session);
    return wire::Reject::kResource;
  }
  publisher->feed()->srtp = std::move(open.srtp);
  session->stream = open.stream;
  session->request = open.request;
  session->path = {.remote = {}, .local = open.terms.local};
  session->opened = now;
  begin_publisher(*session, *publisher);
  ++streams_[open.stream.raw()].sessions;
  counters().add(Counter::kSessionsOpened);
  CHECK(mailbox_.post(Event{event::SessionOpened{open.request, session->socket}}));
  touch(*session);
  return std::nullopt;
}

std::optional<Verdict> Relay::admit_to_feed(Instant now, io::Arrival& arrival) noexcept {
  const std::optional<std::size_t> owner = feeds_.owner_of(arrival.path.local);
  if (owner && *owner != exchange_.self()) return exchange_.hand_over_to(*owner, arrival);
  const ByteSpan datagram = arrival.packet.bytes();
  const Feeds::Match match = feeds_.find(arrival.path, datagram);
  if (match.refuser)
    tell_of_refusal(now, sessions_.at(*match.refuser), Verdict::kForeignSource, arrival.path.remote, datagram);
  if (!match.slot) return match.is_feeds || owner ? std::optional(Verdict::kForeignSource) : std::nullopt;
  Session& session = sessions_.at(*match.slot);
  Feed& feed = *session.publisher().feed();
  const bool is_oversized = datagram.size() > kDatagramBytesMax;
  if (match.is_fec_port) return is_oversized ? Verdict::kOversized : admit_feed_fec(now, session, feed, arrival);
  if (is_rtcp_of(feed, datagram, match.is_control_port))
    return is_oversized ? Verdict::kOversized : admit_feed_control(now, session, feed, arrival);
  const Endpoint from = arrival.path.remote;
  const Verdict verdict = is_oversized ? Verdict::kOversized : admit_feed_data(now, session, feed, arrival, match.leg);
  if (verdict != Verdict::kAccepted && is_refusal(verdict)) tell_of_refusal(now, session, verdict, from, datagram);
  return verdict;
}

// It would go round for ever (RFC 3550 §8.2). Behind a wildcard address each of the host's may be the sender's; the one
// that was called is, where a host speaks to itself.
bool Relay::is_own(const Path& path) const noexcept {
  const IpAddress& from = path.remote.ip;
  return std::ranges::any_of(own_doors_, [&](const Endpoint& door) {
    if (door.port != path.remote.port) return false;
    return door.ip.is_unspecified() ? from == path.local.ip || from.is_loopback() : from == door.ip;
  });
}

// While a sender is heard, nobody else's datagrams count, whatever SSRC they carry. Retransmissions make no sender.
bool Relay::may_send(Instant now, const Session& session, const Feed& feed, const Path& path, std::size_t leg,
                     bool is_retransmission) noexcept {
  const Endpoint& from = path.remote;
  if (listener_.bans().covers(from.ip)) return false;
  const Endpoint& known = leg == 0 ? session.path.remote : feed.second_remote;
  if (known == from || is_retransmission) return known == from;
  return feed.receiver.is_vacant(now) && !is_own(path);
}

// What is none of the feed's is told by what stands clear. The packet is read where it lies, and cut.
Verdict Relay::read_srtp(Instant now, Session& session, Feed& feed, io::Arrival& arrival, std::size_t leg) noexcept {
  PacketRef& packet = arrival.packet;
  const std::optional<wire::RtpPacket> front = wire::parse_rtp_front(packet.bytes());
  if (!front) return Verdict::kMalformed;
  const wire::RtpHeader& header = front->header;
  const bool is_media = header.payload_type == feed.terms.payload_type;
  if (!is_media && header.payload_type != feed.terms.rtx_payload_type) return Verdict::kWrongPayloadType;
  const bool counts = is_media ? feed.receiver.may_be_heard(now, header.ssrc) : feed.receiver.may_repair(header.ssrc);
  if (!counts || !may_send(now, session, feed, arrival.path, leg, !is_media)) return Verdict::kForeignSource;
  const Verdict verdict = feed.srtp->read(
      now, {.bytes = packet.bytes(), .header_bytes = front->payload_offset, .seq = header.seq, .ssrc = header.ssrc});
  if (verdict == Verdict::kAccepted) {
    CHECK(packet.resize(packet.bytes().size() - feed.srtp->form().rtp_tag_bytes));
    return verdict;
  }
  if (verdict == Verdict::kMalformed || verdict == Verdict::kForeignSource) return verdict;
  if (verdict != Verdict::kReplayed) ++session.publisher().undecrypted;
  return verdict;
}

Verdict Relay::admit_feed_data(Instant now, Session& session, Feed& feed, io::Arrival& arrival,
                               std::size_t leg) noexcept {
  PacketRef& packet = arrival.packet;
  const bool is_transport_stream = streams_[session.stream.raw()].stream->options().payload.is_transport_stream;
  Parsed whole;
  Verdict verdict = feed.srtp ? read_srtp(now, session, feed, arrival, leg) : Verdict::kAccepted;
  if (verdict == Verdict::kAccepted) verdict = parse(feed.terms, is_transport_stream, packet.bytes(), whole);
  if (verdict != Verdict::kAccepted) return verdict;
  wire::RtpPacket& parsed = whole.rtp;
  const std::size_t datagram_bytes = packet.bytes().size();
  const ByteSpan payload = ByteSpan{packet.bytes()}.subspan(parsed.payload_offset, parsed.payload_bytes);
  if (!may_send(now, session, feed, arrival.path, leg, whole.original.has_value()) &&
      (whole.original || !may_join(now, session, feed, arrival.path, leg, parsed.header.seq, payload)))
    return Verdict::kForeignSource;
  if (!cut_to_payload(feed.terms, is_transport_stream, parsed, packet)) return Verdict::kNotTransportStream;
  touch(session);
  Feed::Doubted one{parsed.header, std::move(packet), whole.is_bare};
  const bool is_strange = is_stranger(now, session, feed, arrival.path, leg);
  verdict = whole.original ? repair_fed(now, session, feed, *whole.original, one)
            : is_strange   ? admit_stranger(now, session, feed, arrival.path, leg, one)
                           : place_fed(now, session, feed, arrival.path, leg, one);
  packet = std::move(one.packet);  // Unless it was taken or kept: what is refused is told of.
  const bool is_refused = verdict == Verdict::kForeignSource || verdict == Verdict::kOutOfWindow;
  if (!is_refused && feed.media.remote == arrival.path.remote) feed.receiver.credit(datagram_bytes);
  return verdict;
}

// Whoever is not the sender that was heard last is one as soon as a second packet of it comes, whatever its SSRC (RFC
// 3550 A.1). Under SRTP it has shown that it is; and one that joins the other leg, that it has the stream.
bool Relay::is_stranger(Instant now, const Session& session, const Feed& feed, const Path& path,
                        std::size_t leg) const noexcept {
  const Endpoint& known = leg == 0 ? session.path.remote : feed.second_remote;
  return known != path.remote && known.port != 0 && !feed.srtp && feed.receiver.is_vacant(now);
}

// The first is kept, and comes to its place with the second.
Verdict Relay::admit_stranger(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg,
                              Feed::Doubted& one) noexcept {
  Feed::Doubted* const known = feed.find_stranger(path.remote, one.header);
  if (known == nullptr) {
    feed.keep_stranger(path.remote, std::move(one));
    return Verdict::kOutOfWindow;
  }
  Feed::Doubted first = std::exchange(*known, {});
  const bool is_before = static_cast<std::int16_t>(first.header.seq - one.header.seq) <= 0;
  if (is_before) (void)place_fed(now, session, feed, path, leg, first);
  const Verdict verdict = place_fed(now, session, feed, path, leg, one);
  if (!is_before) (void)place_fed(now, session, feed, path, leg, first);
  return verdict;
}

// It has no place of its own among what its source sends.
Verdict Relay::repair_fed(Instant now, Session& session, Feed& feed, std::uint16_t original,
                          Feed::Doubted& one) noexcept {
  const rtp::Receiver::Placement placement = feed.receiver.handle_retransmission(now, one.header, original);
  if (placement.verdict == Verdict::kForeignSource || placement.verdict == Verdict::kOutOfWindow)
    return placement.verdict;
  return take_fed(now, session, feed, placement, one.header, one.is_bare, one.packet);
}

Verdict Relay::place_fed(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg,
                         Feed::Doubted& one) noexcept {
  if (feed.terms.kind == FeedKind::kTransportStream) one.header = feed.numbering.next(now);
  const wire::RtpHeader& header = one.header;
  const std::optional<std::uint16_t> proven = feed.receiver.proves(now, header, leg);
  Feed::Doubted* const doubted = proven ? feed.find_doubted(header.ssrc, *proven) : nullptr;
  const bool is_before = doubted != nullptr && static_cast<std::int16_t>(*proven - header.seq) < 0;
  if (is_before) take_proven(now, session, feed, *doubted, leg, is_before);
  const rtp::Receiver::Placement placement = feed.receiver.handle_data(now, header, leg);
  if (placement.is_doubted) feed.keep({header, std::move(one.packet), one.is_bare});
  if (placement.verdict == Verdict::kForeignSource || placement.verdict == Verdict::kOutOfWindow)
    return placement.verdict;
  feed.forget_strangers();
  note_sender(now, session, feed, path, leg);
  note_leg(now, session, feed, leg, placement);
  const Verdict verdict = take_fed(now, session, feed, placement, header, one.is_bare, one.packet);
  if (doubted != nullptr && !is_before) take_proven(now, session, feed, *doubted, leg, is_before);
  return verdict;
}

// One that was doubted, and has its place before or behind the one that proved it.
void Relay::take_proven(Instant now, Session& session, Feed& feed, Feed::Doubted& doubted, std::size_t leg,
                        bool is_before) noexcept {
  Feed::Doubted one = std::exchange(doubted, {});
  const rtp::Receiver::Placement placement =
      is_before ? feed.receiver.handle_proven(now, one.header, leg) : feed.receiver.handle_data(now, one.header, leg);
  if (placement.verdict == Verdict::kForeignSource || placement.verdict == Verdict::kOutOfWindow) return;
  note_leg(now, session, feed, leg, placement);
  (void)take_fed(now, session, feed, placement, one.header, one.is_bare, one.packet);
}

Verdict Relay::take_fed(Instant now, Session& session, Feed& feed, const rtp::Receiver::Placement& placement,
                        const wire::RtpHeader& header, bool is_bare, PacketRef& packet) noexcept {
  Publisher& publisher = session.publisher();
  ++publisher.packets;
  publisher.bytes += packet.bytes().size();
  publisher.last_data = now;
  if (placement.verdict != Verdict::kAccepted && placement.verdict != Verdict::kAcceptedLate) {
    ++publisher.belated;
    return placement.verdict;
  }
  if (feed.fec != nullptr) feed.fec->handle_data(feed.receiver.run_first(), placement.pos, header, is_bare);
  const Verdict verdict = hold_fed(now, session, feed, placement, header, packet);
  if (feed.fec != nullptr && feed.fec->held() > 0) bring_back(now, session, feed);
  return verdict;
}

Verdict Relay::hold_fed(Instant now, Session& session, Feed& feed, const rtp::Receiver::Placement& placement,
                        const wire::RtpHeader& header, PacketRef& packet) noexcept {
  Publisher& publisher = session.publisher();
  Stream& stream = *streams_[session.stream.raw()].stream;
  ++publisher.unique;
  if (packet.bytes().empty()) {  // A number and nothing else.
    const bool is_newest = placement.verdict == Verdict::kAccepted;
    const bool counts_numbers = feed.fec != nullptr || feed.terms.second;
    if (is_newest && (counts_numbers || !feed.receiver.take_back_last())) stream.advance_to(placement.pos + 1);
    return placement.verdict;
  }
  const StreamTime time = publisher.time.place(now, placement.time, stream.clock());
  const RtpMarks marks = stream.options().payload.is_transport_stream
                             ? RtpMarks::of(time)
                             : continue_marks(feed, stream, time, placement, header);
  const Verdict verdict = stream.admit(now, placement.pos, time, packet, marks);
  if (verdict != Verdict::kAcceptedLate) return verdict;
  distribution_.give_late(session.stream, stream, placement.pos, publisher.first_missing());
  note_repair(now, stream, feed, time);
  return verdict;
}

// Gaps are waited for from when the packet behind them came; viewers play by the stream's clock, which is that of the
// packets that come with the least delay. What came late itself, and is asked for again, may be of use to destinations
// and to viewers with a longer latency, but not to those with the stream's.
void Relay::note_repair(Instant now, const Stream& stream, Feed& feed, StreamTime time) noexcept {
  const bool is_played_by_time = stream.options().payload.is_transport_stream;
  if (!is_played_by_time || stream.clock().now(now) - time <= feed.receiver.latency()) return;
  ++feed.repaired_late;
  counters().add(Counter::kRepairedLate);
}

// Where another sender has its RTCP it has not said yet.
void Relay::note_sender(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg) noexcept {
  Endpoint& known = leg == 0 ? session.path.remote : feed.second_remote;
  if (known != path.remote && feed.rtcp.remote.ip == known.ip) feed.rtcp = {};
  known = path.remote;
  if (leg != 0 && !feed.receiver.is_leg_vacant(now, 0)) return;
  if (feed.media.remote.ip != path.remote.ip) feed.receiver.begin_address();
  feed.media = path;
}

// Its first packet is where the stream's clock is now, as far as the stream has one.
RtpMarks Relay::continue_marks(Feed& feed, const Stream& stream, StreamTime time,
                               const rtp::Receiver::Placement& placement, const wire::RtpHeader& header) noexcept {
  if (!feed.tick_base) feed.tick_base = stream.ticks_at(time) - placement.ticks;
  return {.ticks = placement.ticks + *feed.tick_base, .marker = header.marker};
}

void Relay::end_feed(Instant now, Session& session) noexcept {
  feeds_.remove(sessions_.slot_of(session));
  Feed& feed = *session.publisher().feed();
  std::array<std::byte, kDatagramBytesMax> scratch;
  say_to_sender(feed, scratch, feed.receiver.write_farewell(now, scratch));
  feed.doubted = {};
  feed.forget_strangers();
  if (feed.fec != nullptr) fec_places_.give_back(*std::exchange(feed.fec, nullptr));
}

Verdict Relay::admit_feed_control(Instant now, Session& session, Feed& feed, io::Arrival& arrival) noexcept {
  const IpAddress& from = arrival.path.remote.ip;
  if (from != session.path.remote.ip && from != feed.second_remote.ip) return Verdict::kForeignSource;
  if (feed.srtp) {
    const crypto::SrtpReader::Control control = feed.srtp->read_control(arrival.packet.bytes());
    if (control.verdict != Verdict::kControl) return control.verdict;
    CHECK(arrival.packet.resize(control.bytes));
  }
  const Verdict verdict = feed.receiver.handle_control(now, arrival.packet.bytes());
  if (verdict != Verdict::kControl) return verdict;
  feed.rtcp = arrival.path;
  if (feed.rtcp.local.ip.is_multicast()) feed.rtcp.local.ip = {};  // No address to answer from.
  touch(session);
  return verdict;
}

void Relay::say_feedback(Instant now, Feed& feed) noexcept {
  std::array<std::byte, kDatagramBytesMax> scratch;
  const std::span room = std::span(scratch).first(scratch.size() - (feed.srtp ? crypto::kSrtcpTrailerBytesMax : 0));
  while (const std::size_t bytes = feed.receiver.poll_control(now, {}, room)) say_to_sender(feed, scratch, bytes);
}

// The first `bytes` of it, with room for what SRTCP adds.
void Relay::say_to_sender(Feed& feed, MutableByteSpan scratch, std::size_t bytes) noexcept {
  const std::size_t whole = feed.srtp && bytes > 0 ? feed.srtp->write_control(scratch, bytes) : bytes;
  if (whole > 0 && replies_.send_to(feed.feedback(), std::span(scratch).first(whole)))
    counters().add(Counter::kReportsSent);
}

// A transport stream has its clock inside, and timestamps of stream time.
void Relay::note_source_clock(const Session& session, const Feed& feed) noexcept {
  Stream& stream = *streams_[session.stream.raw()].stream;
  if (stream.options().payload.is_transport_stream || !feed.tick_base) return;
  rtp::SourceClock clock = feed.receiver.source_clock();
  if (clock.is_known()) clock.ticks += *feed.tick_base;
  stream.report_clock().note(clock);
}

}  // namespace fanlight
