#include "session/placement.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

TEST(PlacementTest, OneWorkerHasThemAll) {
  Placement placement(1);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(placement.place(Role::kViewer, 0), 0u);
    placement.enter(0);
  }
}

TEST(PlacementTest, ViewersFromOneAddressSpreadOverAllWorkers) {
  Placement placement(3);
  std::vector<std::size_t> viewers(3);
  for (int i = 0; i < 3'000; ++i) {
    const std::size_t worker = placement.place(Role::kViewer, 1);
    placement.enter(worker);
    ++viewers[worker];
  }
  EXPECT_LE(viewers[1], 1'000u * 9 / 8 + 9);
  EXPECT_NEAR(static_cast<double>(viewers[0]), static_cast<double>(viewers[2]), 1.0);
}

TEST(PlacementTest, ViewersThatTheHashSpreadsStayWhereTheyLand) {
  Placement placement(4);
  for (std::size_t i = 0; i < 1'000; ++i) {
    ASSERT_EQ(placement.place(Role::kViewer, i % 4), i % 4);
    placement.enter(i % 4);
  }
}

TEST(PlacementTest, PublishersStayWhereTheyLand) {
  Placement placement(2);
  for (int i = 0; i < 100; ++i) placement.enter(0);
  EXPECT_EQ(placement.place(Role::kPublisher, 0), 0u);
  EXPECT_EQ(placement.place(Role::kViewer, 0), 1u);
}

TEST(PlacementTest, WhoLeavesMakesRoom) {
  Placement placement(2);
  for (int i = 0; i < 100; ++i) placement.enter(0);
  for (int i = 0; i < 95; ++i) placement.leave(0);
  EXPECT_EQ(placement.place(Role::kViewer, 0), 0u);
}

}  // namespace
}  // namespace fanlight::control
