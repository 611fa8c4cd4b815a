#include "engine/srt/time_base.h"

#include <gtest/gtest.h>

namespace fanlight::srt {
namespace {

TEST(TimeBaseTest, RunsOnAcrossTheWrap) {
  WireTimeUnwrapper time;
  EXPECT_EQ(time.unwrap({0xFFFF'FF00}), 0xFFFF'FF00);
  EXPECT_EQ(time.unwrap({0x0000'0100}), 0x1'0000'0100);
  EXPECT_EQ(time.unwrap({0xFFFF'FFF0}), 0xFFFF'FFF0) << "an old packet after the wrap keeps its old time";
  EXPECT_EQ(time.unwrap({0x0000'0200}), 0x1'0000'0200);
}

TEST(TimeBaseTest, CountsAHundredWraps) {
  WireTimeUnwrapper time;
  std::int64_t true_us = 12345;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(time.unwrap({static_cast<std::uint32_t>(true_us)}), true_us);
    true_us += (std::int64_t{1} << 32) / 10;
  }
}

}  // namespace
}  // namespace fanlight::srt
