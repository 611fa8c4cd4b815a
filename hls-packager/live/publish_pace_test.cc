#include "live/publish_pace.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

// So many are published in `span`, of one asked for each millisecond.
int published_in(PublishPace& pace, Instant from, Micros span) {
  int count = 0;
  for (Instant now = from; now < from + span; now = now + millis(1)) {
    if (now < pace.next()) continue;
    pace.handle_published(now);
    ++count;
  }
  return count;
}

TEST(PublishPaceTest, AFloodIsHeldToEightAPart) {
  PublishPace pace(millis(200));
  EXPECT_LE(published_in(pace, Instant{1'000'000}, seconds(10)), 400 + 17);
  EXPECT_GE(published_in(pace, Instant{11'000'000}, seconds(10)), 400 - 17);
}

TEST(PublishPaceTest, PartsOfSevenTracksAtOnceAreNotHeldUp) {
  PublishPace pace(millis(200));
  for (Instant now{5'000'000}; now < Instant{15'000'000}; now = now + millis(200))
    for (int track = 0; track < 7; ++track) {
      ASSERT_GE(now, pace.next());
      pace.handle_published(now);
    }
}

}  // namespace
}  // namespace fanlight::packager
