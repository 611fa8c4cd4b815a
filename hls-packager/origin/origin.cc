#include "origin/origin.h"

#include <algorithm>
#include <utility>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kAnswersAtOnce = 256;
// A segment that its source cut short ends for who has begun to get it once they have asked for the MPD again, which
// they do each two segments (a target duration), and know that none follows: they would ask for the next.
constexpr Micros kNewsTake = seconds(1);
constexpr std::string_view kTimePath = "/time", kHealthPath = "/healthz";

void move_all(WaiterList& from, WaiterList& to) { to.splice(to.end(), from); }

// Players of it come back within three target durations.
Micros patience_for(const Ask& ask) {
  if (ask.stream == nullptr) return {};
  return 3 * seconds(std::int64_t{ask.stream->now->target_duration});
}

}  // namespace

Origin::Origin(const OriginConfig& config, Published& published, HttpReplies& replies)
    : config_(config), published_(published), replies_(replies), streams_(config.allow_origin, config.start_budget) {
  published_.subscribe(replies_);
  take_news();
}

Origin::~Origin() { published_.forget(replies_); }

void Origin::handle(HttpRequestId id, const HttpRequest& request) {
  now_ = std::max(now_, request.arrived);
  take_news();
  Ask ask{.is_head = request.method == HttpMethod::kHead, .accepts_gzip = request.accepts_gzip};
  const Answers& answers = streams_.answers();
  const auto answer_as = [&](RequestKind kind, HttpResponse&& response) {
    ask.kind = kind;
    respond(id, ask, std::move(response));
  };
  if (request.method == HttpMethod::kOptions) return answer_as(RequestKind::kPreflight, answers.preflight());
  if (request.path == kTimePath)
    return answer_as(RequestKind::kTime, answers.text(date_text(published_.wall_time(now_))));
  if (request.path == kHealthPath) return answer_as(RequestKind::kHealth, answers.text("ok"));

  const std::optional<Resource> resource = parse_resource(request.path);
  if (!resource) return answer_as(RequestKind::kOther, answers.refusal(404, "nothing is here", lifetime::kOfUnknown));
  const std::optional<Ask> found = streams_.find(*resource);
  if (!found) return answer_as(RequestKind::kOther, answers.refusal(404, "no such stream", lifetime::kOfUnknown));
  ask = *found;
  ask.is_head = request.method == HttpMethod::kHead;
  ask.accepts_gzip = request.accepts_gzip;
  ask.range = parse_range(request.range);
  ask.arrived = request.arrived;
  if (ask.kind == RequestKind::kPlaylist) {
    const std::optional<PlaylistQuery> query = parse_playlist_query(request.query);
    if (!query)
      return respond(id, ask,
                     answers.refusal(400, "a directive that means nothing",
                                     lifetime::of_refused_reload(ask.stream->now->target_duration)));
    ask.query = *query;
  }
  serve(id, ask, request.if_none_match);
}

void Origin::handle_gone(HttpRequestId id) {
  if (!waits_.erase(id)) return;
  counters_.waiting.set(waits_.size());
}

void Origin::handle_mail(Instant now) {
  now_ = std::max(now_, now);
  take_news();
  answer_due();
}

void Origin::handle_stop(Instant now) {
  now_ = std::max(now_, now);
  has_stopped_ = true;
  waits_.for_each([&](Waiter& waiter) {
    if (waiter.has_begun) return;
    WaiterHook<WaitedFor>& hook = waiter;
    hook.unlink();
    due_.push_back(waiter);
  });
  answer_due();
}

void Origin::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  take_news();
  answer_due();
  expire();
}

Instant Origin::next_deadline() const { return due_.empty() ? waits_.next_deadline() : now_; }

void Origin::take_news() {
  if (published_.version() == version_) return;
  const Published::News news = published_.since(version_);
  version_ = news.version;
  for (const Published::Publication& one : news.publications) {
    ServedStream& stream = streams_.apply(one);
    if (!stream.now->multivariant.is_empty()) move_all(stream.first, due_);
    for (auto& [folder, rendition] : stream.renditions) release(rendition);
  }
}

void Origin::release(ServedRendition& rendition) {
  release(rendition, WaitList::kPlaylists);
  release(rendition, WaitList::kParts);
  move_all(rendition.streams, due_);
}

void Origin::release(ServedRendition& rendition, WaitList list) {
  auto& by_place = list == WaitList::kPlaylists ? rendition.playlists : rendition.parts;
  for (auto at = by_place.begin(); at != by_place.end();) {
    if (ServedStreams::is_settled(rendition, list, at->first)) move_all(at->second, due_);
    at = at->second.empty() ? by_place.erase(at) : std::next(at);
  }
}

