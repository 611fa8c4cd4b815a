#include "engine/rtp/clock_pace.h"

#include <gtest/gtest.h>

#include <functional>

namespace fanlight::rtp {
namespace {

constexpr std::int64_t kTicks = 90'000;

class ClockPaceTest : public ::testing::Test {
 protected:
  // A packet each 5 ms for so long, its timestamp told by the microseconds since the beginning. Seconds until it was
  // found wrong; -1: it was not.
  double run(Micros length, const std::function<std::int64_t(std::int64_t)>& ticks, Micros interval = millis(5)) {
    const Instant end = now + length;
    const Instant begun = now;
    for (; now < end; now = now + interval) {
      (void)pace.note(now + late(), static_cast<std::uint32_t>(ticks(now.us - kBegin.us)));
      if (pace.is_wrong()) return static_cast<double>((now - begun).count) / 1e6;
    }
    return -1;
  }
  // The other way round.
  double settle(Micros length, const std::function<std::int64_t(std::int64_t)>& ticks) {
    const Instant begun = now;
    for (; now < begun + length && pace.is_wrong(); now = now + millis(5))
      (void)pace.note(now + late(), static_cast<std::uint32_t>(ticks(now.us - kBegin.us)));
    return pace.is_wrong() ? -1 : static_cast<double>((now - begun).count) / 1e6;
  }
  Micros late() {
    random = random * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return jitter.count == 0
               ? Micros{}
               : micros(static_cast<std::int64_t>((random >> 33) % static_cast<std::uint64_t>(jitter.count)));
  }
  static std::int64_t right(std::int64_t us) { return us * kTicks / 1'000'000; }
  static auto at_pace(double factor) {
    return [factor](std::int64_t us) { return static_cast<std::int64_t>(static_cast<double>(right(us)) * factor); };
  }

  static constexpr Instant kBegin{7'000'000'000};
  Instant now = kBegin;
  Micros jitter{};
  std::uint64_t random = 1;
  ClockPace pace{kTicks};
};

TEST_F(ClockPaceTest, WhatDoesNotRunIsFoundInSeconds) {
  for (const double factor : {0.0, 0.5, 0.9, 0.99, 1.01, 1.1, 2.0, 300.0}) {
    pace.forget();
    const double found = run(seconds(20), at_pace(factor));
    EXPECT_GT(found, 4) << factor;
    EXPECT_LT(found, 6) << factor;
    if (factor < 50) {
      EXPECT_NEAR(pace.ppm(), (factor - 1) * 1e6, 2'000) << factor;
    }
  }
}

TEST_F(ClockPaceTest, TheLessItIsWrongTheLongerItTakes) {
  EXPECT_NEAR(run(seconds(60), at_pace(1.002)), 12, 2);
  EXPECT_NEAR(pace.ppm(), 2'000, 100);
}

// It rested for 5 s, its clock as well.
TEST_F(ClockPaceTest, APauseIsNoneOfItsPace) {
  for (const std::int64_t before : {2'500, 3'500, 4'500}) {
    pace.forget();
    const Instant begun = now;
    const auto slow = [&](std::int64_t us) { return right(us - (begun - kBegin).count) * 9 / 10; };
    ASSERT_EQ(run(millis(before), slow), -1);
    now = now + seconds(5);
    const auto rested = [&](std::int64_t us) { return slow(us - 5'000'000); };
    EXPECT_GE(run(seconds(20), rested), 0) << before;
    EXPECT_NEAR(pace.ppm(), -100'000, 2'000) << before;
  }
}

TEST_F(ClockPaceTest, DriftIsNone) {
  for (const double factor : {1.0, 1.0002, 0.9998, 1.0005}) {
    pace.forget();
    EXPECT_EQ(run(seconds(600), at_pace(factor)), -1) << factor;
  }
}

// Its numbers wrap after 13 h.
TEST_F(ClockPaceTest, ADayIsLikeAnHour) { EXPECT_EQ(run(seconds(30 * 3'600), at_pace(1.0002), millis(100)), -1); }

TEST_F(ClockPaceTest, WhatWaitsOnItsWaySaysNothing) {
  for (const Micros most : {millis(20), millis(50), millis(200)}) {
    pace.forget();
    jitter = most;
    EXPECT_EQ(run(seconds(600), at_pace(1.0002)), -1) << most.count;
    EXPECT_EQ(run(seconds(3'600), right, millis(80)), -1) << "a radio's, slow";
  }
}

TEST_F(ClockPaceTest, AWrongOneIsFoundThroughIt) {
  jitter = millis(50);
  EXPECT_GT(run(seconds(60), at_pace(1.01)), 4);
  pace.forget();
  EXPECT_GT(run(seconds(60), at_pace(0.9)), 4);
}

TEST_F(ClockPaceTest, StepsAndPausesAndLongerWaysAreNoPace) {
  std::int64_t step = 0;
  const auto stepped = [&](std::int64_t us) { return right(us) + step; };
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(run(millis(2'500), stepped), -1) << i;
    step += i % 2 == 0 ? 400 * 90 : 5'000'000;
    if (i % 4 == 0) now = now + seconds(7);  // Silence, its clock running ...
    if (i % 4 == 1) step -= 90'000 * 3;      // ... or not.
  }
}

// Sent as fast as it goes and then not, as files are.
TEST_F(ClockPaceTest, BurstsAreNoPace) {
  for (int burst = 0; burst < 200; ++burst)
    for (int packet = 0; packet < 100; ++packet) {
      const std::int64_t content = (burst * 100 + packet) * std::int64_t{20'000};
      (void)pace.note(kBegin + micros(burst * 2'000'000 + packet * 200), static_cast<std::uint32_t>(right(content)));
      ASSERT_FALSE(pace.is_wrong()) << burst;
    }
}

TEST_F(ClockPaceTest, WhenItRunsAgainItIsBelieved) {
  ASSERT_GT(run(seconds(20), at_pace(0.5)), 0);
  const Instant turned = now;
  const auto again = [&](std::int64_t us) {
    return right(turned.us - kBegin.us) / 2 + right(us - (turned.us - kBegin.us));
  };
  const double took = settle(seconds(60), again);
  EXPECT_GT(took, 9);
  EXPECT_LT(took, 25);
  EXPECT_EQ(run(seconds(120), again), -1);
}

TEST_F(ClockPaceTest, AWrongOneStaysWrong) {
  for (const double factor : {0.0, 1.005, 2.0}) {
    pace.forget();
    ASSERT_GT(run(seconds(20), at_pace(factor)), 0);
    EXPECT_EQ(settle(seconds(900), at_pace(factor)), -1) << factor;
  }
}

// Whatever stands there.
TEST_F(ClockPaceTest, NothingOverflows) {
  ClockPace fast(1'000'000);
  Instant at = kBegin;
  for (std::uint32_t i = 0; i < 3'000'000; ++i) {
    at = at + (i % 100'000 == 0 ? seconds(400'000) : micros(1));
    (void)fast.note(at, i * 0x7FFF'FFFFu);
  }
  for (std::uint32_t i = 0; i < 3'000'000; ++i) (void)fast.note(at = at + micros(1), i % 2 == 0 ? 0x4000'0000 : 0);
}

}  // namespace
}  // namespace fanlight::rtp
