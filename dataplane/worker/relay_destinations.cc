// Destinations: viewers that do not call. They leave by the door and port that SRT viewers are sent from, and their
// RTCP comes back there: its first two bytes tell it from SRT, and the SSRC it is about is the session's socket ID.
#include <algorithm>

#include "base/check.h"
#include "stream/stream.h"
#include "wire/rtp_header.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

constexpr Micros kNewsRetry = millis(1);
constexpr Micros kUnfitAgain = seconds(60);
constexpr std::uint32_t kSocketIdBits = 0x3FFF'FFFF;
constexpr Micros kProbeAgeMax = millis(500);  // Less than between two probes ...
constexpr Micros kProbeRetry = millis(400);   // ... so that none is overlooked.

// Calls `about` with the SSRC of each report block and of what is asked for, until it answers true.
template <class F>
void for_each_ssrc(ByteSpan datagram, F&& about) {
  wire::RtcpReader reader(datagram);
  while (const std::optional<wire::RtcpPacket> packet = reader.next()) {
    for (std::size_t i = 0; const std::optional<wire::ReportBlock> block = wire::report_block(*packet, i); ++i)
      if (about(block->ssrc)) return;
    if (const std::optional<wire::Nack> nack = wire::parse_nack(*packet); nack && about(nack->source)) return;
  }
}

bool has_bye(ByteSpan datagram) {
  wire::RtcpReader reader(datagram);
  while (const std::optional<wire::RtcpPacket> packet = reader.next())
    if (packet->type == wire::RtcpType::kBye) return true;
  return false;
}

// The start of what ICMP says did not arrive is a packet of that source. Hosts quote as much as RFC 1812 §4.3.2.3 asks,
// some 8 bytes of UDP alone. Who does not see our packets has to guess 32 bits.
bool quotes_source(ByteSpan quoted, std::uint32_t ssrc) {
  return wire::peek_ssrc(quoted, wire::is_rtcp(quoted)) == ssrc;
}

DestinationPause pause_of(const rtp::Sender& sender) {
  switch (sender.pause()) {
    case rtp::Sender::Pause::kNone:
      return DestinationPause::kNone;
    case rtp::Sender::Pause::kUnreachable:
      return DestinationPause::kUnreachable;
    case rtp::Sender::Pause::kUnresolved:
      return DestinationPause::kUnresolved;
    case rtp::Sender::Pause::kLeft:
      return DestinationPause::kLeft;
    case rtp::Sender::Pause::kSilent:
      return DestinationPause::kSilent;
  }
  return DestinationPause::kNone;
}

}  // namespace

void Relay::apply(Instant now, command::OpenDestination& open) noexcept {
  const std::optional<wire::Reject> reason = try_open_destination(now, open);
  if (!reason) return;
  counters().add(Counter::kSessionsRefused);
  CHECK(
      mailbox_.post(Event{event::SessionRefused{open.request, *reason, nullptr}}));  // take_commands() saw to the room.
}

void Relay::apply(Instant, command::MoveDestination& move) noexcept {
  Session* session = sessions_.find(move.socket);
  if (session == nullptr || !session->is_destination() || session->path.remote != move.path.remote) return;
  session->path = move.path;
  replies_.address(move.path, session->destination().envelope);
}

std::optional<wire::Reject> Relay::judge_open(const command::OpenDestination& open) noexcept {
  const StreamEntry& entry = streams_[open.stream.raw()];
  if (stopping_) return wire::Reject::kClosing;
  if (entry.stream == nullptr || entry.is_removing) return wire::Reject::kNotFound;
  const PayloadTerms& payload = entry.stream->options().payload;
  const bool is_bare_or_fec =
      open.terms.kind == FeedKind::kTransportStream || open.terms.leg != DestinationPart::kMedia;
  if (is_bare_or_fec && !payload.is_transport_stream) return wire::Reject::kUnsupportedMedia;
  if (open.srtp != nullptr && (is_bare_or_fec || open.terms.nack)) return wire::Reject::kUnsupportedMedia;
  if (sessions_.find_caller(open.path.remote, SocketId{}) != nullptr) return wire::Reject::kConflict;
  if (sessions_.open_count() + publisher_places_ >= sessions_.capacity()) return wire::Reject::kResource;
  return std::nullopt;
}

