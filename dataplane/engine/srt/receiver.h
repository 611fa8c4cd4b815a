// The receiving half of one SRT connection: where each packet belongs, what is missing, and when to say so.
//
// Data goes on at once (cut-through, design D6), so nothing is buffered here: the engine keeps numbers, gaps and
// clocks. A gap is asked for when it is seen, again each NAK period, and given up when the packet behind it would be
// played; the ACK position then moves over it. A jump of more than 4,096 is a splice: positions close up, the hole is
// not asked for. Contract: engine/engine.h. srt-wire §3.1–§3.5.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/engine.h"
#include "engine/loss_list.h"
#include "engine/srt/ack_window.h"
#include "engine/srt/rate_meter.h"
#include "engine/srt/rtt.h"
#include "wire/srt_header.h"

namespace fanlight::srt {

class Receiver {
 public:
  struct Options {
    Instant opened;
    SeqNo first_seq;                      // The caller's ISN.
    PacketPos first_pos;                  // The position its first packet takes.
    Micros latency = millis(120);         // A gap is worth asking for this long.
    std::uint32_t window_packets = 8192;  // What we may have unacknowledged.
  };
  struct Placement {
    Verdict verdict = Verdict::kMalformed;
    PacketPos pos;  // Valid when the verdict is kAccepted or kAcceptedLate.
  };
  struct Stats {
    std::uint64_t lost = 0;      // Positions missed on first sight.
    std::uint64_t given_up = 0;  // Positions no longer asked for.
    std::uint64_t repaired = 0;
    std::uint64_t splices = 0;
    std::uint64_t acks_sent = 0;
    std::uint64_t naks_sent = 0;
  };

  explicit Receiver(const Options& options) noexcept;

  // One data packet, `payload_bytes` long.
  [[nodiscard]] Placement handle_data(Instant now, const wire::DataHeader& header, std::size_t payload_bytes) noexcept;
  // ACKACK, KEEPALIVE, SHUTDOWN, DROPREQ. Handshakes and key messages are the listener's.
  [[nodiscard]] Verdict handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content) noexcept;
  // The peer gave a valid sign of life that is not ours to read (a key message, a repeated handshake).
  void handle_sign_of_life(Instant now) noexcept { last_heard_ = now; }
  void handle_timeout(Instant now) noexcept;

  // Writes one control packet; 0 when there is nothing to say.
  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept;
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }
  [[nodiscard]] const RttEstimate& rtt() const noexcept { return rtt_; }
  [[nodiscard]] const RateMeter& rates() const noexcept { return rates_; }
  [[nodiscard]] std::int64_t missing_packets() const noexcept { return losses_.packets(); }
  // All positions before it are held or given up.
  [[nodiscard]] PacketPos first_missing() const noexcept { return losses_.is_empty() ? newest_ + 1 : losses_.first(); }
  [[nodiscard]] Micros latency() const noexcept { return options_.latency; }
  [[nodiscard]] std::uint32_t free_window() const noexcept;

 private:
  struct Judgement {
    Verdict verdict;
    PacketPos pos;
    bool is_splice = false;
  };
  [[nodiscard]] Judgement judge_data(const wire::DataHeader& header) const noexcept;
  void apply_data(Instant now, const Judgement& judgement) noexcept;
  void splice(PacketPos unwrapped) noexcept;
  void open_gap(Instant now, PosRange range) noexcept;
  void apply_ackack(Instant now, std::uint32_t number) noexcept;
  [[nodiscard]] Verdict handle_drop_request(const wire::ControlHeader& header, ByteSpan content) noexcept;
  [[nodiscard]] bool is_ack_due(Instant now) const noexcept;
  [[nodiscard]] std::size_t write_ack(Instant now, const ControlStamp& stamp, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t write_light_ack(const ControlStamp& stamp, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t write_nak(Instant now, const ControlStamp& stamp, MutableByteSpan out) noexcept;
  [[nodiscard]] Micros nak_period() const noexcept;

  const Options options_;
  SeqOffset offset_;
  PacketPos newest_;
  std::optional<PacketPos> given_up_through_;
  LossList losses_;
  RttEstimate rtt_;
  RateMeter rates_;
  AckWindow acks_;
  Stats stats_;

  Instant last_heard_;
  Instant last_sent_;
  Instant last_ack_;           // When the last full ACK left.
  PacketPos acked_sent_;       // What it said.
  PacketPos acked_confirmed_;  // What an ACKACK confirmed.
  PacketPos light_acked_;      // What the last ACK of any kind said.
  std::uint32_t ack_number_ = 0;
  std::int64_t unacked_packets_ = 0;  // Since the last ACK of any kind.
  bool nak_now_ = false;              // A gap was just seen.
  Instant next_nak_ = Instant::never();
  std::optional<PeerEvent> event_;
  bool gone_ = false;
};
static_assert(Engine<Receiver>);

}  // namespace fanlight::srt
