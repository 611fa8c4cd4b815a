#include "fanlight_load/hls_viewer.h"

#include <algorithm>

#include "fanlight_load/hls_gzip.h"

namespace fanlight::load {
namespace {

constexpr Micros kRetry = seconds(1);
constexpr unsigned kOk = 200;

}  // namespace

bool HlsShow::take_multivariant(std::string_view body, bool is_gzip) {
  if (choice_ && body == body_) return true;
  const auto text = is_gzip ? gunzipped(body) : std::string(body);
  if (!text) {
    tally_.faults.note(HlsFault::kPlaylist, target_, "a playlist that is no gzip");
    return false;
  }
  const Result<HlsChoice> choice = choose_renditions(*text, wants_audio_);
  if (!choice) {
    tally_.faults.note(HlsFault::kPlaylist, target_, choice.error().what);
    return false;
  }
  if (choice_ && (choice_->video != choice->video || choice_->audio != choice->audio)) {
    tally_.faults.note(HlsFault::kChanged, target_, "it names other renditions than before");
    return false;
  }
  body_ = body;
  if (choice_) return true;
  choice_ = *choice;
  for (const std::string& uri : {choice->video, choice->audio})
    if (!uri.empty()) renditions_.push_back(std::make_unique<HlsRendition>(resolve_uri(target_, uri), tally_));
  return true;
}

std::optional<std::string> HlsViewer::poll(Instant now, std::size_t line) {
  if (tracks_.front()) {
    if (!tracks_[line / 2]) return std::nullopt;
    return is_playlist(line) ? track(line).poll_reload(now) : track(line).poll_media(now);
  }
  const bool is_put_off = multivariant_due_ != Instant::never() && now < multivariant_due_;
  if (line != 0 || is_put_off || std::exchange(asks_multivariant_, true)) return std::nullopt;
  multivariant_due_ = Instant::never();
  return show_.target();
}

void HlsViewer::handle_head(std::size_t line, const HlsAnswerHead& head) {
  if (!is_playlist(line)) return track(line).handle_media_head(head);
  playlists_[line / 2].head = head;
  playlists_[line / 2].body.clear();
}

void HlsViewer::handle_body(std::size_t line, ByteSpan bytes) {
  if (!is_playlist(line)) return track(line).handle_media_body(bytes);
  playlists_[line / 2].body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void HlsViewer::handle_end(Instant now, std::size_t line) {
  if (!is_playlist(line)) return track(line).handle_media_end(now);
  const Gathered& answer = playlists_[line / 2];
  if (!tracks_.front()) return take_multivariant(now, answer);
  track(line).handle_playlist(now, answer.head, std::as_bytes(std::span(answer.body)));
}

void HlsViewer::take_multivariant(Instant now, const Gathered& answer) {
  asks_multivariant_ = false;
  multivariant_due_ = now + kRetry;  // Unless all is well.
  if (answer.head.status != kOk)
    return show_.tally().faults.note(HlsFault::kStatus, show_.target(),
                                     "was answered with " + std::to_string(answer.head.status));
  if (!show_.take_multivariant(answer.body, answer.head.is_gzip)) return;
  multivariant_due_ = Instant::never();
  for (std::size_t i = 0; i < show_.renditions().size(); ++i) tracks_[i].emplace(*show_.renditions()[i], show_.terms());
}

void HlsViewer::handle_lost(Instant now, std::size_t line, HlsFault why, std::string_view what) {
  if (!tracks_.front()) {
    asks_multivariant_ = false;
    multivariant_due_ = now + kRetry;
    return show_.tally().faults.note(why, show_.target(), what);
  }
  is_playlist(line) ? track(line).handle_reload_lost(now, why, what) : track(line).handle_media_lost(now, why, what);
}

void HlsViewer::settle(Instant now) {
  for (auto& track : tracks_)
    if (track) track->settle(now);
}

Instant HlsViewer::next_due() const {
  if (!tracks_.front()) return multivariant_due_;
  Instant due = Instant::never();
  for (const auto& track : tracks_)
    if (track) due = std::min(due, track->next_due());
  return due;
}

bool HlsViewer::is_up() const {
  return tracks_.front() &&
         std::ranges::all_of(tracks_, [](const auto& track) { return !track || track->is_playing(); });
}

bool HlsViewer::has_ended() const {
  return tracks_.front() &&
         std::ranges::all_of(tracks_, [](const auto& track) { return !track || track->has_ended(); });
}

std::uint64_t HlsViewer::stalls() const {
  std::uint64_t sum = 0;
  for (const auto& track : tracks_)
    if (track) sum += track->stalls();
  return sum;
}

}  // namespace fanlight::load
