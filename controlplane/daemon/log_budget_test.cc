#include "daemon/log_budget.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

TEST(LogBudgetTest, AFloodIsCutAndCounted) {
  LogBudget budget(3);
  const Instant start{5'000'000};
  int written = 0;
  for (int i = 0; i < 100; ++i) written += budget.take(start + millis(i));
  EXPECT_EQ(written, 3);
  EXPECT_FALSE(budget.take_left_out(start + millis(500))) << "the second is not over";
  EXPECT_EQ(budget.take_left_out(start + seconds(1)), 97u);
  EXPECT_FALSE(budget.take_left_out(start + seconds(1))) << "said once";
  EXPECT_TRUE(budget.take(start + seconds(1)));
}

TEST(LogBudgetTest, TheReportIsDueWhenTheSecondIsOverAndOnlyWhenLinesAreMissing) {
  LogBudget budget(1);
  const Instant start{5'000'000};
  EXPECT_TRUE(budget.take(start));
  EXPECT_EQ(budget.next_report(), Instant::never());
  EXPECT_FALSE(budget.take(start + millis(300)));
  EXPECT_EQ(budget.next_report(), start + seconds(1));
  EXPECT_EQ(budget.take_left_out(budget.next_report()), 1u);
  EXPECT_EQ(budget.next_report(), Instant::never());
}

}  // namespace
}  // namespace fanlight::control
