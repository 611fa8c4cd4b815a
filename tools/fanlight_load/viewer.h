// One verifying viewer, lean: a fresh packet that is in order touches its first cache line, an ACK the second. Gaps and
// counts of what went wrong lie elsewhere and are touched when something does go wrong.
//
// It speaks as libsrt does: a full ACK each 10 ms while there is news (its tick), a light one each 64 packets, a NAK at
// once and again each period, KEEPALIVE after a second (srt-wire §3). It plays by the relay's timestamps: what comes
// after its play time is late, which counts as lost.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"
#include "engine/loss_list.h"
#include "fanlight_load/given_up.h"
#include "fanlight_load/stamp.h"
#include "wire/srt_header.h"

namespace fanlight::load {

// What a viewer lost, and how. Per viewer, so that a crowd can say how many of it were served well.
// 64 bits: the sum over 20,000 viewers would wrap 32 within minutes of total loss.
struct Tally {
  std::uint64_t lost = 0;  // Never came, or were skipped.
  std::uint64_t late = 0;  // Came after their play time.
  std::uint64_t duplicate = 0;
  std::uint64_t repaired = 0;           // Filled a gap in time.
  std::uint64_t skipped = 0;            // Of `lost`: left out by the relay, whose numbers stayed dense.
  std::uint64_t continuity_errors = 0;  // A stamped position that does not fit the sequence number.
  std::uint64_t hash_failures = 0;
  std::uint64_t foreign = 0;  // Payloads without a stamp of ours.
  Tally& operator+=(const Tally& other);
  [[nodiscard]] std::uint64_t missed() const { return lost + late; }
};

// What a viewer waits for. Made when its first gap opens.
struct Gaps {
  SmallLossList list;
  GivenUp given_up;
  PacketPos anchor{};           // Near which sequence numbers are unwrapped; positions here are numbers unwrapped.
  PacketPos numbered_from{-1};  // Before it, stamps follow another rule: a skip or another publisher lies between.
  Instant next_nak = Instant::never();
  bool nak_now = false;
};

class alignas(64) Viewer {
 public:
  struct Options {
    SocketId peer;
    SeqNo first_seq;
    WireTime answered;  // The relay's clock when it let us in.
    Instant opened;     // Our own time zero.
    Instant now;
    Micros latency;
  };
  struct Taken {
    bool is_fresh = false;      // First of its kind, and in time.
    bool wants_to_say = false;  // poll_control() has something that does not wait for the tick.
  };
  enum class Occasion : std::uint8_t { kAtOnce, kTick };

  Viewer() = default;
  explicit Viewer(const Options& options);

  // A data packet; `gaps` is asked for when it is needed.
  template <class GapsOf>
  Taken handle_data(Instant now, SeqNo seq, WireTime time, const Stamp& stamp, Tally& tally, GapsOf&& gaps) noexcept {
    heard_ms_ = millis_of(now);
    if (seq == next_seq_ && stamp.run == run_ && stamp.position == next_position_) [[likely]] {
      next_seq_.raw = (seq.raw + 1) & kSeqMask;
      ++next_position_;
      ++unacked_;
      const bool is_fresh = take_in_time(now, time, tally);
      return {is_fresh, unacked_ >= kLightAckPackets};
    }
    return handle_other_data(now, seq, time, stamp, tally, gaps());
  }
  void handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content, Tally& tally,
                      Gaps* gaps) noexcept;
  // Gives up what can no longer be played. `gaps` may be null when has_gaps() is false.
  void handle_tick(Instant now, Tally& tally, Gaps* gaps) noexcept;
  // One control packet; 0 when there is nothing to say.
  [[nodiscard]] std::size_t poll_control(Instant now, Occasion occasion, Gaps* gaps, MutableByteSpan out) noexcept;
  // At the end of a run: what was published before position `end` and is not there is lost.
  void settle(std::int64_t end, Tally& tally, Gaps* gaps) noexcept;
  [[nodiscard]] std::size_t write_bare(Instant now, wire::ControlType type, MutableByteSpan out) noexcept;
  // It has the key of that request.
  [[nodiscard]] std::size_t write_key_response(Instant now, ByteSpan message, MutableByteSpan out) noexcept;
  // A report of packets that did arrive, as a broken or hostile viewer sends it.
  [[nodiscard]] std::size_t write_false_report(Instant now, MutableByteSpan out) noexcept;

