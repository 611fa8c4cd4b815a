// SessionDesk's care of feeds: each is opened as its stream's publisher, and opened again when it was ended.
//
//   waiting ─ its stream is there, and free ─▶ opening ─ SessionOpened ─▶ silent ◀─ FeedNews ─▶ live
//      ▲                                         │ SessionRefused           │ SessionClosed      │
//      ╰─────────────────────────────────────────┴──────────────────────────┴────────────────────╯
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "config/rtp_doubts.h"
#include "contract/limits.h"
#include "session/session_desk.h"
#include "wire/rtp_header.h"

namespace fanlight::control {
namespace {

constexpr Micros kRetry = seconds(1);
constexpr Micros kRefusalNoted = seconds(60);
constexpr Micros kLegsLooked = seconds(5);
constexpr std::int32_t kClockStands = -990'000;

std::string title_of(const FeedEntry& feed) {
  return "feed " + url_of(feed.place.rule.terms) + " of " + feed.place.rule.stream;
}

bool is_heard(const FeedEntry& feed) { return feed.state == FeedState::kSilent || feed.state == FeedState::kLive; }

std::string_view suite_of(const FeedRule& rule) {
  return rule.srtp ? crypto::form_of(rule.srtp->suite).name : std::string_view{};
}

// Half of all control indices are left, whichever is drawn.
std::unique_ptr<crypto::SrtpReader> make_reader(const crypto::SrtpMaster& master, std::uint32_t random,
                                                std::uint64_t taken) {
  return std::make_unique<crypto::SrtpReader>(master, random % (crypto::kSrtcpIndexEnd / 2), taken);
}

std::string srtp_words(const event::FeedRefusal& news, const FeedRule& rule) {
  const std::string from = "SRTP from " + news.remote.text();
  if (news.verdict == Verdict::kKeyWornOut)
    return from + ": its key has done its " + std::to_string(rule.srtp->packets_max) +
           " packets; give both ends another one";
  if (news.verdict == Verdict::kReplayed)
    return from + " came before: a recording, or a sender that began anew under its old SSRC; let it choose another, " +
           "or kick the feed's session";
  return from + " is not authentic: another key or suite than " + std::string{suite_of(rule)} +
         ", no SRTP at all, or a sender that began anew under its old SSRC (kick the feed's session)";
}

// It is not whom the feed listens to.
std::string foreign_words(const event::FeedRefusal& news, const FeedTerms& terms) {
  const IpAddress& from = news.remote.ip;
  const bool is_named = terms.source || (terms.second && terms.second->source);
  if (is_named && from != terms.source && !(terms.second && from == terms.second->source))
    return "packets from " + news.remote.text() + ", accepted from " +
           (terms.source ? *terms.source : *terms.second->source).text() + " alone";
  if (terms.ssrc && news.found.ssrc != *terms.ssrc && news.found.kind == FeedFinding::Kind::kRtp)
    return "SSRC " + std::to_string(news.found.ssrc) + " from " + news.remote.text() + ", accepted " +
           std::to_string(*terms.ssrc);
  return "packets from " + news.remote.text() + ", who is banned, another than the leg's sender, or the relay itself";
}

// What a datagram of SRT, or of RTP, has room for.
std::size_t payload_most(const FeedRule& rule) {
  return rule.format.is_transport_stream() ? kPayloadBytesMax : kDatagramBytesMax - wire::kRtpHeaderBytes;
}

// Why nothing of what comes is taken, and what to look at.
std::string refusal_words(const event::FeedRefusal& news, const FeedRule& rule) {
  using Kind = FeedFinding::Kind;
  const std::string from = " from " + news.remote.text();
  const std::string type = "payload type " + std::to_string(news.found.payload_type);
  switch (news.verdict) {
    case Verdict::kForeignSource:
      return foreign_words(news, rule.terms);
    case Verdict::kWrongPayloadType:
      return type + from + ", accepted " + std::to_string(rule.terms.payload_type);
    case Verdict::kOversized:
      return std::to_string(news.found.payload_bytes) + " bytes of payload" + from + ", accepted " +
             std::to_string(payload_most(rule)) + " at most";
    case Verdict::kMalformed:
      return news.found.kind == Kind::kTransportStream
                 ? "a bare transport stream" + from + ", where RTP is expected; udp:// takes it"
                 : "no RTP" + from;
    case Verdict::kNotTransportStream:
      if (news.found.kind != Kind::kRtp) return "no whole TS packets" + from;
      return rule.terms.kind == FeedKind::kTransportStream
                 ? "RTP of " + type + from + ", where a bare transport stream is expected; rtp:// takes it"
                 : "RTP of " + type + from + " carries no whole TS packets; payload says what else it carries";
    default:
      return srtp_words(news, rule);
  }
}

// Why its packets are timed as they come; empty: they are not.
std::string clock_words(const event::FeedNews& news, const FeedRule& rule) {
  if (news.clock_off_ppm == 0) return {};
  const std::string then = "; its packets are timed as they come";
  if (news.clock_off_ppm <= kClockStands) return "its timestamps stand still" + then;
  std::array<char, 32> percent{};
  (void)std::snprintf(percent.data(), percent.size(), "%.1f %%", std::abs(news.clock_off_ppm) / 10'000.0);
  return "its timestamps run " + std::string(percent.data()) + (news.clock_off_ppm > 0 ? " faster" : " slower") +
         " than " + std::to_string(rule.format.clock_rate) + " a second" + then;
}

}  // namespace

void SessionDesk::set_feeds(Instant now, std::vector<FeedPlace> places) {
  now_ = std::max(now_, now);
  for (FeedPlace& place : places) {
    feeds_.push_back({.id = static_cast<std::uint32_t>(feeds_.size() + 1), .place = std::move(place), .since = now_});
    if (const auto doubt = doubt_of(feeds_.back().place.rule))
      note(Notice::Level::kWarning, title_of(feeds_.back()) + ": " + *doubt);
  }
}

std::vector<FeedView> SessionDesk::feeds(Instant now) const {
  std::vector<FeedView> views;
  for (const FeedEntry& feed : feeds_)
    views.push_back({.id = feed.id,
                     .stream = feed.place.rule.stream,
                     .url = url_of(feed.place.rule.terms),
                     .second = feed.place.rule.terms.second ? url_of(*feed.place.rule.terms.second) : "",
                     .payload = feed.place.rule.format.text(),
                     .srtp = suite_of(feed.place.rule),
                     .state = name_of(feed.state),
                     .age = now - feed.since,
                     .sender = feed.sender.port == 0 ? "" : feed.sender.text(),
                     .failure = note_of(feed),
                     .socket = feed.socket,
                     .reception = feed.reception});
  return views;
}

std::string SessionDesk::note_of(const FeedEntry& feed) const {
  std::string text = feed.state == FeedState::kLive ? feed.clock : feed.failure;
  const bool is_asked = (feed.state == FeedState::kSilent && text.empty()) ||
                        (is_heard(feed) && feed.place.rule.terms.second.has_value());
  if (const auto fault = is_asked ? feed_fault_(feed.place.rule) : std::nullopt)
    text += (text.empty() ? "" : "; ") + fault->what;
  if (feed.state != FeedState::kSilent || !text.empty()) return text;
  return doubt_of(feed.place.rule).value_or("");
}

FeedEntry* SessionDesk::find_feed(RequestId request) {
  const auto found = std::ranges::find_if(
      feeds_, [&](const FeedEntry& feed) { return feed.state != FeedState::kWaiting && feed.request == request; });
  return found == feeds_.end() ? nullptr : &*found;
}

Instant SessionDesk::next_feed_due() const {
  Instant due = Instant::never();
  for (const FeedEntry& feed : feeds_) {
    if (feed.state == FeedState::kWaiting) due = std::min(due, feed.retry_at);
    if (is_heard(feed)) due = std::min(due, feed.look_at);
  }
  return due;
}

void SessionDesk::open_due_feeds() {
  if (is_stopping_) return;
  for (FeedEntry& feed : feeds_) {
    if (is_heard(feed) && feed.look_at <= now_) look_at_legs(feed);
    if (feed.state != FeedState::kWaiting || feed.retry_at > now_) continue;
    if (auto obstacle = try_open_feed(feed)) wait_with(feed, *std::move(obstacle));
  }
}

// What the operator has two legs for is not there when one of them cannot be heard.
void SessionDesk::look_at_legs(FeedEntry& feed) {
  feed.look_at = now_ + kLegsLooked;
  const auto fault = feed_fault_(feed.place.rule);
  const std::string found = fault ? fault->what : "";
  if (std::exchange(feed.leg_fault, found) == found) return;
  note(found.empty() ? Notice::Level::kInfo : Notice::Level::kWarning,
       title_of(feed) + ": " + (found.empty() ? "both legs can be heard" : found));
}

// Said once: what stands in the way may do so for days.
void SessionDesk::wait_with(FeedEntry& feed, std::string failure) {
  if (feed.failure != failure && !is_stopping_) note(Notice::Level::kWarning, title_of(feed) + " waits: " + failure);
  feed.failure = std::move(failure);
  feed.state = FeedState::kWaiting;
  feed.retry_at = now_ + kRetry;
}

// What stands in the way; empty when nothing does.
std::optional<std::string> SessionDesk::try_open_feed(FeedEntry& feed) {
  const std::string& name = feed.place.rule.stream;
  StreamEntry* stream = streams_.find(name);
  const StreamPolicy* policy = stream != nullptr ? &stream->policy : streams_.match(name);
  if (policy == nullptr || (stream != nullptr && stream->is_removed)) return "there is no stream " + name;
  if (judge_stream(stream, Role::kPublisher)) return "stream " + name + " has a publisher already";
  if (auto fault = feed_fault_(feed.place.rule); fault && !fault->is_of_one_leg) return std::move(fault->what);
  if (stream == nullptr) {
    stream = begin_stream(*policy, name);
    if (stream == nullptr) return "no memory for stream " + name;
    stream->is_dynamic = true;
  }
  feed.request = RequestId{++last_request_};
  feed.state = FeedState::kOpening;
  feed.since = now_;
  feed.failure.clear();
  feed.is_clock_noted = false;
  ++stream->sessions;
  stream->publisher = feed.request;
  stream->linger_end = Instant::never();
  placement_.enter(feed.place.worker);
  const auto& srtp = feed.place.rule.srtp;
  sessions_.add({.request = feed.request,
                 .worker = feed.place.worker,
                 .path = {.remote = {}, .local = feed.place.rule.terms.local},
                 .peer = {},
                 .first_seq = {static_cast<std::uint32_t>(feed.request.raw())},
                 .role = Role::kPublisher,
                 .stream = stream->index,
                 .stream_name = name,
                 .user = {},
                 .key_bytes = srtp ? crypto::form_of(srtp->suite).key_bytes : 0,
                 .feed = feed.id});
  say(feed.place.worker, command::OpenFeed{.request = feed.request,
                                           .stream = stream->index,
                                           .terms = feed.place.rule.terms,
                                           .doors = feed.place.doors,
                                           .latency = stream->policy.latency,
                                           .own_ssrc = std::max(random_(), 1u),
                                           .srtp = srtp ? make_reader(*srtp, random_(), feed.srtp_taken) : nullptr});
  return std::nullopt;
}

void SessionDesk::handle_feed_opened(const Session& session) {
  FeedEntry* feed = find_feed(session.request);
  if (feed == nullptr) return;
  feed->state = FeedState::kSilent;
  feed->since = now_;
  feed->socket = session.socket;
  note(Notice::Level::kInfo, title_of(*feed) + " is open");
  feed->look_at = Instant::never();
  if (feed->place.rule.terms.second) look_at_legs(*feed);
}

void SessionDesk::handle(event::FeedNews& event) {
  FeedEntry* feed = find_feed(event.request);
  Session* session = sessions_.find(event.request);
  if (feed == nullptr || session == nullptr) return;
  const bool was_live = feed->state == FeedState::kLive;
  if (event.is_live) feed->failure.clear();
  if (event.is_live && was_live) {
    if (std::exchange(feed->sender, event.remote) != event.remote)
      note(Notice::Level::kInfo, title_of(*feed) + " comes from " + event.remote.text() + " now");
  } else {
    begin_or_end_feed(*feed, *session, event);
  }
  note_clock(*feed, event);
  const bool has_numbers = feed->place.rule.terms.kind == FeedKind::kRtp;
  feed->reception = event.is_live && has_numbers ? std::optional(event.reception) : std::nullopt;
}

void SessionDesk::begin_or_end_feed(FeedEntry& feed, const Session& session, const event::FeedNews& event) {
  StreamEntry* stream = streams_.at(session.stream);
  feed.state = event.is_live ? FeedState::kLive : FeedState::kSilent;
  feed.since = now_;
  feed.sender = event.remote;
  if (stream != nullptr) {
    stream->is_published = event.is_live;
    stream->publisher_latency = event.is_live ? stream->policy.latency : Micros{};
  }
  note(event.is_live ? Notice::Level::kInfo : Notice::Level::kWarning,
       title_of(feed) + (event.is_live ? " comes from " : ": nothing for 5 s from ") + event.remote.text());
  tell_of_feed(feed, session, event.is_live ? SessionEvent::Kind::kPublishStart : SessionEvent::Kind::kPublishStop);
  if (event.is_live) wake_calls(session.stream_name);
}

// Once for each time that it comes: a clock may be found wrong and right in turn.
void SessionDesk::note_clock(FeedEntry& feed, const event::FeedNews& event) {
  feed.clock = clock_words(event, feed.place.rule);
  if (!event.is_live) feed.is_clock_noted = false;
  if (!event.is_live || feed.clock.empty() || std::exchange(feed.is_clock_noted, true)) return;
  note(Notice::Level::kWarning, title_of(feed) + ": " + feed.clock);
}

void SessionDesk::handle(event::FeedRefusal& event) {
  FeedEntry* feed = find_feed(event.request);
  if (feed == nullptr) return;
  feed->failure = refusal_words(event, feed->place.rule);
  if (feed->refusal_noted && now_ - *feed->refusal_noted < kRefusalNoted) return;
  feed->refusal_noted = now_;
  note(Notice::Level::kWarning, title_of(*feed) + ": " + feed->failure);
}

void SessionDesk::tell_of_feed(const FeedEntry& feed, const Session& session, SessionEvent::Kind kind) {
  SessionEvent told = event_of(kind, session);
  told.address = feed.sender.text();
  tell(std::move(told));
}

void SessionDesk::end_feed(const Session& session, std::string failure) {
  FeedEntry* feed = find_feed(session.request);
  if (feed == nullptr) return;
  if (feed->state == FeedState::kLive) tell_of_feed(*feed, session, SessionEvent::Kind::kPublishStop);
  feed->socket = SocketId{};
  feed->reception.reset();
  feed->since = now_;
  wait_with(*feed, std::move(failure));
}

}  // namespace fanlight::control
