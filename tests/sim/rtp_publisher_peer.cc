#include "rtp_publisher_peer.h"

#include <algorithm>
#include <array>

#include "contract/limits.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::sim {
namespace {

constexpr Micros kReportInterval = seconds(2);
constexpr std::uint16_t kNearEnd = 300;  // Packets to the wrap.

}  // namespace

RtpPublisherPeer::RtpPublisherPeer(const Endpoint& address, const Plan& plan, Feed& feed, Network& network,
                                   Random& random)
    : SourcePeer(address), plan_(plan), feed_(feed), network_(network), random_(random) {}

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
  sent_.reset();
  packets_ = 0;
  reports_ = 0;
  wake(now);
}

void RtpPublisherPeer::leave(Instant now) {
  if (is_up_ && plan_.kind == FeedKind::kRtp) send_report(now, plan_.clock.local(now), true);
  is_up_ = false;
}

void RtpPublisherPeer::vanish(Instant) { is_up_ = false; }

void RtpPublisherPeer::receive(Instant, ByteSpan datagram) {
  if (!wire::is_rtcp(datagram) || !wire::is_well_formed_rtcp(datagram))
    return network_.report(*this, "a feed's sender was sent something that is no RTCP");
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    const auto block = wire::find_report_block(*packet, ssrc_);
    if (!block) continue;
    ++reports_;
    if (!sent_[block->highest_seq & 0xFFFF]) network_.report(*this, "the relay reports a number that was not sent");
    if (block->lost > static_cast<std::int32_t>(packets_))
      network_.report(*this, "the relay reports more lost than sent");
  }
}

void RtpPublisherPeer::wake(Instant now) {
  if (!is_up_) return;
  const Instant local = plan_.clock.local(now);
  while (local >= next_data_) {
    if (!is_paused_) send_fresh(now, local);
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

void RtpPublisherPeer::send_fresh(Instant now, Instant local) {
  std::array<std::byte, kDatagramBytesMax> out;
  std::size_t head = 0;
  if (plan_.kind == FeedKind::kRtp) {
    head = wire::kRtpHeaderBytes;
    wire::write_rtp_header(
        std::span(out).first<wire::kRtpHeaderBytes>(),
        {.payload_type = plan_.payload_type, .seq = next_seq_, .timestamp = timestamp(local), .ssrc = ssrc_});
  }
  sent_.set(next_seq_++);
  feed_.fill(std::span(out).subspan(head, plan_.payload_bytes), feed_.made.size());
  feed_.made.push_back({.at = now, .publication = feed_.publications, .told = local});
  ++packets_;
  network_.send(now, *this, std::span(out).first(head + plan_.payload_bytes));
}

void RtpPublisherPeer::send_report(Instant now, Instant local, bool says_bye) {
  std::array<std::byte, 200> out;
  std::size_t bytes =
      wire::write_sender_report(out, {.ssrc = ssrc_,
                                      .time = {static_cast<std::uint32_t>(local.us / 1'000'000), 0},
                                      .rtp_timestamp = timestamp(local),
                                      .packets = packets_,
                                      .bytes = static_cast<std::uint32_t>(packets_ * plan_.payload_bytes)});
  bytes += wire::write_cname(std::span(out).subspan(bytes), ssrc_, "source@sim");
  if (says_bye) bytes += wire::write_bye(std::span(out).subspan(bytes), ssrc_);
  network_.send(now, *this, std::span(out).first(bytes));
}

}  // namespace fanlight::sim