std::optional<wire::Reject> Relay::try_open_destination(Instant now, const command::OpenDestination& open) noexcept {
  if (const std::optional<wire::Reject> reason = judge_open(open)) return reason;
  Stream& stream = *streams_[open.stream.raw()].stream;
  Session* session = sessions_.open();
  if (session == nullptr) return wire::Reject::kResource;
  session->stream = open.stream;
  session->request = open.request;
  session->path = open.path;
  session->opened = now;
  SrtpGroup* const group =
      open.srtp != nullptr ? srtp_places_.join(stream, *open.srtp, open.terms.payload_type) : nullptr;
  const bool has_source = open.srtp == nullptr || group != nullptr;
  if (!has_source || !stream.start_flow(begin_destination(now, *session, open, group))) {
    if (group != nullptr) srtp_places_.leave(stream, *group);
    sessions_.close(*session);
    return wire::Reject::kResource;
  }
  sessions_.index(*session);
  ++streams_[open.stream.raw()].sessions;
  counters().add(Counter::kSessionsOpened);
  counters().add(Counter::kSrtpLateJoins, srtp_places_.take_late_joins());
  CHECK(mailbox_.post(Event{event::SessionOpened{open.request, session->socket}}));
  touch(*session);
  return std::nullopt;
}

// `group`: of SRTP, whose source it is sent.
Destination& Relay::begin_destination(Instant now, Session& session, const command::OpenDestination& open,
                                      SrtpGroup* group) noexcept {
  Stream& stream = *streams_[open.stream.raw()].stream;
  const std::uint32_t ssrc = group != nullptr ? group->ssrc() : open.ssrc.value_or(session.socket.raw());
  Destination& destination = session.become_destination(stream, {.opened = now,
                                                                 .ssrc = ssrc,
                                                                 .seed = session.socket.raw(),
                                                                 .reports = open.terms.rtcp_port() != 0,
                                                                 .is_group = open.path.remote.ip.is_multicast(),
                                                                 .nack = open.terms.nack,
                                                                 .clock_rate = stream.options().payload.clock_rate});
  if (group == nullptr) {
    destination.repairs.budget.begin_at(stream.packets());
    destination.repairs.rtx_payload_type = open.terms.rtx_payload_type;
  } else {
    destination.protect_with(*open.srtp, *group);
  }
  destination.rtcp_port = open.terms.rtcp_port();
  destination.leg = open.terms.leg;
  destination.is_second_leg = open.ssrc.has_value();
  Envelope& envelope = destination.envelope;
  envelope.dress = open.terms.kind == FeedKind::kRtp && group == nullptr ? Dress::kRtp : Dress::kPlain;
  envelope.payload_type = open.terms.payload_type;
  envelope.ttl = open.terms.ttl;
  envelope.peer = SocketId{ssrc};
  envelope.offset.value = open.random;
  replies_.address(open.path, envelope);
  return destination;
}

Verdict Relay::admit_report(Instant now, io::Arrival& arrival, bool is_passed_on) noexcept {
  const ByteSpan datagram = arrival.packet.bytes();
  // Who has nothing to report may still say BYE, from where it is sent to: that names its own SSRC alone, so it goes by
  // all workers.
  Session* session = find_destination(arrival.path.remote);
  if (session != nullptr && session->destination().is_protected)
    return admit_secret_report(now, *session, arrival.packet.bytes());
  if (!wire::is_well_formed_rtcp(datagram)) {
    const std::size_t home = srtp_worker_of(arrival.path.remote, exchange_.workers());
    const bool may_be_secret = session == nullptr && home != exchange_.self();
    if (may_be_secret) return exchange_.hand_over_to(home, arrival);
    // SRTCP says in clear neither whose it is nor that it is: it may come from another port than a receiver's.
    return srtp_places_.is_in_use() ? Verdict::kForeignSource : Verdict::kMalformed;
  }
  Session* named = nullptr;
  // The first SSRC that is named decides whose it is, for every worker alike: it is handed on once, not round and
  // round.
  std::optional<SocketId> first;
  for_each_ssrc(datagram, [&](std::uint32_t ssrc) {
    const std::uint32_t id = ssrc & kSocketIdBits;                                      // Of retransmissions as well.
    if (session != nullptr && session->destination().sender.ssrc() == id) return true;  // Others may have it as well.
    if (!first) first = SocketId{ssrc};
    if (!exchange_.is_ours(*first)) return true;
    Session* found = sessions_.find(SocketId{id});
    if (found != nullptr && found->is_destination()) named = found;
    return named != nullptr;
  });
  if (first && !exchange_.is_ours(*first)) return exchange_.hand_over(*first, arrival);
  if (named != nullptr) session = named;
  if (session == nullptr && !first && has_bye(datagram)) return exchange_.pass_on(arrival, is_passed_on);
  if (session == nullptr || session->state != Session::State::kOpen) return Verdict::kForeignSource;
  if (session->destination().is_protected) return Verdict::kUnencrypted;
  const IpAddress& to = session->path.remote.ip;
  if (!to.is_multicast() && to != arrival.path.remote.ip) return Verdict::kWrongAddress;
  touch(*session);
  return admit_report(now, session->destination(), datagram);
}

