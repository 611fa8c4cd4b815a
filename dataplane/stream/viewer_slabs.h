// What a worker's viewers have together, because few of them need it at any moment (docs/adr/0025). Made for all
// sessions at the start; who finds nothing left is served a little worse, and that is counted:
//
//   ranges   reported missing beyond a viewer's first: left to its next report (nak_overflow)
//   recent   repairs: one more may be sent that was on its way already
//   runs     of viewers that start at a picture: the next starts at live (joins_live)
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/srt/range_pool.h"
#include "stream/join_runs.h"
#include "stream/recent_repairs.h"
#include "stream/viewer.h"

namespace fanlight {

struct ViewerSlabs {
  explicit ViewerSlabs(std::size_t viewers_max)
      : ranges(std::max<std::size_t>(64, viewers_max / 4)),
        recent(std::max<std::size_t>(256, 2 * viewers_max)),
        runs(std::max<std::size_t>(64, viewers_max / 4)) {}

  // Before it goes: all that it has of them.
  void take_back(Viewer& viewer) noexcept {
    viewer.sender.forget_repairs(ranges);
    if (viewer.run != nullptr) runs.give_back(*std::exchange(viewer.run, nullptr));
  }

  srt::RangePool ranges;
  RecentRepairs recent;
  JoinRuns runs;
};

}  // namespace fanlight
