#include "rtp_publisher_peer.h"

#include <algorithm>
#include <array>
#include <functional>

#include "contract/limits.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::sim {
namespace {

constexpr Micros kReportInterval = seconds(2);
constexpr std::uint16_t kNearEnd = 300;  // Packets to the wrap.
constexpr std::uint8_t kAsksMax = 10;    // For one number.
constexpr std::int64_t kAsksUsual = 2;   // No more, on average: not before an answer could be there.
constexpr std::uint64_t kNackShare = 20;
constexpr std::int64_t kPictureMax = 8;  // Packets.
constexpr std::int64_t kOpaqueBytesMin = 16;
constexpr std::int64_t kOpaqueBytesMax = kDatagramBytesMax - wire::kRtpHeaderBytes - wire::kRtxHeaderBytes;
constexpr std::uint64_t kFirstNack = 128;  // Bytes; it is for free.

}  // namespace

RtpPublisherPeer::RtpPublisherPeer(const Endpoint& address, const Plan& plan, Feed& feed, Network& network,
                                   Random& random)
    : SourcePeer(address), plan_(plan), feed_(feed), network_(network), random_(random) {
  if (plan.srtp) srtp_.emplace(*plan.srtp);
}

void RtpPublisherPeer::start(Instant now) {
  is_up_ = true;
  ++feed_.publications;
  started_ = next_data_ = plan_.clock.local(now);
  next_report_ = started_ + kReportInterval / 4;
  ssrc_ = static_cast<std::uint32_t>(random_.next());
  next_seq_ = static_cast<std::uint16_t>(random_.next());
  first_timestamp_ = static_cast<std::uint32_t>(random_.next());
  if (plan_.wraps_numbers) {
    next_seq_ = static_cast<std::uint16_t>(-random_.between(1, kNearEnd));
    first_timestamp_ = static_cast<std::uint32_t>(-random_.between(1, 90'000));
  }
  next_index_ = next_seq_;
  sent_.assign(sent_.size(), {});
  fec_.begin();
  legs_.begin();
  packets_ = 0;
  picture_left_ = 0;
  reports_ = 0;
  wake(now);
}

void RtpPublisherPeer::leave(Instant now) {
  if (is_up_ && plan_.kind == FeedKind::kRtp) send_report(now, plan_.clock.local(now), true);
  is_up_ = false;
}

void RtpPublisherPeer::vanish(Instant) { is_up_ = false; }

void RtpPublisherPeer::receive(Instant now, ByteSpan datagram) {
  const std::optional<ByteSpan> clear = srtp_ ? srtp_->read(now, datagram) : std::optional(datagram);
  if (!clear) return network_.report(*this, "a feed's sender was sent what is not under its key");
  hear_control(now, *clear, datagram.size());
}

void RtpPublisherPeer::hear_control(Instant now, ByteSpan datagram, std::size_t bytes) {
  if (!wire::is_rtcp(datagram) || !wire::is_well_formed_rtcp(datagram))
    return network_.report(*this, "a feed's sender was sent something that is no RTCP");
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    if (const auto nack = wire::parse_nack(*packet)) {
      nack_bytes_ += bytes;
      hear_nack(now, *nack);
    }
    const auto block = wire::find_report_block(*packet, ssrc_);
    if (!block) continue;
    ++reports_;
    if (sent_[block->highest_seq & 0xFFFF].index < 0)
      network_.report(*this, "the relay reports a number that was not sent");
    if (block->lost > static_cast<std::int32_t>(packets_))
      network_.report(*this, "the relay reports more lost than sent");
  }
}

void RtpPublisherPeer::wake(Instant now) {
  if (!is_up_) return;
  const Instant local = plan_.clock.local(now);
  while (local >= next_data_) {
    if (!is_paused_ || !may_pause()) send_fresh(now, local);
    next_data_ = next_data_ + plan_.interval;
  }
  if (plan_.kind != FeedKind::kRtp || local < next_report_) return;
  next_report_ = local + kReportInterval;
  if (!is_paused_) send_report(now, local, false);
}

Instant RtpPublisherPeer::next_wake() const {
  if (!is_up_) return Instant::never();
  return plan_.clock.world(plan_.kind == FeedKind::kRtp ? std::min(next_data_, next_report_) : next_data_);
}

void RtpPublisherPeer::begin_picture(Instant local) {
  if (feed_.ts.is_on()) {
    picture_at_ = local;
  } else if (picture_left_-- == 0) {
    picture_left_ = random_.between(0, kPictureMax - 1);
    picture_at_ = local;
  }
}

void RtpPublisherPeer::send_fresh(Instant now, Instant local) {
  std::array<std::byte, kDatagramBytesMax> out;
  begin_picture(local);
  const bool is_opaque = !feed_.ts.is_on();
  const wire::RtpHeader header{.marker = is_opaque && picture_left_ == 0,
                               .payload_type = plan_.payload_type,
                               .seq = next_seq_++,
                               .timestamp = timestamp(picture_at_),
                               .ssrc = ssrc_};
  const std::size_t head = plan_.kind == FeedKind::kRtp ? wire::kRtpHeaderBytes : 0;
  if (head > 0) wire::write_rtp_header(std::span(out).first<wire::kRtpHeaderBytes>(), header);
  sent_[header.seq] = {
      .index = static_cast<std::int64_t>(feed_.made.size()), .timestamp = header.timestamp, .srtp_index = next_index_};
  const std::size_t bytes =
      is_opaque ? static_cast<std::size_t>(random_.between(kOpaqueBytesMin, kOpaqueBytesMax)) : plan_.payload_bytes;
  feed_.fill(std::span(out).subspan(head, bytes), feed_.made.size());
  feed_.made.push_back({.at = now,
                        .publication = feed_.publications,
                        .told = picture_at_,
                        .ticks = header.timestamp,
                        .marker = header.marker});
  ++packets_;
  bytes_sent_ += head + bytes;
  const ByteSpan datagram = std::span(out).first(seal(out, head + bytes, next_index_++));
  if (plan_.repair == Repair::kSecondLeg) return send_by_legs(now, datagram);
  if (plan_.repair == Repair::kFec) return send_with_fec(now, header, datagram);
  network_.send(now, *this, datagram);
}

std::size_t RtpPublisherPeer::seal(MutableByteSpan room, std::size_t bytes, std::uint64_t index) {
  return srtp_ ? srtp_->protect(room, bytes, index) : bytes;
}

void RtpPublisherPeer::send_by_legs(Instant now, ByteSpan datagram) {
  const std::array<bool, 2> brings = legs_.judge(random_);
  if (brings[0]) network_.send(now, *this, datagram);
  if (brings[1]) (void)network_.send_to(now, *this, plan_.second, datagram);
}

void RtpPublisherPeer::send_with_fec(Instant now, const wire::RtpHeader& header, ByteSpan datagram) {
  if (fec_.is_between_matrices()) fec_.draw_losses(random_);
  if (fec_.is_lost()) {
    ++dropped_;
  } else {
    network_.send(now, *this, datagram);
  }
  fec_.add(header, datagram.subspan(wire::kRtpHeaderBytes));
  while (const auto fec = fec_.poll()) {
    const auto port = static_cast<std::uint16_t>(plan_.relay.port + (fec->is_row ? 4 : 2));
    if (!fec->is_lost) (void)network_.send_to(now, *this, {plan_.relay.ip, port}, fec->datagram);
  }
}

void RtpPublisherPeer::hear_nack(Instant now, const wire::Nack& nack) {
  if (nack.source != ssrc_) return network_.report(*this, "the relay asks for another source's packets");
  for (std::size_t i = 0; i < nack.size(); ++i) {
    const wire::NackItem item = nack.at(i);
    send_again(now, item.first);
    for (int bit = 0; bit < wire::NackItem::kSpan - 1; ++bit)
      if ((item.following >> bit & 1) != 0) send_again(now, static_cast<std::uint16_t>(item.first + bit + 1));
  }
}

// Even numbers as RFC 4588 has it, the others as they were.
void RtpPublisherPeer::send_again(Instant now, std::uint16_t number) {
  Sent& sent = sent_[number];
  if (sent.index < 0) return network_.report(*this, "the relay asks for a number that was not sent");
  ++asks_;
  asked_ += sent.asks == 0 ? 1 : 0;
  if (++sent.asks > kAsksMax) network_.report(*this, "the relay asks too often for one number");
  const bool is_rtx = number % 2 == 0;
  const std::uint64_t srtp_index = is_rtx ? next_rtx_ : sent.srtp_index;
  std::array<std::byte, kDatagramBytesMax> out;
  std::size_t head = wire::kRtpHeaderBytes;
  wire::write_rtp_header(std::span(out).first<wire::kRtpHeaderBytes>(),
                         {.payload_type = is_rtx ? kRtxPayloadType : plan_.payload_type,
                          .seq = is_rtx ? next_rtx_++ : number,
                          .timestamp = sent.timestamp,
                          .ssrc = is_rtx ? ssrc_ ^ 1 : ssrc_});
  if (is_rtx) {
    store_be16(out.data() + head, number);
    head += wire::kRtxHeaderBytes;
  }
  const auto index = static_cast<std::uint64_t>(sent.index);
  feed_.fill(std::span(out).subspan(head, plan_.payload_bytes), index);
  bytes_sent_ += head + plan_.payload_bytes;
  const std::size_t bytes = seal(out, head + plan_.payload_bytes, srtp_index);
  if (network_.send_to(now, *this, plan_.relay, std::span(out).first(bytes))) feed_.made[index].is_lost = false;
}

// What was lost at the very beginning or end shows in nothing that came before or behind it.
void RtpPublisherPeer::balance(Books& books) const {
  const auto has_come = [](const Feed::Made& made) { return !made.is_lost; };
  const auto first = std::ranges::find_if(feed_.made, has_come);
  const auto last = std::ranges::find_if(feed_.made.rbegin(), feed_.made.rend(), has_come).base();
  const auto lost = first < last ? std::ranges::count_if(first, last, std::not_fn(has_come)) : 0;
  books.expect_equal("payloads lost for good", static_cast<std::uint64_t>(lost), 0);
  books.expect_at_most("bytes of NACKs, twenty times, beyond the bytes of packets",
                       static_cast<std::int64_t>(kNackShare * nack_bytes_),
                       static_cast<std::int64_t>(bytes_sent_ + kNackShare * kFirstNack));
  if (plan_.repair == Repair::kNack && asks_ == 0) books.fail("nothing was asked for");
  if (plan_.repair == Repair::kSecondLeg) books.expect_equal("asks for what the other leg brings", asks_, 0);
  if (plan_.repair == Repair::kFec && dropped_ == 0) books.fail("nothing was lost");
  books.expect_at_most("numbers asked for, again and again", static_cast<std::int64_t>(asks_),
                       kAsksUsual * static_cast<std::int64_t>(asked_) + kAsksMax);
}

void RtpPublisherPeer::send_report(Instant now, Instant local, bool says_bye) {
  std::array<std::byte, 200> out;
  std::size_t bytes =
      wire::write_sender_report(out, {.ssrc = ssrc_,
                                      .time = wire::kUnixEpoch.later(local - Instant{}),
                                      .rtp_timestamp = timestamp(local),
                                      .packets = packets_,
                                      .bytes = static_cast<std::uint32_t>(packets_ * plan_.payload_bytes)});
  bytes += wire::write_cname(std::span(out).subspan(bytes), ssrc_, "source@sim");
  if (says_bye) bytes += wire::write_bye(std::span(out).subspan(bytes), ssrc_);
  if (srtp_) bytes = srtp_->protect_control(out, bytes);
  network_.send(now, *this, std::span(out).first(bytes));
}

}  // namespace fanlight::sim
