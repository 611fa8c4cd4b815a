#include "origin/origin_counters.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::packager {

const char* name_of(RequestKind kind) {
  static constexpr std::array<const char*, kRequestKinds> kNames = {
      "multivariant", "playlist", "mpd", "init", "segment", "part", "key", "time", "healthz", "preflight", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

void OriginCounters::count_answer(RequestKind kind, std::uint16_t status) {
  const auto at = std::ranges::find(kStatuses, status);
  CHECK(at != kStatuses.end());
  answers[static_cast<std::size_t>(kind)][static_cast<std::size_t>(at - kStatuses.begin())].add();
}

void OriginCounters::count_release(Micros took) {
  const auto at = std::ranges::lower_bound(kReleaseBounds, took);
  releases[static_cast<std::size_t>(at - kReleaseBounds.begin())].add();
  release_us.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count, 0)));
}

}  // namespace fanlight::packager
