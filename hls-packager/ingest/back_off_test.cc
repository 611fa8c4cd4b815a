#include "ingest/back_off.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

TEST(BackOffTest, WaitsLongerEachTimeUpToABound) {
  BackOff back_off;
  for (const std::int64_t wanted : {500, 1000, 2000, 4000, 8000, 8000}) EXPECT_EQ(back_off.next(0), millis(wanted));
  back_off.reset();
  EXPECT_EQ(back_off.next(0), millis(500));
}

TEST(BackOffTest, CallersAreSpread) {
  BackOff one, other;
  EXPECT_LT(one.next(1023), other.next(0));
  EXPECT_GT(one.next(1023), millis(750));
}

}  // namespace
}  // namespace fanlight::packager
