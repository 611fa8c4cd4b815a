// What all viewers of one rendition share: its playlists, each text read and judged once whoever got it, and its media,
// of which one copy is kept to compare with.
//
// A viewer's position is a list, shared by all who are at the same: answering the same bytes to a viewer with the same
// list leads to the same next one, by two comparisons.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "fanlight_load/hls_piece.h"
#include "fanlight_load/hls_playlist.h"
#include "fanlight_load/hls_tally.h"

namespace fanlight::load {

class HlsRendition {
 public:
  using List = std::shared_ptr<const HlsPlaylist>;
  using Piece = std::shared_ptr<HlsPiece>;

  // `target`: the path of its playlist, query included.
  HlsRendition(std::string target, HlsTally& tally) : target_(std::move(target)), tally_(tally) {}

  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] HlsTally& tally() { return tally_; }

  // The playlist of a viewer that had `before` (nullptr: none) and was given `body`; nullptr when that is none.
  List read(Instant now, const List& before, ByteSpan body, bool is_gzip);

  [[nodiscard]] Piece part(HlsPlace place);
  // That a hint names: its place is known when it is listed, which may be in the next segment.
  [[nodiscard]] Piece hinted(const std::string& uri);
  [[nodiscard]] Piece init(const std::string& uri);
  // When a part was listed first; never: not yet.
  [[nodiscard]] Instant listed_at(HlsPlace place) const;

  // What somebody has whole, once. A part that was hinted at is judged when it is listed.
  void judge_init(const std::string& uri);
  void judge_part(HlsPlace place, const HlsSegment& segment, const HlsPart& part);

  void note(HlsFault kind, std::string_view what) { tally_.faults.note(kind, target_, what); }

 private:
  struct Reading {
    List before{};
    std::string body;
    List now{};
    bool is_delta = false;
  };
  Reading make(Instant now, const List& before, std::string_view body, bool is_gzip);
  List shared(HlsPlaylist playlist);
  void list_parts(Instant now, const HlsPlaylist& playlist);
  void forget_before(std::uint64_t msn);
  void judge_time(HlsPlace place);

  const std::string target_;
  HlsTally& tally_;
  std::deque<Reading> readings_;  // The newest first.
  std::deque<List> lists_;        // Likewise; no two are equal.
  std::map<HlsPlace, Piece> parts_;
  std::map<std::string, Piece> hinted_;  // Not listed yet.
  std::map<std::string, Piece> inits_;
};

}  // namespace fanlight::load