  [[nodiscard]] bool has_gaps() const noexcept { return has_gaps_; }
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
  [[nodiscard]] bool is_idle(Instant now) const noexcept;
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint32_t run() const noexcept { return run_; }
  [[nodiscard]] std::int64_t next_position() const noexcept { return next_position_; }
  [[nodiscard]] Micros rtt() const noexcept { return micros(rtt_us_); }
  [[nodiscard]] Instant joined() const noexcept { return joined_; }
  [[nodiscard]] Instant last_sent() const noexcept { return last_sent_; }

 private:
  static constexpr std::uint32_t kLightAckPackets = 64;
  static std::uint32_t millis_of(Instant at) { return static_cast<std::uint32_t>(at.us / 1000); }

  [[nodiscard]] Instant play_time(Instant now, WireTime time) const noexcept {
    const std::int64_t expected = now.us - zero_us_;
    return {zero_us_ + expected + static_cast<std::int32_t>(time.raw - static_cast<std::uint32_t>(expected)) +
            latency_us_};
  }
  bool take_in_time(Instant now, WireTime time, Tally& tally) noexcept {
    if (now > play_time(now, time)) [[unlikely]]
      return take_late(now, tally);
    ++received_;
    return true;
  }
  bool take_late(Instant now, Tally& tally) noexcept;
  Taken handle_other_data(Instant now, SeqNo seq, WireTime time, const Stamp& stamp, Tally& tally, Gaps& gaps) noexcept;
  void judge_position(const Stamp& stamp, std::int64_t expected, PacketPos at, Tally& tally, Gaps& gaps) noexcept;
  void open_gap(Instant now, WireTime time, PosRange range, Tally& tally, Gaps& gaps) noexcept;
  bool take_old(Instant now, PacketPos at, WireTime time, const Stamp& stamp, std::int64_t expected, Tally& tally,
                Gaps& gaps) noexcept;
  [[nodiscard]] SeqNo first_missing(const Gaps* gaps) const noexcept;
  [[nodiscard]] bool is_ack_due(Instant now, SeqNo position) const noexcept;
  [[nodiscard]] std::size_t write_ack(Instant now, SeqNo position, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t write_nak(Instant now, Gaps& gaps, MutableByteSpan out) noexcept;
  [[nodiscard]] Micros nak_period() const noexcept;
  [[nodiscard]] WireTime stamp_of(Instant now) const noexcept;
  void note_round_trip(std::int64_t us) noexcept;
  void take_drop_request(PosRange range, Tally& tally, Gaps& gaps) noexcept;
  [[nodiscard]] Micros with_margin() const noexcept { return micros(rtt_us_ + 4 * std::int64_t{variance_us_}); }

  // --- each data packet
  std::int64_t next_position_ = 0;  // As stamped, of the packet numbered next_seq_.
  std::int64_t zero_us_ = 0;        // A packet is played at zero + timestamp + latency.
  std::int64_t latency_us_ = 0;
  std::uint64_t received_ = 0;  // In time, each once.
  SeqNo next_seq_;
  std::uint32_t run_ = 0;  // Of the publisher; 0 before the first packet.
  std::uint32_t heard_ms_ = 0;
  std::uint32_t unacked_ = 0;  // Since the last ACK of any kind.
  bool has_gaps_ = false;
  bool has_ended_ = false;
  Instant joined_;  // Caught up by then.
  // --- each ACK
  alignas(64) Instant opened_;
  Instant last_sent_;
  Instant last_ack_;
  std::uint32_t sampled_us_ = 0;  // Since opened_. One ACK at a time is watched for its ACKACK: a sample a round trip.
  std::uint32_t rtt_us_ = 100'000;
  std::uint32_t variance_us_ = 50'000;
  SocketId peer_;
  SeqNo acked_;
  SeqNo confirmed_;
  std::uint32_t ack_number_ = 0;
  std::uint32_t sampled_number_ = 0;  // 0: none is watched.
  bool has_rtt_ = false;
};
static_assert(sizeof(Viewer) == 128);

}  // namespace fanlight::load
