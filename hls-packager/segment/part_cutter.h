// Cuts the tracks of a live presentation into parts and segments: a part is handed over with the frame that completes
// it (open_part.h), a segment ends with the last of them.
//
// One track leads. A segment begins with an independent picture, once the one before is long enough; and always where
// its clock jumped, where its format changed, where a hole is too long to be filled: then the segment is discontinuous,
// in all tracks. The others follow: their segment begins with the first sample that is not before that moment. What
// they need a discontinuity for (a track that comes late, a new format, a hole) waits for the leader's next
// independent picture; where none is due, as with intra refresh, for the leader's next segment.
//
// So followers wait until the leader is past a sample: only then is it known on which side of a boundary it is. Media
// time waited is bounded. Where groups of pictures are all of one length, a segment's last part is known for that
// before the picture that begins the next segment is there; the segment ends with that picture, not before.
//
// Media time alone bounds nothing, for a stranger's clock may stand still: no part and no segment has more samples,
// parts or bytes than any real stream needs. Then a segment ends in front of whatever picture there is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "segment/boundaries.h"
#include "segment/gop_watch.h"
#include "segment/open_part.h"

namespace fanlight::packager {

struct CutPart {
  std::size_t track = 0;
  std::uint64_t msn = 0;  // The same for all tracks.
  bool begins_segment = false;
  bool ends_segment = false;
  bool expects_end = false;  // The next part is expected to begin a segment.
  // Of the segment; told with each of its parts.
  bool is_discontinuous = false;
  std::uint64_t discontinuities_before = 0;  // Segments of the presentation that are.
  std::vector<TimedSample> samples;          // Empty: it is only that the segment has ended.
};

struct CutCounts {
  std::uint64_t discontinuities = 0;
  std::uint64_t samples_left_out = 0;  // They waited for an independent picture, or for a discontinuity.
  std::uint64_t cuts_forced = 0;       // Segments that had to end in front of a picture that is not independent.
  std::uint64_t ends_foreseen = 0;     // Parts known for their segment's last before the next one's first picture came.
  std::uint64_t ends_misjudged = 0;    // ... and then the segment went on.
};

class PartCutter {
 public:
  struct Options {
    std::int64_t segment_ticks = kMediaClock;          // Media time; segments are as long or longer.
    std::int64_t segment_ticks_max = 2 * kMediaClock;  // None is longer: independent picture or not.
    std::uint64_t segment_bytes_max = std::uint64_t{128} << 20;
  };
  explicit PartCutter(const Options& options) : options_(options) {}
  // For segments to come.
  void set_options(const Options& options) { options_ = options; }

  // Answers its number. The first sample of a follower waits for the next discontinuity, which is made; unless the
  // segment that runs has begun with one. That is not before `first`: of lower numbers there is something already.
  std::size_t add_track(Micros part_target, std::uint64_t first = 0);
  // What of it waits is handed over, and its segment ends. Its number may be given again.
  void remove_track(std::size_t track, std::vector<CutPart>& done);
  // To whom the others listen. A change is made with nothing open: after flush(), or at first.
  void lead_with(std::size_t track) { leader_ = track; }
  [[nodiscard]] std::optional<std::size_t> leader() const noexcept { return leader_; }

  // In decode order for each track. What this completes is appended.
  void handle(std::size_t track, TimedSample&& sample, std::vector<CutPart>& done);
  // What is open ends here, for all; what comes begins a discontinuous segment.
  void flush(std::vector<CutPart>& done);
  // What comes behind flush() is what others have gone on with: discontinuous only if that is so there.
  void rejoin(bool is_discontinuous) noexcept { rejoins_ = is_discontinuous; }
  // The leader's next sample begins a segment, independent or not: the one that is open has taken too long.
  void cut_soon() noexcept { must_cut_ = true; }
  // The leader's next independent picture begins a discontinuous segment, and all tracks go on through it.
  void break_soon() noexcept { wants_discontinuity_ = true; }
  // Of the segment that the leader begins next.
  [[nodiscard]] std::uint64_t next_msn() const noexcept { return boundaries_.next(); }

  [[nodiscard]] const CutCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::int64_t gop_ticks() const noexcept { return gops_.ticks(); }

