#include "engine/srt/receiver.h"

#include <algorithm>
#include <utility>

#include "contract/limits.h"
#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

constexpr std::int64_t kLightAckPackets = 64;
constexpr Micros kNakPeriodMin = millis(20);

}  // namespace

Receiver::Receiver(const Options& options) noexcept
    : options_(options),
      offset_(SeqOffset::between(options.first_pos, options.first_seq)),
      newest_(options.first_pos - 1),
      last_heard_(options.opened),
      last_sent_(options.opened),
      last_ack_(options.opened),
      acked_sent_(options.first_pos),
      acked_confirmed_(options.first_pos),
      light_acked_(options.first_pos) {}

Receiver::Placement Receiver::handle_data(Instant now, const wire::DataHeader& header,
                                          std::size_t payload_bytes) noexcept {
  const Judgement judgement = judge_data(header);
  if (judgement.verdict == Verdict::kOutOfWindow) return {judgement.verdict, {}};
  last_heard_ = now;
  rates_.note(now, header.seq, payload_bytes);
  if (judgement.verdict != Verdict::kAccepted && judgement.verdict != Verdict::kAcceptedLate)
    return {judgement.verdict, {}};
  apply_data(now, judgement);
  return {judgement.verdict, judgement.is_splice ? newest_ : judgement.pos};
}

Receiver::Judgement Receiver::judge_data(const wire::DataHeader& header) const noexcept {
  const PacketPos pos = unwrap(header.seq, offset_, newest_);
  const std::int64_t ahead = pos - newest_;
  if (ahead > kJumpPacketsMax || ahead < -kJumpPacketsMax) return {Verdict::kOutOfWindow, pos};
  if (ahead > 0) return {Verdict::kAccepted, pos, ahead > kSplicePackets};
  if (losses_.contains(pos)) return {Verdict::kAcceptedLate, pos};
  const bool given_up = given_up_through_ && pos <= *given_up_through_;
  return {given_up || pos < options_.first_pos ? Verdict::kTooLate : Verdict::kDuplicate, pos};
}

void Receiver::apply_data(Instant now, const Judgement& judgement) noexcept {
  ++unacked_packets_;
  if (judgement.verdict == Verdict::kAcceptedLate) {
    const std::int64_t removed = losses_.remove_range({judgement.pos, judgement.pos});
    stats_.given_up += static_cast<std::uint64_t>(removed - 1);  // A full list cannot keep what a split leaves behind.
    ++stats_.repaired;
    return;
  }
  if (judgement.is_splice) {
    splice(judgement.pos);
    return;
  }
  if (judgement.pos > newest_ + 1) open_gap(now, {newest_ + 1, judgement.pos - 1});
  newest_ = judgement.pos;
}

// The numbers jump, the positions do not: what was missing before the jump can no longer be named.
void Receiver::splice(PacketPos unwrapped) noexcept {
  stats_.given_up += static_cast<std::uint64_t>(losses_.clear());
  given_up_through_ = newest_;
  const PacketPos pos = newest_ + 1;
  offset_.move(unwrapped - pos);
  newest_ = pos;
  ++stats_.splices;
}

void Receiver::open_gap(Instant now, PosRange range) noexcept {
  stats_.lost += static_cast<std::uint64_t>(range.size());
  const PacketPos oldest = first_missing();
  const std::int64_t dropped = losses_.add_gap(range, now + options_.latency);
  if (dropped > 0) {
    stats_.given_up += static_cast<std::uint64_t>(dropped);
    given_up_through_ = std::max(given_up_through_.value_or(oldest), oldest + (dropped - 1));
  }
  nak_now_ = true;
  if (next_nak_ == Instant::never()) next_nak_ = now + nak_period();
}

Verdict Receiver::handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content) noexcept {
  Verdict verdict = Verdict::kControl;
  switch (header.type) {
    case wire::ControlType::kAckAck:
      apply_ackack(now, header.info);
      break;
    case wire::ControlType::kDropRequest:
      verdict = handle_drop_request(header, content);
      break;
    case wire::ControlType::kShutdown:
      event_ = PeerEvent::kShutdown;
      break;
    case wire::ControlType::kKeepAlive:
    case wire::ControlType::kCongestion:
    case wire::ControlType::kPeerError:
    case wire::ControlType::kAck:  // A publisher has nothing of ours to acknowledge; libsrt may still say so.
    case wire::ControlType::kNak:
      break;
    default:
      return Verdict::kUnknownType;
  }
  if (verdict == Verdict::kControl) last_heard_ = now;
  return verdict;
}

void Receiver::apply_ackack(Instant now, std::uint32_t number) noexcept {
  const std::optional<AckWindow::Sent> sent = acks_.take(number);
  if (!sent) return;
  rtt_.sample(now - sent->at);
  acked_confirmed_ = std::max(acked_confirmed_, sent->first_missing);
  // The first sample shortens the period from 150 ms; a gap that waits for it must not wait in vain.
  if (next_nak_ != Instant::never()) next_nak_ = std::min(next_nak_, now + nak_period());
}

// In live mode a drop request only says "do not ask for these again" (srt-wire §3.3).
Verdict Receiver::handle_drop_request(const wire::ControlHeader& header, ByteSpan content) noexcept {
  const std::optional<wire::DropRequest> request = wire::parse_drop_request(header, content);
  if (!request) return Verdict::kMalformed;
  const PacketPos first = unwrap(request->range.first, offset_, newest_);
  const PacketPos last = unwrap(request->range.last, offset_, first);
  // Beyond a splice nothing is dropped: the data behind it closes the numbers up.
  if (last < first || last - newest_ > kSplicePackets || first - newest_ < -kJumpPacketsMax)
    return Verdict::kOutOfWindow;
  stats_.given_up += static_cast<std::uint64_t>(losses_.remove_range({first, last}));
  if (first <= newest_ + 1 && last > newest_) newest_ = last;
  given_up_through_ = std::max(given_up_through_.value_or(last), last);
  return Verdict::kControl;
}

