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

}  // namespace
}  // namespace fanlight::packager
