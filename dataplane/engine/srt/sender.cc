#include "engine/srt/sender.h"

#include <algorithm>
#include <limits>
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
// Longer ago is as long ago: every bound is shorter, and 32 bits of microseconds hold twice as much.
constexpr Micros kLongAgo = seconds(1800);

std::uint32_t cut_to_32(std::int64_t count) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, std::numeric_limits<std::uint32_t>::max()));
}

void keep_near(NearInstant& at, Instant now) {
  if (at.ago(now) > kLongAgo) at = NearInstant::of(now - kLongAgo);
}

}  // namespace

Sender::Sender(const Options& options) noexcept
    : offset_(SeqOffset::between(options.first_pos, options.first_seq)),
      offset_before_skip_(offset_),
      skip_to_(options.first_pos),
      acked_(options.first_pos),
      last_heard_(options.opened),
      window_packets_(std::min(options.window_packets, kWindowPacketsMax)),
      last_ackack_(NearInstant::of(options.opened - kSyn)),
      last_sent_(NearInstant::of(options.opened)),
      keep_alive_at_(NearInstant::of(options.opened + kKeepAliveInterval)),
      progress_at_(NearInstant::of(options.opened)),
      latency_us_(cut_to_32(options.latency.count)),
      edge_seen_(NearPos::of(options.first_pos)),
      edge_moved_at_(NearInstant::of(options.opened)) {}

void Sender::handle_sign_of_life(Instant now) noexcept {
  up_ = true;
  last_heard_ = now;
}

