// A viewer's next key: said until the viewer says it back, then taken into use. Nothing is encrypted with a key that
// the viewer has not confirmed: what it cannot open it acknowledges all the same, and never asks for again (srt-wire
// §4.3).
//
//   AnnounceKey ─▶ KMREQ, each 1.5 RTT ─ the same bytes back ─▶ turn at the next fresh packet ─▶ KeyAnnounced
//                          ╰─ ten times, no answer ─────────────────────────────────────────────▶
#include <algorithm>

#include "base/check.h"
#include "stream/stream.h"
#include "wire/srt_key_message.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

// As libsrt does it (srt-wire §4.5).
constexpr std::uint8_t kTimesSaidMax = 10;
constexpr Micros kSayIntervalMin = millis(20);
// What waits for the port, for control or for an ACK is tried again after this.
constexpr Micros kSayRetry = millis(1);
// The sequence space, less what a second or two may bring before the viewer is looked at again.
constexpr std::uint32_t kPacketsPerKeyMax = (1u << 31) - (1u << 24);

SeqNo next_seq(const Viewer& viewer) { return viewer.envelope.offset.seq_of(viewer.stream->next_for(viewer)); }
SeqNo acked_seq(const Viewer& viewer) { return viewer.sender.offset().seq_of(viewer.sender.acked()); }

}  // namespace

void Relay::apply(Instant now, command::AnnounceKey& announce) noexcept {
  Session* session = sessions_.find(announce.socket);
  const bool is_viewer = session != nullptr && session->state == Session::State::kOpen && session->is_viewer();
  crypto::SessionCiphers* const ciphers = is_viewer ? session->viewer().ciphers.get() : nullptr;
  if (ciphers == nullptr || ciphers->next) {
    CHECK(mailbox_.post(Event{
        // take_commands() saw to the room.
        event::KeyAnnounced{announce.request, announce.socket, KeyOutcome::kGone, std::move(announce.announcement)}}));
    return;
  }
  CHECK(announce.announcement->slot == crypto::other_slot(ciphers->sending));
  ciphers->next = std::move(announce.announcement);
  ciphers->next->say_at = now;
  touch(*session);
}

// What it says back counts only byte for byte.
Verdict Relay::admit_key_response(Instant now, Session& session, ByteSpan content) noexcept {
  if (!session.is_viewer()) return Verdict::kWrongKeyResponse;
  Viewer& viewer = session.viewer();
  crypto::KeyAnnouncement* const next = viewer.ciphers ? viewer.ciphers->next.get() : nullptr;
  const bool is_asked_for = next != nullptr && next->times_said > 0 && std::ranges::equal(content, next->content());
  if (!is_asked_for) return Verdict::kWrongKeyResponse;
  viewer.sender.handle_sign_of_life(now);
  next->is_answered = true;  // The session is touched: the turn comes in this breath.
  return Verdict::kControl;
}

bool Relay::service_keys(Instant now, Session& session) noexcept {
  Viewer& viewer = session.viewer();
  crypto::SessionCiphers& ciphers = *viewer.ciphers;
  const std::uint32_t used = seq_distance(ciphers.sending_from, next_seq(viewer));
  if (used > kPacketsPerKeyMax) {
    begin_close(now, session, CloseReason::kKeyWornOut);
    return false;
  }
  // Long before numbers come round to where they would be taken for older ones.
  const bool is_past = !is_before(acked_seq(viewer), ciphers.sending_from) && used > 2 * kJumpPacketsMax;
  if (is_past) ciphers.has_turned = false;
  if (ciphers.next) {
    service_announcement(now, session);
  } else if (ciphers.rekey_packets > 0 && used >= ciphers.rekey_packets && !ciphers.is_due_told) {
    ciphers.is_due_told = mailbox_.post(Event{event::KeyDue{session.request, session.socket}});
  }
  return true;
}

void Relay::service_announcement(Instant now, Session& session) noexcept {
  const Viewer& viewer = session.viewer();
  const crypto::SessionCiphers& ciphers = *viewer.ciphers;
  const crypto::KeyAnnouncement& next = *ciphers.next;
  const auto again_at = [&](Instant at) { timers_.schedule_at_latest(sessions_.slot_of(session), at); };
  if (next.is_answered) {
    // How far a pass has come with it is known when it had all of it.
    const bool can_turn = !viewer.stream->is_within_pass(viewer) && mailbox_.events.has_room(1);
    return can_turn ? end_announcement(session, KeyOutcome::kTurned) : again_at(now + kSayRetry);
  }
  // The viewer puts it in the place of the key before the one in use: nothing sent with that may be on its way.
  const bool may_say =
      viewer.sender.is_up() && !(ciphers.has_turned && is_before(acked_seq(viewer), ciphers.sending_from));
  if (!may_say) return;  // What changes that touches the session.
  if (now < next.say_at) return again_at(next.say_at);
  if (next.times_said < kTimesSaidMax) {
    const bool said = say_announcement(now, session);
    return again_at(said ? next.say_at : now + kSayRetry);
  }
  if (!mailbox_.events.has_room(1)) return again_at(now + kSayRetry);
  end_announcement(session, KeyOutcome::kUnanswered);
}

bool Relay::say_announcement(Instant now, Session& session) noexcept {
  const Viewer& viewer = session.viewer();
  crypto::KeyAnnouncement& next = *viewer.ciphers->next;
  std::array<std::byte, wire::kHeaderBytes + kKeyMessageBytesMax> request;
  const ControlStamp stamp = stamp_for(now, session);
  const std::size_t bytes =
      wire::write_key_packet(request, wire::kUserKeyRequest, next.content(), stamp.time, stamp.peer);
  if (!replies_.send(viewer.envelope, std::span(request).first(bytes))) return false;
  ++next.times_said;
  next.say_at = now + std::max(kSayIntervalMin, 3 * viewer.sender.rtt().rtt() / 2);
  return true;
}

// There must be room for the news.
void Relay::end_announcement(Session& session, KeyOutcome outcome) noexcept {
  Viewer& viewer = session.viewer();
  crypto::SessionCiphers& ciphers = *viewer.ciphers;
  const bool is_turned = outcome == KeyOutcome::kTurned;
  if (is_turned) ciphers.turn(next_seq(viewer));
  counters().add(is_turned ? Counter::kKeysTurned : Counter::kKeysUnanswered);
  CHECK(mailbox_.post(Event{event::KeyAnnounced{session.request, session.socket, outcome, std::move(ciphers.next)}}));
}

}  // namespace fanlight
