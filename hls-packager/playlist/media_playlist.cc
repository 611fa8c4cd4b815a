#include "playlist/media_playlist.h"

#include "base/check.h"
#include "playlist/names.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

// Parts further from the end are of no use to a player. RFC 8216bis §6.2.2
constexpr std::int64_t kPartsListedTargets = 3;
// The least that is allowed. RFC 8216bis §4.4.3.8
constexpr std::int64_t kSkipBoundaryTargets = 6;

Micros targets(const MediaPlaylist& playlist, std::int64_t count) {
  return seconds(count * std::int64_t{playlist.target_duration});
}

// Rounded as it is written.
Micros listed(std::int64_t ticks, const MediaPlaylist& playlist) { return micros_of(ticks, playlist.timescale); }

// Without the excess of its parts: a segment that grew shorter when it is whole would bring back parts that had gone.
Micros length_of_open(const MediaPlaylist& playlist) {
  Micros length{};
  if (playlist.open)
    for (const PlaylistPart& part : playlist.open->parts) length = length + listed(part.duration, playlist);
  return length;
}

// From the start of that segment to the playlist's end.
Micros length_from(const MediaPlaylist& playlist, std::size_t first) {
  Micros length = length_of_open(playlist);
  for (std::size_t i = first; i < playlist.segments.size(); ++i)
    length = length + listed(playlist.segments[i].duration, playlist);
  return length;
}

// How many segments from the front end before the skip boundary. Looked for from the end: a window may be long. Spans
// are added up as players read them, so that both find the same on this side of the boundary.
std::size_t skippable(const MediaPlaylist& playlist) {
  Micros left = length_of_open(playlist);
  if (playlist.open) left = left + static_cast<std::int64_t>(playlist.open->parts.size()) * kPartExcess;
  std::size_t count = playlist.segments.size();
  for (; count > 0 && left < targets(playlist, kSkipBoundaryTargets); --count)
    left = left + listed(playlist.segments[count - 1].duration, playlist);
  return count;
}

class Writer {
 public:
  explicit Writer(const MediaPlaylist& playlist, std::size_t skipped = 0)
      : playlist_(playlist), skipped_(skipped), left_(length_from(playlist, skipped)) {}

  std::string write() {
    write_header();
    for (std::size_t i = skipped_; i < playlist_.segments.size(); ++i) {
      write_segment(playlist_.segments[i], playlist_.media_sequence + i);
      left_ = left_ - listed(playlist_.segments[i].duration, playlist_);
    }
    write_end();
    return std::move(out_);
  }

