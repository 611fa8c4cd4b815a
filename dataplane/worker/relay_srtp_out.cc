// Destinations of SRTP: which source (SSRC and key) each is sent, for how long, and what its receiver says in secret.
#include "base/bytes.h"
#include "stream/stream.h"
#include "wire/rtcp.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

// A receiver report without blocks, from its clear head.
bool is_empty_report(ByteSpan datagram) {
  constexpr std::byte kCountBits{0x1F};
  return wire::RtcpType(datagram[1]) == wire::RtcpType::kReceiverReport && (datagram[0] & kCountBits) == std::byte{};
}

}  // namespace

// RFC 3711 §3.3: what was heard is asked before the tag, which is dear; what is heard is noted when the tag was right.
Verdict Relay::admit_secret_report(Instant now, Session& session, MutableByteSpan datagram) noexcept {
  constexpr std::size_t kSsrcOffset = 4;
  Destination& destination = session.destination();
  Destination::Membership& membership = destination.membership;
  const crypto::SrtpKeys& keys = membership.key->keys();
  const std::uint32_t index = keys.peek_control_index(datagram);
  if (index == crypto::kSrtcpIndexEnd) return Verdict::kUnauthentic;
  const std::uint32_t receiver = load_be32(datagram.data() + kSsrcOffset);
  const rtp::Sender& sender = destination.sender;
  const bool is_vacant = sender.is_paused() || !destination.has_reports(now);
  const bool may_speak = is_vacant || membership.receiver == 0 || membership.receiver == receiver;
  if (!may_speak || !membership.key->heard().is_fresh(receiver, index)) return Verdict::kReplayed;
  const std::size_t bytes = keys.unprotect_control(datagram);
  if (bytes == 0) return Verdict::kUnauthentic;
  if (!membership.key->heard().try_note(receiver, index)) return Verdict::kReplayed;  // Elsewhere, meanwhile.
  membership.receiver = receiver;
  touch(session);
  const Verdict verdict = admit_report(now, destination, datagram.first(bytes));
  if (verdict == Verdict::kForeignSource && is_empty_report(datagram)) begin_anew_if_deaf(now, destination);
  return verdict;
}

// It is sent packets, and its report has no block about any: it came when the rollover counter had risen. We never say
// the like, so nothing of ours that is sent back does it.
void Relay::begin_anew_if_deaf(Instant now, Destination& destination) noexcept {
  const SrtpGroup* const group = destination.srtp();
  Stream& stream = *destination.stream;
  const bool is_sent = destination.is_flowing && stream.rate().per_second(now) > 0;
  if (group == nullptr || !is_sent || destination.has_reports(now)) return;
  if (group->takes_members(stream.release().cursor())) return;
  stream.stop_flow(destination);
  leave_group(destination);
  resume_flow(destination);
}

// Its receiver may be listening all the same, but for one that said BYE: ICMP and silence prove nothing. It goes on in
// its source then, for past the first wrap one that runs follows no other.
void Relay::pause_flow(Destination& destination) noexcept {
  Stream& stream = *destination.stream;
  stream.stop_flow(destination);
  const SrtpGroup* const group = destination.srtp();
  if (group == nullptr) return;
  destination.membership.paused_at = static_cast<std::uint32_t>(group->index_of(stream.release().cursor()));
  const bool has_left = destination.sender.pause() == rtp::Sender::Pause::kLeft;
  if (has_left || !srtp_places_.may_keep(stream, *group)) leave_group(destination);
}

// A receiver that was not there begins anew, and takes its source for new: it has to be. One that was there goes on, as
// long as what it missed does not make it lose count.
void Relay::resume_flow(Destination& destination) noexcept {
  SrtpGroup* const kept = destination.srtp();
  if (kept != nullptr && !srtp_places_.goes_on(*destination.stream, *kept, destination.membership.paused_at))
    leave_group(destination);
  if (destination.is_protected && destination.srtp() == nullptr) {
    SrtpGroup* const group =
        srtp_places_.join(*destination.stream, *destination.membership.key, destination.envelope.payload_type);
    if (group == nullptr) return;
    destination.membership.group = group;
    destination.is_source_told = false;
    if (group->ssrc() != destination.sender.ssrc()) destination.sender.renumber(group->ssrc());
    counters().add(Counter::kSrtpLateJoins, srtp_places_.take_late_joins());
  }
  if (!destination.stream->start_flow(destination)) leave_group(destination);
}

void Relay::leave_group(Destination& destination) noexcept {
  SrtpGroup* const group = destination.srtp();
  if (group == nullptr) return;
  destination.membership.group = nullptr;
  srtp_places_.leave(*destination.stream, *group);
}

// Those whose key has protected as many packets as it may.
void Relay::end_worn(Instant now, const Stream& stream) noexcept {
  for (std::size_t i = 0; i < sessions_.capacity(); ++i) {
    Session& session = sessions_.at(static_cast<std::uint32_t>(i));
    if (session.state != Session::State::kOpen || !session.is_destination()) continue;
    const Destination& destination = session.destination();
    if (destination.stream == &stream && destination.srtp() != nullptr && destination.srtp()->is_worn())
      begin_close(now, session, CloseReason::kKeyWornOut);
  }
}

}  // namespace fanlight
