#include "live/start_up.h"

#include <algorithm>
#include <utility>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

constexpr Micros kGopUnknown = seconds(2);

}  // namespace

void StartUp::handle(const TimedSample& sample) noexcept {
  if (frames_ == 0 || sample.epoch != epoch_) {  // Frames are measured where the clock does not jump.
    first_ = sample.decode_time;
    frames_ = 0;
    independent_.reset();
  } else if (const std::int64_t apart = sample.decode_time - last_; apart > longest_) {
    longest_but_one_ = std::exchange(longest_, apart);
  } else {
    longest_but_one_ = std::max(longest_but_one_, apart);
  }
  epoch_ = sample.epoch;
  timescale_ = sample.timescale;
  frame_ticks_ = sample.duration;
  last_ = sample.decode_time;
  ++frames_;
  if (!sample.is_independent) return;
  if (independent_) gop_longest_ = std::max(gop_longest_, sample.decode_time - *independent_);
  independent_ = sample.decode_time;
  ++independent_count_;
}

void StartUp::handle_follower(const TimedSample& sample) noexcept {
  if (frames_ == 0 || sample.epoch != epoch_) return;
  const std::int64_t late =
      rescale(last_, timescale_, kMediaClock) - rescale(sample.decode_time, sample.timescale, kMediaClock);
  follower_latest_ = std::max(follower_latest_, late);
}

Micros StartUp::watched() const noexcept { return frames_ == 0 ? Micros{} : micros_of(last_ - first_, timescale_); }

bool StartUp::is_ready() const noexcept {
  if (frames_ < 2) return false;
  if (watched() >= kGopMax) return true;
  // A frame less, for those that never add up to whole seconds.
  const Micros wanted = std::int64_t{options_.segments_at_first} * options_.segment;
  return independent_count_ >= 2 && watched() + micros_of(frame_ticks_, timescale_) >= wanted;
}

// A picture that lasts longer than a part is a discontinuity: where they are uneven, parts are as long as pictures
// last. One alone may be a loss.
PartTarget StartUp::part_target() const noexcept {
  constexpr Micros kLongest = seconds(2);
  const bool is_sound = timescale_ != kMediaClock;
  // As exact as frames can be measured: 23.976 a second are no whole number of ticks.
  const bool is_measured = !is_sound && frames_ > 1;
  const std::int64_t count = is_measured ? frames_ - 1 : 1;
  const std::int64_t ticks = is_measured ? last_ - first_ : std::max(frame_ticks_, 1u);
  const PartTarget even = part_target_of_frames(options_.part_wanted, ticks, timescale_ * count);
  const Micros longest = micros_of(longest_but_one_, timescale_);
  if (is_sound || longest <= even.target || longest > kLongest) return even;
  return part_target_of_frames(longest, longest_but_one_, timescale_);
}

// Multiplexers gather sound for a PES packet: some hundred milliseconds of it come with the pictures of its end.
Micros StartUp::followers_late(Micros part) const noexcept {
  const Micros late = micros_of(follower_latest_, kMediaClock);
  return late > 2 * part ? std::min(late, kLateMax) : Micros{};
}

Parameters StartUp::decide() const noexcept {
  Parameters chosen;
  chosen.part_target = part_target();
  chosen.followers_late = followers_late(chosen.part_target.target);
  chosen.has_gop = gop_longest_ > 0;
  // A frame less: 30 frames of 1001/30000 s are as good as a second.
  const Micros frame = micros_of(frame_ticks_, timescale_);
  chosen.gop = chosen.has_gop ? micros_of(gop_longest_, timescale_) - frame : kGopUnknown;
  const std::int64_t gop = std::max<std::int64_t>(chosen.gop.count, 1);
  const std::int64_t segment = (options_.segment.count + gop - 1) / gop * gop;
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t target = (std::max(2 * gop, segment) + kSecond - 1) / kSecond;
  chosen.target_duration = static_cast<std::uint32_t>(std::max<std::int64_t>(target, 2));
  return chosen;
}

}  // namespace fanlight::packager
