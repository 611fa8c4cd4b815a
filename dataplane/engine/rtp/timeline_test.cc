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
  EXPECT_EQ(timeline.peek_behind(90'900), 10'000);
  EXPECT_EQ(timeline.peek_behind(89'100), -10'000);
}

// However long it took, and whether the source was silent since or not.
TEST(TimelineTest, OneThatComesLateMovesNothing) {
  Timeline timeline(90'000);
  for (std::int64_t ms = 0; ms <= 5'000; ms += 10)
    ASSERT_EQ(timeline.place(kStart + millis(ms), static_cast<std::uint32_t>(ms * 90)), ms * 1'000);
  EXPECT_EQ(timeline.place_behind(90'000), 1'000'000);
  EXPECT_EQ(timeline.place(kStart + millis(5'010), 5'010 * 90), 5'010'000);
  EXPECT_FALSE(timeline.peek_behind(7'000 * 90)) << "none of a packet behind";
  EXPECT_FALSE(timeline.peek_behind(0x4000'0000));
}

TEST(TimelineTest, OneOfTheLastBeginningIsPutAtItsEnd) {
  Timeline timeline(90'000);
  (void)timeline.place(kStart, 0);
  EXPECT_EQ(timeline.place(kStart + millis(40), 0xDEAD'BEEF), 40'000);
  EXPECT_EQ(timeline.place(kStart + millis(80), 0xDEAD'BEEF + 3'600), 80'000);
  EXPECT_FALSE(timeline.peek_behind(1'800));
  EXPECT_EQ(timeline.place_behind(1'800), 40'000);
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
