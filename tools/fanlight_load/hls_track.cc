#include "fanlight_load/hls_track.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fanlight::load {
namespace {

constexpr Micros kRetry = seconds(1);      // hls.js's retry delay.
constexpr Micros kPatience = millis(100);  // Between playlists of a server that does not make us wait.
constexpr unsigned kOk = 200, kNotFound = 404;

// Where to begin: the last independent part that does not begin after `target` before the end, or the first there is.
struct Beginning {
  HlsPlace place;
  Micros ahead;  // From there to the end.
};
std::optional<Beginning> beginning_of(const HlsPlaylist& list, Micros target) {
  Micros ahead{};
  std::optional<Beginning> best;
  for (std::uint64_t msn = list.end_msn(); msn-- > list.media_sequence;) {
    const HlsSegment& segment = *list.find(msn);
    if (segment.parts.empty()) break;
    for (std::uint64_t at = segment.parts.size(); at-- > 0;) {
      ahead = ahead + segment.parts[at].duration;
      const bool is_far_enough = best && best->ahead >= target;
      if (!is_far_enough || segment.parts[at].is_independent) best = Beginning{{msn, at}, ahead};
      if (ahead >= target && segment.parts[at].is_independent) return best;
    }
  }
  return best;
}

}  // namespace

std::optional<std::string> HlsTrack::poll_reload(Instant now) {
  if (reload_ || has_ended() || (reload_due_ != Instant::never() && now < reload_due_)) return std::nullopt;
  reload_due_ = Instant::never();
  std::string target = rendition_.target();
  Reload reload;
  if (list_ && list_->can_block && !std::exchange(asks_plainly_, false)) {
    reload.place = list_->next();
    reload.is_blocked = rendition_.listed_at(*reload.place) == Instant::never();
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += "_HLS_msn=" + std::to_string(reload.place->msn) + "&_HLS_part=" + std::to_string(reload.place->part);
    // Not of what is older than half the boundary (RFC 8216bis §6.3.7).
    if (now - list_at_ < list_->can_skip_until / 2) target += "&_HLS_skip=YES";
  }
  reload_ = reload;
  return target;
}

void HlsTrack::handle_playlist(Instant now, const HlsAnswerHead& head, ByteSpan body) {
  const Reload reload = *std::exchange(reload_, std::nullopt);
  if (head.status != kOk) {
    rendition_.note(HlsFault::kStatus, "a playlist was answered with " + std::to_string(head.status));
    return put_off_reload(now);
  }
  const HlsRendition::List list = rendition_.read(now, list_, body, head.is_gzip);
  if (!list) return put_off_reload(now);
  list_ = list;
  list_at_ = now;
  if (!list_->can_block) reload_due_ = now + std::max(list_->part_target, kPatience);
  judge_reload(now, reload);
}

void HlsTrack::judge_reload(Instant now, const Reload& reload) {
  if (!reload.place || list_->has_ended) return;
  if (list_->next() <= *reload.place) {
    rendition_.note(HlsFault::kStale, "the answer to a reload for " + reload.place->text() + " ends before it");
    reload_due_ = now + std::max(list_->part_target / 2, kPatience);
    return;
  }
  const bool is_carried = list_->find(*reload.place) == nullptr;
  const Instant first = rendition_.listed_at(is_carried ? HlsPlace{reload.place->msn + 1, 0} : *reload.place);
  HlsTally& tally = rendition_.tally();
  if (tally.is_measuring && reload.is_blocked && first <= now)
    tally.release_us.record(static_cast<std::uint64_t>((now - first).count));
}

void HlsTrack::put_off_reload(Instant now) {
  reload_due_ = now + kRetry;
  asks_plainly_ = true;
}

void HlsTrack::handle_reload_lost(Instant now, HlsFault why, std::string_view what) {
  reload_.reset();
  rendition_.note(why, what);
  put_off_reload(now);
}

std::optional<std::string> HlsTrack::poll_media(Instant now) {
  if (media_ || !list_ || (media_due_ != Instant::never() && now < media_due_)) return std::nullopt;
  media_due_ = Instant::never();
  if (!next_) begin_anew();
  if (!next_) return std::nullopt;
  const bool is_listed = find_next();
  if (!buffer_.is_playing() && *next_ >= live_) buffer_.begin(now, ahead_);
  if (!is_listed) {
    const bool is_hinted = terms_.takes_hints && list_->next() == *next_ && !list_->hint.empty();
    if (!is_hinted || list_->hint == refused_hint_ || list_->hint == taken_hint_) return std::nullopt;
    return ask({.place = *next_, .uri = list_->hint, .is_hint = true, .piece = rendition_.hinted(list_->hint)});
  }
  const HlsSegment& segment = *list_->find(next_->msn);
  if (segment.init != init_)
    return ask({.place = *next_, .uri = segment.init, .is_init = true, .piece = rendition_.init(segment.init)});
  return ask({.place = *next_, .uri = segment.parts[next_->part].uri, .piece = rendition_.part(*next_)});
}

