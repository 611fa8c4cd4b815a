// The renditions of a live presentation, and the snapshot that shows them. A rendition is shown once it has something
// to play; what changed is written anew, once, and what did not is shared with the snapshot before.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "live/live_mpd_writer.h"
#include "live/live_rendition.h"
#include "live/splice_log.h"

namespace fanlight::packager {

struct PublishedRendition {
  explicit PublishedRendition(const LiveRendition::Options& options) : rendition(options) {}
  LiveRendition rendition;
  std::size_t place = 0;  // Of its track among those of the program's map.
  std::uint16_t pid = 0;  // Of its newest track.
  bool has_changed = false;
  bool is_public = false;               // In snapshots.
  bool is_offered = false;              // In the multivariant playlist: public, and not ended.
  bool is_in_mpd = false;               // As it was written last.
  std::optional<Micros> unfed_since{};  // Its track has gone, and another may come. On the clock of whoever feeds it.
  std::shared_ptr<const RenditionSnapshot> written{};
  // As it was offered.
  std::optional<TrackFormat> format{};
  std::string language{};
  bool describes_video = false;
  std::vector<CaptionService> captions{};
  bool has_independent_segments = true;
  std::uint32_t bandwidth = 0, bandwidth_average = 0;
  std::uint64_t first_in_mpd = 0, segments_in_mpd = 0;
  bool is_interrupted_in_mpd = false;
};

class Publication {
 public:
  struct Options {
    std::string name{};
    std::uint32_t segments_at_first = 3;  // Or three target durations.
    std::uint64_t bytes_max = 0;          // Of media, in all renditions together.
    std::shared_ptr<const KeyRing> keys{};
  };
  explicit Publication(const Options& options);

  // Stays where it is until it is over. A rendition of an earlier generation is followed by no other. Sounds are told
  // in the order of their places, and the first is the default; those that come once some are offered are behind them.
  PublishedRendition& add(const LiveRendition::Options& options, std::size_t place);
  [[nodiscard]] std::list<PublishedRendition>& renditions() noexcept { return renditions_; }
  [[nodiscard]] const std::list<PublishedRendition>& renditions() const noexcept { return renditions_; }

  // `at`: the date of its time; `newest`: media time of what came last.
  void handle_splice(const TimedSplice& splice, WallTime at, std::int64_t newest);
  // Everything has ended; what comes is told of nothing that was.
  void forget_splices() noexcept { splices_.restart(); }

  // Of other streams, which are reported with its own.
  void set_others(std::vector<RenditionReport> others) { others_ = std::move(others); }
  [[nodiscard]] const SpliceLog& splices() const noexcept { return splices_; }

  // How often a rendition was offered anew, for more comes of it than was said; and which it was.
  struct Raised {
    std::uint64_t count = 0;
    std::string newest{};
  };
  [[nodiscard]] const Raised& raised() const noexcept { return raised_; }

  void evict(Instant now);
  // Segments that are not kept any more, of all renditions, those that are gone as well.
  [[nodiscard]] std::uint64_t evicted() const noexcept;
  // Of these such as went before their time.
  [[nodiscard]] std::uint64_t dropped_early() const noexcept { return dropped_early_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  // Of pictures that are encrypted otherwise; also of renditions that are gone.
  [[nodiscard]] std::uint64_t slices_left_clear() const noexcept;
  [[nodiscard]] Instant next_eviction() const noexcept;
  // Empty where nothing is to be shown that was not before. `came`: the bytes that made it.
  // `wall`: about now.
  [[nodiscard]] std::shared_ptr<const StreamSnapshot> publish(Instant came, WallTime wall);

 private:
  [[nodiscard]] bool drop_oldest(Instant now);
  void keep_counts(const LiveRendition& gone) noexcept;
  [[nodiscard]] bool is_long_enough(const LiveRendition& rendition) const noexcept;
  [[nodiscard]] bool update_offer();
  void number_among_alike(PublishedRendition& one);
  void note_raised(const PublishedRendition& one, const OfferedRendition& offer);
  void write_multivariant();
  [[nodiscard]] bool has_new_segments();
  void write_mpd(WallTime wall);
  [[nodiscard]] std::vector<RenditionReport> reports_for(const PublishedRendition& one) const;

  Options options_;
  std::list<PublishedRendition> renditions_;
  Document multivariant_;
  LateDocument mpd_;
  LiveMpdWriter mpd_writer_;
  std::shared_ptr<const ServedKeys> served_keys_{};
  SpliceLog splices_;
  std::vector<RenditionReport> others_;
  std::uint32_t target_duration_ = 2;
  bool has_lost_one_ = false;  // Since the last snapshot.
  std::uint64_t evicted_ = 0;  // Of renditions that are gone, as slices_left_clear_.
  std::uint64_t dropped_early_ = 0;
  Raised raised_;
  std::uint64_t slices_left_clear_ = 0;
  Compressor compressor_;
};

}  // namespace fanlight::packager
