#include "worker/relay.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "stream/slow_viewer.h"
#include "stream/stream.h"

namespace fanlight {
namespace {

// SHUTDOWN is not acknowledged: it is said three times (srt-wire §3.5).
constexpr std::uint8_t kShutdowns = 3;
constexpr Micros kShutdownInterval = millis(20);
// A thousand sessions that end at once do not fit into one transmit queue: those left out come again in the next
// breath, for as long as control waits for a stop.
constexpr Micros kShutdownRetry = millis(1);
constexpr Micros kShutdownPatience = seconds(1);
// What found no room is tried again after this.
constexpr Micros kRetryInterval = millis(1);
// Sessions whose time has come in one breath, earliest first; the others come in the next. When a whole audience waits
// for repairs, looking through all of it in each breath would leave time for nothing else.
constexpr std::size_t kTimersPerBreath = kFreshPerBreath;

}  // namespace

Relay::Relay(const Options& options, Pools pools, Mailbox& mailbox, io::AnyPort port)
    : mailbox_(mailbox),
      key_(options.key),
      exchange_(options.mesh, options.worker),
      srt_doors_(options.srt_doors),
      own_doors_(options.own_doors),
      publisher_places_(options.publisher_places),
      adopted_(options.adopted),
      dresser_(pools, queue_, mailbox.counters),
      slabs_(options.sessions_max),
      fan_out_(dresser_, slabs_, port),
      repair_(dresser_, slabs_),
      replies_(pools, queue_, mailbox.counters, port),
      sessions_(options.worker, options.sessions_max, options.publishers_max, options.key),
      half_open_(options.key, sessions_),
      responses_(options.sessions_max),
      listener_(options.key, options.armour, sessions_, responses_, replies_, mailbox),
      feeds_(options.feed_addresses),
      fec_places_(options.fec_feeds),
      srtp_places_(options.worker, options.key, places_),
      timers_(options.sessions_max),
      streams_(kStreamsMax),
      distribution_(exchange_, mailbox.counters),
      reporter_(sessions_, streams_, slabs_.ranges, mailbox) {
  touched_.reserve(options.sessions_max);
  limit(options.armour);
}

Relay::~Relay() = default;

void Relay::fire_due_timers(Instant now) noexcept {
  for (std::size_t fired = 0; fired < kTimersPerBreath; ++fired) {
    const std::optional<std::uint32_t> slot = timers_.pop_due(now);
    if (!slot) return;
    Session& session = sessions_.at(*slot);
    if (session.state == Session::State::kClosing) {
      continue_close(now, session);
    } else if (session.state != Session::State::kFree) {
      touch(session);
    }
  }
}

void Relay::service_touched(Instant now) noexcept {
  repair_.begin_breath();
  for (const std::uint16_t slot : touched_) {
    Session& session = sessions_.at(slot);
    session.is_touched = false;
    if (session.state == Session::State::kOpen) service(now, session);
    if (session.state == Session::State::kCalling) service_call(now, session);
  }
  touched_.clear();
}

void Relay::service(Instant now, Session& session) noexcept {
  if (session.is_half_open && session.has_been_heard()) note_heard(now, session);
  if (session.is_publisher()) {
    service_publisher(now, session);
  } else if (session.is_destination()) {
    service_destination(now, session);
  } else {
    service_viewer(now, session);
  }
}

void Relay::note_heard(Instant now, Session& session) noexcept {
  half_open_.remove(session);
  if (session.is_viewer()) session.viewer().stream->note_heard(now, session.viewer());
}

void Relay::service_viewer(Instant now, Session& session) noexcept {
  Viewer& viewer = session.viewer();
  Stream& stream = *viewer.stream;
  if (viewer.is_outgrown) return begin_close(now, session, CloseReason::kOutgrown);
  if (viewer.ciphers && !service_keys(now, session)) return;
  viewer.sender.handle_timeout(now, stream.edge_for(viewer));
  if (viewer.sender.has_repairs()) repair_.serve(now, stream, viewer, publisher_missing(stream, session.stream));
  if (stream.options().bounds.cuts_slow)
    if (const std::optional<CloseReason> reason = judge_slow(now, viewer)) return cut(now, session, *reason);
  counters().add(Counter::kDropRequestsSent, viewer.sender.drop_requests_due());
  if (viewer.run != nullptr && viewer.run->is_over(now)) slabs_.runs.give_back(*std::exchange(viewer.run, nullptr));
  if (!viewer.sender.is_up()) {
    stream.note_window(now, viewer);
    timers_.schedule_at_latest(sessions_.slot_of(session), viewer.widens_at(now));
  }
  speak(now, session, viewer.sender);
  if (viewer.sender.has_repairs() && session.state == Session::State::kOpen)
    timers_.schedule_at_latest(sessions_.slot_of(session), now + kRetryInterval);
}

void Relay::cut(Instant now, Session& session, CloseReason reason) noexcept {
  if (reason == CloseReason::kStalled) counters().add(Counter::kCutStalled);
  if (reason == CloseReason::kTooSlow) counters().add(Counter::kCutTooSlow);
  if (reason == CloseReason::kOverBudget) counters().add(Counter::kCutOverBudget);
  begin_close(now, session, reason);
}

void Relay::service_publisher(Instant now, Session& session) noexcept {
  Publisher& publisher = session.publisher();
  if (Feed* feed = publisher.feed()) return service_feed(now, session, *feed);
  if (!session.is_up && now - session.opened >= kHandshakeTimeout)
    return handle_peer_event(now, session, PeerEvent::kConnectTimeout);
  publisher.srt()->handle_timeout(now);
  count_received(publisher, figures_of(publisher.srt()->stats()));
  speak(now, session, *publisher.srt());
}

void Relay::count_received(Publisher& publisher, const ReceiverFigures& figures) noexcept {
  const ReceiverFigures before = std::exchange(publisher.counted, figures);
  counters().add(Counter::kPublisherLost, figures.lost - before.lost);
  counters().add(Counter::kPublisherGivenUp, figures.given_up - before.given_up);
  counters().add(Counter::kPublisherSplices, figures.splices - before.splices);
}

template <class EngineType>
void Relay::speak(Instant now, Session& session, EngineType& engine) noexcept {
  std::array<std::byte, kDatagramBytesMax> scratch;
  const ControlStamp stamp = stamp_for(now, session);
  while (const std::size_t bytes = engine.poll_control(now, stamp, scratch)) {
    replies_.send(session.envelope(), std::span(scratch).first(bytes));
  }
  if (const std::optional<PeerEvent> event = engine.poll_event()) return handle_peer_event(now, session, *event);
  timers_.schedule_at_latest(sessions_.slot_of(session), engine.next_deadline().at);
}

ControlStamp Relay::stamp_for(Instant now, const Session& session) const noexcept {
  const std::int64_t us = session.is_publisher()
                              ? (now - session.opened).count
                              : (session.viewer().stream->clock().now(now) - session.envelope().time_zero).count;
  return {WireTime{static_cast<std::uint32_t>(us)}, session.peer()};
}

// Everything before it is held or no longer asked for; with no publisher, nothing missing will come.
PacketPos Relay::publisher_missing(const Stream& stream, StreamIndex index) const noexcept {
  const StreamEntry& entry = streams_[index.raw()];
  if (entry.has_publisher_abroad) return entry.missing_abroad;
  return entry.publisher != nullptr ? entry.publisher->publisher().first_missing() : stream.history().next();
}

void Relay::handle_peer_event(Instant now, Session& session, PeerEvent event) noexcept {
  switch (event) {
    case PeerEvent::kShutdown:
      return begin_close(now, session, CloseReason::kPeerShutdown);
    case PeerEvent::kIdle:
      return begin_close(now, session, CloseReason::kPeerIdle);
    case PeerEvent::kConnectTimeout:
      return begin_close(now, session, CloseReason::kConnectTimeout);
    case PeerEvent::kConnected:
    case PeerEvent::kRejected:
      return;  // Of callers; a session is past that.
  }
}

void Relay::begin_close(Instant now, Session& session, CloseReason reason) noexcept {
  DCHECK(session.state == Session::State::kOpen);
  if (session.is_destination()) end_destination(now, session, session.destination());
  session.state = Session::State::kClosing;
  if (session.is_half_open) half_open_.remove(session);
  const bool is_said = reason != CloseReason::kPeerShutdown && session.speaks_srt();
  session.closing = {.last_departure = static_cast<std::uint32_t>(queue_.pushed()),
                     .give_up_at = NearInstant::of(now + kShutdownPatience),
                     .reason = reason,
                     .shutdowns_left = is_said ? kShutdowns : std::uint8_t{0}};
  if (session.is_feed()) end_feed(now, session);
  if (session.is_publisher()) {
    streams_[session.stream.raw()].publisher = nullptr;  // Another may take its place now.
    distribution_.end(session.stream);
  } else if (session.is_viewer()) {
    session.viewer().stream->dismiss(session.viewer());
    slabs_.take_back(session.viewer());
  }
  continue_close(now, session);
}

void Relay::continue_close(Instant now, Session& session) noexcept {
  Micros pause = kShutdownInterval;
  if (session.closing.shutdowns_left > 0) {
    const bool said = say_shutdown(now, session);
    if (said || now >= session.closing.give_up_at.beside(now)) --session.closing.shutdowns_left;
    if (!said) pause = kShutdownRetry;
  }
  if (session.closing.shutdowns_left > 0 || !finish_close(session))
    timers_.schedule(sessions_.slot_of(session), now + pause);
}

bool Relay::say_shutdown(Instant now, Session& session) noexcept {
  std::array<std::byte, 20> shutdown;
  const ControlStamp stamp = stamp_for(now, session);
  const std::size_t bytes =
      wire::write_bare_control(shutdown, {wire::ControlType::kShutdown, 0, 0, stamp.time, stamp.peer});
  const bool said = replies_.send(session.envelope(), std::span(shutdown).first(bytes));
  session.closing.last_departure = static_cast<std::uint32_t>(queue_.pushed());
  return said;
}

// False while departures may still point at its envelope, or control has no room for the news: nobody is forgotten
// silently.
bool Relay::finish_close(Session& session) noexcept {
  const std::uint32_t behind = static_cast<std::uint32_t>(queue_.taken()) - session.closing.last_departure;
  if (static_cast<std::int32_t>(behind) < 0) return false;
  // Control lets the next publisher in after this news, on any worker, or gives the stream's index away: by then
  // nothing of this one is in any ring.
  if (session.is_publisher() && !stopping_ && !distribution_.is_over(session.stream)) return false;
  event::SessionClosed closed{.request = session.request,
                              .socket = session.socket,
                              .reason = session.closing.reason,
                              .stats = stats_of(session, slabs_.ranges),
                              .ciphers = {}};
  Feed* const feed = session.is_publisher() ? session.publisher().feed() : nullptr;
  if (session.ciphers() != nullptr) closed.ciphers = std::move(*session.ciphers());
  if (feed != nullptr) closed.srtp = std::move(feed->srtp);
  Event event{std::move(closed)};
  if (!mailbox_.post(std::move(event))) {
    auto& kept = std::get<event::SessionClosed>(event);
    if (session.ciphers() != nullptr) *session.ciphers() = std::move(kept.ciphers);
    if (feed != nullptr) feed->srtp = std::move(kept.srtp);
    counters().add(Counter::kEventsRefused);
    return false;
  }
  --streams_[session.stream.raw()].sessions;
  timers_.cancel(sessions_.slot_of(session));
  Publisher* const publisher = session.is_publisher() ? &session.publisher() : nullptr;
  sessions_.close(session);
  if (publisher != nullptr) sessions_.close_publisher(*publisher);
  counters().add(Counter::kSessionsClosed);
  return true;
}

void Relay::retire_streams() noexcept {
  for (std::size_t i = 0; i < streams_end_; ++i) {
    StreamEntry& entry = streams_[i];
    if (!entry.is_removing || entry.sessions > 0 || !entry.stream->is_between_passes()) continue;
    const StreamIndex index{static_cast<std::uint16_t>(i)};
    entry.stream->history().clear();  // Its packets go back to the pool on the thread that owns the pool.
    if (!mailbox_.post(Event{event::StreamRetired{index, entry.stream}})) return;
    entry = {};
    --streams_removing_;
  }
}

// Each breath starts with the next stream, so that one whose audience fills every slice starves nobody.
bool Relay::fan_out(Instant now) noexcept {
  fan_out_pending_ = false;
  fan_out_blocked_ = false;
  fan_out_.begin_breath();
  for (std::size_t i = 0; i < streams_end_; ++i) {
    const std::size_t index = (next_stream_ + i) % streams_end_;
    Stream* stream = streams_[index].stream;
    if (stream == nullptr) continue;
    note_outcome(fan_out_.serve(now, *stream));
    if (stream->release().has_work()) release(now, *stream, StreamIndex{static_cast<std::uint16_t>(index)});
    counters().add(Counter::kHistoryOverrun, stream->take_overruns());
    counters().add(Counter::kWindowClosed, stream->take_windows_closed());
  }
  next_stream_ = streams_end_ > 0 ? (next_stream_ + 1) % streams_end_ : 0;
  return fan_out_.has_sent();
}

void Relay::release(Instant now, Stream& stream, StreamIndex index) noexcept {
  note_outcome(fan_out_.release(now, stream, publisher_missing(stream, index)));
  counters().add(Counter::kReleaseGivenUp, stream.release().take_given_up());
  counters().add(Counter::kReleaseSkipped, stream.release().take_skipped());
  note_unfit(now, stream.release().take_unfit(), index);
  if (SrtpOut* srtp = stream.release().srtp(); srtp != nullptr && srtp->take_worn()) end_worn(now, stream);
}

void Relay::note_outcome(FanOut::Outcome outcome) noexcept {
  fan_out_pending_ = fan_out_pending_ || outcome == FanOut::Outcome::kMore;
  fan_out_blocked_ = fan_out_blocked_ || outcome == FanOut::Outcome::kBlocked;
}

void Relay::report(Instant now) noexcept {
  if (!reporter_.is_idle()) reporter_.answer(now);
}

Instant Relay::next_deadline(Instant now) noexcept {
  Instant due = timers_.next();
  if (distribution_.is_held_up()) due = std::min(due, now + kRetryInterval);
  // With departures waiting, the fan-out waits for the port, and so does everybody. A port that took no more wakes us,
  // unless something else got through meanwhile.
  if (fan_out_pending_ && queue_.is_empty()) due = now;
  if (fan_out_blocked_) due = std::min(due, now + kRetryInterval);
  // Commands that a breath left: nobody rings for them again.
  const bool has_news = !mailbox_.commands.is_empty() || !reporter_.is_idle() || streams_removing_ > 0 ||
                        (stopping_ && !stopped_ && sessions_.open_count() == 0);
  if (has_news) due = std::min(due, mailbox_.events.has_room(1) ? now : now + kRetryInterval);
  for (const StreamEntry& entry : std::span(streams_).first(streams_end_)) {
    if (entry.stream == nullptr) continue;
    due = std::min(due, CatchUp::deadline(now, *entry.stream));
    if (!entry.stream->pass().active) due = std::min(due, entry.stream->pass_due());
    due = std::min(due, entry.stream->release().due());
  }
  return due;
}

}  // namespace fanlight
