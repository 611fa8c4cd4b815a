// Whoever comes and goes: in one pass nobody is served twice, and nobody who was there from its beginning to its end is
// left out.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "stream/audience.h"

namespace fanlight {
namespace {

struct House {
  explicit House(RoomEnd::From from) : audience(room, from) {}
  static constexpr std::size_t kPlaces = 24;
  std::deque<Viewer> viewers;
  AudienceRoom room{kPlaces};
  Audience audience;
  std::vector<Viewer*> present;
  std::map<Viewer*, int> served;

  void enter() {
    viewers.emplace_back(Viewer::Opening{}, srt::Sender::Options{});
    const bool entered = audience.add(viewers.back());
    RC_ASSERT(entered == (present.size() < kPlaces));
    if (entered) present.push_back(&viewers.back());
  }
  void leave() {
    if (present.empty()) return;
    const std::size_t i = *rc::gen::inRange<std::size_t>(0, present.size());
    RC_ASSERT(audience.is_served(*present[i]) == (served[present[i]] == 1));
    audience.remove(*present[i]);
    present.erase(present.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void run_pass() {
    served.clear();
    audience.begin_pass();
    while (!audience.is_pass_done()) {
      if (*rc::gen::inRange(0, 3) == 0) {
        leave();
      } else {
        ++served[audience.next()];
      }
    }
    RC_ASSERT(audience.next() == nullptr);
    for (const auto& [viewer, times] : served) RC_ASSERT(times <= 1);
    for (Viewer* viewer : present) RC_ASSERT(served[viewer] == 1);
  }
};

RC_GTEST_PROP(AudienceProperty, EachPresentViewerIsServedOncePerPass, ()) {
  House house(*rc::gen::element(RoomEnd::From::kFront, RoomEnd::From::kBack));
  for (int passes = *rc::gen::inRange(1, 8); passes > 0; --passes) {
    for (int newcomers = *rc::gen::inRange(0, 12); newcomers > 0; --newcomers) house.enter();
    house.run_pass();
    RC_ASSERT(house.audience.size() == house.present.size());
  }
}

}  // namespace
}  // namespace fanlight
