#include "engine/srt/sender.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "contract/limits.h"
#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

// A viewer may say of its round trip what it likes; libsrt reports a loss every 20 ms at most.
constexpr Micros kRepairIntervalMin = millis(5);
constexpr Micros kClosedWindowMin = seconds(1);
// A stream that brings nothing for so long has paused.
constexpr Micros kPauseMin = millis(1500);

constexpr auto kWindowPacketsMax = static_cast<std::uint32_t>(kJumpPacketsMax);

}  // namespace

Sender::Sender(const Options& options) noexcept
    : offset_(SeqOffset::between(options.first_pos, options.first_seq)),
      offset_before_skip_(offset_),
      skip_to_(options.first_pos),
      first_pos_(options.first_pos),
      acked_(options.first_pos),
      window_packets_(std::min(options.window_packets, kWindowPacketsMax)),
      last_heard_(options.opened),
      last_ackack_(options.opened - kSyn),
      last_sent_(options.opened),
      keep_alive_at_(options.opened + kKeepAliveInterval),
      opened_(options.opened),
      latency_(options.latency),
      progress_at_(options.opened),
      skip_from_(options.first_pos),
      covered_from_(options.first_pos),
      edge_seen_(options.first_pos),
      edge_moved_at_(options.opened) {}

void Sender::handle_sign_of_life(Instant now) noexcept {
  up_ = true;
  last_heard_ = now;
}

Verdict Sender::handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content,
                               const StreamEdge& edge) noexcept {
  Verdict verdict = Verdict::kControl;
  switch (header.type) {
    case wire::ControlType::kAck:
      verdict = handle_ack(now, header, content, edge);
      break;
    case wire::ControlType::kNak:
      verdict = handle_nak(content, edge);
      break;
    case wire::ControlType::kShutdown:
      event_ = PeerEvent::kShutdown;
      break;
    case wire::ControlType::kKeepAlive:
    case wire::ControlType::kAckAck:
    case wire::ControlType::kCongestion:
    case wire::ControlType::kPeerError:
    case wire::ControlType::kDropRequest:
      break;  // Nothing of a viewer's own data is ours.
    default:
      return Verdict::kUnknownType;
  }
  if (verdict == Verdict::kControl) handle_sign_of_life(now);
  return verdict;
}

// Reports about what was sent before the last skip still use the numbers of that time.
PacketPos Sender::position_of(SeqNo seq, const StreamEdge& edge) const noexcept {
  const PacketPos pos = unwrap(seq, offset_, edge.next);
  return pos >= skip_to_ ? pos : unwrap(seq, offset_before_skip_, edge.next);
}

SeqNo Sender::seq_of(PacketPos pos) const noexcept {
  return pos >= skip_to_ ? offset_.seq_of(pos) : offset_before_skip_.seq_of(pos);
}

bool Sender::covers(PacketPos pos) const noexcept {
  return pos >= covered_from_ && (pos < skip_from_ || pos >= skip_to_);
}

Verdict Sender::handle_ack(Instant now, const wire::ControlHeader& header, ByteSpan content,
                           const StreamEdge& edge) noexcept {
  const std::optional<wire::AckNews> ack = wire::parse_ack_news(content);
  if (!ack) return Verdict::kMalformed;
  const PacketPos pos = unwrap(ack->first_missing, offset_, edge.next);
  if (pos > edge.next || pos < first_pos_) return Verdict::kOutOfWindow;
  apply_ack(now, *ack, pos, header.info);
  return Verdict::kControl;
}

void Sender::apply_ack(Instant now, const wire::AckNews& ack, PacketPos pos, std::uint32_t number) noexcept {
  ++stats_.acks;
  const std::int64_t confirmed = std::max<std::int64_t>(0, pos - acked_);
  acked_ = std::max(acked_, pos);
  if (confirmed > 0) progress_at_ = now;
  if (ack.is_light) {  // The window shrinks by what it confirms, so its end stays where it was.
    window_packets_ -= static_cast<std::uint32_t>(std::min<std::int64_t>(confirmed, window_packets_));
    return;
  }
  if (pos == acked_) window_packets_ = std::min(ack.window_packets, kWindowPacketsMax);  // Not an overtaken one.
  if (ack.rtt.count > 0) rtt_.adopt(ack.rtt, ack.variance);
  if (number != 0 && (now - last_ackack_ >= kSyn || number == ackack_number_)) ackack_due_ = number;
}

Verdict Sender::handle_nak(ByteSpan content, const StreamEdge& edge) noexcept {
  const Verdict verdict = judge_nak(content, edge);
  if (verdict == Verdict::kControl) apply_nak(content, edge);
  return verdict;
}

Verdict Sender::judge_nak(ByteSpan content, const StreamEdge& edge) const noexcept {
  if (!wire::is_well_formed_loss_report(content)) return Verdict::kMalformed;
  wire::LossReportReader reader(content);
  while (const std::optional<wire::SeqRange> range = reader.next()) {
    const PacketPos first = position_of(range->first, edge);
    const PacketPos last = position_of(range->last, edge);
    if (first < first_pos_ || last >= edge.next || last < first) return Verdict::kOutOfWindow;
  }
  return Verdict::kControl;
}

void Sender::apply_nak(ByteSpan content, const StreamEdge& edge) noexcept {
  ++stats_.naks;
  wire::LossReportReader reader(content);
  while (const std::optional<wire::SeqRange> range = reader.next()) {
    const PosRange lost{position_of(range->first, edge), position_of(range->last, edge)};
    stats_.lost += static_cast<std::uint64_t>(lost.size());
    if (!repairs_.add(lost)) ++stats_.overflow;
  }
}