 private:
  void write_header() {
    line("#EXTM3U");
    line(skipped_ != 0 ? "#EXT-X-VERSION:9" : "#EXT-X-VERSION:6");
    line("#EXT-X-TARGETDURATION:" + std::to_string(playlist_.target_duration));
    if (playlist_.low_latency) write_low_latency(*playlist_.low_latency);
    line("#EXT-X-MEDIA-SEQUENCE:" + std::to_string(playlist_.media_sequence));
    line("#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(playlist_.discontinuity_sequence));
    if (playlist_.kind == PlaylistKind::kVod) line("#EXT-X-PLAYLIST-TYPE:VOD");
    // After MEDIA-SEQUENCE: some players take the reverse for an error.
    if (skipped_ != 0) line("#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(skipped_));
  }

  void write_low_latency(const LowLatency& low_latency) {
    line("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=" +
         seconds_text(low_latency.hold_back + 3 * kPartExcess) +
         ",CAN-SKIP-UNTIL=" + seconds_text(targets(playlist_, kSkipBoundaryTargets)));
    line("#EXT-X-PART-INF:PART-TARGET=" + seconds_text(low_latency.part_target + kPartExcess));
  }

  void write_segment(const PlaylistSegment& segment, std::uint64_t msn) {
    write_ranges_before(msn, 0);
    write_state(segment);
    if (left_ <= targets(playlist_, kPartsListedTargets)) write_parts(segment, msn);
    write_ranges_before(msn, kLast);
    if (segment.is_gap) line("#EXT-X-GAP");
    line("#EXTINF:" + seconds_text(listed(segment.duration, playlist_)) + ",");
    line(segment_name(msn));
  }

  // What holds for a segment stands before its first part. RFC 8216bis §4.4.4.9
  void write_state(const PlaylistSegment& segment) {
    if (segment.is_discontinuous) line("#EXT-X-DISCONTINUITY");
    if (!playlist_.keys.empty() && key_ != segment.key) write_key(playlist_.keys[segment.key]);
    if (init_ != segment.init || key_ != segment.key)
      line("#EXT-X-MAP:URI=" + quoted(init_name(segment.init, segment.key)));
    init_ = segment.init;
    key_ = segment.key;
    if (segment.begins) line("#EXT-X-PROGRAM-DATE-TIME:" + date_text(*segment.begins));
  }

  // For those who know ClearKey and ask for a licence, and for those who read keys. §4.4.4.4
  void write_key(const PlaylistKey& key) {
    const std::string iv = ",IV=0x" + key.id;
    if (key.has_clear_licence)
      line("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=" + quoted(std::string("../") + kLicenceName) + iv +
           ",KEYFORMAT=\"org.w3.clearkey\",KEYID=0x" + key.id);
    line("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=" + quoted("../" + key_name(key.id)) + iv + ",KEYFORMAT=\"identity\"");
  }

  void write_parts(const PlaylistSegment& segment, std::uint64_t msn) {
    if (!playlist_.low_latency) return;
    for (std::size_t i = 0; i < segment.parts.size(); ++i) {
      const PlaylistPart& part = segment.parts[i];
      write_ranges_before(msn, i);
      line("#EXT-X-PART:DURATION=" + seconds_text(listed(part.duration, playlist_) + kPartExcess) +
           ",URI=" + quoted(part_name(msn, i)) + (part.is_independent ? ",INDEPENDENT=YES" : ""));
    }
  }

  static constexpr std::uint64_t kLast = ~std::uint64_t{0};
  // What stands in front of that part, or earlier.
  void write_ranges_before(std::uint64_t msn, std::uint64_t part) {
    for (; ranges_ < playlist_.ranges.size(); ++ranges_) {
      const PlacedDateRange& next = playlist_.ranges[ranges_];
      if (next.msn > msn || (next.msn == msn && next.part > part)) return;
      line(date_range_tag(next.range));
    }
  }

  void write_end() {
    const std::uint64_t open_msn = playlist_.media_sequence + playlist_.segments.size();
    write_ranges_before(open_msn, 0);
    if (playlist_.low_latency && playlist_.open && !playlist_.open->parts.empty()) {
      write_state(*playlist_.open);
      write_parts(*playlist_.open, open_msn);
    }
    write_ranges_before(kLast, kLast);
    if (playlist_.low_latency && !playlist_.has_ended) write_hint(open_msn);
    for (const RenditionReport& report : playlist_.reports) write_report(report);
    if (playlist_.has_ended) line("#EXT-X-ENDLIST");
  }

  void write_hint(std::uint64_t open_msn) {
    const std::uint64_t msn = hints_at(playlist_);
    const std::size_t part = playlist_.open && msn == open_msn ? playlist_.open->parts.size() : 0;
    // Keys come in turn; of another format nobody knows before it is there.
    if (!playlist_.keys.empty() && init_ && key_ != playlist_.hinted_key)
      line("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=" + quoted(init_name(*init_, playlist_.hinted_key)));
    line("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=" + quoted(part_name(msn, part)));
  }

  void write_report(const RenditionReport& report) {
    line("#EXT-X-RENDITION-REPORT:URI=" + quoted(report.uri) + ",LAST-MSN=" + std::to_string(report.edge.msn) +
         (report.edge.part ? ",LAST-PART=" + std::to_string(*report.edge.part) : ""));
  }

  void line(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }

  const MediaPlaylist& playlist_;
  std::size_t skipped_;                  // So many segments at the front are left out.
  std::size_t ranges_ = 0;               // So many are written.
  Micros left_;                          // From the segment's start to the playlist's end.
  std::optional<std::uint64_t> init_{};  // Of the segment before, and its key.
  std::optional<std::size_t> key_{};
  std::string out_;
};

}  // namespace

std::uint64_t hints_at(const MediaPlaylist& playlist) noexcept {
  const std::uint64_t open_msn = playlist.media_sequence + playlist.segments.size();
  return playlist.open && playlist.open->expects_no_more ? open_msn + 1 : open_msn;
}

std::optional<PlaylistEdge> edge_of(const MediaPlaylist& playlist) {
  const std::uint64_t open_msn = playlist.media_sequence + playlist.segments.size();
  if (playlist.open && !playlist.open->parts.empty()) return PlaylistEdge{open_msn, playlist.open->parts.size() - 1};
  if (playlist.segments.empty()) return std::nullopt;
  const std::size_t parts = playlist.segments.back().parts.size();
  return PlaylistEdge{open_msn - 1, parts == 0 ? std::nullopt : std::optional<std::uint64_t>(parts - 1)};
}

std::string write_media_playlist(const MediaPlaylist& playlist) {
  CHECK(!playlist.has_ended || !playlist.open);
  return Writer(playlist).write();
}

std::optional<std::string> write_delta(const MediaPlaylist& playlist) {
  if (!playlist.low_latency || playlist.has_ended) return std::nullopt;
  const std::size_t skipped = skippable(playlist);
  if (skipped == 0) return std::nullopt;
  return Writer(playlist, skipped).write();
}

}  // namespace fanlight::packager
