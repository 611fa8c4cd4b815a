#include "service/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace fanlight::packager {
namespace {

TEST(OpenFilesTest, TheSoftLimitBecomesTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_max, 128);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_open_files(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(after.rlim_max, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(OpenFilesTest, ConnectionsLeaveRoomForSources) {
  EXPECT_EQ(connections_within(1'048'576, 3, 10'000), 10'000U);
  EXPECT_EQ(connections_within(1'024, 3, 10'000), 1'024U - 64 - 12);
  EXPECT_EQ(connections_within(1'024, 200, 500), 160U);
  EXPECT_EQ(connections_within(64, 1, 10'000), 8U) << "it is tried at least";
  EXPECT_EQ(connections_within(64, 1, 3), 3U);
  EXPECT_EQ(connections_within(0, 1, 10'000), 8U);
}

}  // namespace
}  // namespace fanlight::packager