void Receiver::handle_timeout(Instant now) noexcept {
  const PacketPos oldest = first_missing();
  const std::int64_t dropped = losses_.drop_due(now);
  if (dropped > 0) {
    stats_.given_up += static_cast<std::uint64_t>(dropped);
    given_up_through_ = std::max(given_up_through_.value_or(oldest), first_missing() - 1);
  }
  if (losses_.is_empty()) next_nak_ = Instant::never();
  if (now - last_heard_ >= kPeerIdleTimeout && !gone_) event_ = PeerEvent::kIdle;
}

std::size_t Receiver::poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept {
  std::size_t bytes = 0;
  if (nak_now_ || now >= next_nak_) bytes = write_nak(now, stamp, scratch);
  if (bytes == 0 && is_ack_due(now)) bytes = write_ack(now, stamp, scratch);
  if (bytes == 0 && unacked_packets_ >= kLightAckPackets) bytes = write_light_ack(stamp, scratch);
  if (bytes == 0 && now - last_sent_ >= kKeepAliveInterval)
    bytes = wire::write_bare_control(scratch, {wire::ControlType::kKeepAlive, 0, 0, stamp.time, stamp.peer});
  if (bytes > 0) last_sent_ = now;
  return bytes;
}

// News first: what was never said goes out after 10 ms, what was said but not confirmed after a round trip.
bool Receiver::is_ack_due(Instant now) const noexcept {
  const PacketPos position = first_missing();
  if (position <= acked_confirmed_) return false;
  if (position > acked_sent_) return now - last_ack_ >= kSyn;
  return now - last_ack_ >= std::max(rtt_.with_margin(), kSyn);
}

std::size_t Receiver::write_ack(Instant now, const ControlStamp& stamp, MutableByteSpan out) noexcept {
  const PacketPos position = first_missing();
  const wire::Ack ack{
      .first_missing = offset_.seq_of(position),
      .rtt = wire::AckRtt{rtt_.rtt(), rtt_.variance(), free_window()},
      .rates =
          wire::AckRates{wire::PacketsPerSecond{rates_.packets_per_second()}, wire::PacketsPerSecond{rates_.capacity()},
                         wire::BytesPerSecond{rates_.bytes_per_second()}},
  };
  ack_number_ = (ack_number_ + 1) & kSeqMask;
  if (ack_number_ == 0) ack_number_ = 1;  // 0 marks light ACKs.
  acks_.note(ack_number_, now, position);
  last_ack_ = now;
  acked_sent_ = position;
  light_acked_ = position;
  unacked_packets_ = 0;
  ++stats_.acks_sent;
  return wire::write_ack(out, ack, ack_number_, stamp.time, stamp.peer);
}

std::size_t Receiver::write_light_ack(const ControlStamp& stamp, MutableByteSpan out) noexcept {
  unacked_packets_ = 0;
  const PacketPos position = first_missing();
  if (position <= light_acked_) return 0;
  light_acked_ = position;
  ++stats_.acks_sent;
  return wire::write_ack(out, {.first_missing = offset_.seq_of(position), .rtt = {}, .rates = {}}, 0, stamp.time,
                         stamp.peer);
}

// Names every gap not asked for within the last period; a fresh gap is one of them. What does not fit into one packet
// goes into the next, for the gaps left out stay due.
std::size_t Receiver::write_nak(Instant now, const ControlStamp& stamp, MutableByteSpan out) noexcept {
  wire::LossReportWriter writer(out, stamp.time, stamp.peer);
  bool complete = true;
  for (std::size_t i = 0; i < losses_.size() && complete; ++i) {
    LossList::Gap& gap = losses_.at(i);
    if (gap.asked && now - gap.asked_at < nak_period()) continue;
    complete = writer.add({offset_.seq_of(gap.range.first), offset_.seq_of(gap.range.last)});
    if (!complete) break;
    gap.asked = true;
    gap.asked_at = now;
  }
  nak_now_ = !complete;
  next_nak_ = losses_.is_empty() ? Instant::never() : now + nak_period();
  const std::size_t bytes = writer.written();
  if (bytes > 0) ++stats_.naks_sent;
  return bytes;
}

std::optional<PeerEvent> Receiver::poll_event() noexcept {
  if (event_) gone_ = true;
  return std::exchange(event_, std::nullopt);
}

Deadline Receiver::next_deadline() const noexcept {
  Deadline due{last_heard_ + kPeerIdleTimeout, TimerKind::kIdle};
  due = sooner(due, {last_sent_ + kKeepAliveInterval, TimerKind::kKeepAlive});
  due = sooner(due, {next_nak_, TimerKind::kNak});
  due = sooner(due, {losses_.next_give_up(), TimerKind::kTooLate});
  const PacketPos position = first_missing();
  if (position > acked_sent_) return sooner(due, {last_ack_ + kSyn, TimerKind::kAck});
  if (position > acked_confirmed_)
    return sooner(due, {last_ack_ + std::max(rtt_.with_margin(), kSyn), TimerKind::kAck});
  return due;
}

Micros Receiver::nak_period() const noexcept { return std::max(kNakPeriodMin, rtt_.with_margin() / 2); }

std::uint32_t Receiver::free_window() const noexcept {
  const std::int64_t used = newest_ + 1 - first_missing();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(2, options_.window_packets - used));
}

}  // namespace fanlight::srt
