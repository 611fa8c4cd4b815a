// The part of a track that is being filled. A part is complete with the frame behind which no other fits, and then it
// is not waited for the next frame: the last one lasts as long as frames of this track do.
//
// If that was a guess too long or too short, the next part's first frame makes up for it: its decode time is where the
// part before ended, and it is shown when it always was to be shown. So parts one behind the other have no hole and no
// overlap, their durations add up to the time that went by, and none is longer than the target or, but for the last of
// a segment and those in front of an independent frame, shorter than 85 % of it (RFC 8216bis §4.4.4.9).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "media/timed_sample.h"
#include "segment/frame_duration.h"

namespace fanlight::packager {

class OpenPart {
 public:
  explicit OpenPart(Micros target) : target_(target) {}

  [[nodiscard]] bool is_empty() const noexcept { return samples_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return samples_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] Micros target() const noexcept { return target_; }
  [[nodiscard]] const TimedSample& first() const noexcept { return samples_.front(); }
  // Whether `sample` follows what was before closely enough to go on without a hole.
  [[nodiscard]] bool can_follow(const TimedSample& sample) const noexcept;
  // Whether it belongs into this part.
  [[nodiscard]] bool admits(const TimedSample& sample) const noexcept;
  // Whether that is all: the next frame will belong into another part.
  [[nodiscard]] bool is_complete() const noexcept;
  // Whether it may end at `decode_time`; for the exceptions see above.
  [[nodiscard]] bool is_long_enough(std::int64_t decode_time) const noexcept;
  [[nodiscard]] bool is_all_independent() const noexcept;
  // Where the next frame is due: the end of the part if it ended now. Not when nothing was added since restart().
  [[nodiscard]] std::optional<std::int64_t> due() const noexcept;
  [[nodiscard]] std::int64_t frame_ticks() const noexcept;  // Of the newest sample's timescale.
  [[nodiscard]] std::uint32_t timescale() const noexcept { return timescale_; }

  void add(TimedSample&& sample);
  // Empties it. `next`: the decode time of the frame behind it, if that is there. Decode times and durations are final.
  [[nodiscard]] std::vector<TimedSample> take(std::optional<std::int64_t> next);
  // What comes need not go on from what was.
  void restart() noexcept { end_.reset(); }

 private:
  [[nodiscard]] std::int64_t target_ticks() const noexcept;
  [[nodiscard]] bool admits(std::int64_t decode_time) const noexcept;

  Micros target_;
  std::uint32_t timescale_ = 90'000;
  std::vector<TimedSample> samples_;
  std::uint64_t bytes_ = 0;
  std::int64_t begin_ = 0;                // Decode time of the first of them.
  std::optional<std::int64_t> end_{};     // Of the part before.
  std::optional<std::int64_t> newest_{};  // Decode time that the newest sample came with.
  FrameDuration frame_;
};

}  // namespace fanlight::packager
