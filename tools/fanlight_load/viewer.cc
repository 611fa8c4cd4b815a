#include "fanlight_load/viewer.h"

#include <algorithm>

#include "contract/limits.h"
#include "wire/srt_ack.h"
#include "wire/srt_key_message.h"
#include "wire/srt_nak.h"

namespace fanlight::load {
namespace {

constexpr Micros kNakPeriodMin = millis(20);
// A joiner may be handed the stream's past first, and so long from its first packet on nothing it gets is late.
constexpr Micros kJoinMin = millis(500);
constexpr Micros kSampleMax = seconds(1);

std::int32_t distance(SeqNo from, SeqNo to) {
  return static_cast<std::int32_t>((to.raw - from.raw) << 1) >> 1;  // 31 bits, signed.
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  lost += other.lost;
  late += other.late;
  duplicate += other.duplicate;
  repaired += other.repaired;
  skipped += other.skipped;
  continuity_errors += other.continuity_errors;
  hash_failures += other.hash_failures;
  foreign += other.foreign;
  return *this;
}

Viewer::Viewer(const Options& options)
    : zero_us_(options.now.us - options.answered.raw),
      latency_us_(options.latency.count),
      next_seq_(options.first_seq),
      heard_ms_(millis_of(options.now)),
      joined_(options.now + std::max(options.latency, kJoinMin)),
      opened_(options.opened),
      last_sent_(options.now),
      last_ack_(options.now),
      peer_(options.peer),
      acked_(options.first_seq),
      confirmed_(options.first_seq) {}

bool Viewer::take_late(Instant now, Tally& tally) noexcept {
  if (now < joined_) {
    ++received_;
    return true;
  }
  ++tally.late;
  return false;
}

Viewer::Taken Viewer::handle_other_data(Instant now, SeqNo seq, WireTime time, const Stamp& stamp, Tally& tally,
                                        Gaps& gaps) noexcept {
  if (run_ == 0) {
    gaps.anchor = {next_seq_.raw};
    next_position_ = stamp.position - distance(next_seq_, seq);
    run_ = stamp.run;
    joined_ = now + std::max(micros(latency_us_), kJoinMin);
  }
  const PacketPos next = unwrap(next_seq_, {}, gaps.anchor);
  const PacketPos at = unwrap(seq, {}, next);
  gaps.anchor = next;
  const std::int64_t expected = next_position_ + (at - next);
  if (at < next) return {take_old(now, at, time, stamp, expected, tally, gaps), false};
  if (at > next) open_gap(now, time, {next, at - 1}, tally, gaps);
  judge_position(stamp, expected, at, tally, gaps);
  next_seq_.raw = (seq.raw + 1) & kSeqMask;
  next_position_ = stamp.position + 1;
  ++unacked_;
  const bool is_fresh = take_in_time(now, time, tally);
  return {is_fresh, gaps.nak_now || unacked_ >= kLightAckPackets};
}

void Viewer::judge_position(const Stamp& stamp, std::int64_t expected, PacketPos at, Tally& tally,
                            Gaps& gaps) noexcept {
  if (stamp.run == run_ && stamp.position == expected) return;
  gaps.numbered_from = at;
  if (stamp.run != run_) {  // Another publisher, or the next life of the same.
    run_ = stamp.run;
  } else if (stamp.position > expected) {
    const auto skipped = static_cast<std::uint32_t>(stamp.position - expected);
    tally.skipped += skipped;
    tally.lost += skipped;
  } else {
    ++tally.continuity_errors;
  }
}

// Given up when the packet behind it is played; the list wants those times not to decrease.
void Viewer::open_gap(Instant now, WireTime time, PosRange range, Tally& tally, Gaps& gaps) noexcept {
  Instant give_up = std::max(play_time(now, time), joined_);
  if (!gaps.list.is_empty()) give_up = std::max(give_up, gaps.list.at(gaps.list.size() - 1).give_up);
  if (gaps.list.size() == SmallLossList::kRangesMax) gaps.given_up.add(gaps.list.at(0).range);
  tally.lost += static_cast<std::uint32_t>(gaps.list.add_gap(range, give_up));
  gaps.nak_now = true;
  has_gaps_ = true;
}

bool Viewer::take_old(Instant now, PacketPos at, WireTime time, const Stamp& stamp, std::int64_t expected, Tally& tally,
                      Gaps& gaps) noexcept {
  if (const std::int64_t removed = gaps.list.remove_range({at, at}); removed > 0) {
    tally.lost += static_cast<std::uint32_t>(removed - 1);  // A full list cannot keep what a split leaves behind.
    if (removed > 1) gaps.given_up.add({at + 1, at + (removed - 1)});
    ++unacked_;
    has_gaps_ = !gaps.list.is_empty();
    const bool is_of_now = at >= gaps.numbered_from;
    if (is_of_now && (stamp.run != run_ || stamp.position != expected)) ++tally.continuity_errors;
    const bool is_fresh = take_in_time(now, time, tally);
    tally.repaired += is_fresh ? 1 : 0;
    return is_fresh;
  }
  if (gaps.given_up.try_take(at)) {
    --tally.lost;
    ++tally.late;
  } else {
    ++tally.duplicate;
  }
  return false;
}

void Viewer::handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content, Tally& tally,
                            Gaps* gaps) noexcept {
  heard_ms_ = millis_of(now);
  if (header.type == wire::ControlType::kShutdown) has_ended_ = true;
  if (header.type == wire::ControlType::kAckAck) {
    if (header.info == ack_number_) confirmed_ = acked_;
    if (header.info != 0 && header.info == sampled_number_) note_round_trip(stamp_of(now).raw - sampled_us_);
  }
  if (header.type != wire::ControlType::kDropRequest || gaps == nullptr) return;
  const std::optional<wire::DropRequest> request = wire::parse_drop_request(header, content);
  if (!request) return;
  take_drop_request({unwrap(request->range.first, {}, gaps->anchor), unwrap(request->range.last, {}, gaps->anchor)},
                    tally, *gaps);
}

// Variance before mean (srt-wire §3.1).
void Viewer::note_round_trip(std::int64_t us) noexcept {
  sampled_number_ = 0;
  const std::int64_t error = us > rtt_us_ ? us - rtt_us_ : rtt_us_ - us;
  variance_us_ = static_cast<std::uint32_t>(has_rtt_ ? (3 * std::int64_t{variance_us_} + error) / 4 : us / 2);
  rtt_us_ = static_cast<std::uint32_t>(has_rtt_ ? (7 * std::int64_t{rtt_us_} + us) / 8 : us);
  has_rtt_ = true;
}

// What is to be dropped and has not come yet is passed over: a relay whose window we fill waits for that.
void Viewer::take_drop_request(PosRange range, Tally& tally, Gaps& gaps) noexcept {
  for (std::size_t i = 0; i < gaps.list.size(); ++i) {
    const PosRange gap = gaps.list.at(i).range;
    const PosRange both{std::max(gap.first, range.first), std::min(gap.last, range.last)};
    if (both.size() > 0) gaps.given_up.add(both);
  }
  tally.lost += static_cast<std::uint32_t>(gaps.list.remove_range(range));
  has_gaps_ = !gaps.list.is_empty();
  const PacketPos next = unwrap(next_seq_, {}, gaps.anchor);
  if (run_ == 0 || range.first > next || range.last < next || range.last - next > kFlowWindowPackets) return;
  const std::int64_t passed = range.last - next + 1;
  tally.lost += static_cast<std::uint32_t>(passed);
  gaps.given_up.add({next, range.last});
  next_seq_.raw = static_cast<std::uint32_t>(next_seq_.raw + passed) & kSeqMask;
  next_position_ += passed;
}

void Viewer::handle_tick(Instant now, Tally& tally, Gaps* gaps) noexcept {
  if (!has_gaps_) return;
  while (!gaps->list.is_empty() && gaps->list.next_give_up() <= now) {
    const PosRange range = gaps->list.at(0).range;
    tally.lost += static_cast<std::uint32_t>(gaps->list.remove_range(range));
    gaps->given_up.add(range);
  }
  has_gaps_ = !gaps->list.is_empty();
}

std::size_t Viewer::poll_control(Instant now, Occasion occasion, Gaps* gaps, MutableByteSpan out) noexcept {
  std::size_t bytes = 0;
  if (has_gaps_ && (gaps->nak_now || now >= gaps->next_nak)) bytes = write_nak(now, *gaps, out);
  const SeqNo position = first_missing(gaps);
  if (bytes == 0 && occasion == Occasion::kTick && is_ack_due(now, position)) bytes = write_ack(now, position, out);
  if (bytes == 0 && unacked_ >= kLightAckPackets) {
    unacked_ = 0;
    bytes = wire::write_ack(out, {.first_missing = position, .rtt = {}, .rates = {}}, 0, stamp_of(now), peer_);
  }
  if (bytes == 0 && now - last_sent_ >= kKeepAliveInterval) return write_bare(now, wire::ControlType::kKeepAlive, out);
  if (bytes > 0) last_sent_ = now;
  return bytes;
}

SeqNo Viewer::first_missing(const Gaps* gaps) const noexcept {
  if (!has_gaps_) return next_seq_;
  return {static_cast<std::uint32_t>(gaps->list.first().value) & kSeqMask};
}

bool Viewer::is_ack_due(Instant now, SeqNo position) const noexcept {
  if (position == confirmed_) return false;
  if (position != acked_) return true;
  return now - last_ack_ >= std::max(with_margin(), kSyn);
}

std::size_t Viewer::write_ack(Instant now, SeqNo position, MutableByteSpan out) noexcept {
  ack_number_ = (ack_number_ + 1) & kSeqMask;
  if (ack_number_ == 0) ack_number_ = 1;  // 0 marks light ACKs.
  const std::uint32_t at_us = stamp_of(now).raw;
  if (sampled_number_ == 0 || at_us - sampled_us_ > kSampleMax.count) {
    sampled_number_ = ack_number_;
    sampled_us_ = at_us;
  }
  const auto waiting = static_cast<std::uint32_t>(std::clamp(distance(position, next_seq_), 0, 8000));
  const wire::Ack ack{.first_missing = position,
                      .rtt = wire::AckRtt{rtt(), micros(variance_us_), kFlowWindowPackets - waiting},
                      .rates = wire::AckRates{}};
  last_ack_ = now;
  acked_ = position;
  unacked_ = 0;
  return wire::write_ack(out, ack, ack_number_, stamp_of(now), peer_);
}

std::size_t Viewer::write_nak(Instant now, Gaps& gaps, MutableByteSpan out) noexcept {
  wire::LossReportWriter writer(out, stamp_of(now), peer_);
  bool is_complete = true;
  for (std::size_t i = 0; i < gaps.list.size() && is_complete; ++i) {
    auto& gap = gaps.list.at(i);
    if (gap.asked && now - gap.asked_at < nak_period()) continue;
    const auto number = [](PacketPos at) { return SeqNo{static_cast<std::uint32_t>(at.value) & kSeqMask}; };
    is_complete = writer.add({number(gap.range.first), number(gap.range.last)});
    if (!is_complete) break;
    gap.asked = true;
    gap.asked_at = now;
  }
  gaps.nak_now = !is_complete;
  gaps.next_nak = now + nak_period();
  return writer.written();
}

std::size_t Viewer::write_false_report(Instant now, MutableByteSpan out) noexcept {
  constexpr int kRanges = 16;
  constexpr std::uint32_t kApart = 5;
  wire::LossReportWriter writer(out, stamp_of(now), peer_);
  if (received_ < kRanges * kApart) return 0;
  for (std::uint32_t i = kRanges; i > 0; --i) {
    const SeqNo seq{(next_seq_.raw - i * kApart) & kSeqMask};
    if (!writer.add({seq, seq})) break;
  }
  last_sent_ = now;
  return writer.written();
}

void Viewer::settle(std::int64_t end, Tally& tally, Gaps* gaps) noexcept {
  tally.lost += static_cast<std::uint32_t>(std::max<std::int64_t>(end - next_position_, 0));
  if (!has_gaps_) return;
  const PacketPos next = unwrap(next_seq_, {}, gaps->anchor);
  const PacketPos last = next + (end - next_position_) - 1;  // The last one that counts.
  tally.lost += static_cast<std::uint32_t>(gaps->list.remove_range({gaps->list.first(), last}));
  has_gaps_ = false;
}

std::size_t Viewer::write_bare(Instant now, wire::ControlType type, MutableByteSpan out) noexcept {
  last_sent_ = now;
  return wire::write_bare_control(out, {type, 0, 0, stamp_of(now), peer_});
}

std::size_t Viewer::write_key_response(Instant now, ByteSpan message, MutableByteSpan out) noexcept {
  last_sent_ = now;
  return wire::write_key_packet(out, wire::kUserKeyResponse, message, stamp_of(now), peer_);
}

bool Viewer::is_idle(Instant now) const noexcept {
  return static_cast<std::int32_t>(millis_of(now) - heard_ms_) >= kPeerIdleTimeout.count / 1000;
}

Micros Viewer::nak_period() const noexcept { return std::max(kNakPeriodMin, with_margin() / 2); }

WireTime Viewer::stamp_of(Instant now) const noexcept { return {static_cast<std::uint32_t>((now - opened_).count)}; }

}  // namespace fanlight::load
