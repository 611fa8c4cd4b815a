#include "engine/srt/repair_list.h"

#include <gtest/gtest.h>

#include <array>

namespace fanlight::srt {
namespace {

class RepairListTest : public ::testing::Test {
 protected:
  std::optional<PacketPos> take() { return repairs.take(pool, {0}); }
  RangePool pool{40};
  RepairList repairs;
};

TEST_F(RepairListTest, ServesRangesInTheOrderTheyWereAsked) {
  EXPECT_TRUE(repairs.add(pool, {{7}, {8}}));
  EXPECT_TRUE(repairs.add(pool, {{3}, {3}}));
  EXPECT_TRUE(repairs.add(pool, {{5}, {5}}));
  EXPECT_EQ(repairs.packets(pool), 4);
  EXPECT_EQ(take(), PacketPos{7});
  EXPECT_EQ(take(), PacketPos{8});
  EXPECT_EQ(take(), PacketPos{3});
  EXPECT_EQ(take(), PacketPos{5});
  EXPECT_FALSE(take());
  EXPECT_EQ(pool.given(), 0u);
}

TEST_F(RepairListTest, ASecondReportOfTheSameLossTakesNoRoom) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(repairs.add(pool, {{7}, {9}}));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(repairs.add(pool, {{17}, {18}}));
  EXPECT_EQ(repairs.packets(pool), 5);
  EXPECT_EQ(pool.given(), 1u);
}

TEST_F(RepairListTest, AFullTableRefuses) {
  for (std::int64_t i = 0; i < 16; ++i) EXPECT_TRUE(repairs.add(pool, {{i * 2}, {i * 2}}));
  EXPECT_FALSE(repairs.add(pool, {{100}, {100}}));
}

TEST_F(RepairListTest, WhatSharesTheFateOfTheLastOneTakenGoesWithIt) {
  EXPECT_TRUE(repairs.add(pool, {{10}, {19}}));
  EXPECT_TRUE(repairs.add(pool, {{30}, {31}}));
  EXPECT_EQ(take(), PacketPos{10});
  EXPECT_EQ(repairs.take_until(pool, {10}, {15}), 4);
  EXPECT_EQ(take(), PacketPos{15});
  EXPECT_EQ(repairs.take_until(pool, {15}, {100}), 4);
  EXPECT_EQ(repairs.take_until(pool, {19}, {100}), 0);
  EXPECT_EQ(take(), PacketPos{30});
}

TEST_F(RepairListTest, ADryPoolLeavesEachListItsFirstRange) {
  RangePool dry{3};
  std::array<RepairList, 5> lists;
  int refused = 0;
  for (RepairList& list : lists)
    for (std::int64_t i = 0; i < 2; ++i) refused += list.add(dry, {{i * 10}, {i * 10}}) ? 0 : 1;
  EXPECT_EQ(refused, 2);
  for (RepairList& list : lists) EXPECT_EQ(list.take(dry, {0}), PacketPos{0});
  EXPECT_EQ(dry.given(), 0u) << "the second has become the first";
  lists[0].clear(dry);
  EXPECT_TRUE(lists[0].is_empty());
}

TEST_F(RepairListTest, PositionsBeyond32BitsComeBackWhole) {
  constexpr PacketPos kFar{(std::int64_t{5} << 32) - 1};
  EXPECT_TRUE(repairs.add(pool, {kFar, kFar + 2}));
  EXPECT_TRUE(repairs.add(pool, {kFar + 9, kFar + 9}));
  for (const std::int64_t i : {0, 1, 2, 9}) EXPECT_EQ(repairs.take(pool, kFar - 1000), kFar + i);
}

}  // namespace
}  // namespace fanlight::srt
