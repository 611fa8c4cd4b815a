#include "engine/srt/time_base.h"

#include <gtest/gtest.h>

namespace fanlight::srt {
namespace {

constexpr Instant kStart{1'000'000};

WireTime wire_of(std::int64_t us) { return {static_cast<std::uint32_t>(us)}; }

TEST(TimeBaseTest, RunsOnAcrossTheWrap) {
  WireTimeUnwrapper time;
  EXPECT_EQ(time.unwrap(kStart, {0xFFFF'FF00}), 0xFFFF'FF00);
  EXPECT_EQ(time.unwrap(kStart + micros(512), {0x0000'0100}), 0x1'0000'0100);
  EXPECT_EQ(time.unwrap(kStart + micros(520), {0xFFFF'FFF0}), 0xFFFF'FFF0) << "an old packet keeps its old time";
  EXPECT_EQ(time.unwrap(kStart + micros(768), {0x0000'0200}), 0x1'0000'0200);
}

TEST(TimeBaseTest, CountsAHundredWraps) {
  WireTimeUnwrapper time;
  std::int64_t true_us = 12345;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(time.unwrap(kStart + micros(true_us), wire_of(true_us)), true_us);
    true_us += (std::int64_t{1} << 32) / 10;
  }
}

TEST(TimeBaseTest, ASilenceOfAnyLengthCostsNothing) {
  for (const Micros silence : {seconds(40 * 60), seconds(72 * 60), seconds(24 * 3600)}) {
    WireTimeUnwrapper time;
    EXPECT_EQ(time.unwrap(kStart, {77}), 77);
    const std::int64_t later = 77 + silence.count + 30'000;  // The clocks disagree by 30 ms.
    EXPECT_EQ(time.unwrap(kStart + silence, wire_of(later)), later);
  }
}

}  // namespace
}  // namespace fanlight::srt
