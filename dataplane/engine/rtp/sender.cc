#include "engine/rtp/sender.h"

#include <algorithm>
#include <bit>

namespace fanlight::rtp {
namespace {

// RFC 3550 §6.3.5: who was not heard for five intervals is gone. They are 5 s at least; of a slow stream they are as
// long as two members' reports, some 128 bytes each, take of a twentieth of its bandwidth (§6.2).
constexpr Micros kSilence = 5 * ReportTimer::kInterval;
constexpr std::uint32_t kSilenceTraffic = 5 * 2 * 128 * 20;
constexpr std::uint32_t kHeaderBytes = 40;  // IPv4, UDP, RTP.
// A host that is up again is reached soon; who left was not lost by accident.
constexpr Micros kFirstPauseUnreachable = seconds(1);
constexpr Micros kFirstPauseLeft = seconds(30);
constexpr Micros kPauseMax = seconds(300);
// Who flowed so long is paused as for the first time. A host says sooner that nobody is there, if it says so.
constexpr Micros kSteady = seconds(60);
constexpr Micros kSteadyUnreachable = seconds(10);
constexpr Micros kProbeWait = seconds(1);   // Longer than any way there and back.
constexpr Micros kProbeRest = millis(500);  // Behind a refusal; twice as much more at most, at random.

std::optional<std::uint32_t> sender_of(const wire::RtcpPacket& packet) {
  if (packet.content.size() < 4) return std::nullopt;
  return load_be32(packet.content.data());
}

}  // namespace

Sender::Sender(const Options& options) noexcept
    : ssrc_(options.ssrc),
      clock_rate_(options.clock_rate),
      has_reports_(options.reports),
      is_group_(options.is_group),
      has_nack_(options.nack),
      reports_(options.seed != 0 ? options.seed : options.ssrc),
      next_rtx_(static_cast<std::uint16_t>(reports_.draw(0x1'0000))),
      flowing_since_(options.opened) {
  reports_.begin(options.opened);
}

Verdict Sender::handle_control(Instant now, ByteSpan datagram) noexcept {
  if (!wire::is_well_formed_rtcp(datagram)) return Verdict::kMalformed;
  if (!has_reports_) return Verdict::kForeignSource;
  wire::RtcpReader reader(datagram);
  Verdict verdict = Verdict::kForeignSource;
  bool has_report = false;
  bool says_bye = false;
  while (const std::optional<wire::RtcpPacket> packet = reader.next()) {
    if (const auto block = wire::find_report_block(*packet, ssrc_)) {
      has_report = true;
      verdict = Verdict::kControl;
      receiver_ = sender_of(*packet);
      note_block(now, *block);
    }
    if (const auto nack = wire::parse_nack(*packet); nack && nack->source == ssrc_ && has_nack_) {
      verdict = Verdict::kControl;
      note_nack(*nack);
    }
    says_bye = says_bye || (receiver_ && wire::says_bye(*packet, *receiver_));
  }
  if (says_bye) {
    receiver_.reset();
    if (!is_group_) begin_pause(now, Pause::kLeft);
    return Verdict::kControl;
  }
  if (verdict != Verdict::kControl) return verdict;
  if (has_report || has_been_heard())
    note_heard(now);  // Who asks only when something is missing may be silent for ever.
  if (is_paused()) flow(now);
  last_pause_ = {};
  return verdict;
}

void Sender::note_block(Instant now, const wire::ReportBlock& block) noexcept {
  ++stats_.reports_heard;
  stats_.lost = block.lost;
  stats_.fraction_lost = block.fraction_lost;
  stats_.jitter = {std::int64_t{block.jitter} * 1'000'000 / clock_rate_};
  if (block.last_report == 0 || block.last_report != reported_time_) return;
  // §6.4.1: A − LSR − DLSR, where LSR is when we sent it. What is negative or longer than a minute is nonsense.
  const Micros span = now - reported_at_ - Micros{std::int64_t{block.report_delay} * 1'000'000 / 65'536};
  if (span >= Micros{} && span < seconds(60)) stats_.rtt = span;
}

void Sender::note_nack(const wire::Nack& nack) noexcept {
  ++stats_.nacks;
  for (std::size_t i = 0; i < nack.size(); ++i) {
    if (asked_count_ < kAskedMax) {
      asked_[asked_count_++] = nack.at(i);
    } else {
      overflow_ = static_cast<std::uint16_t>(std::min(overflow_ + 1, 0xFFFF));
    }
  }
}

// The first item's number, and what is left of the item begins with the next that it names.
std::optional<std::uint16_t> Sender::poll_repair() noexcept {
  if (asked_count_ == 0) return std::nullopt;
  wire::NackItem& item = asked_[0];
  const std::uint16_t number = item.first;
  if (item.following != 0) {
    const int skipped = std::countr_zero(item.following) + 1;
    item.first = static_cast<std::uint16_t>(item.first + skipped);
    item.following = static_cast<std::uint16_t>(item.following >> skipped);
    return number;
  }
  std::copy(asked_.begin() + 1, asked_.begin() + asked_count_, asked_.begin());
  --asked_count_;
  return number;
}

std::uint32_t Sender::forget_repairs() noexcept {
  std::uint32_t numbers = 0;
  for (const wire::NackItem& item : std::span(asked_).first(asked_count_))
    numbers += 1 + static_cast<std::uint32_t>(std::popcount(item.following));
  asked_count_ = 0;
  return numbers;
}

void Sender::renumber(std::uint32_t ssrc) noexcept {
  ssrc_ = ssrc;
  receiver_.reset();
  progress_ = {};
  heard_traffic_ = 0;
  reported_packets_ = 0;
}

void Sender::handle_unreachable(Instant now, Pause why) noexcept {
  if (!is_paused() && !is_group_) return begin_pause(now, why);
  if (!std::exchange(is_probing_, false)) return;
  due_ = now + kProbeRest + reports_.draw(1'000) * kProbeRest / 500;
}

void Sender::note_probe(Instant now) noexcept {
  is_probing_ = true;
  due_ = now + kProbeWait;
}

// What was asked for goes nowhere now; who comes back asks for what it lacks then.
void Sender::begin_pause(Instant now, Pause why) noexcept {
  (void)forget_repairs();
  if (why != Pause::kSilent) last_heard_ = Instant::never();  // Who reported has gone; who comes next may never report.
  if (is_paused()) return;
  const bool is_told_soon = why == Pause::kUnreachable || why == Pause::kUnresolved;
  const Micros first = is_told_soon ? kFirstPauseUnreachable : kFirstPauseLeft;
  const Micros steady = is_told_soon ? kSteadyUnreachable : kSteady;
  const bool is_first = last_pause_ == Micros{} || now - flowing_since_ >= steady;
  last_pause_ = is_first ? first : std::clamp(2 * last_pause_, first, kPauseMax);
  pause_ = why;
  due_ = now + last_pause_;
  ++stats_.pauses;
}

void Sender::flow(Instant now) noexcept {
  pause_ = Pause::kNone;
  is_probing_ = false;
  flowing_since_ = now;
  if (has_been_heard()) note_heard(now);  // It has as long to be heard again.
}

void Sender::note_heard(Instant now) noexcept {
  last_heard_ = now;
  heard_traffic_ = traffic();
}

std::uint32_t Sender::traffic() const noexcept { return progress_.bytes + kHeaderBytes * progress_.packets; }

// A group's other receivers may never report: one that falls silent says nothing about them.
Instant Sender::silent_at() const noexcept {
  return has_been_heard() && !is_group_ ? std::max(last_heard_ + kSilence, due_) : Instant::never();
}

void Sender::handle_timeout(Instant now) noexcept {
  if (is_paused()) {
    if (is_probing_ && now >= due_) flow(now);  // Nobody refused it.
  } else if (silent_at() <= now) {
    if (traffic() - heard_traffic_ >= kSilenceTraffic) return begin_pause(now, Pause::kSilent);
    due_ = now + ReportTimer::kInterval;
  }
}

// While nothing was sent there is nothing to report.
std::size_t Sender::poll_control(Instant now, const ControlStamp&, MutableByteSpan scratch) noexcept {
  if (!has_reports_ || now < reports_.due()) return 0;
  reports_.schedule(now);
  if (is_paused() || progress_.packets == reported_packets_) return 0;
  const std::size_t bytes = write_report(scratch);
  if (bytes == 0) return 0;
  reported_packets_ = progress_.packets;
  reported_time_ = progress_.time.middle();
  reported_at_ = now;
  ++stats_.reports_sent;
  return bytes;
}

std::size_t Sender::write_farewell(MutableByteSpan scratch) noexcept {
  if (!has_reports_ || progress_.packets == 0) return 0;
  const std::size_t report = write_report(scratch);
  const std::size_t bye = wire::write_bye(scratch.subspan(report), ssrc_);
  return report == 0 || bye == 0 ? 0 : report + bye;
}

std::size_t Sender::write_report(MutableByteSpan scratch) const noexcept {
  const std::size_t report = wire::write_sender_report(scratch, {.ssrc = ssrc_,
                                                                 .time = progress_.time,
                                                                 .rtp_timestamp = progress_.timestamp,
                                                                 .packets = progress_.packets,
                                                                 .bytes = progress_.bytes});
  const CanonicalName::Text text = progress_.name != nullptr ? progress_.name->text() : CanonicalName{}.text();
  const std::size_t name = wire::write_cname(scratch.subspan(report), ssrc_, {text.data(), text.size()});
  return report == 0 || name == 0 ? 0 : report + name;
}

Deadline Sender::next_deadline() const noexcept {
  Deadline due;
  if (has_reports_) due = {reports_.due(), TimerKind::kReport};
  if (is_paused()) return sooner(due, {due_, TimerKind::kStart});
  return sooner(due, {silent_at(), TimerKind::kIdle});
}

}  // namespace fanlight::rtp
