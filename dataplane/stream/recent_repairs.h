// What a worker's viewers were sent again lately, so that a report sent before the repair arrived does not have it sent
// twice. One table for all, a cache line to a set: a repair that finds its set full takes the oldest one's place, and
// whoever asks for that again within a round trip gets it once more, from its own budget.
//
// An entry has a mark of 32 bits for whose and which, and when in 16, in units of 256 µs, so for 16 seconds. Two marks
// are the same once in 200 million looks: a repair that is taken for another one waits for its viewer's next report.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/seq.h"
#include "base/time.h"
#include "packet/envelope.h"

namespace fanlight {

class RecentRepairs {
 public:
  explicit RecentRepairs(std::size_t repairs) : sets_((repairs + kWays - 1) / kWays) {}

  void note(const Enveloped& viewer, PacketPos pos, Instant now) noexcept {
    if (origin_ == 0) origin_ = reinterpret_cast<std::uintptr_t>(&viewer);
    const Place place = place_of(viewer, pos);
    Set& set = sets_[place.set];
    auto way = static_cast<std::size_t>(std::ranges::find(set.marks, place.mark) - set.marks.begin());
    if (way == kWays) way = oldest_of(set, now);
    set.marks[way] = place.mark;
    set.times[way] = units(now);
  }
  // Not less than it was, and up to 512 µs more: what may be sent is not kept back for the table's sake.
  [[nodiscard]] std::optional<Micros> ago(const Enveloped& viewer, PacketPos pos, Instant now) const noexcept {
    const Place place = place_of(viewer, pos);
    const Set& set = sets_[place.set];
    const auto way = static_cast<std::size_t>(std::ranges::find(set.marks, place.mark) - set.marks.begin());
    if (way == kWays) return std::nullopt;
    return (units_ago(set.times[way], now) + 1) * kUnit;
  }

 private:
  static constexpr std::size_t kWays = 10;
  static constexpr Micros kUnit = micros(256);

  struct alignas(64) Set {
    std::array<std::uint32_t, kWays> marks{};  // 0: none.
    std::array<std::uint16_t, kWays> times{};
  };
  static_assert(sizeof(Set) == 64);
  struct Place {
    std::size_t set;
    std::uint32_t mark;
  };

  [[nodiscard]] static constexpr std::uint16_t units(Instant at) noexcept {
    return static_cast<std::uint16_t>(at.us / kUnit.count);
  }
  [[nodiscard]] static constexpr std::int64_t units_ago(std::uint16_t then, Instant now) noexcept {
    return static_cast<std::uint16_t>(units(now) - then);
  }
  [[nodiscard]] static std::size_t oldest_of(const Set& set, Instant now) noexcept {
    std::size_t oldest = 0;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.marks[way] == 0) return way;
      if (units_ago(set.times[way], now) > units_ago(set.times[oldest], now)) oldest = way;
    }
    return oldest;
  }
  // From where it stands, seen from the first of them: who crowds out whom does not depend on where their slab lies.
  [[nodiscard]] Place place_of(const Enveloped& viewer, PacketPos pos) const noexcept {
    const std::uint64_t whose = (reinterpret_cast<std::uintptr_t>(&viewer) - origin_) / sizeof(std::uint64_t);
    const std::uint64_t both = whose << 32 | static_cast<std::uint32_t>(pos.value);
    std::uint64_t mixed = (both ^ whose) * 0x9E37'79B9'7F4A'7C15;  // 2^64 over the golden ratio.
    mixed = (mixed ^ mixed >> 32) * 0x9E37'79B9'7F4A'7C15;
    return {static_cast<std::size_t>((mixed >> 32) * sets_.size() >> 32), static_cast<std::uint32_t>(mixed) | 1};
  }
  std::vector<Set> sets_;
  std::uintptr_t origin_ = 0;
};

}  // namespace fanlight
