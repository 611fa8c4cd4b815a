// One track of a live presentation on its way to players: its init segments, its segments with their parts, and what
// its playlist says of them.
//
// A segment leaves in two steps. First it is not listed any more: the list is no longer than the window. Then it is
// kept until whoever has read of it has had the time to fetch it: its own duration and that of the longest list from
// then on. RFC 8216bis §6.2.2
//
// Neither bytes nor segments are kept without end, whatever durations they claim: the oldest go before their time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cmaf/wall_time.h"
#include "codec/track_format.h"
#include "live/compressor.h"
#include "live/group_place.h"
#include "live/snapshot.h"
#include "playlist/names.h"
#include "playlist/offer.h"
#include "protect/key_ring.h"
#include "protect/sample_protector.h"
#include "segment/part_cutter.h"

namespace fanlight::packager {

struct RenditionCounts {
  std::uint64_t parts = 0;
  std::uint64_t segments = 0;
  std::uint64_t gaps = 0;                  // Segments that others have and this one has not.
  std::uint64_t evicted = 0;               // Segments that are gone.
  std::uint64_t slices_left_clear = 0;     // Though the rest is encrypted.
  std::uint64_t evicted_early = 0;         // ... before their time, for there was no room.
  Micros part_shortest{}, part_longest{};  // Of those that neither began nor ended a segment.
};

// What is listed of a rendition between two discontinuities.
struct Stretch {
  std::uint64_t number = 0;  // Discontinuities of the presentation before it, its own counted.
  std::uint64_t init = 0;
  const TrackFormat* format = nullptr;
  std::uint64_t first_msn = 0;
  std::int64_t first_time = 0;  // In ticks of the format's timescale: when its first segment is shown.
  std::vector<std::int64_t> durations{};
  std::optional<WallTime> begins{};  // The first segment.
  // The newest of which something is there.
  std::uint64_t newest_msn = 0;
  std::int64_t newest_time = 0;
  std::optional<WallTime> newest_begins{};
};

class LiveRendition {
 public:
  struct Options {
    std::string folder{};
    bool is_video = false;
    std::string language{};
    bool describes_video = false;      // Sound for who does not see.
    std::uint32_t timescale = 90'000;  // Of the playlist, for ever: the track's own, as it was at first.
    std::uint32_t target_duration = 2;
    LowLatency low_latency{};
    Micros window{};
    std::uint64_t bytes_max = 0;            // For all that is kept.
    std::size_t segments_max = 1'000;       // Listed; twice as many are kept.
    std::shared_ptr<const KeyRing> keys{};  // Null: in the clear.
  };
  explicit LiveRendition(const Options& options);

