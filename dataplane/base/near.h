// Positions and moments in half the room: their low 32 bits, which are whole again beside one that is near. For fields
// of which there are many, where whoever reads them knows one within 2^31 positions or 35 minutes.
#pragma once

#include <cstdint>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight {

struct NearPos {
  std::uint32_t low = 0;
  static constexpr NearPos of(PacketPos pos) { return {static_cast<std::uint32_t>(pos.value)}; }
  [[nodiscard]] constexpr PacketPos beside(PacketPos pos) const {
    return pos + static_cast<std::int32_t>(low - static_cast<std::uint32_t>(pos.value));
  }
  friend constexpr bool operator==(NearPos, NearPos) = default;
};

struct NearInstant {
  std::uint32_t low = 0;
  static constexpr NearInstant of(Instant at) { return {static_cast<std::uint32_t>(at.us)}; }
  [[nodiscard]] constexpr Instant beside(Instant at) const {
    return at + Micros{static_cast<std::int32_t>(low - static_cast<std::uint32_t>(at.us))};
  }
  // For what is not in the future: how long ago it was, up to 71 minutes.
  [[nodiscard]] constexpr Micros ago(Instant now) const { return {static_cast<std::uint32_t>(now.us) - low}; }
};

static_assert(NearPos::of({(std::int64_t{1} << 40) - 3}).beside({(std::int64_t{1} << 40) + 3}).value ==
              (std::int64_t{1} << 40) - 3);
static_assert(NearInstant::of({(std::int64_t{1} << 32) + 5}).beside({(std::int64_t{1} << 32) - 5}).us ==
              (std::int64_t{1} << 32) + 5);
static_assert(NearInstant::of({(std::int64_t{1} << 32) - 5}).ago({(std::int64_t{1} << 32) + 5}) == micros(10));

}  // namespace fanlight
