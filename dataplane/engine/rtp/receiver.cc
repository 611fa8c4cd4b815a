#include "engine/rtp/receiver.h"

#include <algorithm>
#include <array>
#include <utility>

#include "contract/limits.h"
#include "wire/rtp_feedback.h"

namespace fanlight::rtp {
namespace {

constexpr Micros kVacantAfterMin = millis(250);
constexpr Micros kVacantAfterMax = seconds(2);
// Numbers so far ahead, or behind, are the same sequence's: RFC 3550 A.1's MAX_DROPOUT. Its MAX_MISORDER of 100 packets
// is 20 ms of a fast stream, less than two ways may differ by: ours goes as far back as forward, and time tells copies
// from a source that began again (is_idle()).
constexpr std::int64_t kDropoutMax = Leg::kDropoutMax;
// One number further ahead, of a glitch or forged, would make as many that follow it late.
constexpr std::int64_t kBelievedAhead = 100;
// How far packets may be behind what its report says of the same moment: encoders look ahead.
constexpr Micros kEncoderDelayMax = seconds(30);
// What is only reordered comes within that; it is also the least time between two NACKs, which keeps them within RTCP's
// share of the bandwidth (RFC 4585 §3.5 lets two parties speak at once).
constexpr Micros kReorderWait = millis(5);
constexpr Micros kAskIntervalMin = millis(20);
constexpr Micros kAskIntervalMax = millis(500);
constexpr Micros kAskIntervalFirst = millis(40);  // Nothing was repaired yet.
constexpr std::uint8_t kAsksMax = 10;
constexpr Micros kMemberSilence = 5 * ReportTimer::kInterval;
constexpr std::size_t kReportBytesMax = 72;  // A receiver report and our name.
constexpr std::size_t kByeBytes = 8;
constexpr std::size_t kAskBytesMax = kDatagramBytesMax - kReportBytesMax;
constexpr std::size_t kAskBytesMin = 16;  // One item.

void note_asked(Instant now, LossList::Gap& gap) {
  gap.asked = true;
  gap.asked_at = now;
  ++gap.asks;
}

}  // namespace

Receiver::Receiver(const Options& options) noexcept
    : options_(options),
      own_name_(CanonicalName::of(options.name_key, CanonicalName::Of::kRelay, {})),
      newest_(options.first_pos - 1),
      run_first_(options.first_pos),
      timeline_(options.clock_rate),
      ticks_(options.clock_rate),
      jitter_(options.clock_rate),
      reports_(options.own_ssrc),
      allowance_(options.is_sender_named) {}

Micros Receiver::vacant_after() const noexcept {
  return std::clamp(2 * pauses_.longest(), kVacantAfterMin, kVacantAfterMax);
}

bool Receiver::is_at_rest(Instant now) const noexcept {
  return !source_ || has_left_ || now - last_packet_ >= vacant_after();
}

bool Receiver::is_leg_vacant(Instant now, std::size_t leg) const noexcept {
  return legs_[leg].is_silent(now, vacant_after());
}

Receiver::Placement Receiver::handle_data(Instant now, const wire::RtpHeader& header, std::size_t leg) noexcept {
  const Judgement judgement = judge_data(now, header, leg);
  if (judgement.is_jump)
    for (Leg& each : legs_) each.forget_place();
  const bool is_of_source = judgement.verdict != Verdict::kForeignSource && !judgement.is_newcomer;
  const bool is_first_of_leg = is_of_source && note_leg(now, header.seq, judgement, legs_[leg]);
  if (judgement.verdict != Verdict::kAccepted && judgement.verdict != Verdict::kAcceptedLate) {
    if (judgement.verdict != Verdict::kForeignSource) note_doubt(header, judgement, leg);
    if (counts_as_received(now, judgement, is_first_of_leg, leg)) ++reception_.received;
    if (judgement.verdict == Verdict::kDuplicate && is_first_of_leg) timeline_.note_copy(now, header.timestamp, leg);
    const bool is_past = judgement.verdict == Verdict::kDuplicate || judgement.verdict == Verdict::kTooLate;
    return {.verdict = judgement.verdict,
            .pos = newest_ + judgement.ahead,
            .time = {},
            .is_behind_leg = is_past && is_first_of_leg,
            .is_doubted = judgement.is_lead || judgement.is_newcomer};
  }
  return accept(now, header, judgement, leg);
}

Receiver::Placement Receiver::accept(Instant now, const wire::RtpHeader& header, const Judgement& judgement,
                                     std::size_t leg) noexcept {
  apply_data(now, judgement);
  if (judgement.verdict == Verdict::kAcceptedLate)
    return place_behind(now, newest_ + judgement.ahead, header.timestamp);
  apply_newest(now, header, judgement);
  const std::uint32_t beginnings = timeline_.beginnings();
  const std::int64_t us = timeline_.place(now, header.timestamp, leg);
  if (timeline_.beginnings() != beginnings) source_clock_ = {.name = source_clock_.name};
  return {judgement.verdict, newest_, WireTime{static_cast<std::uint32_t>(us)}, ticks_.place(now, header.timestamp)};
}

// Reports count what came, whether it was of use or not (RFC 3550 A.3). But what the other leg brings by design hides
// none of the losses of both.
bool Receiver::counts_as_received(Instant now, const Judgement& judgement, bool is_first_of_leg,
                                  std::size_t leg) const noexcept {
  if (judgement.verdict != Verdict::kDuplicate && judgement.verdict != Verdict::kTooLate) return false;
  return !is_first_of_leg || legs_[1 - leg].is_silent(now, vacant_after());
}

// What one beside it would make believable.
void Receiver::note_doubt(const wire::RtpHeader& header, const Judgement& judgement, std::size_t leg) noexcept {
  const auto next = static_cast<std::uint16_t>(header.seq + 1);
  const Doubted doubted{header.ssrc, header.seq, newest_};
  if (judgement.is_newcomer) {
    newcomers_[newcomers_count_++ % kNewcomersMax] = doubted;
  } else if (judgement.verdict != Verdict::kOutOfWindow) {
    again_seq_[leg] = next;
  } else if (judgement.is_lead) {
    leads_[leg] = doubted;
  } else if (!judgement.is_of_laggard) {
    jump_seq_ = next;
  }
}

std::optional<std::uint16_t> Receiver::proves(Instant now, const wire::RtpHeader& header,
                                              std::size_t leg) const noexcept {
  const Doubted* doubted =
      source_ == header.ssrc ? (leads_[leg] ? &*leads_[leg] : nullptr) : find_newcomer(header.ssrc);
  if (doubted == nullptr || !is_proof(*doubted, header.seq)) return std::nullopt;
  const Judgement judgement = judge_data(now, header, leg);
  const bool is_believed = judgement.is_new_source || judgement.ahead > kBelievedAhead;
  return judgement.verdict == Verdict::kAccepted && is_believed ? std::optional(doubted->seq) : std::nullopt;
}

Receiver::Placement Receiver::handle_proven(Instant now, const wire::RtpHeader& header, std::size_t leg) noexcept {
  const bool is_new_source = source_ != header.ssrc;
  const auto ahead = std::int64_t{static_cast<std::int16_t>(header.seq - newest_seq_)};
  if (!may_be_heard(now, header.ssrc) || (!is_new_source && (ahead <= 0 || ahead > kDropoutMax)))
    return handle_data(now, header, leg);
  const Judgement judgement{
      .verdict = Verdict::kAccepted, .ahead = is_new_source ? 1 : ahead, .is_new_source = is_new_source};
  (void)note_leg(now, header.seq, judgement, legs_[leg]);
  return accept(now, header, judgement, leg);
}

// Whether its leg brought it for the first time.
bool Receiver::note_leg(Instant now, std::uint16_t seq, const Judgement& judgement, Leg& leg) noexcept {
  const bool is_far = judgement.verdict == Verdict::kOutOfWindow && !(judgement.is_of_laggard && leg.has_place());
  if (!is_far) return leg.note(now, seq);
  judgement.is_lead ? leg.note_doubted(now) : leg.note_stray(now);
  return false;
}

// Far from the newest, which the other leg brings, because this one goes on where it was: no jump of the source.
bool Receiver::is_laggard(Instant now, std::uint16_t seq, std::size_t leg) const noexcept {
  const bool other_lives = !legs_[1 - leg].is_silent(now, vacant_after());
  return other_lives && !is_at_rest(now) && (!legs_[leg].has_place() || legs_[leg].follows(seq));
}

Receiver::Placement Receiver::place_behind(Instant now, PacketPos pos, std::uint32_t timestamp) noexcept {
  const LossList::Gap* gap = losses_.find(pos);
  const std::int64_t us = timeline_.place_behind(timestamp, gap == nullptr ? now : missed_at(*gap));
  fill_gap(now, pos);
  return {Verdict::kAcceptedLate, pos, WireTime{static_cast<std::uint32_t>(us)}, ticks_.place_behind(timestamp)};
}

bool Receiver::take_back_last() noexcept {
  if (!losses_.is_empty()) return false;
  newest_ = newest_ - 1;
  return true;
}

// It is not of the source, so it keeps nobody else out, and reports do not count it (RFC 4588 §8).
Receiver::Placement Receiver::handle_retransmission(Instant now, const wire::RtpHeader& header,
                                                    std::uint16_t original) noexcept {
  if (!may_repair(header.ssrc)) return {Verdict::kForeignSource, {}, {}, {}};
  const std::optional<PacketPos> pos = position_of(original);
  if (!pos || *pos > newest_) return {Verdict::kOutOfWindow, {}, {}, {}};
  const Verdict verdict = judge_behind(*pos);
  if (verdict != Verdict::kAcceptedLate) return {verdict, {}, {}, {}};
  return place_behind(now, *pos, header.timestamp);
}

Receiver::Placement Receiver::handle_repaired(Instant now, const wire::RtpHeader& header,
                                              const Neighbours& neighbours) noexcept {
  const std::optional<PacketPos> pos = position_of(header.seq);
  const bool is_near = is_between(header.timestamp, neighbours) && timeline_.peek_behind(header.timestamp);
  if (!pos || !is_near) return {};
  if (!losses_.contains(*pos)) return {.verdict = Verdict::kTooLate, .pos = *pos, .time = {}};
  return place_behind(now, *pos, header.timestamp);
}

// Or a second away at most: pictures are sent in another order than they are shown.
bool Receiver::is_between(std::uint32_t timestamp, const Neighbours& neighbours) const noexcept {
  const std::int64_t span = static_cast<std::int32_t>(neighbours.after - neighbours.before);
  const std::int64_t at = static_cast<std::int32_t>(timestamp - neighbours.before);
  const std::int64_t second = options_.clock_rate;
  return at >= std::min<std::int64_t>(0, span) - second && at <= std::max<std::int64_t>(0, span) + second;
}

Receiver::Judgement Receiver::judge_data(Instant now, const wire::RtpHeader& header, std::size_t leg) const noexcept {
  if (!may_be_heard(now, header.ssrc)) return {Verdict::kForeignSource};
  if (source_ == header.ssrc) return judge_number(now, header.seq, leg);
  const Doubted* newcomer = find_newcomer(header.ssrc);
  const bool is_proven = newcomer != nullptr && is_proof(*newcomer, header.seq);
  const bool is_believed = is_proven || !source_ || has_left_;
  return {.verdict = is_believed ? Verdict::kAccepted : Verdict::kOutOfWindow,
          .is_new_source = is_believed,
          .is_newcomer = !is_believed,
          .is_alone = is_believed && !is_proven};
}

// Nothing came for so long that what comes now is no copy of something that was held: the way of a copy is longer by
// the latency at most, or it is of no use.
bool Receiver::is_idle(Instant now) const noexcept {
  return now - last_packet_ >= std::max(vacant_after(), options_.latency);
}

// RFC 3550 A.1: two packets in sequence make a jump believable; after a silence one does, unless it leads to numbers
// that were there before, which two in sequence after a longer silence do.
Receiver::Judgement Receiver::judge_number(Instant now, std::uint16_t seq, std::size_t leg) const noexcept {
  const auto ahead = std::int64_t{static_cast<std::int16_t>(seq - newest_seq_)};
  if (ahead > kDropoutMax || ahead < -kDropoutMax) {
    const bool is_of_laggard = is_laggard(now, seq, leg);
    const bool is_jump = !is_of_laggard && (jump_seq_ == seq || is_at_rest(now));
    return {.verdict = is_jump ? Verdict::kAccepted : Verdict::kOutOfWindow,
            .is_jump = is_jump,
            .is_of_laggard = is_of_laggard};
  }
  const bool is_proven = leads_[leg] && is_proof(*leads_[leg], seq);
  if (ahead > kBelievedAhead && !is_proven && !is_at_rest(now))
    return {.verdict = Verdict::kOutOfWindow, .is_lead = true};
  if (ahead > 0) return {.verdict = Verdict::kAccepted, .ahead = ahead};
  const Verdict verdict = judge_behind(newest_ + ahead);
  if (verdict != Verdict::kAcceptedLate && again_seq_[leg] == seq && is_idle(now))
    return {.verdict = Verdict::kAccepted, .is_jump = true};
  return {.verdict = verdict, .ahead = ahead};
}

Verdict Receiver::judge_behind(PacketPos pos) const noexcept {
  if (losses_.contains(pos)) return Verdict::kAcceptedLate;
  const bool given_up = (given_up_through_ && pos <= *given_up_through_) || pos < options_.first_pos;
  return given_up ? Verdict::kTooLate : Verdict::kDuplicate;
}

std::optional<PacketPos> Receiver::position_of(std::uint16_t seq) const noexcept {
  const auto ahead = std::int64_t{static_cast<std::int16_t>(seq - newest_seq_)};
  if (!source_ || ahead > kDropoutMax || ahead < -kDropoutMax) return std::nullopt;
  return newest_ + ahead;
}

void Receiver::apply_data(Instant now, const Judgement& judgement) noexcept {
  if (source_ && !judgement.is_new_source && !judgement.is_jump && !has_left_) pauses_.note(now, now - last_packet_);
  last_packet_ = now;
  is_single_ = judgement.is_alone;
  jump_seq_.reset();
  again_seq_ = {};
  newcomers_count_ = 0;
  ++reception_.received;
}

void Receiver::apply_newest(Instant now, const wire::RtpHeader& header, const Judgement& judgement) noexcept {
  // Encoders that keep their SSRC say BYE and come back.
  if (std::exchange(has_left_, false) && options_.nack) next_ask_ = now + kReorderWait;
  if (judgement.is_new_source) begin_source(now, header);
  if (judgement.is_jump) close_up(now, header);
  if (judgement.is_new_source || judgement.is_jump) begin_reception(header.seq);
  if (judgement.ahead > 1) open_gap(now, {newest_ + 1, newest_ + (judgement.ahead - 1)});
  newest_ = newest_ + judgement.ahead;
  newest_seq_ = header.seq;
  reception_.newest += judgement.ahead;
  jitter_.note(now, header.timestamp);
}

void Receiver::fill_gap(Instant now, PacketPos pos) noexcept {
  if (const LossList::Gap* gap = losses_.find(pos); gap != nullptr && gap->asked) {
    const Instant first = gap->asks == 1 ? gap->asked_at : missed_at(*gap) + kReorderWait;
    const Micros took = now - first;
    repair_time_ = repair_time_ == Micros{} ? took : repair_time_ + (took - repair_time_) / 8;
  }
  const PacketPos oldest = first_missing();
  const std::int64_t removed = losses_.remove_range({pos, pos});
  give_up(removed - 1, oldest);  // A full list cannot keep what a split leaves behind.
  ++stats_.repaired;
}

void Receiver::begin_source(Instant now, const wire::RtpHeader& header) noexcept {
  if (source_) close_up(now, header);
  source_ = header.ssrc;
  source_clock_ = {};
  has_left_ = false;
  pauses_.forget();
  reports_.stop();
  reception_ = {};
}

// Reports count anew, as RFC 3550 A.1 does: the numbers they name are those that come.
void Receiver::begin_reception(std::uint16_t seq) noexcept {
  run_first_ = newest_ + 1;
  reception_ = {.first = seq,
                .newest = std::int64_t{seq} - 1,
                .received = 1,
                .last_report = reception_.last_report,
                .last_report_at = reception_.last_report_at};
}

// The numbers jump, the positions do not: what was missing before the jump can no longer be named.
void Receiver::close_up(Instant now, const wire::RtpHeader& header) noexcept {
  stats_.given_up += static_cast<std::uint64_t>(losses_.clear());
  given_up_through_ = newest_;
  timeline_.restart(now, header.timestamp);
  ticks_.restart(now, header.timestamp);
  source_clock_ = {.name = source_clock_.name};
  jitter_.forget_transit();
  ++stats_.splices;
}

void Receiver::open_gap(Instant now, PosRange range) noexcept {
  stats_.lost += static_cast<std::uint64_t>(range.size());
  const PacketPos oldest = first_missing();
  give_up(losses_.add_gap(range, now + options_.latency), oldest);
  if (options_.nack) next_ask_ = std::min(next_ask_, now + kReorderWait);
}

void Receiver::give_up(std::int64_t packets, PacketPos oldest) noexcept {
  if (packets <= 0) return;
  stats_.given_up += static_cast<std::uint64_t>(packets);
  given_up_through_ = std::max(given_up_through_.value_or(oldest), oldest + (packets - 1));
}

Verdict Receiver::handle_control(Instant now, ByteSpan datagram) noexcept {
  if (!wire::is_well_formed_rtcp(datagram)) return Verdict::kMalformed;
  if (!source_) return Verdict::kForeignSource;
  wire::RtcpReader reader(datagram);
  Verdict verdict = Verdict::kForeignSource;
  while (const std::optional<wire::RtcpPacket> packet = reader.next()) {
    if (const auto report = wire::parse_sender_report(*packet); report && report->ssrc == *source_) {
      verdict = Verdict::kControl;
      note_report(now, *report);
    }
    if (const std::string_view name = wire::find_cname(*packet, *source_); !name.empty())
      source_clock_.name =
          CanonicalName::of(options_.name_key, CanonicalName::Of::kSource, std::as_bytes(std::span(name)));
    if (wire::says_bye(*packet, *source_)) {
      verdict = Verdict::kControl;
      has_left_ = true;
      reports_.stop();
    }
  }
  return verdict;
}

// Who has no clock on the wall says 0 (§6.4.1). Where its clock is far from its packets, it is of others.
void Receiver::note_report(Instant now, const wire::SenderReport& report) noexcept {
  allowance_.note_heard();
  if (options_.nack && !losses_.is_empty()) next_ask_ = std::min(next_ask_, now + kReorderWait);
  reception_.last_report = report.time.middle();
  reception_.last_report_at = now;
  if (!reports_.is_running()) reports_.begin(now);
  source_clock_ = {.name = source_clock_.name};
  if (!ticks_.is_near(now, report.rtp_timestamp, kEncoderDelayMax)) return;
  source_clock_.time = report.time;
  source_clock_.ticks = ticks_.place_behind(report.rtp_timestamp);
  source_clock_.at = now;
}

void Receiver::handle_timeout(Instant now) noexcept {
  const PacketPos oldest = first_missing();
  const std::int64_t dropped = losses_.drop_due(now);
  if (dropped == 0) return;
  stats_.given_up += static_cast<std::uint64_t>(dropped);
  given_up_through_ = std::max(given_up_through_.value_or(oldest), first_missing() - 1);
}

// Who was silent for five intervals is a member no more, and nobody else is there to be told. RFC 3550 §6.3.5
void Receiver::stop_reports_of_silent(Instant now) noexcept {
  if (now - std::max(last_packet_, reception_.last_report_at) >= kMemberSilence) reports_.stop();
}

// About a source that was heard since the last one. RFC 3550 §6.4
std::size_t Receiver::write_report(Instant now, MutableByteSpan out) noexcept {
  if (reception_.received == reception_.received_before) return wire::write_receiver_report(out, options_.own_ssrc);
  return wire::write_receiver_report(out, options_.own_ssrc, report_block(now));
}

// A NACK follows a report and a name, as every RTCP packet does (RFC 3550 §6.1).
std::size_t Receiver::poll_control(Instant now, const ControlStamp&, MutableByteSpan scratch) noexcept {
  if (now >= reports_.due()) stop_reports_of_silent(now);
  const bool reports = options_.reports && now >= reports_.due();
  const bool asks = now >= next_ask_;
  if (!reports && !asks) return 0;
  std::array<std::byte, kAskBytesMax> nack;
  const std::size_t room = std::min(ask_room(now), scratch.size() - std::min(scratch.size(), kReportBytesMax));
  const std::size_t asked = asks ? write_asks(now, std::span(nack).first(room)) : 0;
  if (!reports && asked == 0) return 0;
  if (reports_.is_running()) reports_.schedule(now);
  ByteWriter writer(scratch);
  std::array<std::byte, kReportBytesMax> head;
  writer.bytes(std::span(head).first(write_head(now, head)));
  writer.bytes(std::span(nack).first(asked));
  if (writer.written() == 0) return 0;
  ++stats_.reports_sent;
  if (asked == 0) return writer.written();
  ++stats_.nacks_sent;
  allowance_.spend(now, writer.written());
  next_ask_ = std::max(next_ask_, allowance_.next());
  return writer.written();
}

std::size_t Receiver::write_head(Instant now, MutableByteSpan out) noexcept {
  const std::size_t report = write_report(now, out);
  const CanonicalName::Text text = own_name_.text();
  return report + wire::write_cname(out.subspan(report), options_.own_ssrc, {text.data(), text.size()});
}

// The address of one that was silent for long may be another host's by now.
std::size_t Receiver::write_farewell(Instant now, MutableByteSpan scratch) noexcept {
  if (scratch.size() < kReportBytesMax + kByeBytes) return 0;
  if (stats_.reports_sent == 0 || has_left_ || now - last_packet_ > kMemberSilence) return 0;
  const std::size_t head = write_head(now, scratch);
  return head + wire::write_bye(scratch.subspan(head), options_.own_ssrc);
}

std::size_t Receiver::ask_room(Instant now) const noexcept {
  const std::size_t bytes = allowance_.bytes(now);
  return bytes <= kReportBytesMax ? 0 : std::min(bytes - kReportBytesMax, kAskBytesMax);
}

void Receiver::ask_later(Instant now) noexcept {
  next_ask_ = losses_.is_empty() ? Instant::never() : std::max(now + kAskIntervalMin, allowance_.next());
}

Micros Receiver::ask_interval() const noexcept {
  if (repair_time_ == Micros{}) return kAskIntervalFirst;
  return std::clamp(3 * repair_time_ / 2, kAskIntervalMin, kAskIntervalMax);
}

Instant Receiver::ask_due(const LossList::Gap& gap) const noexcept {
  if (gap.asks >= kAsksMax) return Instant::never();
  return gap.asked ? gap.asked_at + ask_interval() : missed_at(gap) + kReorderWait;
}

// A leg that is behind the other may still bring it, for half the time that there is: after that an answer to us might
// come too late.
bool Receiver::is_awaited(Instant now, const LossList::Gap& gap) const noexcept {
  if (gap.asked || now >= gap.give_up - options_.latency / 2) return false;
  const std::uint16_t last = number_of(gap.range.last);
  return std::ranges::any_of(legs_, [&](const Leg& leg) {
    return !leg.is_silent(now, vacant_after()) && leg.follows(last) && !leg.has_passed(last);
  });
}

// A gap that finds no room comes with the next one.
std::size_t Receiver::write_asks(Instant now, MutableByteSpan out) noexcept {
  next_ask_ = Instant::never();
  if (!source_ || has_left_) return 0;
  if (out.size() < kAskBytesMin) {
    ask_later(now);
    return 0;
  }
  wire::NackWriter writer(out, options_.own_ssrc, *source_);
  bool has_room = true;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    LossList::Gap& gap = losses_.at(i);
    if (has_room && ask_due(gap) <= now && !is_awaited(now, gap)) {
      PacketPos pos = gap.range.first;
      while (pos <= gap.range.last && writer.add(number_of(pos))) pos = pos + 1;
      has_room = pos > gap.range.last;
      if (pos > gap.range.first) note_asked(now, gap);
    }
    next_ask_ = std::min(next_ask_, std::max(ask_due(gap), now + kReorderWait));
  }
  return writer.finish();
}

