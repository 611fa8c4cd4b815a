// A rendition's media playlist: which segments and parts there are, as of now. draft-pantos-hls-rfc8216bis-22 §4.4
//
// The struct is what is known, and may be kept and added to from update to update; the text is a pure function of it. A
// copy, to be written when somebody asks, is cheap however many segments there are.
// What follows from the rest is worked out by the writer and cannot disagree: names, which part comes next, which parts
// are still worth listing, what a delta leaves out.
//
// Constant for a playlist's life, because players take a change for an error: timescale, target duration, low latency,
// keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cmaf/shared_list.h"
#include "cmaf/wall_time.h"
#include "playlist/date_range.h"

namespace fanlight::packager {

struct PlaylistPart {
  std::int64_t duration = 0;  // In ticks of the playlist's timescale.
  bool is_independent = false;
};

struct PlaylistSegment {
  std::int64_t duration = 0;      // In ticks; of the open one not known yet.
  std::uint64_t init = 0;         // Whose format it has (names.h).
  bool is_discontinuous = false;  // Against the segment before.
  bool is_gap = false;
  std::size_t key = 0;           // Of the playlist's keys, where it has any.
  bool expects_no_more = false;  // The open one: the part that comes is expected to be the next segment's first.
  std::optional<WallTime> begins{};
  std::vector<PlaylistPart> parts{};  // From the first on, or none where nobody will ask for them any more.
};

// Where a playlist ends: a segment, and the last of its parts that is listed.
struct PlaylistEdge {
  std::uint64_t msn = 0;
  std::optional<std::uint64_t> part{};
  friend bool operator==(const PlaylistEdge&, const PlaylistEdge&) = default;
};

// Where it stands is where the playlist ended when it was first said: what was there before stays in front of it.
struct PlacedDateRange {
  DateRange range;
  std::uint64_t msn = 0;  // In front of this segment's
  std::uint64_t part = 0;
};

// Of another rendition of the same presentation.
struct RenditionReport {
  std::string uri;
  PlaylistEdge edge;
};

// By which the text makes parts, and the part target, longer than they are: players that add parts up and compare with
// the media's times must not find less. docs/adr/0059-parts-read-a-microsecond-longer.md
inline constexpr Micros kPartExcess = micros(1);

struct LowLatency {
  Micros part_target;  // part_target.h
  Micros hold_back;
};

// Samples are encrypted with it (`cbcs`); its IV is its ID.
struct PlaylistKey {
  std::string id{};                // 32 hexadecimal digits.
  bool has_clear_licence = false;  // Players may ask for it as ClearKey's, too.
};

enum class PlaylistKind : std::uint8_t {
  kLive,  // Loses segments at its front.
  kVod,   // Never changes.
};

struct MediaPlaylist {
  PlaylistKind kind = PlaylistKind::kLive;
  std::uint32_t timescale = 90'000;
  std::uint32_t target_duration = 2;  // Seconds; no segment rounds to more.
  std::optional<LowLatency> low_latency{};

  std::uint64_t media_sequence = 0;          // The first segment's number.
  std::uint64_t discontinuity_sequence = 0;  // How many discontinuities have left at the front.
  SharedList<PlaylistSegment> segments{};    // Whole.
  std::optional<PlaylistSegment> open{};     // Its parts come; that it has none yet is no harm. None once ended.
  std::vector<PlacedDateRange> ranges{};     // In the order of their places. All are said, of a delta too.
  std::vector<RenditionReport> reports{};
  std::vector<PlaylistKey> keys{};  // None: all is in the clear.
  std::size_t hinted_key = 0;       // Of them, of the segment whose part is hinted at (hints_at).
  bool has_ended = false;
};

// The segment that the part belongs to which comes next.
[[nodiscard]] std::uint64_t hints_at(const MediaPlaylist& playlist) noexcept;

// Of what is listed; empty while nothing is.
[[nodiscard]] std::optional<PlaylistEdge> edge_of(const MediaPlaylist& playlist);

[[nodiscard]] std::string write_media_playlist(const MediaPlaylist& playlist);
// For a player that has an older one, what is more than six target durations from the end left out. Empty when that is
// nothing, or nothing more will come: such a player gets the whole.
[[nodiscard]] std::optional<std::string> write_delta(const MediaPlaylist& playlist);

}  // namespace fanlight::packager
