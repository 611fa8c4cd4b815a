#include "viewer_peer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "contract/limits.h"

namespace fanlight::sim {
namespace {

// Who plays the past faster plays at its own pace until then.
constexpr Micros kSettled = millis(200);

}  // namespace

ViewerPeer::ViewerPeer(const Endpoint& address, Plan plan, const Feed& feed, Network& network, Random& random)
    : Peer(address), plan_(std::move(plan)), feed_(feed), network_(network), random_(random) {}

void ViewerPeer::join(Instant now) {
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

void ViewerPeer::leave(Instant now) {
  const Instant local = plan_.clock.local(now);
  wants_in_ = false;
  if (!receiver_) return caller_.end();
  std::array<std::byte, 20> shutdown;
  const std::size_t bytes = wire::write_bare_control(shutdown, {wire::ControlType::kShutdown,
                                                                0,
                                                                0,
                                                                {static_cast<std::uint32_t>((local - opened_).count)},
                                                                caller_.answer().relay});
  network_.send(now, *this, std::span(shutdown).first(bytes));
  end_session(now);
}

void ViewerPeer::vanish(Instant now) {
  wants_in_ = false;
  caller_.end();
  end_session(now);
}

void ViewerPeer::receive(Instant now, ByteSpan datagram) {
  const Instant local = plan_.clock.local(now);
  const auto destination = wire::peek_destination(datagram);
  if (caller_.state() == Caller::State::kIdle) return;
  // A straggler of the session before is no fault; one that never was ours is.
  if (destination != caller_.terms().socket) return;
  if (wire::is_control(datagram)) {
    receive_control(now, local, datagram);
  } else {
    receive_data(now, local, datagram);
  }
  speak(now, local);
}

void ViewerPeer::receive_control(Instant now, Instant local, ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  if (!header) return network_.report(*this, "control packet without a header");
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  if (header->type == wire::ControlType::kHandshake) {
    if (caller_.handle(*header, content)) return begin_session(now, local);
    if (caller_.state() != Caller::State::kRejected) return;
    ++rejections_;
    caller_.end();
    call_again_ = local + plan_.retry;
    return;
  }
  if (!receiver_) return;
  if (header->type == wire::ControlType::kUser) {
    if (header->subtype != wire::kUserKeyRequest || !keys_) network_.report(*this, "user packet that nobody asked for");
    return receive_key(now, local, content);
  }
  if (receiver_->handle_control(local, *header, content) != Verdict::kControl)
    network_.report(*this, "control packet that the engine refuses");
  if (header->type == wire::ControlType::kAckAck) playout_->trace_drift(local, header->time, receiver_->rtt().rtt());
}

// What it held in the slot is gone: of what comes late with that key the payload will not be what was published.
void ViewerPeer::receive_key(Instant now, Instant local, ByteSpan message) {
  const bool is_copy = std::ranges::equal(message, last_key_message_);
  if (!is_copy) {
    if (const char* fault = keys_->install(message)) return network_.report(*this, fault);
    last_key_message_.assign(message.begin(), message.end());
    ++keys_taken_;
  }
  if (is_copy && plan_.answers_once) return;
  std::array<std::byte, 200> answer;
  const std::size_t bytes =
      wire::write_key_packet(answer, wire::kUserKeyResponse, message,
                             {static_cast<std::uint32_t>((local - opened_).count)}, caller_.answer().relay);
  network_.send(now, *this, std::span(answer).first(bytes));
}

void ViewerPeer::begin_session(Instant now, Instant local) {
  receiver_.emplace(srt::Receiver::Options{.opened = local,
                                           .first_seq = caller_.terms().first_seq,
                                           .first_pos = PacketPos{0},
                                           .latency = caller_.answer().send_latency,
                                           .window_packets = caller_.terms().window_packets});
  playout_.emplace(PacketPos{0}, local - micros(caller_.answer().time.raw), caller_.answer().send_latency);
  // The relay sends from its first response on: when many are lost, the first packets are past their time.
  const bool is_late = local - opened_ > caller_.answer().send_latency / 3;
  last_key_message_.clear();
  watch_ = Watch{.own = caller_.terms().socket,
                 .relay = caller_.answer().relay,
                 .began = now,
                 .is_excused = is_excused_ || is_late};
}

void ViewerPeer::end_session(Instant now) {
  caller_.end();
  if (!receiver_) return;
  // What is held would be played after the end.
  playout_->release_due(plan_.clock.local(now + seconds(60)), [this](const Playout::Item& item) { play(item); });
  watch_.dropped = playout_->dropped();
  watch_.is_excused = watch_.is_excused || is_excused_;
  finished_.push_back(watch_);
  receiver_.reset();
  playout_.reset();
}

void ViewerPeer::receive_data(Instant now, Instant local, ByteSpan datagram) {
  const auto header = wire::parse_data_header(datagram);
  if (!receiver_ || !header) return;
  playout_->release_due(local, [this](const Playout::Item& item) { play(item); });
  if (header->boundary != wire::Boundary::kWhole || header->message == 0)
    network_.report(*this, "data packet that is no whole message");
  const auto payload = datagram.subspan(wire::kHeaderBytes);
  const srt::Receiver::Placement placement = receiver_->handle_data(local, *header, payload.size());
  if (placement.verdict == Verdict::kTooLate) ++watch_.belated;
  if (placement.verdict == Verdict::kOutOfWindow) network_.report(*this, "data packet out of the window");
  if (receiver_->stats().splices > 0) network_.report(*this, "numbers jumped");
  if (placement.verdict != Verdict::kAccepted && placement.verdict != Verdict::kAcceptedLate) return;
  std::array<std::byte, kPayloadBytesMax> opened;
  std::memcpy(opened.data(), payload.data(), payload.size());
  const MutableByteSpan plain = std::span(opened).first(payload.size());
  const auto index = open_payload(*header, plain) ? feed_.read(plain) : std::nullopt;
  if (!index) return network_.report(*this, "payload is not what was published");
  note_start(now, *header, placement.pos, *index);
  const Playout::Taken taken = playout_->insert(local, placement.pos, *index, header->time);
  if (taken == Playout::Taken::kTwice) network_.report(*this, "number taken twice");
  if (taken == Playout::Taken::kBelated) ++watch_.belated;
}

void ViewerPeer::note_start(Instant now, const wire::DataHeader& header, PacketPos pos, std::uint64_t index) {
  if (pos == PacketPos{0}) watch_.start_index = index;
  const bool is_young = !header.retransmitted && now - feed_.made[index].at <= plan_.live_age;
  if (is_young) watch_.live_at = std::min(watch_.live_at, now);
}

bool ViewerPeer::open_payload(const wire::DataHeader& header, MutableByteSpan payload) {
  if (!keys_) return header.key == wire::KeyFlag::kClear;
  crypto::PacketCipher* cipher = keys_->cipher(header.key);
  return cipher != nullptr && cipher->apply(header.seq, payload, payload);
}

void ViewerPeer::play(const Playout::Item& item) {
  if (watch_.delivered == 0) {
    watch_.first_index = item.index;
    watch_.dropped_first = playout_->dropped();
  } else if (item.index <= watch_.last_index) {
    network_.report(*this, item.index == watch_.last_index ? "payload played twice" : "payload played out of order");
  } else {
    watch_.gaps += item.index - watch_.last_index - 1;
    watch_.unsettled += feed_.unsettled_between(watch_.last_index, item.index);
  }
  watch_.last_index = item.index;
  ++watch_.delivered;
  const Feed::Made& made = feed_.made[item.index];
  if (feed_.is_unsettled(item.index)) return;
  if (feed_.ts.is_on() && (watch_.live_at == Instant::never() || made.at < watch_.live_at + kSettled)) return;
  watch_.note_delay(made.publication, plan_.clock.world(playout_->play_time(item.time_us)) - made.at);
}

void ViewerPeer::wake(Instant now) {
  const Instant local = plan_.clock.local(now);
  if (caller_.is_overdue(local)) {
    caller_.end();
    call_again_ = local + plan_.retry;
  }
  if (wants_in_ && local >= call_again_) return join(now);
  speak(now, local);
}

void ViewerPeer::speak(Instant now, Instant local) {
  std::array<std::byte, kDatagramBytesMax> out;
  while (const std::size_t bytes = caller_.poll(local, out)) network_.send(now, *this, std::span(out).first(bytes));
  if (!receiver_) return;
  receiver_->handle_timeout(local);
  const ControlStamp stamp{{static_cast<std::uint32_t>((local - opened_).count)}, caller_.answer().relay};
  while (const std::size_t bytes = receiver_->poll_control(local, stamp, out)) {
    const auto type = wire::parse_control_header(out)->type;
    if (is_mute_ && type == wire::ControlType::kAck) continue;
    network_.send(now, *this, std::span(out).first(bytes));
  }
  if (!receiver_->poll_event()) return;
  end_session(now);
  if (wants_in_) call_again_ = local + plan_.retry;
}

Instant ViewerPeer::next_wake() const {
  Instant due = caller_.next_deadline();
  if (wants_in_) due = std::min(due, call_again_);
  if (receiver_) due = std::min(due, receiver_->next_deadline().at);
  return plan_.clock.world(due);
}

}  // namespace fanlight::sim
