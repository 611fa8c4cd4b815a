// One rendition as one viewer follows it, as hls.js 1.6 does: the playlist is asked for again as soon as it has come,
// by blocking reloads for the part behind the last one it lists, as delta updates where the server makes them; parts
// are fetched one after the other as they are listed, the init segment before them. With hints, as Apple's players and
// shaka do it, a part is asked for before it is listed.
//
// Sans-IO. Two things go on at once, each on a connection of its own: the reload and the media.
//   · poll_* says what to ask for next, when the connection is free; what is asked for is answered by one handle_*.
//   · After any handle_* poll both. What is put off is due at next_due().
#pragma once

#include <optional>
#include <string>

#include "fanlight_load/hls_answer.h"
#include "fanlight_load/hls_buffer.h"
#include "fanlight_load/hls_rendition.h"

namespace fanlight::load {

struct HlsTerms {
  bool takes_hints = false;
  Micros late{};  // A part that comes so long after it was listed; 0: the part target.
};

class HlsTrack {
 public:
  HlsTrack(HlsRendition& rendition, const HlsTerms& terms) : rendition_(rendition), terms_(terms) {}

  [[nodiscard]] std::optional<std::string> poll_reload(Instant now);
  [[nodiscard]] std::optional<std::string> poll_media(Instant now);

  void handle_playlist(Instant now, const HlsAnswerHead& head, ByteSpan body);
  void handle_media_head(const HlsAnswerHead& head);
  void handle_media_body(ByteSpan bytes);
  void handle_media_end(Instant now);
  // What was asked for will not be answered.
  void handle_reload_lost(Instant now, HlsFault why, std::string_view what);
  void handle_media_lost(Instant now, HlsFault why, std::string_view what);
  // The run is over.
  void settle(Instant now) { count_stall(buffer_.add(now, {})); }

  [[nodiscard]] Instant next_due() const { return std::min(reload_due_, media_due_); }
  [[nodiscard]] bool is_playing() const { return buffer_.is_playing(); }
  [[nodiscard]] bool has_ended() const { return list_ && list_->has_ended; }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_; }

 private:
  struct Reload {
    std::optional<HlsPlace> place;  // None: whatever there is.
    bool is_blocked = false;        // Nobody has seen that part yet.
  };
  struct Media {
    HlsPlace place;
    std::string uri;
    bool is_init = false;
    bool is_hint = false;
    HlsRendition::Piece piece;
    HlsAnswerHead head{};
    std::uint64_t at = 0;
    bool is_other = false;  // Than what others got.
  };

  void judge_reload(Instant now, const Reload& reload);
  void put_off_reload(Instant now);
  bool find_next();
  void begin_anew();
  std::string ask(Media media);
  void take_init(const Media& media);
  void take_part(Instant now, const Media& media);
  void refuse_media(Instant now, const Media& media);
  void measure(Instant now, const Media& media);
  void count_stall(Micros stall);

  HlsRendition& rendition_;
  const HlsTerms terms_;
  HlsRendition::List list_;
  Instant list_at_{};
  std::optional<Reload> reload_;           // On its way.
  std::optional<Media> media_;             // Likewise.
  Instant reload_due_ = Instant::never();  // Put off until then; never: it is not.
  Instant media_due_ = Instant::never();
  bool asks_plainly_ = false;     // After an error.
  std::optional<HlsPlace> next_;  // Part to fetch.
  HlsPlace live_{};               // What was next when we began: from there on parts come live.
  Micros ahead_{};                // Buffered when that is reached.
  std::string init_;              // That is loaded.
  std::string refused_hint_, taken_hint_;
  HlsBuffer buffer_;
  std::uint64_t stalls_ = 0;
};

}  // namespace fanlight::load
