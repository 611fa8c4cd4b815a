#include "engine/srt/repair_list.h"

#include <gtest/gtest.h>

namespace fanlight::srt {
namespace {

TEST(RepairListTest, ServesRangesInTheOrderTheyWereAsked) {
  RepairList repairs;
  EXPECT_TRUE(repairs.add({{7}, {8}}));
  EXPECT_TRUE(repairs.add({{3}, {3}}));
  EXPECT_EQ(repairs.packets(), 3);
  EXPECT_EQ(repairs.take(), PacketPos{7});
  EXPECT_EQ(repairs.take(), PacketPos{8});
  EXPECT_EQ(repairs.take(), PacketPos{3});
  EXPECT_FALSE(repairs.take());
}

TEST(RepairListTest, ASecondReportOfTheSameLossTakesNoRoom) {
  RepairList repairs;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(repairs.add({{7}, {9}}));
  EXPECT_EQ(repairs.packets(), 3);
}

TEST(RepairListTest, AFullTableRefuses) {
  RepairList repairs;
  for (std::int64_t i = 0; i < 16; ++i) EXPECT_TRUE(repairs.add({{i * 2}, {i * 2}}));
  EXPECT_FALSE(repairs.add({{100}, {100}}));
}

TEST(RepairListTest, RemembersARepairForTheSpanAsked) {
  RepairList repairs;
  repairs.note_repaired({5}, Instant{1000});
  EXPECT_TRUE(repairs.was_repaired({5}, Instant{1999}, micros(1000)));
  EXPECT_FALSE(repairs.was_repaired({5}, Instant{2000}, micros(1000)));
  EXPECT_FALSE(repairs.was_repaired({6}, Instant{1000}, micros(1000)));
}

}  // namespace
}  // namespace fanlight::srt
