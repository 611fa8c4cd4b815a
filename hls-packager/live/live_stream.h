// A live transport stream on its way to players: bytes and time in, snapshots out; no clock, no socket, one thread.
//
//   bytes -> TrackSet -> StartUp, until it is known what never changes after
//                     -> InStep, where sound is sent later than its pictures
//                     -> PartCutter -> LiveRendition of each track -> StreamSnapshot
//
// Life: the first seconds are only watched; then playlists grow. A source that is lost leaves them as they are, for its
// grace; when it returns, numbers go on behind a discontinuity; when not, they end, and a source that comes later than
// that begins others. One that sends bytes and no samples is lost as well. A track that stops ends its playlist; one
// that comes late begins one, and the multivariant playlist says so.
//
// Where other streams of a group have gone on meanwhile, it falls in with them: at a segment of theirs, under its
// number. What it has missed is a gap, and there is a discontinuity only where they have one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "live/group_place.h"
#include "live/in_step.h"
#include "live/input_faults.h"
#include "live/program_clock.h"
#include "live/publication.h"
#include "live/publish_pace.h"
#include "live/start_up.h"
#include "live/wall_watch.h"
#include "media/track_set.h"
#include "segment/part_cutter.h"

namespace fanlight::packager {

// A window has no more: a whole list takes as long to write and compress as it is, on a thread that answers.
inline constexpr std::int64_t kWindowSegmentsMost = 3'600;

struct LiveOptions {
  std::string name{};
  std::optional<std::uint16_t> program{};  // Empty: the first with pictures; when none has, the first with sound.
  Micros part = millis(200);               // As near as whole frames come.
  Micros segment = seconds(1);
  Micros window = seconds(30);  // kWindowSegmentsMost segments at most.
  Micros grace = seconds(10);
  // Of a group (group.h): which, of how many. Media time and numbers are by the program's clock then, and sound is the
  // first one's.
  unsigned member = 0, members = 1;
  std::uint32_t segments_at_first = 3;                 // Or three target durations; before them nothing is published.
  std::shared_ptr<const KeyRing> keys{};               // Samples are encrypted with; null: in the clear.
  std::uint64_t bytes_max = std::uint64_t{512} << 20;  // For all tracks; the oldest segments go before their time.
};

struct LiveCounts {
  std::uint64_t snapshots = 0;
  std::uint64_t tracks_late = 0;  // They came when others were published.
  std::uint64_t tracks_gone = 0;
  std::uint64_t tracks_refused = 0;     // There was no place for them.
  std::uint64_t sound_overlapping = 0;  // Frames left out for what was in front of a jump.
  std::uint64_t samples_left_out = 0;   // Of tracks that are not packaged: further pictures, too many.
  std::uint64_t sources_lost = 0;
  std::uint64_t leaders_changed = 0;
  std::uint64_t splices = 0;  // Commands of SCTE 35 that players were told of, repetitions among them.
};

class LiveStream {
 public:
  explicit LiveStream(const LiveOptions& options);

