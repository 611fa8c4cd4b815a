// One viewer: reads the multivariant playlist, then follows the pictures and, where it is apart, the sound.
//
// Sans-IO. Each rendition has two lines, which are connections: one for its playlist, one for its media. The
// multivariant playlist comes by the first.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "fanlight_load/hls_track.h"

namespace fanlight::load {

// What all viewers share: the renditions, as the first multivariant playlist that came names them.
class HlsShow {
 public:
  // `target`: the multivariant playlist's path.
  HlsShow(std::string target, bool wants_audio, const HlsTerms& terms)
      : target_(std::move(target)), wants_audio_(wants_audio), terms_(terms) {}

  // False: that is no multivariant playlist, or another than the first.
  bool take_multivariant(std::string_view body, bool is_gzip);
  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] const HlsTerms& terms() const { return terms_; }
  [[nodiscard]] HlsTally& tally() { return tally_; }
  [[nodiscard]] const HlsTally& tally() const { return tally_; }
  // One, or two with sound apart; none before the multivariant playlist.
  [[nodiscard]] const std::vector<std::unique_ptr<HlsRendition>>& renditions() const { return renditions_; }

 private:
  const std::string target_;
  const bool wants_audio_;
  const HlsTerms terms_;
  HlsTally tally_;
  std::string body_;  // The last one that was in order, as it came.
  std::optional<HlsChoice> choice_;
  std::vector<std::unique_ptr<HlsRendition>> renditions_;
};

class HlsViewer {
 public:
  static constexpr std::size_t kLines = 4;
  explicit HlsViewer(HlsShow& show) : show_(show) {}

  // What to ask for on a line that is free.
  [[nodiscard]] std::optional<std::string> poll(Instant now, std::size_t line);

  void handle_head(std::size_t line, const HlsAnswerHead& head);
  void handle_body(std::size_t line, ByteSpan bytes);
  void handle_end(Instant now, std::size_t line);
  void handle_lost(Instant now, std::size_t line, HlsFault why, std::string_view what);
  void settle(Instant now);

  // When to poll again without any answer.
  [[nodiscard]] Instant next_due() const;
  [[nodiscard]] bool is_up() const;
  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] std::uint64_t stalls() const;

 private:
  struct Gathered {
    HlsAnswerHead head;
    std::string body;
  };
  static constexpr bool is_playlist(std::size_t line) { return line % 2 == 0; }
  void take_multivariant(Instant now, const Gathered& answer);
  HlsTrack& track(std::size_t line) { return *tracks_[line / 2]; }

  HlsShow& show_;
  std::array<std::optional<HlsTrack>, kLines / 2> tracks_;  // None before the multivariant playlist.
  std::array<Gathered, kLines / 2> playlists_;
  bool asks_multivariant_ = false;
  Instant multivariant_due_ = Instant::never();
};

}  // namespace fanlight::load
