// The sending end of one RTP stream towards a destination: what it reports, what it is told, and when it holds still.
//
// It stamps nothing: a packet's number and timestamp follow from its position and stream time through the destination's
// envelope, so they go on through any publisher's restart. Whether packets flow is decided here. A destination whose
// host says that nobody is there, whose last receiver said BYE, or that was heard and then fell silent, is given a
// pause; then it is tried again, each time after a longer one. Contract: engine/engine.h. RFC 3550 §6, A.3, A.7.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "engine/engine.h"
#include "wire/rtcp.h"

namespace fanlight::rtp {

class Sender {
 public:
  struct Options {
    Instant opened;
    std::uint32_t ssrc = 1;
    bool reports = true;                // RTCP is sent, and heard.
    bool is_group = false;              // A multicast group: one receiver's BYE says nothing about the others.
    Micros wall_offset{};               // What the wall clock (since 1970) is ahead of `opened`'s.
    std::uint32_t clock_rate = 90'000;  // Ticks per second.
  };
  // What became of its packets so far, and the RTP timestamp of now.
  struct Progress {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // Of payload.
    std::uint32_t timestamp = 0;
  };
  enum class Pause : std::uint8_t {
    kNone,
    kUnreachable,  // Its host, or one on the way, said so.
    kLeft,         // BYE.
    kSilent,       // Its reports stopped.
  };
  struct Stats {
    std::uint64_t reports_sent = 0;
    std::uint64_t reports_heard = 0;
    std::uint64_t pauses = 0;
    std::int32_t lost = 0;           // As the last report has it, in all.
    std::uint8_t fraction_lost = 0;  // Of 256, between the last two reports.
    Micros jitter;
    Micros rtt;  // 0: not known.
  };

  explicit Sender(const Options& options) noexcept;

  // A compound RTCP packet. kForeignSource: it is not about our packets.
  [[nodiscard]] Verdict handle_control(Instant now, ByteSpan datagram) noexcept;
  // ICMP said that a packet of ours came to nobody.
  void handle_unreachable(Instant now) noexcept;
  void handle_progress(const Progress& progress) noexcept { progress_ = progress; }
  void handle_timeout(Instant now) noexcept;

  // Writes one compound RTCP packet; 0 when there is nothing to say. The stamp is SRT's.
  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  // The last one, which says BYE; 0 when nothing was ever said.
  [[nodiscard]] std::size_t write_farewell(Instant now, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept { return std::nullopt; }
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] Pause pause() const noexcept { return pause_; }
  [[nodiscard]] bool is_paused() const noexcept { return pause_ != Pause::kNone; }
  [[nodiscard]] bool has_been_heard() const noexcept { return last_heard_.has_value(); }
  [[nodiscard]] std::uint32_t ssrc() const noexcept { return options_.ssrc; }
  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }

 private:
  void note_block(Instant now, const wire::ReportBlock& block) noexcept;
  void begin_pause(Instant now, Pause why) noexcept;
  void flow(Instant now) noexcept;
  [[nodiscard]] wire::NtpTime ntp(Instant at) const noexcept;
  [[nodiscard]] std::size_t write_report(Instant now, MutableByteSpan scratch) const noexcept;
  void schedule_report(Instant now) noexcept;

  const Options options_;
  std::minstd_rand random_;
  Progress progress_;
  std::uint64_t reported_packets_ = 0;
  Instant next_report_;
  std::optional<std::uint32_t> receiver_;  // Who reported last.
  std::optional<Instant> last_heard_;
  Pause pause_ = Pause::kNone;
  Instant flows_again_;    // Paused: when it is tried.
  Instant flowing_since_;  // Not paused.
  Micros last_pause_{};    // 0: none, or it was long ago.
  Stats stats_;
};
static_assert(Engine<Sender>);

}  // namespace fanlight::rtp
