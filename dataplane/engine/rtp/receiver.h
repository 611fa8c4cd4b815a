// The receiving end of one RTP stream: where each packet belongs, whose packets count, and what the sender is told.
//
// Data goes on at once (cut-through, design D6): the engine keeps numbers, gaps and clocks. A gap may be filled, by
// reordering, until the packet behind it would be played. One source feeds it at a time, told by its SSRC; another
// takes its place once it said BYE or was silent for 250 ms (and twice as long as it is now and then), after a silence
// with its second packet; and positions close up, as they do when the numbers of the same source jump. Where the sender
// answers them, gaps are asked for with generic NACKs until they are filled or given up. The same packets may come by
// two legs (SMPTE ST 2022-7): whichever is first counts. Contract: engine/engine.h. RFC 3550 §6, A.1, A.3, A.8; RFC
// 4585; RFC 4588 for what is sent again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "engine/engine.h"
#include "engine/loss_list.h"
#include "engine/rtp/ask_allowance.h"
#include "engine/rtp/continued_ticks.h"
#include "engine/rtp/jitter.h"
#include "engine/rtp/leg.h"
#include "engine/rtp/longest_pause.h"
#include "engine/rtp/neighbours.h"
#include "engine/rtp/report_timer.h"
#include "engine/rtp/source_clock.h"
#include "engine/rtp/timeline.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::rtp {

class Receiver {
 public:
  struct Options {
    PacketPos first_pos;                      // The position the first packet takes.
    Micros latency = millis(120);             // A gap may be filled for this long.
    std::uint32_t clock_rate = 90'000;        // Ticks per second.
    std::optional<std::uint32_t> ssrc{};      // The only one that counts; empty: whoever comes first.
    bool reports = true;                      // Answers a sender's reports with ours.
    std::uint32_t own_ssrc = 1;               // Random; the times of reports follow from it too.
    bool nack = false;                        // Its sender sends again what it is asked for.
    bool is_sender_named = false;             // By the operator: nobody else is asked.
    std::optional<std::uint32_t> rtx_ssrc{};  // The only source of retransmissions; empty: any.
    HashKey name_key{};                       // Names are made with it, the source's and ours.
  };
  struct Placement {
    Verdict verdict = Verdict::kMalformed;
    PacketPos pos;               // Valid when the verdict is kAccepted, kAcceptedLate, or with is_behind_leg ...
    WireTime time;               // ... and but for the last this, on the source's clock, continued across sources ...
    std::uint32_t ticks = 0;     // ... and this: the source's timestamp, moved by what follows from its predecessors.
    bool is_behind_leg = false;  // Its leg brings it now; the other had before, or it was given up.
    bool is_doubted = false;     // It counts as soon as another proves it: proves().
  };
  struct Stats {
    std::uint64_t lost = 0;      // Positions missed on first sight.
    std::uint64_t given_up = 0;  // Positions that are not waited for any more.
    std::uint64_t repaired = 0;  // Filled late.
    std::uint64_t splices = 0;   // Sources that followed another, and jumps of one.
    std::uint64_t reports_sent = 0;
    std::uint64_t nacks_sent = 0;
  };

  // One makes another believable that is so near: a few ways may take turns, and each may lose something ...
  static constexpr int kBesideMax = 8;

  explicit Receiver(const Options& options) noexcept;

  [[nodiscard]] Placement handle_data(Instant now, const wire::RtpHeader& header, std::size_t leg = 0) noexcept;
  // The number of the doubted packet of the same source that this one makes believable. Whoever kept it brings it with
  // handle_proven() before this one, or with handle_data() behind it, in the order of their numbers.
  [[nodiscard]] std::optional<std::uint16_t> proves(Instant now, const wire::RtpHeader& header,
                                                    std::size_t leg = 0) const noexcept;
  [[nodiscard]] Placement handle_proven(Instant now, const wire::RtpHeader& header, std::size_t leg = 0) noexcept;
  // What was placed last turns out to be a number and nothing else: the next packet takes its position, so that those
  // behind us, whose numbers follow from positions, miss nothing (RFC 3550 §7.1). False: it keeps it, for numbers and
  // positions have to go side by side while something is missing. They never may where FEC or another leg count on it.
  [[nodiscard]] bool take_back_last() noexcept;
  // A packet that FEC brought back, as if it came late; what does not fit into its place and time is malformed. It was
  // lost on its way, and reports say so.
  [[nodiscard]] Placement handle_repaired(Instant now, const wire::RtpHeader& header,
                                          const Neighbours& neighbours) noexcept;
  // A retransmission: its own header, and the number it had. It fills a gap, or is nothing.
  [[nodiscard]] Placement handle_retransmission(Instant now, const wire::RtpHeader& header,
                                                std::uint16_t original) noexcept;
  // A datagram of so many bytes came from the address that is asked for what is missing ...
  void credit(std::size_t bytes) noexcept { allowance_.credit(bytes); }
  // ... which is another one from now on: who was silent before it did not come back.
  void begin_address() noexcept {
    allowance_.begin();
    pauses_.forget();
  }
  // A compound RTCP packet of the sender.
  [[nodiscard]] Verdict handle_control(Instant now, ByteSpan datagram) noexcept;
  void handle_timeout(Instant now) noexcept;