  void handle(ByteSpan bytes, Instant now, WallTime wall);
  // The source is gone; it may return.
  void handle_source_lost(Instant now);
  void handle_source_returned(Instant now);
  void handle_timeout(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept;
  // How the other streams of its group stand; said with what is published next.
  void tell_of_others(GroupNews news);
  // The newest, if there is one since the last call.
  [[nodiscard]] std::shared_ptr<const StreamSnapshot> poll() noexcept { return std::exchange(fresh_, nullptr); }

  [[nodiscard]] const LiveCounts& counts() const noexcept { return counts_; }
  // What was wrong with what came, so far.
  [[nodiscard]] InputFaults faults() const;
  [[nodiscard]] const FaultBook& fault_book() const noexcept { return faults_; }
  // Nothing of it comes that could be played, whatever its source sends.
  [[nodiscard]] bool is_away() const noexcept { return is_away_; }
  [[nodiscard]] CutCounts cut_counts() const noexcept { return cutter_ ? cutter_->counts() : CutCounts{}; }
  [[nodiscard]] const ProgramClock& clock() const noexcept { return clock_; }
  // Empty while there is no source.
  [[nodiscard]] const std::optional<TrackSet>& tracks() const noexcept { return tracks_; }
  [[nodiscard]] const Publication& publication() const noexcept { return publication_; }
  [[nodiscard]] const std::optional<Parameters>& parameters() const noexcept { return parameters_; }
  [[nodiscard]] Micros gop() const noexcept;  // The newest.

 private:
  // A track that is silent for so long, while others are not, is gone; and so is a source of which nothing comes.
  static constexpr Micros kGoneAfter = seconds(3);
  static constexpr Micros kLateAgain = seconds(10);
  static constexpr std::size_t kFormatsKept = 256;  // More than samples wait to be cut.

  // A track that is packaged.
  struct Output {
    std::size_t track = 0;   // Of `tracks_`.
    std::size_t number = 0;  // Of `cutter_`.
    PublishedRendition* to = nullptr;
    // By `heard_`.
    Micros newest{};                        // When its newest sample came.
    Micros cut{};                           // When something of it was handed over last.
    std::optional<std::uint32_t> format{};  // Of the newest sample.
  };
  // The time of the call.
  struct Moment {
    Instant now{};
    WallTime wall{};
  };
  // Holds for what is of its epoch and of segments below `until`, as the cutter numbers them.
  struct ClockBefore {
    std::uint32_t epoch = 0;
    std::uint64_t until = 0;
    ProgramClock clock;
  };
  struct Held {
    TrackSample one;
    WallTime wall{};
    Micros heard{};
  };

  void note_heard(Instant now);
  void look_for_faults(std::uint64_t before_first, Instant now);
  [[nodiscard]] Instant silent_from() const noexcept;
  void take_samples(const Moment& moment);
  void take_splices();
  void hold(TrackSample&& one, const Moment& moment);
  void watch_burst();
  void settle(const Moment& moment);
  void admit(TrackSample&& one, const Moment& moment, Micros heard);
  void watch_lateness(const TrackSample& one);
  void give_due(const Moment& moment);
  void give_all_waiting(const Moment& moment);
  void number_by_clock(const TimedSample& first);
  void give(TrackSample&& one, const Moment& moment);
  void note_format(Output& output, const TrackSample& one);
  void seek_to_fall_in();
  [[nodiscard]] bool has_fallen_in(const LiveRendition& to, const TimedSample& sample);
  [[nodiscard]] std::uint64_t discontinuities() const noexcept {
    return cutter_->counts().discontinuities + discontinuities_ahead_;
  }
  [[nodiscard]] Output* output_of(const TrackSample& one);
  [[nodiscard]] Output* open_output(const TrackSample& one);
  [[nodiscard]] PublishedRendition* rendition_for(const TrackSample& one);
  [[nodiscard]] PublishedRendition* known_rendition_for(const TrackSample& one);
  [[nodiscard]] bool is_fed(const PublishedRendition& one) const noexcept;
  [[nodiscard]] PartTarget part_target_for(const TimedSample& sample, bool leads) const noexcept;
  void lead_with(const Output& output);
  void time(const TimedSample& sample, const Moment& moment);
  void keep_clock(std::uint64_t until);
  void handle_clock_set(Micros ahead);
  [[nodiscard]] bool is_group_to_jump() const noexcept;
  [[nodiscard]] bool are_dates_to_jump() const noexcept;
  [[nodiscard]] Micros jump_due() const noexcept;
  void let_dates_jump(Micros by);
  void date_anew();
  void follow_dates(const CutPart& part, std::uint64_t number, const LiveRendition& its);
  [[nodiscard]] WallTime date_of(std::int64_t media_time, std::uint32_t epoch, std::uint64_t msn) const noexcept;
  void take_cuts();
  [[nodiscard]] Micros leaders_span() const;
  void cut_what_takes_too_long();
  void close(const Output& output);
  void close_unmapped();
  void watch_tracks(Instant now);
  void watch_languages();
  void watch_renditions(Instant now);
  void end(PublishedRendition& one, Instant now);
  void end_all(Instant now);
  void interrupt_all();
  void publish(Instant now);

  LiveOptions options_;
  std::optional<TrackSet> tracks_{};
  Timeline timeline_;  // While there is no source.
  StartUp start_up_;
  std::vector<Held> held_;
  std::uint64_t held_bytes_ = 0;
  AheadWatch first_burst_;  // Of what is held, by the first of it.
  InStep in_step_;          // By `heard_`.
  Micros late_noted_at_{-kLateAgain.count};
  std::optional<Parameters> parameters_{};
  Micros hold_back_{};
  std::optional<PartCutter> cutter_{};
  ProgramClock clock_;                     // Of the epoch that the leader is in.
  std::deque<ClockBefore> clocks_before_;  // The newest.
  WallWatch wall_watch_;
  Micros clock_set_{};  // By so much our own was set since the last discontinuity: the next one's dates are by it.
  std::uint32_t leader_epoch_ = 0;
  std::deque<TimedSplice> splices_;  // Of an epoch that the clock has not begun.
  std::vector<Output> outputs_;
  unsigned videos_ = 0, sounds_ = 0;  // So many folders have been named.
  bool is_away_ = true;
  std::optional<Instant> grace_ends_{};
  std::optional<Instant> sample_at_{};  // When the newest came, of any track; since the source was lost.
  // How long samples have been coming: a time that stands still while nothing comes.
  Micros heard_{};
  Micros leader_newest_{};     // When its newest sample came, or it was due.
  Micros segment_began_at_{};  // The leader's.
  std::uint64_t next_msn_ = 0;
  // Of the cutter's; with its group it may have had fewer discontinuities: then the sum wraps.
  std::uint64_t numbers_ahead_ = 0, discontinuities_ahead_ = 0;
  std::optional<GroupPlace> group_place_{};
  std::optional<DateJump> group_jump_{};
  GroupDates group_dates_{};
  bool is_dated_ = false;                   // A segment is, by the clock that holds.
  std::uint64_t followed_from_ = 0;         // From this number on dates are as they were last corrected.
  std::optional<Micros> falls_in_until_{};  // By `heard_`. It waits for a segment of its group to begin.

  Publication publication_;
  PublishPace pace_;
  bool is_held_up_ = false;  // There may be something to publish.
  std::shared_ptr<const StreamSnapshot> fresh_;
  LiveCounts counts_;
  FaultBook faults_;
  std::uint64_t tracks_refused_before_ = 0;  // By earlier sets.
  std::uint64_t sound_overlapping_before_ = 0;
  // Emptied at once.
  std::vector<TrackSample> samples_;
  std::vector<CutPart> cuts_;
};

// What a stream of that bit rate, all tracks together, has of segments whatever its GOPs: in bytes, as what follows.
[[nodiscard]] std::uint64_t bytes_of_segments(const LiveOptions& options, std::uint64_t bits_per_second) noexcept;
// The most that a stream keeps, whatever is sent.
[[nodiscard]] std::uint64_t memory_bound(const LiveOptions& options) noexcept;

}  // namespace fanlight::packager
