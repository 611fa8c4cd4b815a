// Where sound is sent later than its pictures, pictures wait for it, and what of the sound comes early with it: all
// playlists grow together, at the pace of time, and each may report the others. RFC 8216bis B.1; H-18
//
// A sample waits for as long as it came earlier than the latest may. Times are of a clock that stands still while
// nothing comes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "media/track_set.h"

namespace fanlight::packager {

class InStep {
 public:
  struct Waiting {
    Micros until{};
    TrackSample one;
  };

  // Pictures wait for so long from here on; zero: nothing is to be given here.
  void wait_for(Micros late) noexcept { wait_ = late; }
  [[nodiscard]] Micros wait() const noexcept { return wait_; }

  void handle(TrackSample&& one, bool leads, Micros now);
  // The next whose time has come, in the order of their times.
  [[nodiscard]] std::optional<Waiting> take_due(Micros now);
  // The next, whenever its time is.
  [[nodiscard]] std::optional<Waiting> take_any();
  [[nodiscard]] bool is_empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] bool has_any_of(std::size_t track) const noexcept;

  // How much later than the leader's frames of the same time `sample` of another track comes; less than nothing where
  // it is earlier. Empty: clocks jump.
  [[nodiscard]] std::optional<Micros> lateness_of(const TimedSample& sample) const noexcept;
  // The leader's newest, as it comes.
  void note_leader(const TimedSample& sample) noexcept;

 private:
  static constexpr std::uint64_t kBytesMax = std::uint64_t{32} << 20;  // What is more does not wait.
  struct Leader {
    std::uint32_t epoch = 0;
    std::int64_t newest = 0;  // Media time of its decoding.
  };

  Micros wait_{};
  std::multimap<Micros, TrackSample> waiting_;
  std::map<std::size_t, Micros> newest_;  // By track, until when its newest waits: none overtakes another of its track.
  std::uint64_t bytes_ = 0;
  std::optional<Leader> leader_{};
};

}  // namespace fanlight::packager