// A report can only know of a packet that left a round trip ago; one that names a younger one was on its way already.
Sender::Repair Sender::judge_repair(Instant now, PacketPos pos, Instant first_sent) const noexcept {
  const Micros trip = std::max(Micros{0}, rtt_.rtt() - 2 * rtt_.variance());
  if (now - first_sent < trip) return Repair::kStale;
  if (repairs_.was_repaired(pos, now, std::max(trip, kRepairIntervalMin))) return Repair::kRepeated;
  return Repair::kSend;
}

void Sender::apply_repaired(Instant now, PacketPos pos) noexcept {
  ++stats_.repaired;
  repairs_.note_repaired(pos, now);
}

void Sender::apply_not_sent(Repair why) noexcept {
  if (why == Repair::kStale) ++stats_.stale;
  if (why == Repair::kRepeated) ++stats_.repeated;
}

// One range at a time waits to be said; positions that do not touch it are asked for again by the next report.
void Sender::apply_too_old(PacketPos pos) noexcept {
  ++stats_.too_old;
  if (!drop_) {
    drop_ = PosRange{pos, pos};
  } else if (pos == drop_->last + 1) {
    drop_->last = pos;
  }
}

void Sender::apply_start(PacketPos first) noexcept {
  DCHECK(stats_.skipped == 0 && acked_ == first_pos_);
  offset_ = SeqOffset::between(first, offset_.seq_of(first_pos_));
  offset_before_skip_ = offset_;
  first_pos_ = covered_from_ = skip_from_ = skip_to_ = acked_ = first;
  repairs_.clear();
}

void Sender::apply_skip(PacketPos from, PacketPos next) noexcept {
  stats_.skipped += static_cast<std::uint64_t>(next - from);
  covered_from_ = skip_to_;
  offset_before_skip_ = offset_;
  offset_.value -= next - from;
  skip_from_ = from;
  skip_to_ = next;
  acked_ = acked_ + (next - from);  // Counted in the numbers of now: what is in flight stays in flight.
  repairs_.clear();
  drop_.reset();
  unheard_.reset();
}

void Sender::handle_timeout(Instant now, const StreamEdge& edge) noexcept {
  keep_alive_at_ = std::max(last_sent_, edge.last_fresh) + kKeepAliveInterval;
  if (gone_) return;
  if (!up_ && now - opened_ >= kHandshakeTimeout) event_ = PeerEvent::kConnectTimeout;
  if (now - last_heard_ >= kPeerIdleTimeout) event_ = PeerEvent::kIdle;
  judge_closed_window(now, edge);
  note_progress(now, edge);
}

// A pause of the stream is none of the viewer's: it cannot acknowledge what was lost before it.
void Sender::note_progress(Instant now, const StreamEdge& edge) noexcept {
  if (edge.next != edge_seen_) {
    edge_seen_ = edge.next;
    edge_moved_at_ = now;
  }
  const bool is_paused = edge.next < window_end() && now - edge_moved_at_ >= kPauseMin;
  if (edge.next <= acked_ || is_paused) progress_at_ = now;
}

// A window's worth of packets that all got lost leaves the viewer nothing to acknowledge and nothing to report: it
// would wait for us as we for it. Once they are past their play time they are dropped by request, which it
// acknowledges.
void Sender::judge_closed_window(Instant now, const StreamEdge& edge) noexcept {
  if (edge.next <= acked_ || edge.next < window_end()) {
    closed_since_ = Instant::never();
    return;
  }
  closed_since_ = std::min(closed_since_, now);
  if (now - closed_since_ < std::max(latency_, kClosedWindowMin)) return;
  unheard_ = PosRange{acked_, edge.next - 1};
  closed_since_ = now;
}

std::size_t Sender::poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept {
  std::size_t bytes = 0;
  if (ackack_due_ != 0) {
    ackack_number_ = std::exchange(ackack_due_, 0);
    last_ackack_ = now;
    bytes = wire::write_bare_control(scratch, {wire::ControlType::kAckAck, 0, ackack_number_, stamp.time, stamp.peer});
  } else if (unheard_) {
    const wire::DropRequest request{0, {offset_.seq_of(unheard_->first), offset_.seq_of(unheard_->last)}};
    unheard_.reset();
    ++stats_.drop_requests;
    bytes = wire::write_drop_request(scratch, request, stamp.time, stamp.peer);
  } else if (drop_) {
    const wire::DropRequest request{0, {seq_of(drop_->first), seq_of(drop_->last)}};
    drop_.reset();
    ++stats_.drop_requests;
    bytes = wire::write_drop_request(scratch, request, stamp.time, stamp.peer);
  } else if (now >= keep_alive_at_) {
    bytes = wire::write_bare_control(scratch, {wire::ControlType::kKeepAlive, 0, 0, stamp.time, stamp.peer});
  }
  if (bytes > 0) {
    last_sent_ = now;
    keep_alive_at_ = std::max(keep_alive_at_, now + kKeepAliveInterval);
  }
  return bytes;
}

std::optional<PeerEvent> Sender::poll_event() noexcept {
  if (event_) gone_ = true;
  return std::exchange(event_, std::nullopt);
}

Deadline Sender::next_deadline() const noexcept {
  const Instant silent_until = up_ ? last_heard_ + kPeerIdleTimeout : opened_ + kHandshakeTimeout;
  Deadline due{silent_until, up_ ? TimerKind::kIdle : TimerKind::kStart};
  return sooner(due, {keep_alive_at_, TimerKind::kKeepAlive});
}

}  // namespace fanlight::srt
