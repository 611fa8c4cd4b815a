#include "engine/rtp/timeline.h"

#include <gtest/gtest.h>

namespace fanlight::rtp {
namespace {

constexpr Instant kStart{5'000'000'000};

TEST(TimelineTest, TicksBecomeMicroseconds) {
  Timeline timeline(90'000);
  EXPECT_EQ(timeline.place(kStart, 1'000), 0);
  EXPECT_EQ(timeline.place(kStart + millis(10), 1'900), 10'000);
  EXPECT_EQ(timeline.place(kStart + millis(10), 1'901), 10'011);
}

TEST(TimelineTest, APacketFromBehindHasItsOwnTime) {
  Timeline timeline(90'000);
  (void)timeline.place(kStart, 90'000);
  EXPECT_EQ(timeline.place(kStart + millis(20), 91'800), 20'000);
  EXPECT_EQ(timeline.place(kStart + millis(21), 90'900), 10'000);
  EXPECT_EQ(timeline.place(kStart + millis(22), 89'100), -10'000);  // Before the first that came.
}

// 60 h at one packet a second: four wraps, and not a microsecond lost to rounding.
TEST(TimelineTest, GoesOnAcrossWraps) {
  Timeline timeline(90'000);
  constexpr std::uint32_t kFirst = 0xFFFF'0000;
  for (std::int64_t s = 0; s <= 60 * 3600; ++s)
    ASSERT_EQ(timeline.place(kStart + seconds(s), kFirst + static_cast<std::uint32_t>(s * 90'000)), s * 1'000'000) << s;
}

TEST(TimelineTest, AClockThatDriftsIsFollowed) {
  Timeline timeline(90'000);
  // 200 ppm fast: 18 ticks more each second.
  for (std::int64_t s = 0; s <= 24 * 3600; ++s)
    ASSERT_EQ(timeline.place(kStart + seconds(s), static_cast<std::uint32_t>(s * 90'018)), s * 1'000'200) << s;
}

TEST(TimelineTest, ASourceThatBeginsAnewDoesNotMoveTime) {
  Timeline timeline(90'000);
  (void)timeline.place(kStart, 0);
  (void)timeline.place(kStart + millis(40), 3'600);
  EXPECT_EQ(timeline.place(kStart + millis(80), 0xDEAD'BEEF), 80'000);
  EXPECT_EQ(timeline.place(kStart + millis(120), 0xDEAD'BEEF + 3'600), 120'000);
}

// A sender that stood still for a minute, with its clock running or without.
TEST(TimelineTest, ASilenceMayCountOrNot) {
  for (const std::uint32_t skipped : {60u * 90'000, 0u}) {
    Timeline timeline(90'000);
    (void)timeline.place(kStart, 7);
    EXPECT_EQ(timeline.place(kStart + seconds(60), 7 + skipped), 60'000'000) << skipped;
  }
}

TEST(TimelineTest, AnotherSourceGoesOnFromHere) {
  Timeline timeline(48'000);
  (void)timeline.place(kStart, 100);
  timeline.restart(kStart + millis(30), 5'000'000);
  EXPECT_EQ(timeline.place(kStart + millis(30), 5'000'000), 30'000);
  EXPECT_EQ(timeline.place(kStart + millis(50), 5'000'960), 50'000);
}

}  // namespace
}  // namespace fanlight::rtp
