#include "destination_line.h"

#include <algorithm>
#include <cstdlib>

#include "contract/limits.h"
#include "wire/rtp_feedback.h"

namespace fanlight::sim {
namespace {

constexpr std::uint32_t kUnixInNtp = 2'208'988'800;
constexpr std::uint64_t kRepairBurst = 512;
constexpr Micros kBreaths = millis(5);
constexpr Micros kBlocked = millis(25);
constexpr Micros kGroupReport = seconds(1);  // So long it does for all of a group.
constexpr Micros kReportSlack = millis(2);   // Slewing between two reports, and rounding.
constexpr Micros kTakeOver = millis(200);    // Where a new publication's time is put, at most off.

// Rounded up.
Micros tick(const Feed& feed) { return micros(feed.us_of_ticks(1) + 1); }

std::int64_t wall_us_of(const wire::NtpTime& time) {
  return std::int64_t{time.seconds - kUnixInNtp} * 1'000'000 +
         static_cast<std::int64_t>(std::uint64_t{time.fraction} * 1'000'000 >> 32);
}

}  // namespace

void DestinationLine::fail(Books& books, const std::string& what) const {
  books.fail("destination " + terms_.remote.text() + ": " + what);
}

void DestinationLine::note_data(Books& books, Instant now, ByteSpan datagram) {
  wire::RtpHeader header;
  ByteSpan payload = datagram;
  if (is_over_) fail(books, "a packet behind its BYE");
  if (terms_.kind == FeedKind::kRtp) {
    const auto packet = wire::parse_rtp(datagram);
    if (!packet || packet->payload_offset != wire::kRtpHeaderBytes) return fail(books, "what was sent is no RTP");
    header = packet->header;
    payload = datagram.subspan(packet->payload_offset);
    if (terms_.nack && note_repeat(books, header, payload)) return;
    if (header.payload_type != terms_.payload_type) fail(books, "wrong payload type");
    if (!ssrc_) ssrc_ = header.ssrc;
    if (header.ssrc != *ssrc_) return fail(books, "another SSRC");
  }
  const auto index = feed_.read(payload);
  if (!index) return fail(books, "payload is not what was published");
  if (feed_.made[*index].is_odd) fail(books, "what is no transport stream was sent as one");
  ++packets_;
  if (terms_.nack) indices_[header.seq] = static_cast<std::int64_t>(*index);
  bytes_ += payload.size();
  note_order(books, now, *index, header);
  is_broken_off_ = false;
}

// A number stays its packet's for as long as the history holds it.
bool DestinationLine::note_repeat(Books& books, const wire::RtpHeader& header, ByteSpan payload) {
  const bool is_rtx = header.payload_type == terms_.rtx_payload_type;
  const std::uint16_t number = is_rtx ? wire::original_number(payload).value_or(0) : header.seq;
  const auto index = feed_.read(is_rtx ? payload.subspan(std::min(payload.size(), wire::kRtxHeaderBytes)) : payload);
  // The history has what the first leg was sent before there was a second.
  const bool is_of_first = is_second_ && index && indices_[number] < 0 && last_ && *index < first_index_;
  const bool is_repeat = index && (indices_[number] == static_cast<std::int64_t>(*index) || is_of_first);
  if (!is_repeat && is_rtx) fail(books, "what was sent again was not sent before");
  if (is_repeat && terms_.rtx_payload_type && !is_rtx) fail(books, "payload sent twice");
  if (is_rtx && ssrc_ && header.ssrc != rtx_ssrc_of(*ssrc_, is_second_)) fail(books, "RTX of another SSRC");
  repeated_ += is_repeat || is_rtx ? 1 : 0;
  return is_repeat || is_rtx;
}

void DestinationLine::note_order(Books& books, Instant now, std::uint64_t index, const wire::RtpHeader& header) {
  Sent sent{.at = now, .index = index, .seq = header.seq, .timestamp = header.timestamp};
  if (!last_) {
    first_index_ = index;
  } else if (index <= last_->index) {
    return fail(books, index == last_->index ? "payload sent twice" : "payload sent out of order");
  } else {
    sent.ticks = last_->ticks + static_cast<std::int32_t>(header.timestamp - last_->timestamp);
    const std::uint64_t missing = index - last_->index - 1;
    const std::uint64_t lost = feed_.lost_between(last_->index, index);
    const bool is_same = feed_.made[index].publication == feed_.made[last_->index].publication;
    const std::uint64_t odd = feed_.odd_between(last_->index, index);
    if (!is_broken_off_) left_out_ += missing - lost - odd - (is_same ? 0 : overtaken_by(index));
    // A position that was given up keeps its number; what was lost behind the newest packet of a publication has none.
    const auto ahead = static_cast<std::uint16_t>(header.seq - last_->seq);
    if (terms_.kind == FeedKind::kRtp) {
      if (!is_broken_off_) numbers_left_out_ += ahead - 1;
      if (ahead == 0 || ahead > 0x8000) fail(books, "numbers run backwards");
      if (ahead - 1u > missing) fail(books, "numbers left out for packets that are there");
      if (feed_.is_dense && is_same && !is_broken_off_ && spec_.way != Way::kPlain && ahead - 1u != missing)
        fail(books, "numbers closed up over what is missing");
      if (has_own_clock() && is_same) check_marks(books, sent, header);
    }
  }
  const Micros way = slowest(spec_.publisher_link) + spec_.latency + kBreaths;
  if (spec_.demands_all && !is_broken_off_)
    books.expect_at_most("a destination's packet was held, us", (now - feed_.made[index].at).count, way.count);
  if (terms_.kind == FeedKind::kRtp) note_time(books, sent);
  last_ = sent;
}

std::uint64_t DestinationLine::overtaken_by(std::uint64_t first) const {
  const Feed::Made& made = feed_.made[first];
  const auto is_overtaken = [&](const Feed::Made& one) {
    return !one.is_lost && one.publication == made.publication && made.at - one.at <= spec_.publisher_link.held_back;
  };
  std::uint64_t overtaken = 0;
  for (std::uint64_t i = first; i > 0 && feed_.made[i - 1].publication == made.publication; --i)
    overtaken += is_overtaken(feed_.made[i - 1]) ? 1 : 0;
  return overtaken;
}

// Of a payload that is not looked into: as its source had them, to the tick.
void DestinationLine::check_marks(Books& books, const Sent& sent, const wire::RtpHeader& header) const {
  const Feed::Made& made = feed_.made[sent.index];
  if (header.timestamp - last_->timestamp != made.ticks - feed_.made[last_->index].ticks)
    fail(books, "a timestamp that its source did not give");
  if (header.marker != made.marker) fail(books, "a marker that its source did not give");
}

// Timestamps run with the publisher's clock, to the tick where nothing was paused.
void DestinationLine::note_time(Books& books, const Sent& sent) {
  const Feed::Made& made = feed_.made[sent.index];
  const std::int64_t ahead = feed_.us_of_ticks(sent.ticks) - made.told.us;
  if (made.publication != publication_) {
    if (publication_ != 0 && last_) {
      const std::int64_t step = feed_.us_of_ticks(sent.ticks - last_->ticks);
      const std::int64_t span = (made.at - feed_.made[last_->index].at).count;
      books.expect_at_most("timestamps stepped from one publication to the next, us", std::abs(step - span),
                           kTakeOver.count);
    }
    publication_ = made.publication;
    ahead_min_ = ahead_max_ = ahead;
  }
  ahead_min_ = std::min(ahead_min_, ahead);
  ahead_max_ = std::max(ahead_max_, ahead);
  wander_ = std::max(wander_, micros(ahead_max_ - ahead_min_));
}

// What a port that blocks took of a run is counted when it has taken the rest.
void DestinationLine::check_count(Books& books, const wire::SenderReport& report) const {
  const std::uint64_t uncounted = packets_ - report.packets;
  if (uncounted > (spec_.port_blocks ? kFreshMax : 0)) fail(books, "a report of other packets than were sent");
  if (uncounted == 0 && report.bytes != bytes_) fail(books, "a report of other bytes than were sent");
}

void DestinationLine::note_control(Books& books, Instant now, ByteSpan datagram) {
  if (!wire::is_well_formed_rtcp(datagram)) return fail(books, "malformed RTCP");
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    is_over_ = is_over_ || (ssrc_ && wire::says_bye(*packet, *ssrc_));
    const auto report = wire::parse_sender_report(*packet);
    if (!report || !last_) continue;
    if (report->ssrc != *ssrc_) fail(books, "a report of another SSRC");
    if (!is_of_group_) check_count(books, *report);
    if (has_own_clock() && is_on_source_clock(*report)) {
      ++reports_on_source_clock_;
      report_.reset();
    } else {
      note_report(books, now, *report);
    }
  }
}