Verdict Sender::handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content, const StreamEdge& edge,
                               RangePool& pool) noexcept {
  Verdict verdict = Verdict::kControl;
  switch (header.type) {
    case wire::ControlType::kAck:
      verdict = handle_ack(now, header, content, edge);
      break;
    case wire::ControlType::kNak:
      verdict = handle_nak(content, edge, pool);
      break;
    case wire::ControlType::kShutdown:
      write_event(PeerEvent::kShutdown);
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
  return pos >= skip_to_ || (pos >= covered_from() && pos < skip_from());
}

Verdict Sender::handle_ack(Instant now, const wire::ControlHeader& header, ByteSpan content,
                           const StreamEdge& edge) noexcept {
  const std::optional<wire::AckNews> ack = wire::parse_ack_news(content);
  if (!ack) return Verdict::kMalformed;
  const PacketPos pos = unwrap(ack->first_missing, offset_, edge.next);
  if (pos > edge.next || pos < first_pos()) return Verdict::kOutOfWindow;
  apply_ack(now, *ack, pos, header.info);
  return Verdict::kControl;
}

void Sender::apply_ack(Instant now, const wire::AckNews& ack, PacketPos pos, std::uint32_t number) noexcept {
  ++stats_.acks;
  const std::int64_t confirmed = std::max<std::int64_t>(0, pos - acked_);
  acked_ = std::max(acked_, pos);
  if (confirmed > 0) progress_at_ = NearInstant::of(now);
  if (ack.is_light) {  // The window shrinks by what it confirms, so its end stays where it was.
    window_packets_ -= static_cast<std::uint32_t>(std::min<std::int64_t>(confirmed, window_packets_));
    return;
  }
  if (pos == acked_) window_packets_ = std::min(ack.window_packets, kWindowPacketsMax);  // Not an overtaken one.
  if (ack.rtt.count > 0) rtt_.adopt(ack.rtt, ack.variance);
  if (number == 0 || (last_ackack_.ago(now) < kSyn && number != ackack_number_)) return;
  ackack_number_ = number;
  is_ackack_due_ = true;
}

Verdict Sender::handle_nak(ByteSpan content, const StreamEdge& edge, RangePool& pool) noexcept {
  const Verdict verdict = judge_nak(content, edge);
  if (verdict == Verdict::kControl) apply_nak(content, edge, pool);
  return verdict;
}

Verdict Sender::judge_nak(ByteSpan content, const StreamEdge& edge) const noexcept {
  if (!wire::is_well_formed_loss_report(content)) return Verdict::kMalformed;
  wire::LossReportReader reader(content);
  while (const std::optional<wire::SeqRange> range = reader.next()) {
    const PacketPos first = position_of(range->first, edge);
    const PacketPos last = position_of(range->last, edge);
    if (first < first_pos() || last >= edge.next || last < first) return Verdict::kOutOfWindow;
  }
  return Verdict::kControl;
}

void Sender::apply_nak(ByteSpan content, const StreamEdge& edge, RangePool& pool) noexcept {
  ++stats_.naks;
  wire::LossReportReader reader(content);
  while (const std::optional<wire::SeqRange> range = reader.next()) {
    const PosRange lost{position_of(range->first, edge), position_of(range->last, edge)};
    stats_.lost += static_cast<std::uint64_t>(lost.size());
    if (!repairs_.add(pool, lost)) pool.note_overflow();
  }
}

// A report can only know of a packet that left a round trip ago; one that names a younger one was on its way already.
Sender::Repair Sender::judge_repair(Instant now, Instant first_sent,
                                    std::optional<Micros> repaired_ago) const noexcept {
  const Micros trip = std::max(Micros{0}, rtt_.rtt() - 2 * rtt_.variance());
  if (now - first_sent < trip) return Repair::kStale;
  if (repaired_ago && *repaired_ago < std::max(trip, kRepairIntervalMin)) return Repair::kRepeated;
  return Repair::kSend;
}

// One range at a time waits to be said; positions that do not touch it are asked for again by the next report.
void Sender::apply_too_old(PacketPos pos) noexcept {
  ++stats_.too_old;
  if (drop_packets_ == 0) {
    drop_first_ = NearPos::of(pos);
    drop_packets_ = 1;
  } else if (pos == drop_first_.beside(pos) + drop_packets_) {
    ++drop_packets_;
  }
}

void Sender::apply_start(PacketPos first, RangePool& pool) noexcept {
  DCHECK(stats_.skipped == 0 && acked_ == first_pos());
  offset_ = SeqOffset::between(first, offset_.seq_of(first_pos()));
  offset_before_skip_ = offset_;
  skip_to_ = acked_ = first;
  repairs_.clear(pool);
}

void Sender::apply_skip(PacketPos from, PacketPos next, RangePool& pool) noexcept {
  DCHECK(from >= skip_to_);
  stats_.skipped += static_cast<std::uint64_t>(next - from);
  offset_before_skip_ = offset_;
  offset_.move(from - next);
  earlier_packets_ = cut_to_32(skip_to_ - first_pos());
  covered_packets_ = cut_to_32(from - skip_to_);
  skip_packets_ = cut_to_32(next - from);
  skip_to_ = next;
  acked_ = acked_ + (next - from);  // Counted in the numbers of now: what is in flight stays in flight.
  repairs_.clear(pool);
  drop_packets_ = 0;
  is_unheard_due_ = false;
}

void Sender::handle_timeout(Instant now, const StreamEdge& edge) noexcept {
  const Instant last_sent = now - last_sent_.ago(now);
  keep_alive_at_ = NearInstant::of(std::max(last_sent, edge.last_fresh) + kKeepAliveInterval);
  if (gone_) return;
  if (!up_ && now - last_heard_ >= kHandshakeTimeout) write_event(PeerEvent::kConnectTimeout);
  if (now - last_heard_ >= kPeerIdleTimeout) write_event(PeerEvent::kIdle);
  judge_closed_window(now, edge);
  note_progress(now, edge);
}

// A pause of the stream is none of the viewer's: it cannot acknowledge what was lost before it.
void Sender::note_progress(Instant now, const StreamEdge& edge) noexcept {
  if (NearPos::of(edge.next) != edge_seen_) {
    edge_seen_ = NearPos::of(edge.next);
    edge_moved_at_ = NearInstant::of(now);
  }
  const bool is_paused = edge.next < window_end() && edge_moved_at_.ago(now) >= kPauseMin;
  if (edge.next <= acked_ || is_paused) progress_at_ = NearInstant::of(now);
  keep_near(edge_moved_at_, now);
  keep_near(progress_at_, now);
}

// A window's worth of packets that all got lost leaves the viewer nothing to acknowledge and nothing to report: it
// would wait for us as we for it. Once they are past their play time they are dropped by request, which it
// acknowledges.
void Sender::judge_closed_window(Instant now, const StreamEdge& edge) noexcept {
  const bool was_closed = is_closed_;
  is_closed_ = edge.next > acked_ && edge.next >= window_end();
  if (!is_closed_) {
    is_unheard_due_ = false;
    return;
  }
  if (!was_closed) closed_since_ = NearInstant::of(now);
  if (closed_since_.ago(now) < std::max(latency(), kClosedWindowMin)) return;
  is_unheard_due_ = true;
  unheard_end_ = NearPos::of(edge.next);
  closed_since_ = NearInstant::of(now);
}

std::size_t Sender::poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept {
  std::size_t bytes = 0;
  if (is_ackack_due_) {
    is_ackack_due_ = false;
    last_ackack_ = NearInstant::of(now);
    bytes = wire::write_bare_control(scratch, {wire::ControlType::kAckAck, 0, ackack_number_, stamp.time, stamp.peer});
  } else if (has_unheard()) {
    is_unheard_due_ = false;
    const wire::DropRequest request{0, {offset_.seq_of(acked_), offset_.seq_of(unheard_end_.beside(acked_) - 1)}};
    bytes = wire::write_drop_request(scratch, request, stamp.time, stamp.peer);
  } else if (drop_packets_ > 0) {
    const PacketPos first = drop_first_.beside(acked_);
    const wire::DropRequest request{0, {seq_of(first), seq_of(first + (drop_packets_ - 1))}};
    drop_packets_ = 0;
    bytes = wire::write_drop_request(scratch, request, stamp.time, stamp.peer);
  } else if (now >= keep_alive_at_.beside(now)) {
    bytes = wire::write_bare_control(scratch, {wire::ControlType::kKeepAlive, 0, 0, stamp.time, stamp.peer});
  }
  if (bytes > 0) {
    last_sent_ = NearInstant::of(now);
    keep_alive_at_ = NearInstant::of(std::max(keep_alive_at_.beside(now), now + kKeepAliveInterval));
  }
  return bytes;
}

std::optional<PeerEvent> Sender::poll_event() noexcept {
  if (event_ == 0) return std::nullopt;
  gone_ = true;
  return static_cast<PeerEvent>(std::exchange(event_, std::uint8_t{0}) - 1);
}

Deadline Sender::next_deadline() const noexcept {
  const Instant silent_until = last_heard_ + (up_ ? kPeerIdleTimeout : kHandshakeTimeout);
  Deadline due{silent_until, up_ ? TimerKind::kIdle : TimerKind::kStart};
  return sooner(due, {keep_alive_at_.beside(last_heard_), TimerKind::kKeepAlive});
}

}  // namespace fanlight::srt
