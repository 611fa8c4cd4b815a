// A stream made by hand that grows part by part, and an origin that is asked about it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "origin/origin.h"
#include "playlist/names.h"

namespace fanlight::packager {

inline SharedBytes bytes_from(std::string_view text) { return SharedBytes::copy_of(text); }
inline std::string text_from(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
// What a body says, range and all.
inline std::string text_from(const HttpBody& body) {
  std::string all;
  for (const SharedBytes& piece : body.pieces) all += text_from(piece.span());
  return all.substr(body.offset, body.size);
}
inline Document document_from(const std::string& text) {
  return {.plain = bytes_from(text), .gzip = bytes_from("gzip of " + text)};
}
// A part's bytes say which it is.
inline std::string part_text(const std::string& folder, PartPlace place) {
  return folder + "/" + part_name(place.msn, place.part) + ";";
}

// One rendition that is told what becomes of it. Its playlist says its edge and what is listed of it.
class Show {
 public:
  explicit Show(std::string folder = "v0", std::uint64_t first_msn = 0) : folder_(std::move(folder)) {
    rendition_.folder = folder_;
    rendition_.is_video = folder_.starts_with('v');
    rendition_.part_target = millis(200);
    rendition_.first_msn = first_msn;
    rendition_.inits = {{.init = 0, .bytes = bytes_from(folder_ + "/init 0")}};
    next_ = {first_msn, 0};
  }

  // The next part, which begins a segment where the one before is whole.
  void add_part() {
    if (next_.part == 0) rendition_.segments.push_back(std::make_shared<LiveSegment>(LiveSegment{.msn = next_.msn}));
    LiveSegment& open = change_last();
    open.parts.push_back(bytes_from(part_text(folder_, next_)));
    rendition_.edge = {next_.msn, next_.part};
    ++next_.part;
  }
  void close_segment() {
    change_last().is_whole = true;
    next_ = {next_.msn + 1, 0};
  }
  void add_segment(std::size_t parts) {
    for (std::size_t i = 0; i < parts; ++i) add_part();
    close_segment();
  }
  void hint_at_next_segment(bool hints) { rendition_.hints_at_next_segment = hints; }
  void end() { rendition_.has_ended = true; }
  // Its source is lost, or is there again.
  void interrupt(bool is_interrupted = true) { rendition_.is_interrupted = is_interrupted; }
  void list_from(std::uint64_t msn) { rendition_.first_msn = msn; }
  void forget_front() { rendition_.segments.pop_front(); }
  void add_init(std::uint64_t init) {
    rendition_.inits.push_back({init, bytes_from(folder_ + "/init " + std::to_string(init))});
  }
  void offer_delta() { has_delta_ = true; }

  [[nodiscard]] std::string playlist_text() const {
    if (rendition_.segments.empty()) return {};
    return folder_ + " from " + std::to_string(rendition_.first_msn) + " to " + std::to_string(rendition_.edge.msn) +
           "." + std::to_string(rendition_.edge.part.value_or(kWhole)) +
           (rendition_.segments.back()->is_whole ? " whole" : "") + (rendition_.has_ended ? " ended" : "");
  }
  [[nodiscard]] std::string delta_text() const { return "delta of " + playlist_text(); }
  [[nodiscard]] PartPlace next() const { return next_; }

  [[nodiscard]] std::shared_ptr<const RenditionSnapshot> snapshot() const {
    auto out = std::make_shared<RenditionSnapshot>(rendition_);
    if (!playlist_text().empty()) out->playlist = document_from(playlist_text());
    if (has_delta_) out->delta = document_from(delta_text());
    return out;
  }

 private:
  // As a packager does it: what was published stays as it is.
  LiveSegment& change_last() {
    auto changed = std::make_shared<LiveSegment>(*rendition_.segments.back());
    rendition_.segments.back() = changed;
    return *changed;
  }

  std::string folder_;
  RenditionSnapshot rendition_;
  PartPlace next_{};
  bool has_delta_ = false;
};

struct RecordedReplies final : HttpReplies {
  struct Answer {
    HttpResponse response{};
    std::string streamed{};
    std::vector<SharedBytes> chunks{};  // Of that.
    bool is_stream = false;
    bool is_over = false;
    int count = 0;
  };
  void respond(HttpRequestId id, HttpResponse&& response) override {
    Answer& answer = answers[id];
    answer.response = std::move(response);
    answer.is_over = true;
    ++answer.count;
    order.push_back(id.stream);
  }
  void begin(HttpRequestId id, HttpResponse&& head) override {
    Answer& answer = answers[id];
    answer.response = std::move(head);
    answer.is_stream = true;
    ++answer.count;
  }
  void append(HttpRequestId id, SharedBytes bytes) override {
    answers[id].streamed += text_from(bytes.span());
    answers[id].chunks.push_back(bytes);
    if (on_append) on_append(id);
  }
  void end(HttpRequestId id) override { answers[id].is_over = true; }
  void wake() override { ++wakes; }

  std::map<HttpRequestId, Answer> answers;
  std::vector<std::uint64_t> order;
  std::function<void(HttpRequestId)> on_append;
  int wakes = 0;
};

// How it is asked.
struct Asked {
  HttpMethod method = HttpMethod::kGet;
  std::string query{};
  bool accepts_gzip = false;
  std::string range{};
  std::string if_none_match{};
};

class OriginRig {
 public:
  explicit OriginRig(const OriginConfig& config = {}) : origin(config, published, replies) {}

  void publish(const std::vector<const Show*>& shows, const std::string& name = "live/main") {
    StreamSnapshot stream;
    stream.name = name;
    for (const Show* show : shows) stream.renditions.push_back(show->snapshot());
    if (!shows.empty()) {
      stream.multivariant = document_from("multivariant of " + name);
      stream.mpd = document_from("mpd of " + name);
    }
    published.publish(std::make_shared<const StreamSnapshot>(std::move(stream)), now);
  }
  void publish(const Show& show) { publish(std::vector<const Show*>{&show}); }
  // Before anything is known of it.
  void announce() { publish(std::vector<const Show*>{}); }
  // As a server would: until there is nothing to do any more.
  void settle() {
    origin.handle_mail(now);
    while (origin.next_deadline() <= now) origin.handle_timeout(now);
  }
  void pass(Micros span) {
    now = now + span;
    settle();
  }
  std::uint64_t ask(const std::string& path, const Asked& asked = {}) {
    const HttpRequestId id{.connection = 1, .stream = ++asked_};
    origin.handle(id, {.method = asked.method,
                       .path = path,
                       .query = asked.query,
                       .accepts_gzip = asked.accepts_gzip,
                       .range = asked.range,
                       .if_none_match = asked.if_none_match,
                       .arrived = now});
    return asked_;
  }
  [[nodiscard]] bool is_answered(std::uint64_t request) const {
    const auto at = replies.answers.find({.connection = 1, .stream = request});
    return at != replies.answers.end() && at->second.is_over;
  }
  [[nodiscard]] const RecordedReplies::Answer& answer(std::uint64_t request) {
    return replies.answers[{.connection = 1, .stream = request}];
  }
  [[nodiscard]] const HttpResponse& response(std::uint64_t request) { return answer(request).response; }
  [[nodiscard]] std::string body(std::uint64_t request) { return text_from(response(request).body); }
  [[nodiscard]] std::string field(std::uint64_t request, std::string_view name) {
    for (const auto& [key, value] : response(request).fields)
      if (key == name) return value;
    return {};
  }

  Instant now{1'000'000};
  Published published;
  RecordedReplies replies;
  Origin origin;

 private:
  std::uint64_t asked_ = 0;
};

// Of the rigs' stream.
inline const std::string kMain = "/live/live/main/";
inline const std::string kPlaylist = kMain + "v0/index.m3u8";
inline std::string part_path(PartPlace place) { return kMain + "v0/" + part_name(place.msn, place.part); }

}  // namespace fanlight::packager
