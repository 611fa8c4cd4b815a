#include "stream/repair_budget.h"

#include <gtest/gtest.h>

#include "stream/patience.h"

namespace fanlight {
namespace {

// Repairs that a viewer draws which asks for `wanted` with every packet of the stream.
std::int64_t drawn(RepairBudget& budget, std::uint64_t packets, std::int64_t wanted, std::int64_t rate = 100) {
  std::int64_t sent = 0;
  for (std::uint64_t i = 1; i <= packets; ++i) {
    budget.refill(i, rate, 25);
    for (std::int64_t n = wanted; n > 0 && budget.may_repair(); --n, ++sent) budget.note_repair();
  }
  return sent;
}

TEST(RepairBudgetTest, AShareOfTheStreamAndABurst) {
  RepairBudget budget;
  EXPECT_EQ(drawn(budget, 10'001, 1), 512 + 2'500) << "the first refill found it full";
}

TEST(RepairBudgetTest, TheBurstGrowsWithTheStreamsRate) {
  RepairBudget budget;
  budget.refill(100'000, 5'000, 25);
  std::int64_t sent = 0;
  for (; budget.may_repair(); ++sent) budget.note_repair();
  EXPECT_EQ(sent, 5'000);
}

TEST(RepairBudgetTest, LooksAreTwoPerPacketAndABurst) {
  RepairBudget budget;
  std::int64_t looks = 0;
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    budget.refill(i, 100, 25);
    for (int n = 0; n < 50 && budget.try_look(); ++n) ++looks;
  }
  EXPECT_EQ(looks, 4 * 512 + 2 * 1'000 - 2) << "the first refill found it full";
}

TEST(RepairBudgetTest, WhatCameBeforeTheViewerIsNotItsOwn) {
  RepairBudget budget;
  budget.begin_at(1'000'000);
  while (budget.may_repair()) budget.note_repair();
  budget.refill(1'000'003, 100, 25);
  EXPECT_FALSE(budget.may_repair());
  budget.refill(1'000'004, 100, 25);
  EXPECT_TRUE(budget.may_repair());
}

TEST(PatienceTest, IsWornOutByHalfAMinuteWithoutASecondsPause) {
  Patience patience;
  Instant now{1'000'000'000};
  patience.note(now);
  for (int i = 1; i <= 29; ++i) patience.note(now + seconds(i));
  EXPECT_FALSE(patience.is_worn_out());
  patience.note(now + seconds(30));
  EXPECT_TRUE(patience.is_worn_out());
}

TEST(PatienceTest, IsNotWornOutByWhatHappensEveryOtherSecond) {
  Patience patience;
  for (int i = 0; i < 10'000; ++i) {
    patience.note(Instant{1'000'000'000} + seconds(2 * i));
    ASSERT_FALSE(patience.is_worn_out());
  }
}

}  // namespace
}  // namespace fanlight
