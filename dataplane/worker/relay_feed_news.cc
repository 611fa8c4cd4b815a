// What control is told of feeds: who sends, how that arrives, whether its clock runs, and what comes and is not taken.
#include <algorithm>

#include "wire/ts_packet.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

constexpr Micros kNewsRetry = millis(1);
constexpr Micros kChangesTold = seconds(1);  // Two senders that take turns fill no log.
constexpr Micros kReceptionTold = seconds(5);
// As long as something is taken, what is not is somebody else's. Under SRTP it may as well be that a key is worn out.
constexpr Micros kSrtpRefusalsAfter = seconds(1);
constexpr Micros kRefusalsAfter = kPeerIdleTimeout;
constexpr Micros kRefusalAgain = seconds(60);
constexpr Micros kOtherRefusal = seconds(5);

FeedFinding find_in(ByteSpan datagram) {
  FeedFinding found{.payload_bytes = static_cast<std::uint16_t>(datagram.size())};
  if (const auto rtp = wire::parse_rtp_front(datagram)) {
    found = {.kind = FeedFinding::Kind::kRtp,
             .payload_type = rtp->header.payload_type,
             .ssrc = rtp->header.ssrc,
             .payload_bytes = static_cast<std::uint16_t>(rtp->payload_bytes)};
  } else if (wire::is_transport_stream(datagram)) {
    found.kind = FeedFinding::Kind::kTransportStream;
  }
  return found;
}

bool has_changed(const Feed& feed) {
  return feed.is_live && (feed.told_sender != feed.media.remote || feed.told_clock_off_ppm != feed.clock_off_ppm);
}

// When there is news of it, as it stands.
Instant news_due(const Feed& feed) {
  if (feed.is_live != feed.is_told) return {};
  if (has_changed(feed)) return feed.told_at + kChangesTold;
  return feed.is_live ? feed.told_at + kReceptionTold : Instant::never();
}

}  // namespace

void Relay::tell_of_refusal(Instant now, Session& session, Verdict verdict, const Endpoint& remote,
                            ByteSpan datagram) noexcept {
  const Publisher& publisher = session.publisher();
  Feed& feed = *session.publisher().feed();
  if (publisher.packets > 0 && now - publisher.last_data < (feed.srtp ? kSrtpRefusalsAfter : kRefusalsAfter)) return;
  if (feed.refusal && now - feed.refused_at < kOtherRefusal) return;
  const event::FeedRefusal refusal{session.request, verdict, remote, find_in(datagram)};
  if (feed.refusal == refusal && now - feed.refused_at < kRefusalAgain) return;
  if (!mailbox_.post(Event{refusal})) return;
  feed.refusal = refusal;
  feed.refused_at = now;
}

void Relay::service_feed(Instant now, Session& session, Feed& feed) noexcept {
  Publisher& publisher = session.publisher();
  feed.receiver.handle_timeout(now);
  count_received(publisher, figures_of(feed.receiver.stats()));
  feed.is_live = publisher.packets > 0 && now - publisher.last_data < kPeerIdleTimeout;
  session.is_up = feed.is_live;
  note_clock(feed);
  if (now >= news_due(feed)) tell_of_feed(now, session, feed);
  note_source_clock(session, feed);
  say_feedback(now, feed);
  Instant due = std::min(feed.receiver.next_deadline().at, std::max(news_due(feed), now + kNewsRetry));
  if (feed.is_live) due = std::min(due, publisher.last_data + kPeerIdleTimeout);
  timers_.schedule_at_latest(sessions_.slot_of(session), due);
}

void Relay::note_clock(Feed& feed) noexcept {
  const std::int32_t off_ppm = feed.receiver.wrong_ppm();
  if (off_ppm != 0 && feed.clock_off_ppm == 0) counters().add(Counter::kClocksWrong);
  feed.clock_off_ppm = off_ppm;
}

void Relay::tell_of_feed(Instant now, Session& session, Feed& feed) noexcept {
  const bool is_told = mailbox_.post(
      Event{event::FeedNews{.request = session.request,
                            .is_live = feed.is_live,
                            .remote = feed.media.remote,
                            .clock_off_ppm = feed.clock_off_ppm,
                            .reception = {.lost = feed.receiver.stats().lost, .jitter = feed.receiver.jitter()}}});
  if (!is_told) return;
  feed.is_told = feed.is_live;
  feed.told_sender = feed.media.remote;
  feed.told_clock_off_ppm = feed.clock_off_ppm;
  feed.told_at = now;
}

}  // namespace fanlight
