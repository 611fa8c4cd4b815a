#include "engine/rtp/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

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
  EXPECT_EQ(timeline.place_behind(90'000, kStart), 1'000'000);
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
  EXPECT_EQ(timeline.place_behind(1'800, kStart), 40'000);
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

// Slow, and fast enough in packets that its delay is looked at each second.
TEST(TimelineTest, ASlowClockThatDriftsIsFollowedAsWell) {
  Timeline timeline(90'000);
  for (std::int64_t ticks = 0; ticks <= 3'600 * 50; ++ticks)
    ASSERT_EQ(
        timeline.place(kStart + millis(ticks * 20) + micros(ticks * 10), static_cast<std::uint32_t>(ticks * 1'800)),
        ticks * 20'000);
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

class TimelineAheadTest : public ::testing::Test {
 protected:
  // A packet each 10 ms until then, `ahead` by the source's clock; each came `late`.
  void run_until(std::int64_t end_ms, std::int64_t ahead_ms, std::int64_t late_ms = 0) {
    for (; ms < end_ms; ms += 10) {
      const std::int64_t us =
          timeline.place(kStart + millis(ms + late_ms), static_cast<std::uint32_t>(90 * (ms + ahead_ms)));
      ahead_max = std::max(ahead_max, us - (ms + late_ms) * 1'000);
      last = us - ms * 1'000;
    }
  }
  Timeline timeline{90'000};
  std::int64_t ms = 0;
  std::int64_t ahead_max = 0;
  std::int64_t last = 0;  // The last one's time, less when it was sent.
};

TEST_F(TimelineAheadTest, OneThatIsAheadHoldsNobodyUp) {
  run_until(3'000, 0);
  EXPECT_EQ(timeline.place(kStart + millis(3'000), 90 * 3'900), 3'000'000);
  ms += 10;
  run_until(6'000, 0);
  EXPECT_EQ(ahead_max, 0);
  EXPECT_EQ(last, 0) << "the others have their own time";
}

TEST_F(TimelineAheadTest, AStepIsTakenOutWhereverItGoes) {
  for (std::int64_t step = 0; step < 4; ++step) run_until(3'000 * (step + 1), 900 * step);
  EXPECT_EQ(ahead_max, 0);
  EXPECT_EQ(last, 0) << "three of them, and none is left";
  EXPECT_EQ(timeline.place(kStart + millis(ms + 7), static_cast<std::uint32_t>(90 * (ms + 2'700))), ms * 1'000)
      << "by its own clock, not by arrival";
}

TEST_F(TimelineAheadTest, WhatIsOnlyEarlierThanTheLastOnesIsNoStep) {
  run_until(3'000, 0);
  run_until(13'000, 0, 300);  // The way grew longer, and is short again.
  run_until(16'000, 0);
  EXPECT_EQ(last, 0);
  run_until(20'000, 15);
  EXPECT_EQ(last, 15'000) << "so little holds up nobody";
}

// What was held up on its way, and all of it is let go at once: its clock is what it was.
TEST_F(TimelineAheadTest, WhatWaitedOnItsWayMovesNoTime) {
  for (const std::int64_t held : {900, 1'500, 5'000}) {
    run_until(ms + 3'000, 0);
    const std::int64_t let_go = ms + held;
    for (std::int64_t before = 0; ms < let_go; ms += 10) {
      const std::int64_t us = timeline.place(kStart + millis(let_go), static_cast<std::uint32_t>(90 * ms));
      EXPECT_GE(us, before) << "no packet is timed before the one in front of it";
      before = us;
    }
    run_until(ms + 3'000, 0);
    EXPECT_EQ(last, 0) << held;
  }
}

TEST_F(TimelineAheadTest, NorWhatWaitedBeforeTheFirstCame) {
  for (; ms < 2'000; ms += 10) (void)timeline.place(kStart + seconds(2), static_cast<std::uint32_t>(90 * ms));
  run_until(10'000, 0);
  EXPECT_EQ(last, -2'000'000) << "as if all had come as soon as the first of them";
}

// Not at once, but some times as quick as it was sent.
TEST_F(TimelineAheadTest, HoweverQuickItComes) {
  for (const std::int64_t speed : {2, 3, 10}) {
    timeline = Timeline(90'000);
    ms = 0;
    run_until(3'000, 0);
    for (std::int64_t late = 5'000; late > 0; late -= 10 * (speed - 1)) run_until(ms + 10 * speed, 0, late);
    run_until(ms + 6'000, 0);
    EXPECT_NEAR(static_cast<double>(last), 0, 30'000) << speed;
    EXPECT_EQ(timeline.beginnings(), 2u);
  }
}

TEST_F(TimelineAheadTest, WhatComesInBurstsHasTheTimeOfItsClock) {
  const auto play_until = [&](std::int64_t end_ms) {
    for (; ms < end_ms; ms += 10)
      last = timeline.place(kStart + millis(ms / 2'000 * 2'000), static_cast<std::uint32_t>(90 * ms)) - ms * 1'000;
    return last;
  };
  const std::int64_t at_first = play_until(6'000);
  EXPECT_LE(std::abs(at_first), 2'000'000);
  EXPECT_NEAR(static_cast<double>(play_until(60'000)), static_cast<double>(at_first), 30'000)
      << "no burst wins anything, however little ahead its packets are of each other";
}

TEST_F(TimelineAheadTest, WhatIsLongPastIsNotWhatIsUsual) {
  run_until(5'000, 0);
  run_until(80'000, 0, 15);
  run_until(81'200, 30, 15);
  EXPECT_EQ(last, 0) << "a step of 30 ms, ahead of the last minute's delay; of the first seconds' by 15 alone";
}

// The first that comes need not be the one that is most ahead.
TEST_F(TimelineAheadTest, HowMuchPicturesChangePlacesIsLearntInASecond) {
  for (; ms < 10'000; ms += 10) {
    const std::int64_t ahead = ms % 100 >= 70 ? 80 : 0;
    ASSERT_EQ(timeline.place(kStart + millis(ms), static_cast<std::uint32_t>(90 * (ms + ahead))), (ms + ahead) * 1'000);
  }
}

// Pictures that are sent before those that are shown before them: three in a hundred milliseconds are ahead by 80 ms.
TEST_F(TimelineAheadTest, WhatHappensAllTheTimeIsItsClock) {
  for (; ms < 30'000; ms += 10) {
    const std::int64_t ahead = ms % 100 < 30 ? 80 : 0;
    ASSERT_EQ(timeline.place(kStart + millis(ms), static_cast<std::uint32_t>(90 * (ms + ahead + 100))),
              (ms + ahead - 80) * 1'000);
  }
}

TEST_F(TimelineAheadTest, OneFromBehindIsNotBeforeThem) {
  run_until(3'000, 0);
  (void)timeline.place(kStart + millis(3'000), 90 * 3'900);
  EXPECT_EQ(timeline.place_behind(90 * 3'890, kStart), 3'000'000);
  EXPECT_EQ(timeline.place_behind(90 * 2'890, kStart), 2'890'000);
}

// A clock that was set back, or a source that stood still for as long: nothing of what viewers have for repairs is left
// until it is taken out.
TEST_F(TimelineAheadTest, AStepBackIsTakenOutWhereverItGoes) {
  for (std::int64_t step = 0; step < 4; ++step) {
    run_until(10'000 * step + 4'000, -800 * step);
    EXPECT_EQ(last, 0) << step;
    run_until(10'000 * (step + 1), -800 * step);
    EXPECT_EQ(last, 0) << "and not more than once: " << step;
  }
  EXPECT_EQ(ahead_max, 0);
  EXPECT_EQ(timeline.beginnings(), 1u);
}

TEST_F(TimelineAheadTest, AWayThatBecameLongerIsFollowedThereAndBack) {
  run_until(5'000, 0);
  run_until(9'000, 0, 300);
  EXPECT_EQ(last, 300'000) << "all that viewers have for repairs again";
  run_until(12'000, 0);
  EXPECT_EQ(last, 0);
}

// What waited there comes quicker than it was sent, until nothing waits any more: no packet is far ahead of the last
// one.
TEST_F(TimelineAheadTest, WhatACrowdedWayPutInComesOutAgain) {
  run_until(5'000, 0);
  for (int round = 0; round < 8; ++round) {
    run_until(ms + 3'500, 0, 150);
    for (std::int64_t waits = 150; waits > 0; waits -= 9) run_until(ms + 10, 0, waits);
    run_until(ms + 4'000, 0);
    EXPECT_EQ(last, 0) << round;
  }
  run_until(ms + 3'500, 0, 150);
  for (std::int64_t waits = 150; waits > 0; --waits) run_until(ms + 30, 0, waits);
  run_until(ms + 4'000, 0);
  EXPECT_NEAR(static_cast<double>(last), 0, 20'000) << "or slowly";
}

TEST_F(TimelineAheadTest, ManySmallStepsAreTakenOutLikeOne) {
  for (const std::int64_t step : {-15, 15, -6, 6}) {
    timeline = Timeline(90'000);
    ms = 0;
    run_until(5'000, 0);
    for (std::int64_t steps = 1; steps <= 200; ++steps) {
      run_until(ms + 2'000, step * steps);
      ASSERT_LE(std::abs(last), 40'000 + ms / 2) << step << " x " << steps << ": more than drift, which is followed";
    }
  }
}

// Both bring all of it, the second 30 ms later, unless one is away.
class TimelineTwoWaysTest : public ::testing::Test {
 protected:
  void run_until(std::int64_t end_ms, std::int64_t ahead_ms, bool has_first, bool has_second) {
    for (; ms < end_ms; ms += 10) {
      const auto timestamp = [&](std::int64_t sent) { return static_cast<std::uint32_t>(90 * (sent + ahead_ms)); };
      const Instant at = kStart + millis(ms);
      if (has_first) last = timeline.place(at, timestamp(ms), 0) - ms * 1'000;
      if (has_first && has_second) timeline.note_copy(at, timestamp(ms - 30), 1);
      if (!has_first && has_second) last = timeline.place(at, timestamp(ms - 30), 1) - (ms - 30) * 1'000;
    }
  }
  Timeline timeline{90'000};
  std::int64_t ms = 0;
  std::int64_t last = 0;  // The last one's time, less when it was sent.
};

TEST_F(TimelineTwoWaysTest, EitherMayDieAndComeBack) {
  run_until(5'000, 0, true, true);
  for (int i = 0; i < 4; ++i) {
    run_until(ms + 12'000, 0, i % 2 == 0, i % 2 != 0);
    EXPECT_EQ(last, 0) << i;
    run_until(ms + 5'000, 0, true, true);
    EXPECT_EQ(last, 0) << i;
  }
}

TEST_F(TimelineTwoWaysTest, AStepBackShowsOnAllThatAreHeard) {
  run_until(5'000, 0, true, true);
  run_until(9'000, -800, true, true);
  EXPECT_EQ(last, 0);
  run_until(15'000, -800, true, false);
  run_until(19'000, -1'600, true, false);
  EXPECT_EQ(last, 0) << "of one that is left";
  run_until(30'000, -1'600, true, true);
  EXPECT_EQ(last, 0) << "and the other is where it was";
  run_until(40'000, -1'600, false, true);
  run_until(44'000, -2'400, false, true);
  EXPECT_EQ(last, 0);
  run_until(50'000, -2'400, true, true);
  EXPECT_EQ(last, 0);
}

// It has packets that did not wait, now and then.
TEST_F(TimelineAheadTest, ACrowdedWayIsNoStep) {
  run_until(5'000, 0);
  for (int i = 0; i < 20; ++i) {
    run_until(ms + 1'500, 0, 250);
    EXPECT_EQ(last, 0) << i;
    run_until(ms + 100, 0);
  }
  run_until(ms + 10'000, 0, 15);
  EXPECT_EQ(last, 0) << "so little is no loss";
}

TEST_F(TimelineAheadTest, AWayThatIsCrowdedWithoutARestIsFollowedByWhatItTakesAtLeast) {
  run_until(5'000, 0);
  for (int i = 0; i < 16; ++i) run_until(ms + 1'000, 0, i % 2 == 0 ? 200 : 300);
  EXPECT_EQ(last, 200'000);
}

class TimelinePaceTest : public ::testing::Test {
 protected:
  // A packet each 5 ms until then, of a clock that runs at `pace`, each up to `late_max` late.
  void run_until(std::int64_t end_ms, double pace, std::int64_t late_max_us = 0) {
    for (; ms < end_ms; ms += 5) {
      source_us += pace * 5'000;
      const std::int64_t late = late_max_us == 0 ? 0 : ms * 7'919 % late_max_us;
      last = timeline.place(kStart + millis(ms) + micros(late), timestamp()) - ms * 1'000;
      off_min = std::min(off_min, last);
      off_max = std::max(off_max, last);
    }
  }
  void look_anew() {
    off_min = std::numeric_limits<std::int64_t>::max();
    off_max = std::numeric_limits<std::int64_t>::min();
  }
  [[nodiscard]] std::uint32_t timestamp() const {
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(source_us * 0.09));
  }
  Timeline timeline{90'000};
  std::int64_t ms = 0;
  double source_us = 0;
  std::int64_t last = 0;  // The last one's time, less when it was sent, and the extremes of that.
  std::int64_t off_min = 0;
  std::int64_t off_max = 0;
};

TEST_F(TimelinePaceTest, AClockThatDoesNotRunAtItsRateIsNotFollowed) {
  for (const double pace : {0.0, 0.5, 0.9, 0.99, 1.01, 1.1, 2.0, 300.0}) {
    timeline = Timeline(90'000);
    ms = 0;
    run_until(7'000, pace);
    EXPECT_NE(timeline.wrong_ppm(), 0) << pace;
    look_anew();
    run_until(60'000, pace);
    EXPECT_EQ(off_min, 0) << pace << ": what it did before it was found out is made good";
    EXPECT_EQ(off_max, 0) << pace;
  }
}

TEST_F(TimelinePaceTest, NorIsOneThatGoesAstrayLater) {
  run_until(60'000, 1.0002);
  const std::int64_t drifted = last;
  EXPECT_LE(std::abs(drifted - 12'000), 20);
  run_until(68'000, 0.9);
  look_anew();
  run_until(120'000, 0.9);
  EXPECT_LE(std::abs(off_min - drifted), 1'000);
  EXPECT_LE(std::abs(off_max - drifted), 1'000);
}

TEST_F(TimelinePaceTest, ArrivalIsAsSteadyAsTheWay) {
  run_until(8'000, 0.5, 30'000);
  look_anew();
  run_until(60'000, 0.5, 30'000);
  EXPECT_LE(off_max - off_min, 30'000);
}

TEST_F(TimelinePaceTest, AClockThatRunsAgainIsFollowedToTheTick) {
  run_until(20'000, 0.5, 30'000);
  run_until(50'000, 1.0, 30'000);
  EXPECT_EQ(timeline.wrong_ppm(), 0);
  look_anew();
  run_until(80'000, 1.0, 30'000);
  EXPECT_LE(off_max - off_min, 12) << "a tick, whatever its way does";
  EXPECT_LE(std::abs(off_min), 30'000) << "and it is where it was";
}

TEST_F(TimelinePaceTest, WhatWasMissedIsTimedAsItWouldHaveCome) {
  run_until(10'000, 0.0);
  EXPECT_EQ(timeline.place_behind(timestamp(), kStart + millis(9'900)), 9'900'000);
  EXPECT_EQ(timeline.place_behind(timestamp(), kStart + millis(11'000)), 9'995'000) << "not behind what follows it";
}

TEST_F(TimelinePaceTest, AnotherSourceIsNotItsPredecessor) {
  run_until(10'000, 0.5);
  ASSERT_NE(timeline.wrong_ppm(), 0);
  timeline.restart(kStart + millis(ms), timestamp());
  EXPECT_EQ(timeline.wrong_ppm(), 0);
  look_anew();
  run_until(40'000, 1.0, 20'000);
  EXPECT_LE(off_max - off_min, 12);
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
