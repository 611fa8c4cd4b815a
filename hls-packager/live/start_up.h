// What has to be known before the first playlist, for it never changes after: how long a frame of the leading track is,
// how far apart its independent pictures are, and how much later others come than what they belong to. So the first
// seconds are watched, and kept until it is known.
#pragma once

#include <cstdint>
#include <optional>

#include "media/timed_sample.h"
#include "playlist/part_target.h"

namespace fanlight::packager {

// Of one presentation, for ever.
struct Parameters {
  std::uint32_t target_duration = 2;  // Seconds.
  PartTarget part_target;             // Of the track that leads.
  Micros gop;
  bool has_gop = false;  // No: independent pictures are so far apart that segments have to do without.
  // So much later than the leader's followers' frames of the same time come: the leader's wait for them. None where
  // the hold-back of three parts has room for it.
  Micros followers_late;
  // 90 kHz; rounds to no more than the target duration.
  [[nodiscard]] std::int64_t segment_ticks_max() const noexcept {
    return (std::int64_t{target_duration} * 100 + 49) * kMediaClock / 100;
  }
};

class StartUp {
 public:
  // Whose independent pictures are further apart is packaged without waiting for them.
  static constexpr Micros kGopMax = seconds(10);
  // No longer is waited for them.
  static constexpr Micros kLateMax = seconds(3);
  struct Options {
    Micros part_wanted;
    Micros segment;
    std::uint32_t segments_at_first = 3;
  };
  explicit StartUp(const Options& options) : options_(options) {}

  // In decode order, of the track that leads.
  void handle(const TimedSample& sample) noexcept;
  // Of another, as it comes between those. By media time alone: what the network does to both says nothing.
  void handle_follower(const TimedSample& sample) noexcept;
  [[nodiscard]] bool is_ready() const noexcept;
  [[nodiscard]] Micros watched() const noexcept;
  // Of what was watched: one frame at least.
  [[nodiscard]] Parameters decide() const noexcept;

 private:
  [[nodiscard]] PartTarget part_target() const noexcept;
  [[nodiscard]] Micros followers_late(Micros part) const noexcept;

  Options options_;
  std::uint32_t timescale_ = 90'000;
  std::int64_t first_ = 0, last_ = 0;  // Decode times.
  std::uint32_t frames_ = 0;
  std::uint32_t frame_ticks_ = 0;                   // As the newest said.
  std::int64_t longest_ = 0, longest_but_one_ = 0;  // From a frame to the next.
  std::uint32_t epoch_ = 0;
  std::optional<std::int64_t> independent_{};
  std::int64_t gop_longest_ = 0;
  std::uint32_t independent_count_ = 0;
  std::int64_t follower_latest_ = 0;  // 90 kHz.
};

}  // namespace fanlight::packager
