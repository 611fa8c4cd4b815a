// What two legs lose of one stream (SMPTE ST 2022-7): runs of packets, on either of them, and for a while all of one.
// Nothing is lost on both, nor before both are heard: until then nobody can know of the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "random.h"

namespace fanlight::sim {

class TwoLegs {
 public:
  void begin() { untouched_ = kUntouched; }
  void kill(std::size_t leg) { dead_ = leg; }
  void revive() {
    dead_.reset();
    untouched_ = kUntouched;
  }
  // Which of them bring the next packet.
  [[nodiscard]] std::array<bool, 2> judge(Random& random) {
    std::array<bool, 2> brings{true, true};
    if (dead_) {
      run_ = 0;
      brings[*dead_] = false;
    } else if (untouched_ > 0) {
      --untouched_;
    } else if (run_ > 0) {
      --run_;
      brings[leg_] = false;
    } else if (random.chance(kRunBegins)) {
      leg_ = random.chance(0.5) ? 1 : 0;
      run_ = random.between(0, kRunMax);
      brings[leg_] = false;
    }
    if (brings[0] && brings[1]) ++twice_;
    if (!brings[0] || !brings[1]) ++once_;
    return brings;
  }
  // Packets that went by both, and by one alone.
  [[nodiscard]] std::uint64_t twice() const { return twice_; }
  [[nodiscard]] std::uint64_t once() const { return once_; }

 private:
  static constexpr double kRunBegins = 0.03;
  static constexpr std::int64_t kRunMax = 15;
  static constexpr std::int64_t kUntouched = 30;

  std::int64_t untouched_ = kUntouched;
  std::int64_t run_ = 0;
  std::size_t leg_ = 0;
  std::optional<std::size_t> dead_{};
  std::uint64_t twice_ = 0;
  std::uint64_t once_ = 0;
};

}  // namespace fanlight::sim
