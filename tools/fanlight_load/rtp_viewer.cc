#include "fanlight_load/rtp_viewer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace fanlight::load {
namespace {

constexpr std::int64_t kWindow = 64;  // Numbers behind the newest that are told apart.
constexpr std::int64_t kTimeOffMaxNs = 20'000'000;
constexpr std::string_view kName = "fanlight-load";

std::uint32_t ticks_of(std::int64_t ns) { return static_cast<std::uint32_t>(ns / 1000 * 9 / 100); }

}  // namespace

RtpTally& RtpTally::operator+=(const RtpTally& other) {
  received += other.received;
  lost += other.lost;
  late += other.late;
  duplicate += other.duplicate;
  continuity_errors += other.continuity_errors;
  timestamp_errors += other.timestamp_errors;
  hash_failures += other.hash_failures;
  foreign += other.foreign;
  restarts += other.restarts;
  sources += other.sources;
  reports_heard += other.reports_heard;
  reports_said += other.reports_said;
  return *this;
}

std::optional<std::int64_t> RtpViewer::take_data(std::int64_t now_ns, ByteSpan datagram, const Terms& terms,
                                                 bool hashes, RtpTally& tally) noexcept {
  wire::RtpHeader header;
  ByteSpan payload = datagram;
  if (terms.kind == FeedKind::kRtp) {
    const auto packet = wire::parse_rtp(datagram);
    if (!packet || packet->header.payload_type != terms.payload_type) return ++tally.foreign, std::nullopt;
    header = packet->header;
    payload = datagram.subspan(packet->payload_offset, packet->payload_bytes);
  }
  const std::optional<Stamp> stamp = payload.size() == kPayloadBytes ? read_stamp(payload) : std::nullopt;
  if (!stamp) return ++tally.foreign, std::nullopt;
  if (hashes && !has_good_hash(payload)) ++tally.hash_failures;
  // What is bare has no numbers: its positions are its numbers, until another publisher comes.
  if (terms.kind != FeedKind::kRtp) header.seq = static_cast<std::uint16_t>(stamp->position);
  const bool is_new_run = run_ != stamp->run;
  if (run_ != 0 && header.ssrc != ssrc_) ++tally.sources;
  if (run_ == 0 || header.ssrc != ssrc_ || (is_new_run && terms.kind != FeedKind::kRtp)) {
    tally.restarts += run_ != 0 && is_new_run ? 1 : 0;
    begin_run(header, *stamp);
    ssrc_ = header.ssrc;
    number_ = first_number_ = header.seq;
    seen_ = 1;
    received_ = expected_before_ = received_before_ = 0;
  } else {
    const auto ahead = std::int64_t{static_cast<std::int16_t>(header.seq - static_cast<std::uint16_t>(number_))};
    const bool is_new = ahead > 0 ? take_ahead(header, *stamp, ahead, tally) : take_behind(-ahead, tally);
    if (!is_new) return std::nullopt;
  }
  ++received_;
  ++tally.received;
  if (terms.kind == FeedKind::kRtp) {
    judge_time(header, *stamp, tally);
    note_jitter(now_ns, header);
  }
  return stamp->sent_ns;
}

void RtpViewer::begin_run(const wire::RtpHeader& header, const Stamp& stamp) noexcept {
  run_ = stamp.run;
  position_ = stamp.position;
  first_timestamp_ = header.timestamp;
  first_sent_ns_ = stamp.sent_ns;
}

// The number goes on when the publisher is another one; the position begins anew.
bool RtpViewer::take_ahead(const wire::RtpHeader& header, const Stamp& stamp, std::int64_t ahead,
                           RtpTally& tally) noexcept {
  tally.lost += static_cast<std::uint64_t>(ahead - 1);
  seen_ = (ahead < kWindow ? seen_ << ahead : 0) | 1;
  number_ += ahead;
  if (stamp.run != run_) {
    ++tally.restarts;
    begin_run(header, stamp);
    return true;
  }
  // Less than that: a number without a packet. More: a packet without a number.
  if (stamp.position != position_ + ahead) ++tally.continuity_errors;
  position_ = stamp.position;
  return true;
}

bool RtpViewer::take_behind(std::int64_t behind, RtpTally& tally) noexcept {
  if (behind >= kWindow || (seen_ >> behind & 1) != 0) return ++tally.duplicate, false;
  seen_ |= std::uint64_t{1} << behind;
  if (number_ - behind < first_number_) return ++tally.duplicate, false;
  ++tally.late;
  --tally.lost;
  return true;
}

void RtpViewer::judge_time(const wire::RtpHeader& header, const Stamp& stamp, RtpTally& tally) noexcept {
  if (stamp.run != run_) return;
  const auto ticks = std::int64_t{
      static_cast<std::int32_t>(header.timestamp - first_timestamp_ - ticks_of(stamp.sent_ns - first_sent_ns_))};
  if (std::abs(ticks * 100'000 / 9) > kTimeOffMaxNs) ++tally.timestamp_errors;
}

void RtpViewer::note_jitter(std::int64_t now_ns, const wire::RtpHeader& header) noexcept {
  const std::int64_t transit = static_cast<std::int32_t>(ticks_of(now_ns) - header.timestamp);
  const std::int64_t difference = std::abs(transit - std::exchange(transit_ticks_, transit));
  if (received_ > 1) jitter_ticks_ += difference - (jitter_ticks_ + 8) / 16;
}

void RtpViewer::take_report(std::int64_t now_ns, ByteSpan datagram, RtpTally& tally) noexcept {
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    const auto report = wire::parse_sender_report(*packet);
    if (!report || !has_begun() || report->ssrc != ssrc_) continue;
    ++tally.reports_heard;
    last_report_ = report->time.middle();
    last_report_ns_ = now_ns;
  }
}

std::size_t RtpViewer::write_report(std::int64_t now_ns, const Terms& terms, MutableByteSpan out) noexcept {
  if (last_report_ == 0 || !has_begun()) return 0;
  const auto expected = static_cast<std::uint64_t>(number_ - first_number_ + 1);
  const std::uint64_t expected_since = expected - std::exchange(expected_before_, expected);
  const std::uint64_t received_since = received_ - std::exchange(received_before_, received_);
  const std::uint64_t lost_since = expected_since - std::min(expected_since, received_since);
  const std::uint64_t fraction =
      expected_since == 0 ? 0 : std::min<std::uint64_t>(255, lost_since * 256 / expected_since);
  const wire::ReportBlock block{
      .ssrc = ssrc_,
      .fraction_lost = static_cast<std::uint8_t>(fraction),
      .lost = static_cast<std::int32_t>(std::min<std::uint64_t>(expected - std::min(expected, received_), 0x7F'FFFF)),
      .highest_seq = static_cast<std::uint32_t>(number_),
      .jitter = static_cast<std::uint32_t>(jitter_ticks_ / 16),
      .last_report = last_report_,
      .report_delay = static_cast<std::uint32_t>((now_ns - last_report_ns_) / 1000 * 65'536 / 1'000'000)};
  const std::size_t report = wire::write_receiver_report(out, terms.own_ssrc, block);
  return report + wire::write_cname(out.subspan(report), terms.own_ssrc, kName);
}

std::size_t RtpViewer::write_bye(const Terms& terms, MutableByteSpan out) const noexcept {
  if (!has_begun()) return 0;
  const std::size_t report = wire::write_receiver_report(out, terms.own_ssrc, {.ssrc = ssrc_});
  return report + wire::write_bye(out.subspan(report), terms.own_ssrc);
}

}  // namespace fanlight::load