Verdict Relay::admit_report(Instant now, Destination& destination, ByteSpan datagram) noexcept {
  const Verdict verdict = destination.sender.handle_control(now, datagram);
  if (!destination.sender.has_repairs()) return verdict;
  counters().add(Counter::kNakOverflow, destination.sender.take_overflow());
  return repair_.admit_report(now, destination) ? verdict : Verdict::kNakLimited;
}

// Whose RTP or RTCP goes there.
Session* Relay::find_destination(const Endpoint& reporter) noexcept {
  for (const std::uint16_t back : {std::uint16_t{0}, std::uint16_t{1}}) {
    const Endpoint remote{reporter.ip, static_cast<std::uint16_t>(reporter.port - back)};
    Session* session = sessions_.find_caller(remote, SocketId{});
    if (session != nullptr && session->is_destination()) return session;
  }
  return nullptr;
}

// Whoever does not listen for RTCP is not thereby gone: its port is another one.
Verdict Relay::admit_undelivered(Instant now, io::Arrival& arrival, bool is_passed_on) noexcept {
  const bool is_icmp = arrival.undelivered == io::Undelivered::kUnreachable;
  const Verdict verdict = is_icmp ? Verdict::kUnreachable : Verdict::kUnresolved;
  Session* session = sessions_.find_caller(arrival.path.remote, SocketId{});
  if (session == nullptr && is_icmp) {  // It comes to any of the workers, whosever datagram it was.
    const Verdict passed = exchange_.pass_on(arrival, is_passed_on);
    return passed == Verdict::kForeignSource ? verdict : passed;
  }
  if (session == nullptr || !session->is_destination()) return verdict;
  // ICMP is anybody's word; a secret report is its receiver's, who would have to hear another source.
  Destination& destination = session->destination();
  if (is_icmp && destination.is_protected && destination.has_reports(now)) return verdict;
  destination.sender.handle_unreachable(now,
                                        is_icmp ? rtp::Sender::Pause::kUnreachable : rtp::Sender::Pause::kUnresolved);
  if (destination.srtp() != nullptr && destination.sender.is_paused() &&
      quotes_source(arrival.packet.bytes(), destination.sender.ssrc())) {
    destination.stream->stop_flow(destination);
    leave_group(destination);
  }
  touch(*session);
  return verdict;
}

void Relay::service_destination(Instant now, Session& session) noexcept {
  Destination& destination = session.destination();
  rtp::Sender& sender = destination.sender;
  sender.handle_timeout(now);
  if (sender.is_probe_due(now)) probe(now, destination);
  steer_flow(session, destination);
  repair_.serve(now, destination, publisher_missing(*destination.stream, session.stream));
  const rtp::Sender::Progress progress = progress_of(now, destination);
  const bool is_name_told = try_tell_name(session.stream, *progress.name);
  sender.handle_progress(progress);
  std::array<std::byte, kDatagramBytesMax> scratch;
  while (const std::size_t bytes = sender.poll_control(now, {}, scratch)) {
    SrtpGroup* const group = destination.srtp();
    if (!destination.is_protected) send_report(session, std::span(scratch).first(bytes));
    if (group == nullptr) continue;
    const SrtpGroup::Report report = group->protect_report(now, scratch, bytes, progress.time.middle());
    sender.note_shared_report(report.middle);
    send_report(session, report.datagram);
  }
  Instant due = sender.is_probe_due(now) ? now + kProbeRetry : sender.next_deadline().at;  // There was none to send.
  if (destination.is_told_paused != sender.is_paused() || destination.is_flowing == sender.is_paused() ||
      !destination.is_source_told || !is_name_told || sender.has_repairs())
    due = std::min(due, now + kNewsRetry);
  timers_.schedule_at_latest(sessions_.slot_of(session), due);
}

void Relay::send_report(const Session& session, ByteSpan datagram) noexcept {
  const Destination& destination = session.destination();
  Path to = session.path;
  to.remote.port = destination.rtcp_port;
  if (!datagram.empty() && replies_.send_to(to, datagram, destination.envelope.ttl))
    counters().add(Counter::kReportsSent);
}

