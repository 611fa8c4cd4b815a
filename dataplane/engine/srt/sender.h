// The sending half of one SRT connection, for a viewer of a shared history: what it has, what it asks for again, and
// when to speak up. Fresh packets never pass through here (design D7): the fan-out stamps them from the envelope, and
// this engine answers for repair, window, clocks and the end. Contract: engine/engine.h. srt-wire §3.
//
// Numbers: seq = pos + offset. A skip moves the offset so that the viewer's numbers stay dense; the offset before it is
// kept for reports still in flight.
//
// There are tens of thousands of these, so moments and positions that are near others are kept in half the room
// (base/near.h), and what few have, ranges asked for beyond the first, stands in a pool that the caller hands in.
#pragma once

#include <cstdint>
#include <optional>

#include "base/near.h"
#include "engine/engine.h"
#include "engine/srt/repair_list.h"
#include "engine/srt/rtt.h"
#include "wire/srt_ack.h"
#include "wire/srt_header.h"

namespace fanlight::srt {

class Sender {
 public:
  struct Options {
    Instant opened;
    SeqNo first_seq;                      // The caller's ISN, echoed.
    PacketPos first_pos;                  // The position that gets it.
    Micros latency = millis(120);         // The delay the viewer plays with.
    std::uint32_t window_packets = 8192;  // Its flow window.
  };
  struct Stats {
    std::uint64_t acks = 0;
    std::uint64_t lost = 0;  // Positions it reported missing.
    std::uint64_t naks = 0;
    std::uint64_t repaired = 0;
    std::uint64_t too_old = 0;  // Positions refused with DROPREQ.
    std::uint64_t skipped = 0;  // Positions left out by skips.
  };
  // What to do with a position it asked for.
  enum class Repair : std::uint8_t { kSend, kStale, kRepeated };

  explicit Sender(const Options& options) noexcept;

  // ACK, NAK, KEEPALIVE, SHUTDOWN. `edge` says what was sent so far. Ranges that find no room are counted in `pool`.
  [[nodiscard]] Verdict handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content,
                                       const StreamEdge& edge, RangePool& pool) noexcept;
  void handle_sign_of_life(Instant now) noexcept;
  void handle_timeout(Instant now, const StreamEdge& edge) noexcept;
  // Before anything was sent: `first` gets the first number.
  void apply_start(PacketPos first, RangePool& pool) noexcept;
  // The viewer gets `next` right after what it got last; everything between is left out.
  void apply_skip(PacketPos from, PacketPos next, RangePool& pool) noexcept;

  // The next position it asked for. The caller looks it up, asks judge_repair(), and reports what came of it.
  [[nodiscard]] std::optional<PacketPos> poll_repair(RangePool& pool) noexcept { return repairs_.take(pool, acked_); }
  // Those that follow `pos`, the last one polled, up to `end`: they share its fate. Answers how many.
  std::int64_t take_repairs_until(PacketPos pos, PacketPos end, RangePool& pool) noexcept {
    return repairs_.take_until(pool, pos, end);
  }
  // Before the end, too: what it has of the pool goes back.
  void forget_repairs(RangePool& pool) noexcept { repairs_.clear(pool); }
  // `repaired_ago`: since it was sent again to this viewer, if the caller remembers.
  [[nodiscard]] Repair judge_repair(Instant now, Instant first_sent, std::optional<Micros> repaired_ago) const noexcept;
  void apply_repaired() noexcept { ++stats_.repaired; }
  // The position is too old or was given up: say so, so that it stops asking.
  void apply_too_old(PacketPos pos) noexcept;

  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept;
  [[nodiscard]] Deadline next_deadline() const noexcept;

  // How many DROPREQs the next polls will write.
  [[nodiscard]] unsigned drop_requests_due() const noexcept {
    return unsigned{has_unheard()} + unsigned{drop_packets_ > 0};
  }

