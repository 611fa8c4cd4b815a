// The two ways that a feed's packets may come: who may take the place of a leg's sender, and what each leg brought
// first. SMPTE ST 2022-7
#include <functional>
#include <string_view>

#include "stream/stream.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

std::size_t fingerprint_of(ByteSpan payload) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(payload.data()), payload.size()});
}

}  // namespace

// A leg's sender has gone while the other leg's is heard. Who takes its place is that leg's host, is named, or shows
// that it has the stream: a stranger's numbers would be first, and the real ones too late. It may be ahead or behind,
// so the packet that is compared may have come from it or be yet to come from the other leg.
bool Relay::may_join(Instant now, const Session& session, Feed& feed, const Path& path, std::size_t leg,
                     std::uint16_t seq, ByteSpan payload) noexcept {
  const Endpoint& from = path.remote;
  if (!feed.terms.second || !feed.receiver.is_leg_vacant(now, leg) || listener_.bans().covers(from.ip)) return false;
  if (is_own(path)) return false;
  const bool is_named = leg == 0 ? feed.terms.source.has_value() : feed.terms.second->source.has_value();
  const Endpoint& other = leg == 0 ? feed.second_remote : session.path.remote;
  if (is_named || from.ip == other.ip) return true;
  Feed::Newcomer& known = feed.newcomers[leg];
  const Feed::Newcomer newcomer{from, seq, fingerprint_of(payload)};
  if (has_packet_of(session, feed, newcomer) || (known.from == from && has_packet_of(session, feed, known)))
    return true;
  const std::optional<PacketPos> pos = feed.receiver.position_of(known.seq);
  const bool is_to_come = pos && *pos >= streams_[session.stream.raw()].stream->history().next();
  if (known.from != from || !is_to_come) known = newcomer;
  return false;
}

bool Relay::has_packet_of(const Session& session, const Feed& feed, const Feed::Newcomer& newcomer) const noexcept {
  const std::optional<PacketPos> pos = feed.receiver.position_of(newcomer.seq);
  const History::Slot* slot = pos ? streams_[session.stream.raw()].stream->history().find(*pos) : nullptr;
  return slot != nullptr && fingerprint_of(slot->packet.bytes()) == newcomer.fingerprint;
}

void Relay::note_leg(Instant now, Session& session, Feed& feed, std::size_t leg,
                     const rtp::Receiver::Placement& placement) noexcept {
  if (!feed.terms.second) return;
  if (placement.verdict == Verdict::kAccepted || placement.verdict == Verdict::kAcceptedLate) ++feed.firsts[leg];
  if (!placement.is_behind_leg) return;
  const History::Slot* slot = streams_[session.stream.raw()].stream->history().find(placement.pos);
  if (slot != nullptr) feed.receiver.leg(leg).note_behind(now - slot->first_sent);
}

}  // namespace fanlight
