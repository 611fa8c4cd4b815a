#include "live/group_place.h"

#include <cstdlib>

namespace fanlight::packager {
namespace {

// Nobody is ahead of others by more.
constexpr std::int64_t kAheadMax = 10 * kMediaClock;

}  // namespace

std::optional<NumberedPlace> segment_at(const GroupPlace& group, std::int64_t at) {
  for (const NumberedPlace& one : group.newest)
    if (std::llabs(at - one.place.begins) <= kGroupSlack) return one;
  const NumberedPlace& newest = group.newest.back();
  const std::int64_t ahead = at - newest.place.begins;
  if (ahead <= 0 || ahead > kAheadMax || group.step <= kGroupSlack) return std::nullopt;
  const std::int64_t steps = (ahead + group.step / 2) / group.step;
  if (steps == 0 || std::llabs(ahead - steps * group.step) > kGroupSlack) return std::nullopt;
  return NumberedPlace{newest.msn + static_cast<std::uint64_t>(steps), {at, newest.place.discontinuities}};
}

}  // namespace fanlight::packager