// It says of its moment what the source would, to the tick.
bool DestinationLine::is_on_source_clock(const wire::SenderReport& report) const {
  const std::int64_t span = wall_us_of(report.time) - feed_.made[last_->index].told.us;
  const std::int64_t ticks = static_cast<std::int32_t>(report.rtp_timestamp - last_->timestamp);
  return std::abs(span - feed_.us_of_ticks(ticks)) <= 2 * tick(feed_).count;
}

// RFC 3550 §6.4.1: the same moment by the wall clock and by the packets' clock, and what was sent until then.
void DestinationLine::note_report(Books& books, Instant now, const wire::SenderReport& report) {
  const Micros age = is_of_group_ ? kGroupReport : Micros{};
  const Report sent{wall_us_of(report.time), report.rtp_timestamp};
  books.expect_at_most("a report's wall clock is off, us", std::abs(sent.wall_us - now.us),
                       age.count + (spec_.port_blocks ? kBlocked : kBreaths).count);
  const std::int64_t behind = feed_.us_of_ticks(static_cast<std::int32_t>(report.rtp_timestamp - last_->timestamp));
  const std::int64_t span = (now - feed_.made[last_->index].at).count;
  const bool is_steady = !spec_.publisher_pauses && !spec_.publisher_vanishes && !spec_.publisher_returns;
  if (is_steady)
    books.expect_at_most("a report's time is off its packets', us", std::abs(behind - span),
                         (age + slowest(spec_.publisher_link) + kBreaths + kTakeOver).count + span / 1'000);
  if (report_ && is_steady) {
    const std::int64_t wall = sent.wall_us - report_->wall_us;
    const std::int64_t ticks = feed_.us_of_ticks(static_cast<std::int32_t>(sent.timestamp - report_->timestamp));
    books.expect_at_most("time between two reports, us", std::abs(wall - ticks),
                         wall * 500 / 1'000'000 + kReportSlack.count);
  }
  report_ = sent;
}

void DestinationLine::balance(Books& books, std::optional<std::uint64_t> packets_sent, std::uint64_t fresh_index,
                              bool is_there) const {
  if (packets_sent)
    books.expect_equal("packets of a destination = what its session says", packets_ + repeated_, *packets_sent);
  books.expect_at_most("packets sent again", static_cast<std::int64_t>(repeated_),
                       static_cast<std::int64_t>(packets_ / 4 + kRepairBurst));
  if (is_there && (!last_ || last_->index < fresh_index)) fail(books, "it is there and gets nothing");
  if (spec_.demands_all) books.expect_equal("payloads left out of a destination's", left_out_, 0);
  if (spec_.demands_all && terms_.kind == FeedKind::kRtp)
    books.expect_at_most("timestamps wander from the publisher's clock, us", wander_.count, 2 * tick(feed_).count);
  if (has_own_clock() && terms_.rtcp_port() != 0 && reports_on_source_clock_ == 0)
    fail(books, "no report was on its source's clock");
}

}  // namespace fanlight::sim
