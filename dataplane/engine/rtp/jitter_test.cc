#include "engine/rtp/jitter.h"

#include <gtest/gtest.h>

namespace fanlight::rtp {
namespace {

constexpr Instant kStart{1'000'000};

TEST(JitterTest, ASteadySourceHasNone) {
  Jitter jitter(90'000);
  for (int i = 0; i < 100; ++i) jitter.note(kStart + millis(10 * i), static_cast<std::uint32_t>(900 * i));
  EXPECT_EQ(jitter.ticks(), 0u);
}

// RFC 3550 A.8: a packet in two 2 ms late moves the estimate towards 2 ms.
TEST(JitterTest, ComesToTheMeanDeviation) {
  Jitter jitter(90'000);
  for (int i = 0; i < 1'000; ++i)
    jitter.note(kStart + millis(10 * i) + millis(i % 2 * 2), static_cast<std::uint32_t>(900 * i));
  EXPECT_NEAR(static_cast<double>(jitter.ticks()), 180, 4);
  EXPECT_NEAR(static_cast<double>(jitter.span().count), 2'000, 50);
}

TEST(JitterTest, AWrapIsNoJitter) {
  Jitter jitter(90'000);
  for (int i = 0; i < 100; ++i) jitter.note(kStart + millis(10 * i), 0xFFFF'F000 + static_cast<std::uint32_t>(900 * i));
  EXPECT_EQ(jitter.ticks(), 0u);
}

TEST(JitterTest, AFastClockStaysExactForYears) {
  Jitter jitter(1'000'000);
  const Instant years{std::int64_t{1'000} * 86'400 * 1'000'000};
  for (int i = 0; i < 100; ++i) jitter.note(years + millis(10 * i), static_cast<std::uint32_t>(10'000 * i));
  EXPECT_EQ(jitter.ticks(), 0u);
}

TEST(JitterTest, AJumpThatIsKnownOfDoesNotCount) {
  Jitter jitter(90'000);
  jitter.note(kStart, 0);
  jitter.forget_transit();
  jitter.note(kStart + millis(10), 0x7000'0000);
  EXPECT_EQ(jitter.ticks(), 0u);
}

}  // namespace
}  // namespace fanlight::rtp
