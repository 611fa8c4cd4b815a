#include "destination_peer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
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

}  // namespace

DestinationPeer::DestinationPeer(const DestinationTerms& terms, const WorldSpec& spec, DriftingClock clock,
                                 std::uint32_t ssrc, const std::optional<crypto::SrtpMaster>& srtp, const Feed& feed,
                                 Network& network)
    : Peer(terms.remote),
      terms_(terms),
      spec_(spec),
      clock_(clock),
      feed_(feed),
      network_(network),
      ssrc_(ssrc),
      srtp_(srtp),
      receiver_({.first_pos = PacketPos{0},
                 .latency = terms.nack ? spec.latency : millis(120),
                 .reports = terms.rtcp_port() != 0,
                 .own_ssrc = ssrc,
                 .nack = terms.nack,
                 .is_sender_named = true}),
      line_(spec, feed, terms, srtp.has_value()) {
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
    books.expect_equal("packets that were asked for and did not come", receiver_.stats().given_up, 0);
  if (terms_.nack && receiver_.stats().nacks_sent == 0) books.fail(address().text() + " asked for nothing");
}

// Each packet under its key leaves once.
void DestinationPeer::note_sent(Books& books, Instant now, ByteSpan sent) {
  const std::optional<ByteSpan> clear = listens_ ? listens_->read(now, sent) : std::optional(sent);
  if (!clear) return books.fail(address().text() + " is sent what is not under its key, or was before");
  const ByteSpan datagram = *clear;
  if (terms_.kind == FeedKind::kRtp && wire::is_rtcp(datagram)) return line_.note_control(books, now, datagram);
  if (is_closed_) ++sent_while_closed_;
  if (closed_for_ != Micros{} && ++sent_since_open_ == 2)
    books.expect_at_most("until who is there again is sent to, us", (now - changed_).count, kFoundWithin.count);
  if (!is_there_ && now - changed_ > kHeardBy) books.fail(address().text() + " left, and is still sent to");
  line_.note_data(books, now, datagram);
  const bool is_probe = closed_for_ != Micros{} && sent_since_open_ == 1;  // Nothing follows it for a second.
  if (!is_there_ || is_closed_ || is_probe) line_.break_off();
}

void DestinationPeer::receive(Instant now, ByteSpan datagram) {
  const std::optional<ByteSpan> clear = end_ ? end_->read(now, datagram) : std::optional(datagram);
  if (clear) receive_clear(now, *clear);  // Else the network brought it twice.
}

void DestinationPeer::send(Instant now, MutableByteSpan room, std::size_t bytes) {
  const std::size_t whole = end_ ? end_->protect_control(room, bytes) : bytes;
  network_.send(now, *this, room.first(whole));
}

void DestinationPeer::receive_clear(Instant now, ByteSpan datagram) {
  if (terms_.kind == FeedKind::kRtp && wire::is_rtcp(datagram)) {
    if (receiver_.source()) (void)receiver_.handle_control(clock_.local(now), datagram);
    return;
  }
  receive_data(now, datagram);
}

void DestinationPeer::receive_data(Instant now, ByteSpan datagram) {
  ByteSpan payload = datagram;
  if (terms_.kind == FeedKind::kRtp) {
    const auto packet = wire::parse_rtp(datagram);
    if (!packet) return network_.report(*this, "what came is no RTP");
    receiver_.credit(datagram.size());
    payload = datagram.subspan(packet->payload_offset);
    if (packet->header.payload_type == terms_.rtx_payload_type) return receive_again(now, packet->header, payload);
    const rtp::Receiver::Placement placement = receiver_.handle_data(clock_.local(now), packet->header);
    if (placement.verdict == Verdict::kForeignSource) network_.report(*this, "another source");
    if (is_jump(packet->header.seq)) network_.report(*this, "numbers jumped");
  }
  if (!feed_.read(payload)) return network_.report(*this, "payload is not what was published");
  ++received_;
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
  if (!original || !feed_.read(payload.subspan(wire::kRtxHeaderBytes)))
    return network_.report(*this, "what was sent again is not what was published");
  (void)receiver_.handle_retransmission(clock_.local(now), header, *original);
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
