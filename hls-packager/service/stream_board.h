// How the streams stand, told by the packaging thread and read by those who answer people: the page, the metrics, the
// log. A line for each stream, in the order of the settings.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "codec/track_format.h"
#include "ingest/clock.h"
#include "live/input_faults.h"
#include "origin/origin_counters.h"

namespace fanlight::packager {

enum class StreamState : std::uint8_t {
  kCalling,  // Nothing comes yet, or any more.
  kFilling,  // Bytes come, and are not enough to watch yet.
  kLive,
  kAway,   // The source is gone, and may come back.
  kEnded,  // Gone for longer than the grace.
};

[[nodiscard]] constexpr const char* name_of(StreamState state) {
  switch (state) {
    case StreamState::kCalling:
      return "calling";
    case StreamState::kFilling:
      return "filling";
    case StreamState::kLive:
      return "live";
    case StreamState::kAway:
      return "away";
    case StreamState::kEnded:
      return "ended";
  }
  return "?";
}

struct StreamStanding {
  std::string name{};
  std::string source{};    // Without secrets.
  bool is_member = false;  // Of a group, and not to be watched by itself.
  bool is_group = false;
  // Of a group: streams that are played, of so many.
  std::size_t members = 0, members_played = 0;
  StreamState state = StreamState::kCalling;
  std::string why{};  // Nothing is to be seen of it, or to be heard. For everybody: no address, no code of the relay's.
  std::uint64_t bytes = 0;
  std::uint64_t calls_failed = 0;
  std::uint64_t times_up = 0;
  std::uint64_t snapshots = 0;
  InputFaults faults{};
  std::uint64_t evicted = 0;        // Segments that are not kept any more, of all tracks.
  std::uint64_t dropped_early = 0;  // Of these such as went for want of room.
  std::uint64_t sources_lost = 0;   // How often it went, or sent nothing that could be played.
  std::uint64_t discontinuities = 0, hints_misjudged = 0, samples_left_out = 0;
  std::uint64_t slices_left_clear = 0;  // Though the stream is encrypted.
  // Sections of SCTE 35, since the source came last.
  std::uint64_t splices = 0, splices_encrypted = 0, splices_malformed = 0, splices_other = 0;
  // From the bytes that complete a part to its publication, so far: the worst, all together, and how often which.
  Micros publish_delay_worst{}, publish_delay_sum{};
  std::array<std::uint64_t, OriginCounters::kReleaseBounds.size() + 1> publish_delays{};
  // Since it was live first.
  Micros hold_back{};    // How far behind the end players are asked to stay.
  Micros part_target{};  // Of its leading track.
  // Of its parts that neither began nor ended a segment; zero: there was none.
  Micros part_shortest{}, part_longest{};
  Micros gop{};          // The newest; none: there is no whole one.
  double drift_ppm = 0;  // Its clock against ours, more than zero: it is faster.
  std::vector<std::string> codecs{};
  std::optional<PictureFormat> picture{};
  bool has_dash = false;
};

// Times are on the clock of ingest/clock.h, as the servers' are.
class StreamBoard {
 public:
  explicit StreamBoard(Instant now = monotonic_now()) : told_at_us_(now.us) {}

  void set(std::vector<StreamStanding> lines, Instant now) {
    const std::scoped_lock lock(mutex_);
    lines_ = std::move(lines);
    told_at_us_.store(now.us, std::memory_order_relaxed);
  }
  [[nodiscard]] std::vector<StreamStanding> read() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  // Since it was told last, or began. Long: the packaging thread stands.
  [[nodiscard]] Micros age(Instant now) const { return now - told_at(); }
  [[nodiscard]] Instant told_at() const { return {told_at_us_.load(std::memory_order_relaxed)}; }

 private:
  mutable std::mutex mutex_;
  std::vector<StreamStanding> lines_;
  std::atomic<std::int64_t> told_at_us_;
};

}  // namespace fanlight::packager
