// The sending half of one SRT connection, for a viewer of a shared history: what it has, what it asks for again, and
// when to speak up. Fresh packets never pass through here (design D7): the fan-out stamps them from the envelope, and
// this engine answers for repair, window, clocks and the end. Contract: engine/engine.h. srt-wire §3.
//
// Numbers: seq = pos + offset. A skip moves the offset so that the viewer's numbers stay dense; the offset before it is
// kept for reports still in flight.
#pragma once

#include <cstdint>
#include <optional>

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
    std::uint64_t too_old = 0;   // Positions refused with DROPREQ.
    std::uint64_t stale = 0;     // Reported before the packet could have arrived.
    std::uint64_t repeated = 0;  // Repaired less than a round trip ago.
    std::uint64_t overflow = 0;  // Ranges that found the table full.
    std::uint64_t skipped = 0;   // Positions left out by skips.
    std::uint64_t drop_requests = 0;
  };
  // What to do with a position it asked for.
  enum class Repair : std::uint8_t { kSend, kStale, kRepeated };

  explicit Sender(const Options& options) noexcept;

  // ACK, NAK, KEEPALIVE, SHUTDOWN. `edge` says what was sent so far.
  [[nodiscard]] Verdict handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content,
                                       const StreamEdge& edge) noexcept;
  void handle_sign_of_life(Instant now) noexcept;
  void handle_timeout(Instant now, const StreamEdge& edge) noexcept;
  // Before anything was sent: `first` gets the first number.
  void apply_start(PacketPos first) noexcept;
  // The viewer gets `next` right after what it got last; everything between is left out.
  void apply_skip(PacketPos from, PacketPos next) noexcept;

  // The next position it asked for. The caller looks it up, asks judge_repair(), and reports what came of it.
  [[nodiscard]] std::optional<PacketPos> poll_repair() noexcept { return repairs_.take(); }
  // Those that follow `pos`, the last one polled, up to `end`: they share its fate. Answers how many.
  std::int64_t take_repairs_until(PacketPos pos, PacketPos end) noexcept { return repairs_.take_until(pos, end); }
  void forget_repairs() noexcept { repairs_.clear(); }
  [[nodiscard]] Repair judge_repair(Instant now, PacketPos pos, Instant first_sent) const noexcept;
  void apply_repaired(Instant now, PacketPos pos) noexcept;
  void apply_not_sent(Repair why) noexcept;
  // The position is too old or was given up: say so, so that it stops asking.
  void apply_too_old(PacketPos pos) noexcept;

  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept;
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] bool is_up() const noexcept { return up_; }
  [[nodiscard]] SeqOffset offset() const noexcept { return offset_; }
  // The number a position was sent under, skips considered.
  [[nodiscard]] SeqNo seq_of(PacketPos pos) const noexcept;
  // True when the position is one this viewer was or will be sent.
  [[nodiscard]] bool covers(PacketPos pos) const noexcept;
  [[nodiscard]] PacketPos first_pos() const noexcept { return first_pos_; }
  // The first position its flow window does not allow.
  [[nodiscard]] PacketPos window_end() const noexcept { return acked_ + window_packets_; }
  [[nodiscard]] PacketPos acked() const noexcept { return acked_; }
  [[nodiscard]] std::uint32_t window_packets() const noexcept { return window_packets_; }
  [[nodiscard]] Micros latency() const noexcept { return latency_; }
  [[nodiscard]] const RttEstimate& rtt() const noexcept { return rtt_; }
  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }
  [[nodiscard]] bool has_repairs() const noexcept { return !repairs_.is_empty(); }
  // For how long it has acknowledged nothing of what it was sent while the stream went on.
  [[nodiscard]] Micros stalled_for(Instant now) const noexcept { return now - progress_at_; }
  [[nodiscard]] std::int64_t waiting_repairs() const noexcept { return repairs_.packets(); }

 private:
  [[nodiscard]] PacketPos position_of(SeqNo seq, const StreamEdge& edge) const noexcept;
  [[nodiscard]] Verdict handle_ack(Instant now, const wire::ControlHeader& header, ByteSpan content,
                                   const StreamEdge& edge) noexcept;
  void apply_ack(Instant now, const wire::AckNews& ack, PacketPos pos, std::uint32_t number) noexcept;
  [[nodiscard]] Verdict handle_nak(ByteSpan content, const StreamEdge& edge) noexcept;
  [[nodiscard]] Verdict judge_nak(ByteSpan content, const StreamEdge& edge) const noexcept;
  void apply_nak(ByteSpan content, const StreamEdge& edge) noexcept;
  void judge_closed_window(Instant now, const StreamEdge& edge) noexcept;
  void note_progress(Instant now, const StreamEdge& edge) noexcept;

  // --- what every ACK reads, together
  SeqOffset offset_;
  SeqOffset offset_before_skip_;
  PacketPos skip_to_;    // The last skip left out [skip_from_, skip_to_).
  PacketPos first_pos_;  // Nothing before it was ever sent to this viewer.
  PacketPos acked_;      // In the numbers of now: a skip moves it along.
  std::uint32_t window_packets_;
  std::uint32_t ackack_number_ = 0;  // The last one sent.
  Instant last_heard_;
  Instant last_ackack_;
  RttEstimate rtt_;
  Instant last_sent_;  // A control packet of ours.
  Instant keep_alive_at_;
  Instant closed_since_ = Instant::never();  // Its window has been full since then.
  Instant opened_;
  Micros latency_;
  std::uint32_t ackack_due_ = 0;  // To send; 0: none.
  std::optional<PeerEvent> event_;
  bool up_ = false;
  bool gone_ = false;
  std::optional<PosRange> drop_;     // DROPREQ to send.
  std::optional<PosRange> unheard_;  // The same for a closed window, counted like acked_.
  Stats stats_;

  Instant progress_at_;  // It acknowledged something, or there was nothing to acknowledge.

  // --- the rest
  PacketPos skip_from_;
  PacketPos covered_from_;  // Before it, the numbers are forgotten: two skips ago.
  PacketPos edge_seen_;
  Instant edge_moved_at_;
  RepairList repairs_;
};
static_assert(Engine<Sender>);

}  // namespace fanlight::srt
