#include "publisher_peer.h"

#include <algorithm>

#include "contract/limits.h"
#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::sim {
namespace {

constexpr Micros kRepeatAgeMin = seconds(1);
constexpr Micros kAnnounceInterval = millis(200);

}  // namespace

PublisherPeer::PublisherPeer(const Endpoint& address, Plan plan, Feed& feed, Network& network, Random& random)
    : SourcePeer(address), plan_(std::move(plan)), feed_(feed), network_(network), random_(random) {}

void PublisherPeer::start(Instant now) {
  const Instant local = plan_.clock.local(now);
  wants_in_ = true;
  call_again_ = Instant::never();
  Caller::Terms terms = plan_.terms;
  terms.socket = SocketId{static_cast<std::uint32_t>(random_.between(1, 0x3FFF'FFFF))};
  if (plan_.is_sealed) {
    keys_.emplace(random_);
    terms.key_message = keys_->message(wire::KeyFlag::kEven);
  }
  opened_ = local;
  caller_.begin(local, std::move(terms));
  speak(now, local);
}

void PublisherPeer::begin_session(Instant local) {
  ++feed_.publications;
  next_ = {0};
  offset_ = SeqOffset::between(next_, caller_.terms().first_seq);
  sent_.assign(sent_.size(), {});
  next_data_ = local;
  last_heard_ = local;
  last_sent_ = local;
}

void PublisherPeer::end_session() {
  caller_.end();
  next_data_ = Instant::never();
  announce_at_ = Instant::never();
  announcement_.clear();
}

void PublisherPeer::leave(Instant now) {
  wants_in_ = false;
  if (caller_.is_up()) send_control(now, {.type = wire::ControlType::kShutdown});
  end_session();
}

void PublisherPeer::vanish(Instant) {
  wants_in_ = false;
  end_session();
}

void PublisherPeer::change() {
  plan_.terms.latency = millis(random_.between(200, 900));
  plan_.payload_bytes = static_cast<std::size_t>(random_.between(200, 1'316));
  plan_.terms.first_seq = SeqNo{static_cast<std::uint32_t>(random_.between(0, 0x7FFF'FFFE))};
}

void PublisherPeer::jump(std::int64_t packets) { offset_.move(packets); }

void PublisherPeer::renew_key(Instant now) {
  if (!keys_ || !caller_.is_up() || !announcement_.empty()) return;
  keys_->renew_spare(random_);
  announcement_ = keys_->message(wire::KeyFlag::kBoth);
  announce_at_ = plan_.clock.local(now);
  speak(now, plan_.clock.local(now));
}

void PublisherPeer::receive(Instant now, ByteSpan datagram) {
  const Instant local = plan_.clock.local(now);
  if (wire::peek_destination(datagram) != caller_.terms().socket) return;
  const auto header = wire::parse_control_header(datagram);
  if (!header) return network_.report(*this, "a publisher was sent something that is no control packet");
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  if (header->type == wire::ControlType::kHandshake) {
    receive_handshake(local, *header, content);
  } else if (caller_.is_up()) {
    last_heard_ = local;
    switch (header->type) {
      case wire::ControlType::kAck:
        answer_ack(now, local, *header);
        break;
      case wire::ControlType::kNak:
        answer_nak(now, local, content);
        break;
      case wire::ControlType::kShutdown:
        end_session();
        if (wants_in_) call_again_ = local + plan_.retry;
        break;
      case wire::ControlType::kUser:
        if (!std::equal(content.begin(), content.end(), announcement_.begin(), announcement_.end())) break;
        announcement_.clear();
        announce_at_ = Instant::never();
        keys_->swap();
        break;
      case wire::ControlType::kKeepAlive:
        break;
      default:
        network_.report(*this, "a publisher was sent an unexpected control packet");
    }
  }
  speak(now, local);
}

void PublisherPeer::receive_handshake(Instant local, const wire::ControlHeader& header, ByteSpan content) {
  if (caller_.handle(header, content)) return begin_session(local);
  if (caller_.state() != Caller::State::kRejected) return;
  ++rejections_;
  caller_.end();
  call_again_ = local + plan_.retry;
}

void PublisherPeer::answer_ack(Instant now, Instant, const wire::ControlHeader& header) {
  if (header.info != 0) send_control(now, {.type = wire::ControlType::kAckAck, .info = header.info});
}

void PublisherPeer::answer_nak(Instant now, Instant local, ByteSpan content) {
  if (!wire::is_well_formed_loss_report(content)) return network_.report(*this, "malformed loss report");
  wire::LossReportReader reader(content);
  const Micros age_max = std::max(kRepeatAgeMin, plan_.terms.latency) + millis(20);
  while (const auto range = reader.next()) {
    const PacketPos first = unwrap(range->first, offset_, next_);
    const PacketPos last = unwrap(range->last, offset_, next_);
    if (last - first > kSplicePackets || last >= next_) continue;  // From before a jump.
    bool is_gone = false;
    for (PacketPos pos = first; pos <= last; pos = pos + 1) {
      const Sent& sent = slot(pos);
      if (pos.value < 0 || sent.pos != pos || local - sent.at > age_max) {
        is_gone = true;
      } else {
        send_data(now, sent, true);
      }
    }
    if (!is_gone || first != last) continue;
    std::array<std::byte, 64> out;
    const std::size_t bytes = wire::write_drop_request(out, {0, *range}, stamp(local), caller_.answer().relay);
    network_.send(now, *this, std::span(out).first(bytes));
  }
}

void PublisherPeer::wake(Instant now) {
  const Instant local = plan_.clock.local(now);
  if (caller_.is_overdue(local)) {
    caller_.end();
    call_again_ = local + plan_.retry;
  }
  if (wants_in_ && local >= call_again_) return start(now);
  speak(now, local);
}

void PublisherPeer::speak(Instant now, Instant local) {
  std::array<std::byte, kDatagramBytesMax> out;
  while (const std::size_t bytes = caller_.poll(local, out)) network_.send(now, *this, std::span(out).first(bytes));
  if (!caller_.is_up()) return;
  if (local - last_heard_ > kPeerIdleTimeout) {
    end_session();
    if (wants_in_) call_again_ = local;
    return;
  }
  while (local >= next_data_) {
    if (!is_paused_) send_fresh(now, local);
    next_data_ = next_data_ + plan_.interval;
  }
  if (local >= announce_at_) {
    announce_at_ = local + kAnnounceInterval;
    const std::size_t bytes =
        wire::write_key_packet(out, wire::kUserKeyRequest, announcement_, stamp(local), caller_.answer().relay);
    network_.send(now, *this, std::span(out).first(bytes));
  }
  if (local - last_sent_ >= kKeepAliveInterval) send_control(now, {.type = wire::ControlType::kKeepAlive});
}

void PublisherPeer::send_fresh(Instant now, Instant local) {
  const Sent sent{.pos = next_,
                  .index = feed_.made.size(),
                  .bytes = static_cast<std::uint16_t>(plan_.payload_bytes),
                  .at = local,
                  .key = keys_ ? keys_->in_use() : wire::KeyFlag::kClear};
  const bool is_odd = plan_.odd_share > 0 && random_.chance(plan_.odd_share);
  feed_.made.push_back({.at = now, .publication = feed_.publications, .told = local, .is_odd = is_odd});
  slot(next_) = sent;
  next_ = next_ + 1;
  send_data(now, sent, false);
}

void PublisherPeer::send_data(Instant now, const Sent& sent, bool is_repeated) {
  std::array<std::byte, kDatagramBytesMax> out;
  const wire::DataHeader header{.seq = offset_.seq_of(sent.pos),
                                .key = sent.key,
                                .retransmitted = is_repeated,
                                .message = static_cast<std::uint32_t>(sent.pos.value % wire::kMessageNumberMask) + 1,
                                .time = stamp(sent.at),
                                .destination = caller_.answer().relay};
  wire::write_data_header(std::span(out).first<wire::kHeaderBytes>(), header);
  const MutableByteSpan payload = std::span(out).subspan(wire::kHeaderBytes, sent.bytes);
  feed_.fill(payload, sent.index);
  if (keys_ && !keys_->cipher(sent.key)->apply(header.seq, payload, payload))
    return network_.report(*this, "cipher failed");
  last_sent_ = plan_.clock.local(now);
  network_.send(now, *this, std::span(out).first(wire::kHeaderBytes + sent.bytes));
}

void PublisherPeer::send_control(Instant now, const wire::ControlHeader& header) {
  std::array<std::byte, 20> out;
  wire::ControlHeader stamped = header;
  stamped.time = stamp(plan_.clock.local(now));
  stamped.destination = caller_.answer().relay;
  const std::size_t bytes = wire::write_bare_control(out, stamped);
  last_sent_ = plan_.clock.local(now);
  network_.send(now, *this, std::span(out).first(bytes));
}

Instant PublisherPeer::next_wake() const {
  Instant due = caller_.next_deadline();
  if (wants_in_) due = std::min(due, call_again_);
  if (caller_.is_up())
    due = std::min(
        {due, next_data_, announce_at_, last_sent_ + kKeepAliveInterval, last_heard_ + kPeerIdleTimeout + micros(1)});
  return plan_.clock.world(due);
}

}  // namespace fanlight::sim
