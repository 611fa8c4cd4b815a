// What a worker's viewers were sent again lately, so that a report sent before the repair arrived does not have it sent
// twice. One table for all, four entries to a set: a repair that finds its set full takes the oldest one's place, and
// whoever asks for that again within a round trip gets it once more, from its own budget.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/near.h"
#include "stream/viewer.h"

namespace fanlight {

class RecentRepairs {
 public:
  explicit RecentRepairs(std::size_t repairs) : sets_((repairs + kWays - 1) / kWays) {}

  void note(const Viewer& viewer, PacketPos pos, Instant now) noexcept {
    if (origin_ == 0) origin_ = reinterpret_cast<std::uintptr_t>(&viewer);
    Set& set = sets_[home_of(viewer, pos)];
    const std::uint32_t whose = key_of(viewer);
    const auto is_same = [&](const Entry& one) { return one.viewer == whose && one.pos == NearPos::of(pos); };
    auto place = std::ranges::find_if(set, is_same);
    const auto age = [&](const Entry& one) { return one.viewer == 0 ? Micros{kForever} : one.at.ago(now); };
    if (place == set.end()) place = std::ranges::max_element(set, {}, age);
    *place = {whose, NearPos::of(pos), NearInstant::of(now)};
  }
  [[nodiscard]] std::optional<Micros> ago(const Viewer& viewer, PacketPos pos, Instant now) const noexcept {
    for (const Entry& one : sets_[home_of(viewer, pos)])
      if (one.viewer == key_of(viewer) && one.pos == NearPos::of(pos)) return one.at.ago(now);
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::int64_t kForever = std::int64_t{1} << 32;
  struct Entry {
    std::uint32_t viewer = 0;  // 0: nobody.
    NearPos pos;
    NearInstant at;
  };
  using Set = std::array<Entry, kWays>;

  // Where it stands, seen from the first of them: who crowds out whom does not depend on where their slab lies. The low
  // bits are zero, so a one there collides with nobody.
  [[nodiscard]] std::uint32_t key_of(const Viewer& viewer) const noexcept {
    return static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(&viewer) - origin_) / sizeof(std::uint64_t)) |
           1;
  }
  [[nodiscard]] std::size_t home_of(const Viewer& viewer, PacketPos pos) const noexcept {
    const std::uint64_t both = std::uint64_t{key_of(viewer)} << 32 | NearPos::of(pos).low;
    const std::uint64_t mixed = both * 0x9E37'79B9'7F4A'7C15;  // 2^64 over the golden ratio.
    return static_cast<std::size_t>((mixed >> 32) * sets_.size() >> 32);
  }
  std::vector<Set> sets_;
  std::uintptr_t origin_ = 0;
};

}  // namespace fanlight
