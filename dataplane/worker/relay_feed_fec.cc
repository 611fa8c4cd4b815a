// FEC of a feed: what comes of it, and the packets that it brings back. SMPTE ST 2022-1
#include "stream/stream.h"
#include "wire/rtp_feedback.h"
#include "wire/ts_packet.h"
#include "worker/relay.h"

namespace fanlight {

Verdict Relay::admit_feed_fec(Instant now, Session& session, Feed& feed, io::Arrival& arrival) noexcept {
  const std::optional<wire::FecPacket> fec = wire::parse_fec(arrival.packet.bytes());
  if (!fec) return Verdict::kMalformed;
  const IpAddress& from = arrival.path.remote.ip;
  if (from != session.path.remote.ip || listener_.bans().covers(from)) return Verdict::kForeignSource;
  const std::optional<PacketPos> first = feed.receiver.position_of(fec->fec.base);
  if (!first) return Verdict::kOutOfWindow;
  const Verdict verdict = feed.fec->handle_fec(*first, *fec, arrival.packet);
  if (verdict != Verdict::kFec) return verdict;
  ++feed.fec_packets;
  bring_back(now, session, feed);
  return verdict;
}

// One packet may make another line lack only one: until nothing more comes of it.
void Relay::bring_back(Instant now, Session& session, Feed& feed) noexcept {
  const Stream& stream = *streams_[session.stream.raw()].stream;
  const bool is_transport_stream = stream.options().payload.is_transport_stream;
  while (auto one = feed.fec->next(stream.history(), feed.receiver.first_missing(), feed.terms.payload_type)) {
    one->header.seq = feed.receiver.number_of(one->pos);
    const bool is_ours = one->payload && (!is_transport_stream || wire::is_transport_stream(one->payload.bytes()));
    const rtp::Receiver::Placement placement =
        is_ours ? feed.receiver.handle_repaired(now, one->header, one->neighbours) : rtp::Receiver::Placement{};
    if (placement.verdict != Verdict::kAcceptedLate) {
      counters().add(Counter::kFecWrong);
      continue;
    }
    touch(session);
    ++feed.fec_repaired;
    counters().add(Counter::kFecRepaired);
    feed.fec->handle_data(feed.receiver.run_first(), placement.pos, one->header, /*is_bare=*/true);
    (void)hold_fed(now, session, feed, placement, one->header, one->payload);
  }
}

}  // namespace fanlight