void Relay::steer_flow(Session& session, Destination& destination) noexcept {
  if (destination.sender.is_paused() && destination.is_flowing) pause_flow(destination);
  if (!destination.sender.is_paused() && !destination.is_flowing) resume_flow(destination);
  if (destination.is_told_paused != destination.sender.is_paused()) tell_of_destination(session, destination);
  if (!destination.is_source_told)
    destination.is_source_told =
        mailbox_.post(Event{event::DestinationSource{session.request, destination.sender.ssrc()}});
}

// One packet shows whether somebody is there: the newest, which was not sent there before. A stream that rests has none
// yet. SRTP would need a source for it, and FEC's own ports get what they get: they are sent to at once.
void Relay::probe(Instant now, Destination& destination) noexcept {
  const bool can_be = !destination.is_protected && destination.leg == DestinationPart::kMedia;
  if (!can_be) return destination.sender.flow_unprobed(now);
  const Stream& stream = *destination.stream;
  const PacketPos next = stream.release().size() > 0 ? stream.release().cursor() : stream.history().next();
  const History::Slot* slot = stream.history().find(next - 1);
  const bool is_new = slot != nullptr && now - slot->first_sent <= kProbeAgeMax;
  if (!is_new || !stream.may_release(*slot) || queue_.bulk_room() == 0 || !dresser_.send_alone(destination, *slot))
    return;
  ++destination.packets_sent;
  destination.bytes_sent += slot->packet.bytes().size();
  destination.sender.note_probe(now);
}

void Relay::tell_of_destination(Session& session, Destination& destination) noexcept {
  const DestinationPause pause = pause_of(destination.sender);
  if (!mailbox_.post(Event{event::DestinationNews{.request = session.request, .pause = pause}})) return;
  destination.is_told_paused = pause != DestinationPause::kNone;
  if (destination.is_told_paused) counters().add(Counter::kDestinationPauses);
}

void Relay::note_unfit(Instant now, const Release::Unfit& unfit, StreamIndex index) noexcept {
  if (unfit.packets == 0) return;
  counters().add(Counter::kReleaseNotTs, unfit.packets);
  std::optional<Instant>& told = streams_[index.raw()].unfit_told;
  if (told && now - *told < kUnfitAgain) return;
  if (mailbox_.post(Event{event::PayloadUnfit{index, static_cast<std::uint16_t>(unfit.bytes)}})) told = now;
}

bool Relay::try_tell_name(StreamIndex index, const rtp::CanonicalName& name) noexcept {
  rtp::CanonicalName& told = streams_[index.raw()].told_name;
  if (name == told) return true;
  if (!mailbox_.post(Event{event::StreamName{index, name.text()}})) return false;
  told = name;
  return true;
}

rtp::Sender::Progress Relay::progress_of(Instant now, const Destination& destination) const noexcept {
  const Stream& stream = *destination.stream;
  const SrtpGroup* group = destination.srtp();  // Its source's figures are what is reported.
  const std::uint64_t packets = group != nullptr ? group->packets() : stream.packets_sent_to(destination);
  const std::uint64_t bytes = group != nullptr ? group->bytes() : stream.bytes_sent_to(destination);
  const wire::NtpTime wall = wire::kUnixEpoch.later(now + wall_offset_ - Instant{});
  const ReportClock::Moment moment = stream.report_moment(now, wall);
  return {.packets = static_cast<std::uint32_t>(packets),
          .bytes = static_cast<std::uint32_t>(bytes),
          .timestamp =
              moment.ticks + tick_offset_of(group != nullptr ? group->header().offset : destination.envelope.offset),
          .time = moment.time,
          .name = moment.name};
}

void Relay::end_destination(Instant now, Session& session, Destination& destination) noexcept {
  destination.sender.handle_progress(progress_of(now, destination));
  destination.stream->stop_flow(destination);
  std::array<std::byte, kDatagramBytesMax> scratch;
  const std::size_t bytes = destination.sender.write_farewell(scratch);
  if (!destination.is_protected) return send_report(session, std::span(scratch).first(bytes));
  // While others hear the source it ends for nobody: recorded, its BYE would end it for them.
  SrtpGroup* const group = destination.srtp();
  const bool ends_for_all = stopping_ || streams_[session.stream.raw()].is_removing;
  if (group != nullptr && (group->members() == 1 || ends_for_all) && bytes > 0)
    send_report(session, group->protect_control(scratch, bytes));
  leave_group(destination);
}

}  // namespace fanlight