  [[nodiscard]] bool is_up() const noexcept { return up_; }
  [[nodiscard]] SeqOffset offset() const noexcept { return offset_; }
  // The number a position was sent under, skips considered.
  [[nodiscard]] SeqNo seq_of(PacketPos pos) const noexcept;
  // True when the position is one this viewer was or will be sent.
  [[nodiscard]] bool covers(PacketPos pos) const noexcept;
  [[nodiscard]] PacketPos first_pos() const noexcept { return covered_from() - earlier_packets_; }
  // The first position its flow window does not allow.
  [[nodiscard]] PacketPos window_end() const noexcept { return acked_ + window_packets_; }
  [[nodiscard]] PacketPos acked() const noexcept { return acked_; }
  [[nodiscard]] std::uint32_t window_packets() const noexcept { return window_packets_; }
  [[nodiscard]] Micros latency() const noexcept { return {latency_us_}; }
  [[nodiscard]] const RttEstimate& rtt() const noexcept { return rtt_; }
  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }
  [[nodiscard]] bool has_repairs() const noexcept { return !repairs_.is_empty(); }
  // For how long it has acknowledged nothing of what it was sent while the stream went on.
  [[nodiscard]] Micros stalled_for(Instant now) const noexcept { return progress_at_.ago(now); }
  [[nodiscard]] std::int64_t waiting_repairs(const RangePool& pool) const noexcept { return repairs_.packets(pool); }

 private:
  [[nodiscard]] PacketPos position_of(SeqNo seq, const StreamEdge& edge) const noexcept;
  [[nodiscard]] Verdict handle_ack(Instant now, const wire::ControlHeader& header, ByteSpan content,
                                   const StreamEdge& edge) noexcept;
  void apply_ack(Instant now, const wire::AckNews& ack, PacketPos pos, std::uint32_t number) noexcept;
  [[nodiscard]] Verdict handle_nak(ByteSpan content, const StreamEdge& edge, RangePool& pool) noexcept;
  [[nodiscard]] Verdict judge_nak(ByteSpan content, const StreamEdge& edge) const noexcept;
  void apply_nak(ByteSpan content, const StreamEdge& edge, RangePool& pool) noexcept;
  void judge_closed_window(Instant now, const StreamEdge& edge) noexcept;
  void note_progress(Instant now, const StreamEdge& edge) noexcept;

  // The last skip left out [skip_from(), skip_to_).
  [[nodiscard]] PacketPos skip_from() const noexcept { return skip_to_ - skip_packets_; }
  // Before it, the numbers are forgotten: two skips ago.
  [[nodiscard]] PacketPos covered_from() const noexcept { return skip_from() - covered_packets_; }
  [[nodiscard]] bool has_unheard() const noexcept { return is_unheard_due_ && unheard_end_.beside(acked_) > acked_; }
  void write_event(PeerEvent event) noexcept { event_ = static_cast<std::uint8_t>(1 + static_cast<int>(event)); }

  // --- what every ACK reads, together
  SeqOffset offset_;
  SeqOffset offset_before_skip_;
  PacketPos skip_to_;
  PacketPos acked_;     // In the numbers of now: a skip moves it along.
  Instant last_heard_;  // Not up: when it opened. The others stand beside it.
  std::uint32_t window_packets_;
  std::uint32_t ackack_number_ = 0;  // The last one sent, or to send.
  NearInstant last_ackack_;
  NearInstant last_sent_;  // A control packet of ours.
  NearInstant keep_alive_at_;
  NearInstant progress_at_;  // It acknowledged something, or there was nothing to acknowledge. Half an hour at most.
  RttEstimate rtt_;
  // From one of these to the next, going back; what is longer than 32 bits hold is as long for all that it is used.
  std::uint32_t skip_packets_ = 0;
  std::uint32_t covered_packets_ = 0;
  std::uint32_t earlier_packets_ = 0;  // Before that, nothing was ever sent to this viewer.
  std::uint32_t latency_us_;
  NearInstant closed_since_;  // If is_closed_: its window has been full since then.
  NearPos edge_seen_;
  NearInstant edge_moved_at_;  // Half an hour ago at most.
  NearPos drop_first_;         // DROPREQ to send.
  std::uint32_t drop_packets_ = 0;
  NearPos unheard_end_;  // If is_unheard_due_: the same for a closed window, from acked_ to here.
  RepairList repairs_;
  std::uint8_t event_ = 0;  // One more than the event's number; 0: none.
  bool up_ : 1 = false;
  bool gone_ : 1 = false;
  bool is_ackack_due_ : 1 = false;
  bool is_closed_ : 1 = false;
  bool is_unheard_due_ : 1 = false;
  Stats stats_;
};
static_assert(sizeof(Sender) == 168);
static_assert(Engine<Sender>);

}  // namespace fanlight::srt