void Origin::answer_due() {
  for (std::size_t count = 0; count < kAnswersAtOnce && !due_.empty(); ++count) answer_due(due_.front());
  if (due_.empty()) streams_.forget_gone();
}

void Origin::answer_due(Waiter& waiter) {
  const HttpRequestId id = waiter.id;
  if (waiter.has_begun) return go_on(id);
  Ask ask = waiter.ask;
  if (has_stopped_) {
    waits_.erase(id);
    return respond(id, ask, streams_.answers().unavailable("the server ends"));
  }
  counters_.count_release(now_ - (ask.rendition != nullptr ? ask.rendition->published : ask.stream->published));
  waits_.erase(id);
  ServedStreams::look_again(ask);
  serve(id, ask, {});
}

void Origin::expire() {
  for (std::size_t count = 0; count < kAnswersAtOnce; ++count) {
    const Waiter* const waiter = waits_.first_expired(now_);
    if (waiter == nullptr) return;
    const HttpRequestId id = waiter->id;
    const Ask ask = waiter->ask;
    if (waiter->has_begun) {
      end(id);
      continue;
    }
    waits_.erase(id);
    counters_.expired.add();
    respond(id, ask, streams_.answers().unavailable("nothing came in time"));
  }
}

void Origin::serve(HttpRequestId id, const Ask& ask, std::string_view if_none_match) {
  Reply reply = streams_.reply_to(ask, if_none_match);
  if (HttpResponse* const response = std::get_if<HttpResponse>(&reply)) return respond(id, ask, std::move(*response));
  if (const Wait* const later = std::get_if<Wait>(&reply)) return wait(id, ask, *later);
  begin(id, ask);
}

void Origin::wait(HttpRequestId id, const Ask& ask, const Wait& wait) {
  if (has_stopped_) return respond(id, ask, streams_.answers().unavailable("the server ends"));
  if (waits_.size() >= config_.waiters_max) {
    counters_.refused_waits.add();
    return respond(id, ask, streams_.answers().unavailable("too many wait already"));
  }
  Waiter& waiter = waits_.add(id, ask, now_, wait.at_most);
  if (wait.list == WaitList::kFirst)
    ask.stream->first.push_back(waiter);
  else
    (wait.list == WaitList::kPlaylists ? ask.rendition->playlists : ask.rendition->parts)[wait.place].push_back(waiter);
  counters_.waiting.set(waits_.size());
}

void Origin::begin(HttpRequestId id, const Ask& ask) {
  HttpResponse head = streams_.answers().media_head(*ask.rendition->now);
  head.patience = patience_for(ask);
  if (ask.is_head) {
    counters_.count_answer(ask.kind, head.status);
    replies_.begin(id, std::move(head));
    return replies_.end(id);
  }
  if (waits_.size() >= config_.waiters_max) {
    counters_.refused_waits.add();
    return respond(id, ask, streams_.answers().unavailable("too many wait already"));
  }
  Waiter& waiter = waits_.add_endless(id, ask);
  waiter.has_begun = true;
  counters_.count_answer(ask.kind, head.status);
  replies_.begin(id, std::move(head));
  go_on(id);
}

// Whatever is called may take the waiter away.
void Origin::go_on(HttpRequestId id) {
  Waiter* waiter = waits_.find(id);
  if (waiter == nullptr) return;
  ServedRendition& rendition = *waiter->ask.rendition;
  WaiterHook<WaitedFor>& hook = *waiter;
  hook.unlink();
  rendition.streams.push_back(*waiter);
  const std::shared_ptr<const RenditionSnapshot> now = rendition.now;
  const LiveSegment* const segment = now ? find_segment(*now, waiter->ask.number) : nullptr;
  while (segment != nullptr && waiter->parts_sent < segment->parts.size()) {
    const SharedBytes& part = segment->parts[waiter->parts_sent++];
    replies_.append(id, part);
    if ((waiter = waits_.find(id)) == nullptr) return;
  }
  if (segment != nullptr && !segment->is_whole && !now->has_ended) return;
  const bool is_interrupted = now && now->is_interrupted && !now->has_ended;
  if (is_interrupted && segment != nullptr && segment == now->segments.back().get())
    return waits_.limit(*waiter, now_, seconds(std::int64_t{now->target_duration}) + kNewsTake);
  end(id);
}

void Origin::end(HttpRequestId id) {
  waits_.erase(id);
  counters_.waiting.set(waits_.size());
  replies_.end(id);
}

void Origin::respond(HttpRequestId id, const Ask& ask, HttpResponse&& response) {
  response.patience = patience_for(ask);
  counters_.waiting.set(waits_.size());
  counters_.count_answer(ask.kind, response.status);
  replies_.respond(id, std::move(response));
}

}  // namespace fanlight::packager
