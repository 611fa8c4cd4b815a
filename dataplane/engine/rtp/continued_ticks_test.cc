#include "engine/rtp/continued_ticks.h"

#include <gtest/gtest.h>

namespace fanlight::rtp {
namespace {

constexpr Instant kStart{5'000'000'000};

TEST(ContinuedTicksTest, ASourcesOwnAreLeftAlone) {
  ContinuedTicks ticks(44'100);
  for (const std::uint32_t timestamp : {7u, 7u, 1'031u, 519u, 0x9000'0000u, 3u})
    EXPECT_EQ(ticks.place(kStart, timestamp), timestamp);
}

TEST(ContinuedTicksTest, AnotherSourceGoesOnFromHere) {
  ContinuedTicks ticks(48'000);
  (void)ticks.place(kStart, 960);
  (void)ticks.place(kStart + millis(5), 480);  // From behind: not the newest.
  ticks.restart(kStart + millis(20), 0xFFFF'FF00);
  EXPECT_EQ(ticks.place(kStart + millis(20), 0xFFFF'FF00), 1'920u);
  EXPECT_EQ(ticks.place(kStart + millis(45), 0xFFFF'FF00 + 960), 2'880u) << "its own clock, whenever it comes";
}

TEST(ContinuedTicksTest, NothingToContinueBeforeTheFirst) {
  ContinuedTicks ticks(90'000);
  ticks.restart(kStart, 4'711);
  EXPECT_EQ(ticks.place(kStart, 4'711), 4'711u);
}

}  // namespace
}  // namespace fanlight::rtp