 private:
  struct Track {
    OpenPart part;
    std::deque<TimedSample> waiting{};  // Of a follower.
    std::uint64_t bytes_waiting = 0;
    bool is_removed = false;
    bool is_running = false;           // In step with the segments: what comes is continuous to what was.
    bool is_at_discontinuity = false;  // Of a follower: what comes may be anything.
    bool is_segment_open = false;      // And so it has not ended.
    std::size_t parts = 0;             // Of the segment, handed over.
    std::uint64_t bytes = 0;           // Of the segment, the open part's counted.
    bool expects_end = false;          // Of the leader: the sample that comes is expected to begin a segment.
    std::uint64_t number = 0;          // Of the segment.
    Boundary boundary{};               // At which it begins.
    std::uint64_t next = 0;            // Of the boundary it comes to next. Of a follower.
    std::uint32_t epoch = 0, format = 0;
    std::int64_t segment_begin = 0;  // Decode time.
  };
  // Where the leader stands with a sample.
  struct Turn {
    bool is_break = false;
    bool begins_segment = false;
    bool is_forced = false;
  };
  static constexpr std::int64_t kFollowersSlack = kMediaClock / 20;
  static constexpr std::int64_t kWaitingMax = 3 * kMediaClock / 2;
  static constexpr std::size_t kSamplesWaitingMax = 2'048;
  static constexpr std::uint64_t kBytesWaitingMax = std::uint64_t{8} << 20;
  static constexpr std::size_t kPartSamplesMax = 4'096;
  static constexpr std::uint64_t kPartBytesMax = std::uint64_t{32} << 20;

  void lead(std::size_t index, TimedSample&& sample, std::vector<CutPart>& done);
  void watch_order(const TimedSample& sample) noexcept;
  [[nodiscard]] Turn judge(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool is_time_to_cut(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool may_break_with(const TimedSample& sample) noexcept;
  void begin_segment(Track& track, const TimedSample& sample, const Turn& turn);
  void see_end_coming(std::size_t index, std::vector<CutPart>& done);
  [[nodiscard]] bool foresees_end(const Track& track) const noexcept;
  [[nodiscard]] bool is_long_enough(const Track& track, std::int64_t at) const noexcept;
  [[nodiscard]] std::int64_t most(const Track& track) const noexcept;
  [[nodiscard]] bool is_too_long(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool is_full(const Track& track, const TimedSample& sample) const noexcept;
  [[nodiscard]] bool is_half_full(const Track& track) const noexcept;
  [[nodiscard]] std::size_t parts_max(const Track& track) const noexcept;

  void let_in(std::size_t index, bool all, std::vector<CutPart>& done);
  void follow(std::size_t index, TimedSample&& sample, std::vector<CutPart>& done);
  [[nodiscard]] bool takes(std::size_t index, const TimedSample& sample, std::vector<CutPart>& done);
  void pass(std::size_t index, const Boundary& boundary, std::optional<std::int64_t> next, std::vector<CutPart>& done);
  void pass_what_is_due(std::size_t index, std::vector<CutPart>& done);
  void fall_out(std::size_t index, std::vector<CutPart>& done);
  [[nodiscard]] bool comes_to_a_discontinuity(const Track& track) const noexcept;

  static void open_segment(Track& track) noexcept;
  static void add(Track& track, TimedSample&& sample);
  void close_part(std::size_t index, std::optional<std::int64_t> next, bool ends_segment, std::vector<CutPart>& done);
  void end_segment(std::size_t index, std::optional<std::int64_t> next, std::vector<CutPart>& done);
  void forget_passed_boundaries() noexcept;

  Options options_;
  std::deque<Track> tracks_;
  std::optional<std::size_t> leader_{};
  Boundaries boundaries_;
  GopWatch gops_;
  std::optional<std::int64_t> led_until_{};     // Media time. Empty: the leader does not run.
  std::optional<std::int64_t> broken_since_{};  // Decode time of the first that is left out.
  // Of the leader, from decoding to showing: an independent picture, and how much longer others have had to wait.
  std::int64_t wait_ = 0, wait_more_ = 0;
  bool wants_discontinuity_ = false;
  bool must_cut_ = false;
  std::optional<bool> rejoins_{};  // Whether with a discontinuity.
  CutCounts counts_;
};

}  // namespace fanlight::packager
