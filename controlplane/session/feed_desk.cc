// SessionDesk's care of feeds: each is opened as its stream's publisher, and opened again when it was ended.
//
//   waiting ─ its stream is there, and free ─▶ opening ─ SessionOpened ─▶ silent ◀─ FeedNews ─▶ live
//      ▲                                         │ SessionRefused           │ SessionClosed      │
//      ╰─────────────────────────────────────────┴──────────────────────────┴────────────────────╯
#include <algorithm>
#include <utility>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

constexpr Micros kRetry = seconds(1);

std::string title_of(const FeedEntry& feed) {
  return "feed " + url_of(feed.place.rule.terms) + " of " + feed.place.rule.stream;
}

std::string_view suite_of(const FeedRule& rule) {
  return rule.srtp ? crypto::form_of(rule.srtp->suite).name : std::string_view{};
}

// Half of all control indices are left, whichever is drawn.
std::unique_ptr<crypto::SrtpReader> make_reader(const crypto::SrtpMaster& master, std::uint32_t random,
                                                std::uint64_t taken) {
  return std::make_unique<crypto::SrtpReader>(master, random % (crypto::kSrtcpIndexEnd / 2), taken);
}

// Why nothing of what comes is taken, and what to look at.
std::string srtp_words(const event::SrtpNews& news, const FeedRule& rule) {
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

}  // namespace

void SessionDesk::set_feeds(Instant now, std::vector<FeedPlace> places) {
  now_ = std::max(now_, now);
  for (FeedPlace& place : places)
    feeds_.push_back({.id = static_cast<std::uint32_t>(feeds_.size() + 1), .place = std::move(place), .since = now_});
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
                     .failure = feed.failure,
                     .socket = feed.socket});
  return views;
}

FeedEntry* SessionDesk::find_feed(RequestId request) {
  const auto found = std::ranges::find_if(
      feeds_, [&](const FeedEntry& feed) { return feed.state != FeedState::kWaiting && feed.request == request; });
  return found == feeds_.end() ? nullptr : &*found;
}

Instant SessionDesk::next_feed_due() const {
  Instant due = Instant::never();
  for (const FeedEntry& feed : feeds_)
    if (feed.state == FeedState::kWaiting) due = std::min(due, feed.retry_at);
  return due;
}

void SessionDesk::open_due_feeds() {
  if (is_stopping_) return;
  for (FeedEntry& feed : feeds_) {
    if (feed.state != FeedState::kWaiting || feed.retry_at > now_) continue;
    if (auto obstacle = try_open_feed(feed)) wait_with(feed, *std::move(obstacle));
  }
}

// Said once: what stands in the way may do so for days.
void SessionDesk::wait_with(FeedEntry& feed, std::string failure) {
  if (feed.failure != failure) note(Notice::Level::kWarning, title_of(feed) + " waits: " + failure);
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
  if (stream == nullptr) {
    stream = begin_stream(*policy, name);
    if (stream == nullptr) return "no memory for stream " + name;
    stream->is_dynamic = true;
  }
  feed.request = RequestId{++last_request_};
  feed.state = FeedState::kOpening;
  feed.since = now_;
  feed.failure.clear();
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
}

void SessionDesk::handle(event::FeedNews& event) {
  FeedEntry* feed = find_feed(event.request);
  Session* session = sessions_.find(event.request);
  if (feed == nullptr || session == nullptr) return;
  if (event.is_live && feed->state == FeedState::kLive) {
    feed->sender = event.remote;
    feed->failure.clear();
    return note(Notice::Level::kInfo, title_of(*feed) + " comes from " + event.remote.text() + " now");
  }
  StreamEntry* stream = streams_.at(session->stream);
  feed->state = event.is_live ? FeedState::kLive : FeedState::kSilent;
  feed->since = now_;
  feed->sender = event.remote;
  feed->failure.clear();
  if (stream != nullptr) {
    stream->is_published = event.is_live;
    stream->publisher_latency = event.is_live ? stream->policy.latency : Micros{};
  }
  note(event.is_live ? Notice::Level::kInfo : Notice::Level::kWarning,
       title_of(*feed) + (event.is_live ? " comes from " : ": nothing for 5 s from ") + event.remote.text());
  tell_of_feed(*feed, *session, event.is_live ? SessionEvent::Kind::kPublishStart : SessionEvent::Kind::kPublishStop);
  if (event.is_live) wake_calls(session->stream_name);
}

void SessionDesk::handle(event::SrtpNews& event) {
  FeedEntry* feed = find_feed(event.request);
  if (feed == nullptr || !feed->place.rule.srtp) return;
  feed->failure = srtp_words(event, feed->place.rule);
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
  feed->since = now_;
  wait_with(*feed, std::move(failure));
}

}  // namespace fanlight::control
