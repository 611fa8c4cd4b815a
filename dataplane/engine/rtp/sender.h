// The sending end of one RTP stream towards a destination: what it reports, what it is told, and when it holds still.
//
// It stamps nothing: a packet's number and timestamp follow from its position and stream time through the destination's
// envelope, so they go on through any publisher's restart. Whether packets flow is decided here. A destination whose
// host says that nobody is there, whose last receiver said BYE, or that was heard and then fell silent, is given a
// pause, unless it is a group. Then it is probed with one packet at a time, until none is refused, and sent to again;
// if that was in vain, the next pause is longer. What its receiver asks for again (RFC 4585) waits here, as numbers,
// until the stream has looked for it. Contract: engine/engine.h. RFC 3550 §6, A.3, A.7.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/engine.h"
#include "engine/rtp/canonical_name.h"
#include "engine/rtp/report_timer.h"
#include "wire/rtcp.h"
#include "wire/rtp_feedback.h"

namespace fanlight::rtp {

class Sender {
 public:
  struct Options {
    Instant opened;
    std::uint32_t ssrc = 1;
    std::uint32_t seed = 0;  // 0: the SSRC. Where several have one, each has a seed, so as not to report in step.
    bool reports = true;     // RTCP is sent, and heard.
    bool is_group = false;   // A multicast group: one receiver's BYE, or silence, says nothing about the others.
    bool nack = false;       // Its receivers may ask for packets again.
    std::uint32_t clock_rate = 90'000;  // Ticks per second.
  };
  // What became of its packets so far, and what to report of now: the source's time of day, and the RTP timestamp that
  // goes with it. The name stays where it is until the next.
  struct Progress {
    std::uint32_t packets = 0;  // Both wrap.
    std::uint32_t bytes = 0;    // Of payload.
    std::uint32_t timestamp = 0;
    wire::NtpTime time{};
    const CanonicalName* name = nullptr;
  };
  enum class Pause : std::uint8_t {
    kNone,
    kUnreachable,  // Its host, or one on the way, said so.
    kUnresolved,   // Nobody answers for the address of the next hop.
    kLeft,         // BYE.
    kSilent,       // Its reports stopped.
  };
  struct Stats {
    std::uint32_t reports_sent = 0;
    std::uint32_t reports_heard = 0;
    std::uint32_t pauses = 0;
    std::uint32_t nacks = 0;
    std::uint32_t repaired = 0;
    std::int32_t lost = 0;           // As the last report has it, in all.
    std::uint8_t fraction_lost = 0;  // Of 256, between the last two reports.
    Micros jitter;
    Micros rtt;  // 0: not known.
  };

  explicit Sender(const Options& options) noexcept;

  // A compound RTCP packet. kForeignSource: it is not about our packets.
  [[nodiscard]] Verdict handle_control(Instant now, ByteSpan datagram) noexcept;
  // A packet of ours came to nobody: ICMP said so, or there was no way to the next hop. While it is paused the reason
  // stays.
  void handle_unreachable(Instant now, Pause why = Pause::kUnreachable) noexcept;
  void handle_progress(const Progress& progress) noexcept { progress_ = progress; }
  void handle_timeout(Instant now) noexcept;

  // Its pause is over: one packet is to go, and whoever is told that nobody is there tells handle_unreachable().
  [[nodiscard]] bool is_probe_due(Instant now) const noexcept { return is_paused() && !is_probing_ && now >= due_; }
  // It has gone ...
  void note_probe(Instant now) noexcept;
  // ... or there is none that could, and everything goes.
  void flow_unprobed(Instant now) noexcept { flow(now); }

  // What left as its report was written earlier, for another that is sent the same: a receiver names what that one
  // says.
  void note_shared_report(std::uint32_t middle) noexcept { reported_time_ = middle; }
  // Its packets come from another source from now on: SRTP that begins anew.
  void renumber(std::uint32_t ssrc) noexcept;
  // Somebody reported so lately. Always false when nobody ever did.
  [[nodiscard]] bool was_heard_within(Instant now, Micros span) const noexcept {
    return has_been_heard() && now - last_heard_ < span;
  }

  // The numbers that are asked for, each once for each time it was named.
  [[nodiscard]] bool has_repairs() const noexcept { return asked_count_ > 0; }
  [[nodiscard]] std::optional<std::uint16_t> poll_repair() noexcept;
  // Answers how many they were.
  std::uint32_t forget_repairs() noexcept;
  void apply_repaired() noexcept { ++stats_.repaired; }
  // The number of the next retransmission in a stream of its own. RFC 4588 §4
  [[nodiscard]] std::uint16_t take_rtx_number() noexcept { return next_rtx_++; }
  // Items that found no room, since it was asked last.
  [[nodiscard]] std::uint32_t take_overflow() noexcept { return std::exchange(overflow_, std::uint16_t{0}); }

  // Writes one compound RTCP packet; 0 when there is nothing to say. The stamp is SRT's.
  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  // The last one, which says BYE; 0 when nothing was ever said.
  [[nodiscard]] std::size_t write_farewell(MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept { return std::nullopt; }
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] Pause pause() const noexcept { return pause_; }
  [[nodiscard]] bool is_paused() const noexcept { return pause_ != Pause::kNone; }
  [[nodiscard]] bool has_been_heard() const noexcept { return last_heard_ != Instant::never(); }
  [[nodiscard]] std::uint32_t ssrc() const noexcept { return ssrc_; }
  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }

 private:
  static constexpr std::size_t kAskedMax = 8;  // A burst of more than a hundred packets; the rest is asked for again.

  void note_block(Instant now, const wire::ReportBlock& block) noexcept;
  void note_nack(const wire::Nack& nack) noexcept;
  void begin_pause(Instant now, Pause why) noexcept;
  void flow(Instant now) noexcept;
  void note_heard(Instant now) noexcept;
  // Payload and headers that went there; wraps.
  [[nodiscard]] std::uint32_t traffic() const noexcept;
  [[nodiscard]] Instant silent_at() const noexcept;
  [[nodiscard]] std::size_t write_report(MutableByteSpan scratch) const noexcept;

  std::uint32_t ssrc_;
  std::uint32_t clock_rate_;
  bool has_reports_;
  bool is_group_;
  bool has_nack_;
  ReportTimer reports_;
  Progress progress_;
  std::uint32_t reported_packets_ = 0;
  std::uint32_t reported_time_ = 0;        // NtpTime::middle() of the last report: others are made up ...
  Instant reported_at_;                    // ... and when it was sent, whatever time it says.
  std::optional<std::uint32_t> receiver_;  // Who reported last.
  Instant last_heard_ = Instant::never();  // Never: of late nobody was.
  std::uint32_t heard_traffic_ = 0;        // As of then.
  Pause pause_ = Pause::kNone;
  std::uint8_t asked_count_ = 0;
  std::uint16_t next_rtx_;
  std::uint16_t overflow_ = 0;
  std::array<wire::NackItem, kAskedMax> asked_{};  // Oldest first.
  bool is_probing_ = false;                        // Paused, and a probe is out.
  // Paused: when it is probed, or a probe counts as not refused. Else: before then nobody is taken for silent.
  Instant due_;
  Instant flowing_since_;  // Not paused.
  Micros last_pause_{};    // 0: none, or it was long ago.
  Stats stats_;
};
static_assert(Engine<Sender>);

}  // namespace fanlight::rtp