wire::ReportBlock Receiver::report_block(Instant now) noexcept {
  const std::uint64_t expected = reception_.expected();
  const std::uint64_t expected_since = expected - std::exchange(reception_.expected_before, expected);
  const std::uint64_t received_since =
      reception_.received - std::exchange(reception_.received_before, reception_.received);
  const std::uint64_t lost_since = expected_since > received_since ? expected_since - received_since : 0;
  const Micros delay = now - reception_.last_report_at;
  return {
      .ssrc = source_.value_or(0),
      .fraction_lost = static_cast<std::uint8_t>(
          expected_since == 0 ? 0 : std::min<std::uint64_t>(255, lost_since * 256 / expected_since)),
      .lost = static_cast<std::int32_t>(
          std::clamp<std::int64_t>(static_cast<std::int64_t>(expected - reception_.received), -0x7F'FFFF, 0x7F'FFFF)),
      .highest_seq = static_cast<std::uint32_t>(reception_.newest),
      .jitter = jitter_.ticks(),
      .last_report = reception_.last_report,
      .report_delay = reception_.last_report == 0 ? 0 : static_cast<std::uint32_t>(delay.count * 65'536 / 1'000'000)};
}

Deadline Receiver::next_deadline() const noexcept {
  const Deadline give_up{losses_.next_give_up(), TimerKind::kTooLate};
  const Deadline due = sooner(give_up, {next_ask_, TimerKind::kReport});
  return options_.reports ? sooner(due, {reports_.due(), TimerKind::kReport}) : due;
}

}  // namespace fanlight::rtp