std::string HlsTrack::ask(Media media) {
  std::string target = resolve_uri(rendition_.target(), media.uri);
  media_ = std::move(media);
  return target;
}

void HlsTrack::begin_anew() {
  const auto from = beginning_of(*list_, list_->part_hold_back);
  if (!from) return;
  next_ = from->place;
  live_ = list_->next();
  ahead_ = std::min(from->ahead, list_->part_hold_back);
  buffer_.stop();
}

// Whether the next part is listed; past a segment's last part the next one's first is meant. Gaps are passed over, and
// what was taken by its hint.
bool HlsTrack::find_next() {
  for (bool is_again = false;;) {
    const HlsSegment* const segment = list_->find(next_->msn);
    const bool has_left = segment == nullptr ? next_->msn < list_->media_sequence
                                             : segment->parts.empty() && !segment->is_open() && !segment->is_gap;
    if (has_left && !std::exchange(is_again, true)) {
      rendition_.note(HlsFault::kFellBehind, "part " + next_->text() + " is not listed any more");
      begin_anew();
      continue;
    }
    if (segment == nullptr || has_left) return false;
    if (next_->part < segment->parts.size()) {
      const HlsPart& part = segment->parts[next_->part];
      if (!part.is_gap && part.uri != taken_hint_) return true;
      ++next_->part;
    } else if (segment->is_open()) {
      return false;
    } else {
      next_ = HlsPlace{next_->msn + 1, 0};
    }
  }
}

void HlsTrack::handle_media_head(const HlsAnswerHead& head) {
  media_->head = head;
  const bool has_wrong_length = head.status == kOk && head.length && !media_->piece->is_length(*head.length);
  if (!has_wrong_length) return;
  media_->is_other = true;
  rendition_.note(HlsFault::kLength,
                  media_->uri + " has " + std::to_string(*head.length) + " bytes for one, others for others");
}

void HlsTrack::handle_media_body(ByteSpan bytes) {
  if (media_->head.status == kOk && !media_->is_other && !media_->piece->take(media_->at, bytes)) {
    media_->is_other = true;
    rendition_.note(HlsFault::kBytes,
                    media_->uri + " has other bytes than others got, at or behind " + std::to_string(media_->at));
  }
  media_->at += bytes.size();
}

void HlsTrack::handle_media_end(Instant now) {
  const Media media = *std::exchange(media_, std::nullopt);
  if (media.head.status != kOk) return refuse_media(now, media);
  rendition_.tally().bytes += media.at;
  if (!media.head.length)
    rendition_.note(HlsFault::kHttp, media.uri + " came without its length: it was sent before it was whole");
  if (!media.is_other && !media.piece->is_length(media.at))
    rendition_.note(HlsFault::kLength, media.uri + " ended after " + std::to_string(media.at) + " bytes");
  media.is_init ? take_init(media) : take_part(now, media);
}

void HlsTrack::take_init(const Media& media) {
  ++rendition_.tally().inits;
  init_ = media.uri;
  rendition_.judge_init(media.uri);
}

void HlsTrack::take_part(Instant now, const Media& media) {
  HlsTally& tally = rendition_.tally();
  ++tally.parts;
  if (media.is_hint) ++tally.hinted;
  const std::optional<HlsPlace> place = media.is_hint ? list_->place_of(media.uri) : media.place;
  const HlsPart* const part = place ? list_->find(*place) : nullptr;
  if (part != nullptr) rendition_.judge_part(*place, *list_->find(place->msn), *part);
  if (media.place >= live_) {
    measure(now, media);
    count_stall(buffer_.add(now, part != nullptr ? part->duration : list_->part_target));
  }
  if (media.is_hint)
    taken_hint_ = media.uri;  // Where that is, the list will say.
  else
    ++next_->part;
}

void HlsTrack::measure(Instant now, const Media& media) {
  HlsTally& tally = rendition_.tally();
  if (!tally.is_measuring) return;
  const Micros took = std::max(now - std::min(media.piece->listed_at, now), Micros{});
  tally.arrival_us.record(static_cast<std::uint64_t>(took.count));
  ++tally.measured;
  if (took > (terms_.late > Micros{} ? terms_.late : list_->part_target)) ++tally.late;
}

void HlsTrack::count_stall(Micros stall) {
  HlsTally& tally = rendition_.tally();
  if (stall <= Micros{} || !tally.is_measuring) return;
  ++stalls_;
  ++tally.stalls;
  tally.stalled = tally.stalled + stall;
}

void HlsTrack::refuse_media(Instant now, const Media& media) {
  if (media.is_hint && media.head.status == kNotFound) {
    ++rendition_.tally().hints_in_vain;
    refused_hint_ = media.uri;
    return;
  }
  rendition_.note(HlsFault::kStatus, media.uri + " was answered with " + std::to_string(media.head.status));
  media_due_ = now + kRetry;
}

void HlsTrack::handle_media_lost(Instant now, HlsFault why, std::string_view what) {
  media_.reset();
  rendition_.note(why, what);
  media_due_ = now + kRetry;
}

}  // namespace fanlight::load
