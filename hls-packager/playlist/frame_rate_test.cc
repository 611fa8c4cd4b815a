#include "playlist/frame_rate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

TEST(FrameRateTest, UsualRatesAreFoundWhateverTheirTimesAreRoundedTo) {
  constexpr std::int64_t kMilli = 90;
  for (const char* const said : {"12.500", "15.000", "23.976", "24.000", "25.000", "29.970", "30.000", "48.000",
                                 "50.000", "59.940", "60.000", "120.000"}) {
    const double rate = std::stod(said);
    const std::int64_t frames = std::lround(3 * rate), ticks = std::lround(static_cast<double>(frames) * 90'000 / rate);
    EXPECT_EQ(rate_text(measured_rate(frames, ticks)), said);
    EXPECT_EQ(rate_text(measured_rate(frames, ticks / kMilli * kMilli)), said);
  }
}

TEST(FrameRateTest, OthersAreWhatTheyAre) {
  EXPECT_EQ(rate_text(measured_rate(100, 90'000 * 10)), "10.000");
  EXPECT_EQ(rate_text(measured_rate(17, 90'000)), "17.000");
  EXPECT_EQ(rate_text(measured_rate(27, 2 * 90'000)), "13.500");
  EXPECT_EQ(rate_text(measured_rate(1, 90'000 * 20)), "0.050");
}

TEST(FrameRateTest, NoTimesAreTooStrange) {
  EXPECT_EQ(rate_text(measured_rate(1'000'000, 1)), "1000.000");
  EXPECT_EQ(rate_text(measured_rate(1, std::int64_t{1} << 60)), "0.001");
}

TEST(FrameRateTest, ATenthMoreIsMuchFaster) {
  EXPECT_TRUE(is_much_faster({50, 1}, {25, 1}));
  EXPECT_FALSE(is_much_faster({30, 1}, {30'000, 1'001}));
  EXPECT_FALSE(is_much_faster({25, 1}, {50, 1}));
}

}  // namespace
}  // namespace fanlight::packager
