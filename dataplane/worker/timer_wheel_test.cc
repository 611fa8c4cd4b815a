#include "worker/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace fanlight {
namespace {

TEST(TimerWheelTest, FiresInTimeAndNeverBefore) {
  TimerWheel wheel(4);
  wheel.schedule(1, Instant{10'500});
  wheel.schedule(2, Instant{10'000});
  EXPECT_FALSE(wheel.pop_due(Instant{9'999}));
  EXPECT_EQ(wheel.next(), Instant{10'000});
  EXPECT_EQ(wheel.pop_due(Instant{10'000}), 2u);
  EXPECT_FALSE(wheel.pop_due(Instant{10'900}));
  EXPECT_EQ(wheel.pop_due(Instant{11'000}), 1u);
  EXPECT_EQ(wheel.next(), Instant::never());
}

TEST(TimerWheelTest, AMovedDeadlineFiresOnce) {
  TimerWheel wheel(4);
  wheel.schedule(0, Instant{5'000});
  wheel.schedule(0, Instant{9'000});
  EXPECT_FALSE(wheel.pop_due(Instant{8'000}));
  EXPECT_EQ(wheel.pop_due(Instant{9'000}), 0u);
  wheel.schedule(0, Instant{20'000});
  wheel.cancel(0);
  EXPECT_FALSE(wheel.pop_due(Instant{30'000}));
}

TEST(TimerWheelTest, AnEarlierDeadlineStays) {
  TimerWheel wheel(4);
  wheel.schedule_at_latest(0, Instant{9'000});
  wheel.schedule_at_latest(0, Instant{5'000});
  wheel.schedule_at_latest(0, Instant{7'000});
  wheel.schedule_at_latest(1, Instant::never());
  EXPECT_EQ(wheel.pop_due(Instant{5'000}), 0u);
  EXPECT_FALSE(wheel.pop_due(Instant{20'000}));
}

// 32 bits of milliseconds are 49 days.
TEST(TimerWheelTest, KeepsTimeOverTheEndOfItsTicks) {
  constexpr Instant kEnd{(std::int64_t{1} << 32) * 1000};
  TimerWheel wheel(4);
  EXPECT_FALSE(wheel.pop_due(kEnd - seconds(1)));
  wheel.schedule(0, kEnd + millis(5));
  wheel.schedule(1, kEnd - millis(5));
  wheel.schedule_at_latest(0, kEnd + millis(9));
  EXPECT_EQ(wheel.pop_due(kEnd), 1u);
  EXPECT_FALSE(wheel.pop_due(kEnd + millis(4)));
  wheel.schedule_at_latest(0, kEnd + millis(9));
  EXPECT_EQ(wheel.pop_due(kEnd + millis(5)), 0u);
}

TEST(TimerWheelTest, AgreesWithASortedMapOverAnHour) {
  std::mt19937 random(7);
  TimerWheel wheel(64);
  std::map<std::uint32_t, Instant> model;
  Instant now{};
  for (int step = 0; step < 200'000; ++step) {
    now = now + micros(static_cast<std::int64_t>(random() % 40'000));
    while (const auto slot = wheel.pop_due(now)) {
      ASSERT_TRUE(model.contains(*slot));
      ASSERT_LE(model[*slot].us, now.us + 1000);
      model.erase(*slot);
    }
    for (const auto& [slot, at] : model) ASSERT_GT(at.us + 1000, now.us) << slot << " was missed";
    const std::uint32_t slot = random() % 64;
    model[slot] = now + micros(static_cast<std::int64_t>(random() % 7'000'000));
    wheel.schedule(slot, model[slot]);
  }
}

}  // namespace
}  // namespace fanlight
