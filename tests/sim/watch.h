// What one viewing session saw, from its response to its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/strong.h"
#include "base/time.h"

namespace fanlight::sim {

struct Watch {
  SocketId own;
  SocketId relay;  // The other end's.
  Instant began{};
  bool is_excused = false;  // Something was done to it on purpose: it may miss packets.
  bool is_whole = false;    // It was up to the world's end.
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;        // Numbers that were missing when their time had come.
  std::uint64_t dropped_first = 0;  // Of those: before anything was delivered.
  std::uint64_t belated = 0;        // Came after they had been dropped.
  std::uint64_t first_index = 0;
  std::uint64_t last_index = 0;
  std::uint64_t gaps = 0;       // Indices left out between first and last.
  std::uint64_t unsettled = 0;  // Of those: made right behind a step of the source's clock.
  // --- how it began
  std::optional<std::uint64_t> start_index{};  // The payload under its first number.
  Instant live_at = Instant::never();          // When something came as young as the network lets it be.
  // Play time minus the moment the payload was made, within one publication.
  std::uint32_t publication = 0;
  Micros delay_min{std::numeric_limits<std::int64_t>::max()};
  Micros delay_max{std::numeric_limits<std::int64_t>::min()};
  Micros wander{};  // The largest difference of the two.

  void note_delay(std::uint32_t of, Micros delay) {
    if (of != publication) {
      publication = of;
      delay_min = delay_max = delay;
    }
    delay_min = std::min(delay_min, delay);
    delay_max = std::max(delay_max, delay);
    wander = std::max(wander, delay_max - delay_min);
  }
};

}  // namespace fanlight::sim