  // Writes one compound RTCP packet; 0 when there is nothing to say. The stamp is SRT's.
  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  // Writes one that says BYE to a sender who heard from us and is still there; 0: there is none. RFC 3550 §6.3.7
  [[nodiscard]] std::size_t write_farewell(Instant now, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept { return std::nullopt; }
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }
  [[nodiscard]] Micros jitter() const noexcept { return jitter_.span(); }
  [[nodiscard]] std::optional<std::uint32_t> source() const noexcept { return source_; }
  // By its last report, on the ticks of placements. Not known as soon as they begin anew.
  [[nodiscard]] const SourceClock& source_clock() const noexcept { return source_clock_; }
  // Whether packets of that source could count now, whatever they are.
  [[nodiscard]] bool may_be_heard(Instant now, std::uint32_t ssrc) const noexcept {
    return (!options_.ssrc || ssrc == *options_.ssrc) && (source_ == ssrc || is_vacant(now));
  }
  [[nodiscard]] bool may_repair(std::uint32_t ssrc) const noexcept {
    return source_ && (!options_.rtx_ssrc || ssrc == *options_.rtx_ssrc);
  }
  // How much faster than ours its clock runs, if that is no drift, and its packets are timed as they come; 0: it is.
  [[nodiscard]] std::int32_t wrong_ppm() const noexcept { return timeline_.wrong_ppm(); }
  // Nothing new for so long that another source, or address, may take over; or of this one only a packet, that may have
  // been a stray.
  [[nodiscard]] bool is_vacant(Instant now) const noexcept { return is_single_ || is_at_rest(now); }
  [[nodiscard]] bool is_leg_vacant(Instant now, std::size_t leg) const noexcept;
  [[nodiscard]] Leg& leg(std::size_t index) noexcept { return legs_[index]; }
  [[nodiscard]] const Leg& leg(std::size_t index) const noexcept { return legs_[index]; }
  [[nodiscard]] std::int64_t missing_packets() const noexcept { return losses_.packets(); }
  // All positions before it are held or given up.
  [[nodiscard]] PacketPos first_missing() const noexcept { return losses_.is_empty() ? newest_ + 1 : losses_.first(); }
  [[nodiscard]] Micros latency() const noexcept { return options_.latency; }
  // Where its numbers began, or began anew.
  [[nodiscard]] PacketPos run_first() const noexcept { return run_first_; }
  // Where the packet with that number of the source belongs; empty when it is far from the newest.
  [[nodiscard]] std::optional<PacketPos> position_of(std::uint16_t seq) const noexcept;
  // For positions not far from the newest.
  [[nodiscard]] std::uint16_t number_of(PacketPos pos) const noexcept {
    return static_cast<std::uint16_t>(newest_seq_ + (pos - newest_));
  }

