#include "destination_peer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>

#include "contract/limits.h"
#include "wire/rtp_feedback.h"

namespace fanlight::sim {
namespace {

constexpr Micros kSayAgain = millis(100);
constexpr Micros kHeardBy = seconds(1);  // By then one of several BYEs has come.
constexpr Micros kTold = millis(5);      // The relay's breaths until it is.
constexpr Micros kProbeRestMin = millis(500);
constexpr Micros kFoundWithin =
    millis(2'600);  // The longest rest between two probes, and that one of them is not refused.
constexpr std::string_view kName = "viewer@sim";
constexpr std::uint8_t kCame = 1;
constexpr std::uint8_t kTaken = 2;

}  // namespace

DestinationPeer::DestinationPeer(const Endpoint& address, const DestinationTerms& terms, const WorldSpec& spec,
                                 DriftingClock clock, std::uint32_t ssrc, const std::optional<crypto::SrtpMaster>& srtp,
                                 const Feed& feed, Network& network)
    : Recipient(address),
      terms_(terms),
      spec_(spec),
      clock_(clock),
      feed_(feed),
      network_(network),
      ssrc_(ssrc),
      srtp_(srtp),
      receiver_({.first_pos = PacketPos{0},
                 .latency = terms.nack || terms.fec ? spec.latency : millis(120),
                 .clock_rate = feed.clock_rate,
                 .reports = terms.rtcp_port() != 0,
                 .own_ssrc = ssrc,
                 .nack = terms.nack,
                 .is_sender_named = true}),
      line_(spec, feed, terms, srtp.has_value()) {
  if (spec.has_second_out) twins_.resize(65'536);
  if (terms.fec) mender_.emplace();
  if (!srtp) return;
  end_.emplace(*srtp);
  listens_.emplace(*srtp);
}

void DestinationPeer::leave(Instant now) {
  is_there_ = false;
  line_.break_off();
  changed_ = now;
  say_at_ = now;
}

void DestinationPeer::come_back(Instant now) {
  is_there_ = true;
  changed_ = now;
  say_at_ = now;
  asks_again_ = true;
}

void DestinationPeer::close(Instant now) {
  is_closed_ = true;
  line_.break_off();
  changed_ = now;
}

void DestinationPeer::open(Instant now) {
  is_closed_ = false;
  closed_for_ = now - changed_;
  changed_ = now;
}

// Whoever is closed is sent to until ICMP has said so, and single packets from then on; whoever asks gets all that it
// misses.
void DestinationPeer::balance(Books& books) const {
  const std::int64_t until_told = 2 * slowest(spec_.viewer_link).count + kTold.count;
  const std::int64_t packets = 1 + until_told / spec_.interval.count;
  books.expect_at_most("packets to where nobody listens", static_cast<std::int64_t>(sent_while_closed_),
                       packets + closed_for_.count / kProbeRestMin.count);
  if (terms_.nack && spec_.demands_all && is_there_)
    books.expect_at_most("packets that were asked for and did not come, though the relay had them",
                         static_cast<std::int64_t>(receiver_.stats().given_up),
                         static_cast<std::int64_t>(line_.numbers_left_out()));
  if (terms_.nack && receiver_.stats().nacks_sent == 0) books.fail(address().text() + " asked for nothing");
  if (mender_) mender_->balance(books);
  if (second_ != nullptr) balance_legs(books);
}

// What was sent before the first that was taken may come behind it.
void DestinationPeer::balance_legs(Books& books) const {
  const auto is_taken = [](std::uint8_t came) { return (came & kTaken) != 0; };
  const auto first = std::ranges::find_if(came_, is_taken);
  books.expect_equal("packets that a leg brought, and that were not taken",
                     static_cast<std::uint64_t>(std::count(first, came_.end(), kCame)), 0);
  for (const std::size_t leg : {std::size_t{0}, std::size_t{1}})
    if (receiver_.leg(leg).stats().lost == 0) books.fail(address().text() + ": a leg lost nothing");
}

void DestinationPeer::note_came(std::uint64_t index, bool is_taken) {
  if (came_.size() <= index) came_.resize(index + 1);
  if (is_taken && (came_[index] & kTaken) != 0) network_.report(*this, "a packet was taken twice");
  came_[index] |= is_taken ? kCame | kTaken : kCame;
}

void DestinationPeer::note_twin(Books& books, ByteSpan datagram) {
  const auto packet = wire::parse_rtp_front(datagram);
  if (twins_.empty() || !packet || packet->header.payload_type != terms_.payload_type) return;
  const std::uint64_t digest =
      std::hash<std::string_view>{}({reinterpret_cast<const char*>(datagram.data()), datagram.size()}) | 1;
  const std::uint64_t other = std::exchange(twins_[packet->header.seq], digest);
  if (other != 0 && other != digest) books.fail(address().text() + ": another packet by the other leg");
}

// Each packet under its key leaves once.
void DestinationPeer::note_sent(Books& books, Instant now, ByteSpan sent) {
  const std::optional<ByteSpan> clear = listens_ ? listens_->read(now, sent) : std::optional(sent);
  if (!clear) return books.fail(address().text() + " is sent what is not under its key, or was before");
  const ByteSpan datagram = *clear;
  if (terms_.kind == FeedKind::kRtp && wire::is_rtcp(datagram)) return line_.note_control(books, now, datagram);
  note_twin(books, sent);
  if (is_closed_) ++sent_while_closed_;
  if (closed_for_ != Micros{} && ++sent_since_open_ == 2)
    books.expect_at_most("until who is there again is sent to, us", (now - changed_).count, kFoundWithin.count);
  if (!is_there_ && now - changed_ > kHeardBy) books.fail(address().text() + " left, and is still sent to");
  line_.note_data(books, now, datagram);
  const bool is_probe = closed_for_ != Micros{} && sent_since_open_ == 1;  // Nothing follows it for a second.
  if (!is_there_ || is_closed_ || is_probe) line_.break_off();
}

void DestinationPeer::receive_by(Instant now, std::size_t leg, ByteSpan datagram) {
  if (!is_there_ && terms_.remote.ip.is_multicast()) return;  // It left the group.
  const std::optional<ByteSpan> clear = end_ ? end_->read(now, datagram) : std::optional(datagram);
  hears_second_ = hears_second_ || leg == 1;
  if (clear) receive_clear(now, leg, *clear);  // Else it came before.
}

void DestinationPeer::receive_fec(Instant now, ByteSpan datagram) {
  if (!mender_->handle_fec(receiver_, datagram)) network_.report(*this, "FEC that no receiver can use");
  mend(now);
}

// One packet may make another line miss only one.
void DestinationPeer::mend(Instant now) {
  if (!mender_) return;
  while (auto mended = mender_->next(receiver_)) {
    mended->header.seq = receiver_.number_of(mended->pos);
    const auto index = feed_.read(mended->payload);
    const bool fits = mended->header.payload_type == terms_.payload_type &&
                      receiver_.handle_repaired(clock_.local(now), mended->header, mended->neighbours).verdict ==
                          Verdict::kAcceptedLate;
    if (!index || !fits) return network_.report(*this, "FEC brought back what was not sent");
    note_came(*index, true);
    mender_->handle_data(receiver_, mended->pos, mended->header, mended->payload, false);
  }
}

void DestinationPeer::send(Instant now, MutableByteSpan room, std::size_t bytes) {
  const std::size_t whole = end_ ? end_->protect_control(room, bytes) : bytes;
  speaks_by_second_ = hears_second_ && !speaks_by_second_;
  network_.send(now, speaks_by_second_ ? *second_ : *this, room.first(whole));
}

void DestinationPeer::receive_clear(Instant now, std::size_t leg, ByteSpan datagram) {
  if (terms_.kind == FeedKind::kRtp && wire::is_rtcp(datagram)) {
    if (receiver_.source()) (void)receiver_.handle_control(clock_.local(now), datagram);
    return;
  }
  receive_data(now, leg, datagram);
}

void DestinationPeer::receive_data(Instant now, std::size_t leg, ByteSpan datagram) {
  ByteSpan payload = datagram;
  rtp::Receiver::Placement placement;
  if (terms_.kind == FeedKind::kRtp) {
    const auto packet = wire::parse_rtp(datagram);
    if (!packet) return network_.report(*this, "what came is no RTP");
    receiver_.credit(datagram.size());
    payload = datagram.subspan(packet->payload_offset);
    if (packet->header.payload_type == terms_.rtx_payload_type) return receive_again(now, packet->header, payload);
    placement = receiver_.handle_data(clock_.local(now), packet->header, leg);
    if (placement.verdict == Verdict::kForeignSource) network_.report(*this, "another source");
    if (is_jump(packet->header.seq)) network_.report(*this, "numbers jumped");
  }
  const auto index = feed_.read(payload);
  if (!index) return network_.report(*this, "payload is not what was published");
  ++received_;
  const bool is_taken = placement.verdict == Verdict::kAccepted || placement.verdict == Verdict::kAcceptedLate;
  note_came(*index, is_taken);
  if (is_taken && mender_)
    mender_->handle_data(receiver_, placement.pos, wire::parse_rtp(datagram)->header, payload, true);
  mend(now);
  asks_again_ = false;
}

// The network may lose many in a row, and bring some late, but not as many as RFC 3550 A.1 calls a jump.
bool DestinationPeer::is_jump(std::uint16_t number) {
  constexpr int kDropoutMax = 3'000;
  const std::uint16_t last = std::exchange(last_number_, number).value_or(number);
  return std::abs(static_cast<std::int16_t>(number - last)) > kDropoutMax;
}

void DestinationPeer::receive_again(Instant now, const wire::RtpHeader& header, ByteSpan payload) {
  const auto original = wire::original_number(payload);
  const auto index = original ? feed_.read(payload.subspan(wire::kRtxHeaderBytes)) : std::nullopt;
  if (!index) return network_.report(*this, "what was sent again is not what was published");
  const Verdict verdict = receiver_.handle_retransmission(clock_.local(now), header, *original).verdict;
  note_came(*index, verdict == Verdict::kAcceptedLate);
}

void DestinationPeer::wake(Instant now) {
  const Instant local = clock_.local(now);
  receiver_.handle_timeout(local);
  std::array<std::byte, kDatagramBytesMax> out;
  const std::span room = std::span(out).first(out.size() - crypto::kSrtcpTrailerBytesMax);
  while (const std::size_t bytes = receiver_.poll_control(local, {}, room))
    if (is_there_ && !is_closed_) send(now, out, bytes);
  if (now < say_at_) return;
  say_at_ = Instant::never();
  if (!is_there_) say_bye(now);
  if (is_there_ && asks_again_) report_anew(now);
}

// Both are said until they must have been heard.
void DestinationPeer::say_bye(Instant now) {
  std::array<std::byte, 200> out;
  std::size_t bytes = wire::write_receiver_report(out, ssrc_, {.ssrc = receiver_.source().value_or(0)});
  bytes += wire::write_cname(std::span(out).subspan(bytes), ssrc_, kName);
  bytes += wire::write_bye(std::span(out).subspan(bytes), ssrc_);
  send(now, out, bytes);
  if (now - changed_ < kHeardBy - 2 * kSayAgain) say_at_ = now + kSayAgain;
}

void DestinationPeer::report_anew(Instant now) {
  std::array<std::byte, 200> out;
  std::size_t bytes = wire::write_receiver_report(out, ssrc_, {.ssrc = receiver_.source().value_or(0)});
  bytes += wire::write_cname(std::span(out).subspan(bytes), ssrc_, kName);
  send(now, out, bytes);
  say_at_ = now + kSayAgain;
}

Instant DestinationPeer::next_wake() const { return std::min(say_at_, clock_.world(receiver_.next_deadline().at)); }

}  // namespace fanlight::sim
