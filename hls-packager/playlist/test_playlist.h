// Reads a media playlist back as a player does, and applies a delta to the one before.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fanlight::packager {

struct ReadSegment {
  std::uint64_t msn = 0;
  std::string uri;
  std::int64_t duration_us = 0;
  // Carried on from the segment before where they are not said.
  std::string map;
  std::string key;  // Of the format "identity".
  std::string date;
  bool is_discontinuous = false;
  bool is_gap = false;
  std::vector<std::string> parts;  // Whole lines.
  friend bool operator==(const ReadSegment&, const ReadSegment&) = default;
};

struct ReadPlaylist {
  std::vector<std::string> head;  // Lines before the first segment's.
  std::uint64_t media_sequence = 0;
  std::uint64_t skipped = 0;
  std::vector<ReadSegment> segments;
  ReadSegment open;                 // What stands behind the last segment.
  std::vector<std::string> ranges;  // EXT-X-DATERANGE, whole lines.
  std::vector<std::string> tail;    // Hints, reports and the end.
};

inline std::vector<std::string> lines_in(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// What follows `tag` on a line that begins with it.
inline std::optional<std::string> after(const std::string& line, std::string_view tag) {
  if (!line.starts_with(tag)) return std::nullopt;
  return line.substr(tag.size());
}

inline std::int64_t us_of(const std::string& seconds) { return std::llround(std::stod(seconds) * 1e6); }

class PlaylistReader {
 public:
  static ReadPlaylist read(const std::string& text) {
    PlaylistReader reader;
    for (const std::string& line : lines_in(text)) reader.take(line);
    reader.out_.open = reader.next_;
    return reader.out_;
  }

 private:
  void take(const std::string& line) {
    if (line.starts_with("#EXT-X-DATERANGE:")) return out_.ranges.push_back(line);
    if (!take_head(line) && !take_segment(line)) out_.tail.push_back(line);
  }
  bool take_head(const std::string& line) {
    if (const auto value = after(line, "#EXT-X-SKIP:SKIPPED-SEGMENTS=")) out_.skipped = std::stoull(*value);
    if (const auto value = after(line, "#EXT-X-MEDIA-SEQUENCE:")) out_.media_sequence = std::stoull(*value);
    for (const char* tag :
         {"#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF",
          "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-SKIP"}) {
      if (!line.starts_with(tag)) continue;
      out_.head.push_back(line);
      return true;
    }
    return false;
  }
  bool take_segment(const std::string& line) {
    if (const auto map = after(line, "#EXT-X-MAP:URI="))
      next_.map = *map;
    else if (const auto key = after(line, "#EXT-X-KEY:"))
      next_.key = key->ends_with("KEYFORMAT=\"identity\"") ? *key : next_.key;
    else if (const auto date = after(line, "#EXT-X-PROGRAM-DATE-TIME:"))
      next_.date = *date;
    else if (line == "#EXT-X-DISCONTINUITY")
      next_.is_discontinuous = true;
    else if (line == "#EXT-X-GAP")
      next_.is_gap = true;
    else if (line.starts_with("#EXT-X-PART:"))
      next_.parts.push_back(line);
    else if (const auto duration = after(line, "#EXTINF:"))
      next_.duration_us = us_of(*duration);
    else if (!line.starts_with("#"))
      close(line);
    else
      return false;
    return true;
  }
  void close(const std::string& uri) {
    next_.uri = uri;
    next_.msn = out_.media_sequence + out_.skipped + out_.segments.size();
    out_.segments.push_back(next_);
    next_ = ReadSegment{.msn = 0,
                        .uri = {},
                        .duration_us = 0,
                        .map = next_.map,
                        .key = next_.key,
                        .date = {},
                        .is_discontinuous = false,
                        .is_gap = false,
                        .parts = {}};
  }

  ReadPlaylist out_;
  ReadSegment next_;
};

// RFC 8216bis §6.3.7. Empty when `before` does not have what was skipped.
inline std::optional<std::vector<ReadSegment>> reconstructed(const ReadPlaylist& before, const ReadPlaylist& delta) {
  std::vector<ReadSegment> segments;
  for (std::uint64_t msn = delta.media_sequence; msn < delta.media_sequence + delta.skipped; ++msn) {
    const std::uint64_t place = msn - before.media_sequence;
    if (msn < before.media_sequence || place >= before.segments.size()) return std::nullopt;
    segments.push_back(before.segments[place]);
    segments.back().parts.clear();
  }
  segments.insert(segments.end(), delta.segments.begin(), delta.segments.end());
  return segments;
}

}  // namespace fanlight::packager
