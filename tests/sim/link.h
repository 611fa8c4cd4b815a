// One direction of a way through the network: decides when, whether and how often a datagram arrives. Sans-IO.
#pragma once

#include <array>

#include "base/time.h"
#include "random.h"

namespace fanlight::sim {

struct LinkQuality {
  Micros delay{};
  Micros jitter{};         // Added to the delay, evenly spread; order is kept.
  double loss = 0;         // Outside bursts.
  double burst_begin = 0;  // Chance per datagram that a burst begins (Gilbert–Elliott).
  double burst_end = 0;    // Chance per datagram that it is over.
  double burst_loss = 0;   // Within one.
  double duplicate = 0;
  double reorder = 0;  // Chance to be held back by up to `held_back`, so that others overtake it.
  Micros held_back{};

  [[nodiscard]] static LinkQuality clean(Micros delay) { return {.delay = delay, .jitter = micros(300)}; }
  [[nodiscard]] static LinkQuality lossy(Micros delay, double loss) {
    return {
        .delay = delay, .jitter = millis(2), .loss = loss, .duplicate = 0.005, .reorder = 0.01, .held_back = millis(8)};
  }
  [[nodiscard]] static LinkQuality bursty(Micros delay) {
    return {.delay = delay,
            .jitter = millis(3),
            .loss = 0.002,
            .burst_begin = 0.002,
            .burst_end = 0.08,
            .burst_loss = 0.7,
            .duplicate = 0.002,
            .reorder = 0.005,
            .held_back = millis(15)};
  }
  [[nodiscard]] static LinkQuality satellite() {
    return {.delay = millis(270), .jitter = millis(4), .loss = 0.01, .duplicate = 0.001};
  }
};

// What it takes at most.
[[nodiscard]] constexpr Micros slowest(const LinkQuality& quality) {
  return quality.delay + quality.jitter + quality.held_back;
}

class Link {
 public:
  explicit Link(const LinkQuality& quality) : quality_(quality) {}

  struct Fate {
    std::size_t copies = 0;
    std::array<Instant, 2> at{};
  };
  [[nodiscard]] Fate judge(Instant now, Random& random);
  // What would arrive before then arrives then.
  void hold(Instant until) { held_until_ = until; }
  [[nodiscard]] const LinkQuality& quality() const { return quality_; }

 private:
  [[nodiscard]] bool is_lost(Instant now, Random& random);
  [[nodiscard]] Instant arrival(Instant now, Random& random);

  LinkQuality quality_;
  bool in_burst_ = false;
  Instant burst_began_{};
  Instant newest_{};
  Instant held_until_{};
};

}  // namespace fanlight::sim