 private:
  static constexpr std::size_t kNewcomersMax = 4;
  static constexpr std::int64_t kLeadPackets = 16;  // ... for so many packets that are accepted meanwhile.
  struct Judgement {
    Verdict verdict;
    std::int64_t ahead = 1;  // Of the newest.
    bool is_new_source = false;
    bool is_jump = false;
    bool is_lead = false;        // Not so far ahead that it is a jump, too far for one packet alone.
    bool is_of_laggard = false;  // Its leg goes on where it was, far behind the other.
    bool is_newcomer = false;    // The first of a source that might take the other one's place.
    bool is_alone = false;       // The first of one that nothing has proved.
  };
  // What reports say, counted anew for each source. RFC 3550 A.3
  struct Reception {
    std::int64_t first = 0;  // Extended sequence numbers.
    std::int64_t newest = 0;
    std::uint64_t received = 0;
    std::uint64_t expected_before = 0;  // As of the last report.
    std::uint64_t received_before = 0;
    std::uint32_t last_report = 0;  // NtpTime::middle() of the sender's last; 0: none.
    Instant last_report_at{};
    [[nodiscard]] std::uint64_t expected() const { return static_cast<std::uint64_t>(newest - first + 1); }
  };
  // One of so few was seen that another has to prove it. RFC 3550 A.1
  struct Doubted {
    std::uint32_t ssrc = 0;
    std::uint16_t seq = 0;
    PacketPos newest{};  // When it came.
  };
  [[nodiscard]] bool is_proof(const Doubted& doubted, std::uint16_t seq) const noexcept {
    const int apart = std::abs(int{static_cast<std::int16_t>(seq - doubted.seq)});
    return apart > 0 && apart <= kBesideMax && newest_ - doubted.newest <= kLeadPackets;
  }
  // The last one of it.
  [[nodiscard]] const Doubted* find_newcomer(std::uint32_t ssrc) const noexcept {
    const std::size_t held = std::min(newcomers_count_, kNewcomersMax);
    for (std::size_t i = 1; i <= held; ++i)
      if (const Doubted& one = newcomers_[(newcomers_count_ - i) % kNewcomersMax]; one.ssrc == ssrc) return &one;
    return nullptr;
  }
  [[nodiscard]] Placement accept(Instant now, const wire::RtpHeader& header, const Judgement& judgement,
                                 std::size_t leg) noexcept;
  [[nodiscard]] bool counts_as_received(Instant now, const Judgement& judgement, bool is_first_of_leg,
                                        std::size_t leg) const noexcept;
  [[nodiscard]] bool is_laggard(Instant now, std::uint16_t seq, std::size_t leg) const noexcept;
  static bool note_leg(Instant now, std::uint16_t seq, const Judgement& judgement, Leg& leg) noexcept;
  [[nodiscard]] Verdict judge_behind(PacketPos pos) const noexcept;
  void note_doubt(const wire::RtpHeader& header, const Judgement& judgement, std::size_t leg) noexcept;
  [[nodiscard]] Micros vacant_after() const noexcept;
  [[nodiscard]] bool is_at_rest(Instant now) const noexcept;
  [[nodiscard]] bool is_idle(Instant now) const noexcept;
  [[nodiscard]] Judgement judge_data(Instant now, const wire::RtpHeader& header, std::size_t leg) const noexcept;
  [[nodiscard]] Judgement judge_number(Instant now, std::uint16_t seq, std::size_t leg) const noexcept;
  void apply_data(Instant now, const Judgement& judgement) noexcept;
  void apply_newest(Instant now, const wire::RtpHeader& header, const Judgement& judgement) noexcept;
  void begin_source(Instant now, const wire::RtpHeader& header) noexcept;
  void begin_reception(std::uint16_t seq) noexcept;
  void close_up(Instant now, const wire::RtpHeader& header) noexcept;
  void open_gap(Instant now, PosRange range) noexcept;
  void fill_gap(Instant now, PacketPos pos) noexcept;
  // Fills its gap.
  [[nodiscard]] Placement place_behind(Instant now, PacketPos pos, std::uint32_t timestamp) noexcept;
  [[nodiscard]] bool is_between(std::uint32_t timestamp, const Neighbours& neighbours) const noexcept;
  void give_up(std::int64_t packets, PacketPos oldest) noexcept;
  void note_report(Instant now, const wire::SenderReport& report) noexcept;
  // A report and our name, as every compound packet begins.
  [[nodiscard]] std::size_t write_head(Instant now, MutableByteSpan out) noexcept;
  [[nodiscard]] wire::ReportBlock report_block(Instant now) noexcept;
  [[nodiscard]] std::size_t write_report(Instant now, MutableByteSpan out) noexcept;
  void stop_reports_of_silent(Instant now) noexcept;
  [[nodiscard]] Instant missed_at(const LossList::Gap& gap) const noexcept { return gap.give_up - options_.latency; }
  [[nodiscard]] Instant ask_due(const LossList::Gap& gap) const noexcept;
  [[nodiscard]] Micros ask_interval() const noexcept;
  [[nodiscard]] bool is_awaited(Instant now, const LossList::Gap& gap) const noexcept;
  [[nodiscard]] std::size_t ask_room(Instant now) const noexcept;
  void ask_later(Instant now) noexcept;
  // Writes a NACK for what is due; 0: nothing is.
  [[nodiscard]] std::size_t write_asks(Instant now, MutableByteSpan out) noexcept;

  const Options options_;
  const CanonicalName own_name_;
  std::optional<std::uint32_t> source_;
  std::uint16_t newest_seq_ = 0;
  std::optional<std::uint16_t> jump_seq_;  // A jump is believed when this number follows it.
  // So is, each leg by itself, a long loss, by one beside it ...
  std::array<std::optional<Doubted>, 2> leads_{};
  // ... and each of the last sources that might take the place of the one that is heard.
  std::array<Doubted, kNewcomersMax> newcomers_{};
  std::size_t newcomers_count_ = 0;  // Since one was accepted.
  // So are, each leg by itself, numbers that were there before, with nothing else accepted between.
  std::array<std::optional<std::uint16_t>, 2> again_seq_{};
  Instant last_packet_;  // That was accepted: copies keep nobody out.
  LongestPause pauses_;
  bool has_left_ = false;   // It said BYE.
  bool is_single_ = false;  // One packet of it was accepted, and nothing has proved it.
  PacketPos newest_;
  PacketPos run_first_;
  std::optional<PacketPos> given_up_through_;
  LossList losses_;
  std::array<Leg, 2> legs_{};
  Timeline timeline_;
  ContinuedTicks ticks_;
  Jitter jitter_;
  Reception reception_;
  SourceClock source_clock_;
  ReportTimer reports_;
  Instant next_ask_ = Instant::never();
  AskAllowance allowance_;
  Micros repair_time_{};  // From the first time that a packet is asked for until it comes, smoothed; 0: none came.
  Stats stats_;
};
static_assert(Engine<Receiver>);

}  // namespace fanlight::rtp
