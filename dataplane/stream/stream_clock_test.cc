#include "stream/stream_clock.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fanlight {
namespace {

constexpr Instant kStart{1'000'000'000};

TEST(StreamClockTest, AFirstPacketIsNow) {
  StreamClock clock;
  PublisherTime publisher;
  EXPECT_EQ(publisher.place(kStart, {0xDEAD'BEEF}, clock), clock.now(kStart));
  EXPECT_EQ(publisher.place(kStart, {0xDEAD'BEEF + 1'000}, clock) - clock.now(kStart), millis(1));
}

TEST(StreamClockTest, RunsOnAcrossTheWrapOfThePublishersClock) {
  StreamClock clock;
  PublisherTime publisher;
  const StreamTime before = publisher.place(kStart, {0xFFFF'FF00}, clock);
  EXPECT_EQ(publisher.place(kStart + micros(512), {0x0000'0100}, clock) - before, micros(512));
}

TEST(StreamClockTest, JitterDoesNotMoveIt) {
  StreamClock clock;
  PublisherTime publisher;
  const std::int64_t offset = clock.now(kStart).us - kStart.us;
  for (int i = 0; i < 3'000; ++i) {
    const Instant sent = kStart + i * millis(5);
    const Instant at = sent + micros(i % 7 * 900);
    clock.note(at, publisher.place(at, {static_cast<std::uint32_t>(i) * 5'000}, clock));
  }
  EXPECT_NEAR(static_cast<double>(clock.now(kStart).us - kStart.us - offset), 0.0, 1.0);
}

TEST(StreamClockTest, FollowsADriftingPublisherWithoutSteps) {
  StreamClock clock;
  PublisherTime publisher;
  std::int64_t last_offset = clock.now(kStart).us - kStart.us;
  StreamTime newest;
  Instant at = kStart;
  for (std::int64_t i = 0; i < 60 * 200; ++i) {
    at = kStart + i * millis(5);
    newest = publisher.place(at, {static_cast<std::uint32_t>(i * 5'001)}, clock);  // 200 ppm fast.
    clock.note(at, newest);
    const std::int64_t offset = clock.now(at).us - at.us;
    ASSERT_LE(std::abs(offset - last_offset), 3) << "more than 500 ppm in 5 ms";
    last_offset = offset;
  }
  EXPECT_LT(std::abs((clock.now(at) - newest).count), 1'000) << "a minute later, within a millisecond";
}

TEST(StreamClockTest, APauseIsNoLicenceToStep) {
  StreamClock clock;
  clock.note(kStart, clock.now(kStart));
  const Instant later = kStart + seconds(3'600);
  clock.note(later, clock.now(later) + millis(700));
  EXPECT_LE((clock.now(later).us - later.us) - (clock.now(kStart).us - kStart.us), 1'000);
}

TEST(StreamClockTest, AnotherPublisherContinuesTheClock) {
  StreamClock clock;
  PublisherTime first;
  clock.note(kStart, first.place(kStart, {5}, clock));
  const Instant later = kStart + seconds(30);
  clock.forget_window();
  PublisherTime second;
  const StreamTime placed = second.place(later, {0x8000'0000}, clock);
  EXPECT_EQ(placed - clock.now(kStart), seconds(30));
}

}  // namespace
}  // namespace fanlight
