// A media playlist of low-latency HLS as a player reads it (RFC 8216bis §4.4), and what the multivariant playlist
// names.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace fanlight::load {

// Part `part` of the segment with media sequence number `msn`.
struct HlsPlace {
  std::uint64_t msn = 0;
  std::uint64_t part = 0;
  friend constexpr auto operator<=>(const HlsPlace&, const HlsPlace&) = default;
  [[nodiscard]] std::string text() const { return std::to_string(msn) + "." + std::to_string(part); }
};

struct HlsPart {
  std::string uri;
  Micros duration;
  bool is_independent = false;
  bool is_gap = false;
  friend bool operator==(const HlsPart&, const HlsPart&) = default;
};

struct HlsSegment {
  std::string uri;   // Empty while the segment is open.
  Micros duration;   // Likewise.
  std::string date;  // As it was told.
  std::string init;
  bool is_discontinuous = false;
  bool is_gap = false;
  std::vector<HlsPart> parts;  // None where they are no longer listed.
  [[nodiscard]] bool is_open() const { return uri.empty(); }
  [[nodiscard]] Micros parts_duration() const;
  friend bool operator==(const HlsSegment&, const HlsSegment&) = default;
};

struct HlsReport {
  std::string uri;
  std::uint64_t msn = 0;
  std::optional<std::uint64_t> part{};
  friend bool operator==(const HlsReport&, const HlsReport&) = default;
};

struct HlsPlaylist {
  std::uint64_t media_sequence = 0;
  std::uint64_t discontinuity_sequence = 0;
  Micros target_duration;
  Micros part_target;  // 0: no parts.
  Micros part_hold_back;
  Micros can_skip_until;
  bool can_block = false;
  bool has_ended = false;
  std::uint64_t skipped = 0;  // Segments that a delta update left out; 0 once they are filled in.
  std::vector<HlsSegment> segments;
  std::string hint;  // Of a part; empty: none.
  std::vector<HlsReport> reports;

  // Behind the last part, or the last whole segment.
  [[nodiscard]] HlsPlace next() const;
  // One past the last segment, open or whole.
  [[nodiscard]] std::uint64_t end_msn() const { return media_sequence + skipped + segments.size(); }
  // nullptr: not listed.
  [[nodiscard]] const HlsSegment* find(std::uint64_t msn) const;
  [[nodiscard]] const HlsPart* find(HlsPlace place) const;
  // Of a part that is listed.
  [[nodiscard]] std::optional<HlsPlace> place_of(std::string_view uri) const;
  friend bool operator==(const HlsPlaylist&, const HlsPlaylist&) = default;
};

[[nodiscard]] Result<HlsPlaylist> parse_hls_playlist(std::string_view text);

// What a player takes of a multivariant playlist: the first variant, and the default rendition of its sound.
struct HlsChoice {
  std::string video;
  std::string audio;  // Empty: there is none apart, or it is not wanted.
};
[[nodiscard]] Result<HlsChoice> choose_renditions(std::string_view multivariant, bool wants_audio);

// A reference against the path of the playlist that has it: "../a0/i.m3u8" of "/live/x/v0/i.m3u8". References to other
// hosts stay as they are.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);

}  // namespace fanlight::load
