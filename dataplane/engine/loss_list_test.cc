#include "engine/loss_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanlight {
namespace {

std::vector<std::int64_t> all(const LossList& losses) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < losses.size(); ++i)
    for (std::int64_t p = losses.at(i).range.first.value; p <= losses.at(i).range.last.value; ++p) out.push_back(p);
  return out;
}

TEST(LossListTest, ArrivalInTheMiddleSplitsTheGap) {
  LossList losses;
  losses.add_gap({{101}, {105}}, {10});
  EXPECT_TRUE(losses.remove({103}));
  EXPECT_EQ(all(losses), (std::vector<std::int64_t>{101, 102, 104, 105}));
  EXPECT_FALSE(losses.remove({103}));
}

TEST(LossListTest, ArrivalAtEitherEndShortensTheGap) {
  LossList losses;
  losses.add_gap({{1}, {3}}, {10});
  EXPECT_TRUE(losses.remove({1}));
  EXPECT_TRUE(losses.remove({3}));
  EXPECT_EQ(all(losses), std::vector<std::int64_t>{2});
  EXPECT_TRUE(losses.remove({2}));
  EXPECT_TRUE(losses.is_empty());
}

TEST(LossListTest, GapsAreGivenUpInTheirOrder) {
  LossList losses;
  losses.add_gap({{1}, {2}}, {10});
  losses.add_gap({{5}, {5}}, {20});
  EXPECT_EQ(losses.drop_due({9}), 0);
  EXPECT_EQ(losses.drop_due({10}), 2);
  EXPECT_EQ(losses.first(), PacketPos{5});
  EXPECT_EQ(losses.next_give_up(), Instant{20});
}

TEST(LossListTest, ARangeMayCoverSeveralGaps) {
  LossList losses;
  losses.add_gap({{1}, {3}}, {10});
  losses.add_gap({{5}, {6}}, {10});
  losses.add_gap({{8}, {9}}, {10});
  EXPECT_EQ(losses.remove_range({{3}, {8}}), 4);
  EXPECT_EQ(all(losses), (std::vector<std::int64_t>{1, 2, 9}));
}

TEST(LossListTest, AFullListGivesUpItsOldestGap) {
  LossList losses;
  for (std::size_t i = 0; i < LossList::kRangesMax; ++i)
    EXPECT_EQ(losses.add_gap({{std::int64_t(i) * 4}, {std::int64_t(i) * 4 + 1}}, {1}), 0);
  EXPECT_EQ(losses.add_gap({{100'000}, {100'000}}, {1}), 2);
  EXPECT_EQ(losses.first(), PacketPos{4});
}

}  // namespace
}  // namespace fanlight
