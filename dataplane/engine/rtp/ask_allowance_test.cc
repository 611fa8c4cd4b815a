#include "engine/rtp/ask_allowance.h"

#include <gtest/gtest.h>

namespace fanlight::rtp {
namespace {

constexpr Instant kNow{1'000'000'000};

TEST(AskAllowanceTest, ATwentiethOfWhatCameMayBeSaid) {
  AskAllowance allowance(/*is_named=*/true);
  EXPECT_EQ(allowance.bytes(kNow), 128u);
  allowance.credit(20'000);
  EXPECT_EQ(allowance.bytes(kNow), 1'128u);
  allowance.spend(kNow, 1'000);
  EXPECT_EQ(allowance.bytes(kNow), 128u);
  allowance.spend(kNow, 200);
  EXPECT_EQ(allowance.bytes(kNow), 0u);
  allowance.credit(10'000'000);
  EXPECT_EQ(allowance.bytes(kNow), 65'536u) << "nor more at once";
}

TEST(AskAllowanceTest, WhoWasNotNamedNorHeardIsAskedOnceASecond) {
  AskAllowance allowance(/*is_named=*/false);
  allowance.credit(100'000);
  EXPECT_GT(allowance.bytes(kNow), 0u);
  allowance.spend(kNow, 68);
  EXPECT_EQ(allowance.bytes(kNow + micros(999'999)), 0u);
  EXPECT_EQ(allowance.next(), kNow + seconds(1));
  EXPECT_GT(allowance.bytes(kNow + seconds(1)), 0u);
  allowance.note_heard();
  EXPECT_GT(allowance.bytes(kNow), 0u);
  EXPECT_LE(allowance.next(), kNow);
  allowance.begin();
  EXPECT_EQ(allowance.bytes(kNow + millis(1)), 0u) << "another address waits as long";
  EXPECT_EQ(allowance.bytes(kNow + seconds(1)), 128u);
}

}  // namespace
}  // namespace fanlight::rtp