  // `begins`: the wall clock time its first sample is shown at. `span`: how long segments of others are, for those that
  // this one has missed.
  void take(const CutPart& part, const TrackFormat& format, WallTime begins, Micros span);
  // OfferedRendition::ordinal, from here on.
  void set_ordinal(unsigned ordinal) noexcept { ordinal_ = ordinal; }
  // Its sound is another from here on: what it was numbered among is.
  void set_language(const std::string& language, bool describes_video) {
    options_.language = language;
    options_.describes_video = describes_video;
    ordinal_ = 1;
  }
  // All that it lists is dated so much later; before anybody has seen it.
  void put_off(Micros by);
  // What its pictures carry, or are about to; what was once said of it stays.
  void note_captions(const std::vector<CaptionService>& captions) { add_captions(captions_, captions); }
  // It is listed with the part that comes, until what it is about has left the playlist.
  void announce(const DateRange& range);
  // The oldest segment, before its time. Not the last that is listed.
  [[nodiscard]] bool can_drop_oldest() const noexcept {
    return !kept_.empty() && (kept_.front().goes_at || playlist_.segments.size() > 1);
  }
  [[nodiscard]] std::uint64_t oldest_msn() const noexcept { return kept_.front().segment->msn; }
  void drop_oldest(Instant now);
  // Its source is lost: what is open is all of it, and what comes, if anything does, is behind a discontinuity. `next`
  // is its number, `discontinuities` so many are before it: what others have in front of it and this one has not is a
  // gap, so that all hint at that segment.
  void interrupt(std::uint64_t next, std::uint64_t discontinuities, Micros span);
  // Nothing more will come.
  void end(Instant now);
  // Lets go of what has had its time, and says whether anything has.
  bool evict(Instant now);
  [[nodiscard]] Instant next_eviction() const noexcept;
  // Ended, and so long ago that nobody asks any more.
  [[nodiscard]] bool is_over(Instant now) const noexcept { return over_at_ <= now; }

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const RenditionCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::optional<Codec> codec() const noexcept {
    return format_ ? std::optional(format_->codec) : std::nullopt;
  }
  [[nodiscard]] std::size_t segments_kept() const noexcept { return kept_.size(); }
  [[nodiscard]] std::size_t segments_listed() const noexcept { return playlist_.segments.size(); }
  [[nodiscard]] Micros listed() const noexcept { return listed_; }
  [[nodiscard]] bool has_ended() const noexcept { return playlist_.has_ended; }
  [[nodiscard]] bool is_interrupted() const noexcept { return is_interrupted_; }
  [[nodiscard]] bool is_empty() const noexcept { return kept_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::optional<PlaylistEdge> edge() const { return edge_of(playlist_); }
  [[nodiscard]] std::optional<Micros> last_span() const noexcept;
  // As long as segments are that no discontinuity cuts short.
  [[nodiscard]] std::optional<Micros> usual_span() const noexcept;
  // Of one that is listed, or open.
  [[nodiscard]] std::optional<SegmentPlace> place_of(std::uint64_t msn) const;
  // The newest of those, so many at most.
  [[nodiscard]] std::vector<NumberedPlace> newest_places(std::size_t count) const;
  // Whether it has nothing of one of the newest so many.
  [[nodiscard]] bool has_gap_among(std::size_t newest) const noexcept;
  [[nodiscard]] bool has_format(const TrackFormat& format) const { return format_ == format; }
  // The last one's last segment is the one that is being made, or comes next; not once it is interrupted, or has ended.
  [[nodiscard]] std::vector<Stretch> stretches() const;
  [[nodiscard]] std::uint64_t first_msn() const noexcept { return playlist_.media_sequence; }
  // Of the segment that is open, or begins next.
  [[nodiscard]] std::uint64_t next_msn() const noexcept { return playlist_.media_sequence + playlist_.segments.size(); }
  // What a multivariant playlist is to say of it. Bit rates stay as they were said first, until much more comes.
  [[nodiscard]] OfferedRendition offer();
  // As it was said last.
  [[nodiscard]] OfferedRendition offered() const;
  // Of other renditions, in its newest snapshot.
  [[nodiscard]] std::span<const RenditionReport> reports() const noexcept { return playlist_.reports; }
  [[nodiscard]] std::shared_ptr<const RenditionSnapshot> snapshot(std::vector<RenditionReport> reports,
                                                                  Compressor& compressor);

 private:
  struct Kept {
    std::shared_ptr<LiveSegment> segment;
    std::uint64_t bytes = 0;
    std::uint64_t init = 0;
    Micros duration{};
    std::int64_t shown_from = 0;       // Media time in ticks of its format's timescale.
    std::optional<Instant> goes_at{};  // Once it is not listed any more.
  };

  // A segment that others have, in ticks of the format's timescale: how long it is said to be, and where it stands.
  struct Gap {
    std::int64_t ticks = 0;
    std::int64_t shown_from = 0;
    WallTime begins{};
  };

  [[nodiscard]] std::shared_ptr<RenditionSnapshot> written(std::vector<RenditionReport> reports,
                                                           Compressor& compressor);
  void adopt(const TrackFormat& format);
  void fill_up_to(std::uint64_t end, std::uint64_t discontinuities, const std::vector<Gap>& gaps);
  [[nodiscard]] std::vector<Gap> gaps_before(const CutPart& part, WallTime begins, Micros span) const;
  [[nodiscard]] std::vector<Gap> gaps_of(std::uint64_t end, Micros span) const;
  [[nodiscard]] std::vector<Gap> gaps_until(std::uint64_t end, std::int64_t until) const;
  void open_segment(const CutPart& part, WallTime begins);
  void add_part(const CutPart& part, WallTime begins);
  [[nodiscard]] SharedBytes fragment_of(const CutPart& part, WallTime begins);
  [[nodiscard]] std::size_t key_of(std::uint64_t msn) const noexcept;
  void close_segment();
  void measure_rate();
  void measure_peak();
  [[nodiscard]] double average_listed() const noexcept;
  void keep(Kept kept);
  [[nodiscard]] LiveSegment& change_newest();
  void list(PlaylistSegment segment);
  void unlist(Instant now);
  void forget_ranges();
  void unlist_front(Instant goes_at);
  [[nodiscard]] std::size_t first_listed() const noexcept {
    return kept_.size() - playlist_.segments.size() - (playlist_.open ? 1 : 0);
  }
  void drop_front();
  [[nodiscard]] std::int64_t usual_ticks() const noexcept;
  [[nodiscard]] std::int64_t ticks_of_part(const CutPart& part) const noexcept;

  Options options_;
  MediaPlaylist playlist_;
  Instant over_at_ = Instant::never();
  std::deque<Kept> kept_;         // By msn: those not listed any more, those listed, the open one.
  bool is_newest_shown_ = false;  // In a snapshot: others read it, and it stays as it is.
  std::vector<LiveInit> inits_;
  std::deque<TrackFormat> formats_;             // Of them, as players are told of it.
  std::optional<TrackFormat> format_{};         // As it came.
  std::optional<SampleProtector> protector_{};  // Of the format.
  std::vector<CaptionService> captions_;
  unsigned ordinal_ = 1;
  std::uint64_t next_init_ = 0;
  std::uint32_t next_fragment_ = 1;
  Micros listed_{}, longest_listed_{};
  std::uint64_t bytes_ = 0;
  // Of whole segments that are listed: nothing that is done with each part looks at all of them.
  std::uint64_t bytes_listed_ = 0, breaks_listed_ = 0;
  SharedList<std::shared_ptr<const LiveSegment>> shown_;  // What is kept, as snapshots have it.
  bool all_independent_ = true;
  bool is_interrupted_ = false;
  // Pictures of the open segment; of the format's first whole ones, with how long they are.
  std::int64_t frames_open_ = 0, frames_ = 0, frames_ticks_ = 0;
  unsigned segments_measured_ = 0;
  double peak_ = 0;                                                   // Bits a second; of whole segments.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> offered_{};  // Peak and average.
  Micros since_offered_{};                                            // So much has been listed.
  std::shared_ptr<const RenditionSnapshot> last_{};
  RenditionCounts counts_;
};

// Where the others of its presentation find its playlist.
[[nodiscard]] inline std::string report_uri(const LiveRendition& rendition) {
  return "../" + rendition.options().folder + "/" + kPlaylistName;
}

}  // namespace fanlight::packager
