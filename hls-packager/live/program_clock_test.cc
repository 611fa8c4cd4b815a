#include "live/program_clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFrameTicks = 3'000;
constexpr std::int64_t kFramesPerSecond = 30;
constexpr std::int64_t kSecondMicros = 1'000'000;
constexpr WallTime kBegin{1'795'000'000'123'456};

// Frames of thirty a second, each as late as `late` says of its number; the first second's may jump.
template <typename Late, typename Look>
void run(ProgramClock& clock, std::int64_t seconds, Late late, Look look) {
  for (std::int64_t frame = 0; frame < seconds * kFramesPerSecond; ++frame) {
    const std::int64_t ticks = frame * kFrameTicks;
    const WallTime came = kBegin + Micros{ticks * 100 / 9 + late(frame)};
    clock.handle(came, ticks, ticks, frame < kFramesPerSecond);
    if (frame > kFramesPerSecond && frame % kFramesPerSecond == 0) look(came, clock.at(ticks));
  }
}

// A player that places segments by date moves one for a millisecond.
TEST(ProgramClockTest, DelayThatVariesMovesNoDate) {
  ProgramClock clock;
  std::int64_t before = 0;
  run(
      clock, 600, [](std::int64_t frame) { return (frame * 7'919) % 8'000; },
      [&before](WallTime, WallTime date) {
        if (before != 0) {
          EXPECT_EQ(date.us - before, kSecondMicros);
        }
        before = date.us;
      });
  EXPECT_NE(before, 0);
}

TEST(ProgramClockTest, DriftIsFollowedInStepsOfTenMilliseconds) {
  for (const std::int64_t ppm : {-200, 200}) {
    ProgramClock clock;
    std::int64_t before = 0;
    int steps = 0;
    run(
        clock, 3'600, [ppm](std::int64_t frame) { return frame * kFrameTicks * 100 / 9 * ppm / 1'000'000; },
        [&](WallTime came, WallTime date) {
          const std::int64_t moved = before == 0 ? 0 : date.us - before - kSecondMicros;
          EXPECT_TRUE(moved == 0 || moved == (ppm > 0 ? 10'000 : -10'000)) << moved;
          steps += moved != 0 ? 1 : 0;
          EXPECT_LT(std::abs((came - date).count), 100'000) << "H-84";
          before = date.us;
        });
    EXPECT_GE(steps, 70);  // 0.72 s in an hour.
    EXPECT_LE(steps, 72);
  }
}

// Of frames that the network delays by up to 8 ms.
TEST(ProgramClockTest, DriftIsToldInPartsPerMillion) {
  for (const std::int64_t slowness_ppm : {-300, -200, 0, 40, 200}) {
    ProgramClock clock;
    double at_first = -1;
    run(
        clock, 900,
        [&](std::int64_t frame) {
          return frame * kFrameTicks * 100 / 9 * slowness_ppm / 1'000'000 + (frame * 7'919) % 8'000;
        },
        [&](WallTime came, WallTime) {
          if (came - kBegin < seconds(29)) {
            EXPECT_EQ(clock.drift_ppm(), 0) << "too little is known";
          }
          if (came - kBegin < seconds(120)) at_first = clock.drift_ppm();
        });
    EXPECT_NEAR(at_first, static_cast<double>(-slowness_ppm), 10);
    EXPECT_NEAR(clock.drift_ppm(), static_cast<double>(-slowness_ppm), 1);
  }
}

TEST(ProgramClockTest, DriftIsOfTheLastTenMinutes) {
  ProgramClock clock;
  const auto late = [](std::int64_t frame) { return std::max<std::int64_t>(frame - 600 * kFramesPerSecond, 0) * 3; };
  run(clock, 600, late, [](WallTime, WallTime) {});
  EXPECT_EQ(clock.drift_ppm(), 0);
  ProgramClock changed;
  run(changed, 1'300, late, [](WallTime, WallTime) {});
  EXPECT_NEAR(changed.drift_ppm(), -90, 1);
}

TEST(ProgramClockTest, DriftOfAnotherClockIsAnother) {
  ProgramClock clock;
  run(
      clock, 60, [](std::int64_t frame) { return frame * 3; }, [](WallTime, WallTime) {});
  EXPECT_NEAR(clock.drift_ppm(), -90, 1);
  clock.restart();
  clock.handle(kBegin, 0, 0);
  EXPECT_EQ(clock.drift_ppm(), 0);
}

// What waited until a stream could begin came later than it was due.
TEST(ProgramClockTest, DriftIsNotOfWhatWaitedAtTheStart) {
  ProgramClock clock;
  run(
      clock, 60, [](std::int64_t frame) { return frame < kFramesPerSecond ? -2 * kSecondMicros : 0; },
      [](WallTime, WallTime) {});
  EXPECT_EQ(clock.drift_ppm(), 0);
}

TEST(ProgramClockTest, DriftIsOfWhatCameSinceDatesJumped) {
  ProgramClock clock;
  const std::int64_t held_up = 30 * kFramesPerSecond;
  for (std::int64_t frame = 0; frame < 120 * kFramesPerSecond; ++frame) {
    const std::int64_t ticks = frame * kFrameTicks;
    const std::int64_t late = frame < held_up ? 0 : -3 * kSecondMicros;
    clock.handle(kBegin + Micros{ticks * 100 / 9 + late}, ticks, ticks);
    if (clock.wants_jump_back() || clock.behind() != Micros{}) clock.jump();
  }
  EXPECT_NEAR(clock.drift_ppm(), 0, 1);
}

// Between two segments the way may take longer, and then let go.
TEST(ProgramClockTest, WhatRunsAheadIsNotBehindAsWell) {
  ProgramClock clock;
  WallTime came = kBegin;
  std::int64_t ticks = 0;
  const auto handle = [&](std::int64_t late) {
    came = kBegin + Micros{ticks * 100 / 9 + late};
    clock.handle(came, ticks, ticks);
    ticks += kFrameTicks;
  };
  handle(0);
  for (std::int64_t frame = 0; frame < 13 * kFramesPerSecond; ++frame) handle(400'000);
  EXPECT_EQ(clock.behind(), millis(400));
  for (std::int64_t frame = 0; frame < kFramesPerSecond; ++frame) handle(-kSecondMicros);
  EXPECT_EQ(clock.ahead(), seconds(1));
  EXPECT_EQ(clock.behind(), Micros{});
  clock.jump();
  EXPECT_EQ(clock.newest(), came);
}

}  // namespace
}  // namespace fanlight::packager
