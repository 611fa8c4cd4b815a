#include "stream/recent_repairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "stream/viewer_slabs.h"

namespace fanlight {
namespace {

class RecentRepairsTest : public ::testing::Test {
 protected:
  RecentRepairsTest() {
    for (int i = 0; i < 3; ++i) viewers.emplace_back(Viewer::Opening{}, srt::Sender::Options{});
  }
  std::deque<Viewer> viewers;
  Instant now{(std::int64_t{1} << 32) - 500};  // The low half is about to begin again.
};

// To 512 µs, upwards.
MATCHER_P(IsAbout, ago, "") { return arg && *arg >= ago && *arg - ago <= micros(512); }

TEST_F(RecentRepairsTest, RemembersWhomItWasSentAndWhen) {
  RecentRepairs repairs(64);
  repairs.note(viewers[0], {5}, now);
  EXPECT_THAT(repairs.ago(viewers[0], {5}, now), IsAbout(micros(0)));
  EXPECT_THAT(repairs.ago(viewers[0], {5}, now + micros(999)), IsAbout(micros(999)));
  EXPECT_THAT(repairs.ago(viewers[0], {5}, now + seconds(4)), IsAbout(seconds(4)));
  EXPECT_EQ(repairs.ago(viewers[1], {5}, now), std::nullopt);
  EXPECT_EQ(repairs.ago(viewers[0], {6}, now), std::nullopt);
  repairs.note(viewers[0], {5}, now + millis(1));
  EXPECT_THAT(repairs.ago(viewers[0], {5}, now + millis(2)), IsAbout(millis(1)));
}

TEST_F(RecentRepairsTest, AFullSetForgetsItsOldest) {
  RecentRepairs repairs(10);  // One set.
  for (std::int64_t i = 0; i < 11; ++i) repairs.note(viewers[0], {i}, now + millis(2 * i));
  now = now + millis(40);
  EXPECT_EQ(repairs.ago(viewers[0], {0}, now), std::nullopt);
  for (std::int64_t i = 1; i < 11; ++i) EXPECT_THAT(repairs.ago(viewers[0], {i}, now), IsAbout(millis(40 - 2 * i)));
}

// Each of a crowd is repaired twice within a round trip, the most a worker sends in 20 ms: little is forgotten. With
// one repair each, next to nothing.
TEST_F(RecentRepairsTest, ACrowdFindsItsPlace) {
  constexpr std::size_t kCrowd = 20'000;
  ViewerSlabs slabs(kCrowd);
  while (viewers.size() < kCrowd) viewers.emplace_back(Viewer::Opening{}, srt::Sender::Options{});
  const auto count_known = [&](std::int64_t from) {
    std::size_t known = 0;
    for (const Viewer& one : viewers)
      for (std::int64_t pos = from; pos < from + 2; ++pos) known += slabs.recent.ago(one, {pos}, now) ? 1 : 0;
    return known;
  };
  for (const Viewer& one : viewers) slabs.recent.note(one, {0}, now);
  EXPECT_GT(count_known(0), kCrowd * 99 / 100) << "of half of what is asked for";
  for (const Viewer& one : viewers) slabs.recent.note(one, {1}, now + micros(600));
  EXPECT_GT(count_known(0), 2 * kCrowd * 85 / 100);
  EXPECT_EQ(count_known(2), 0u) << "taken for another's";
}

}  // namespace
}  // namespace fanlight
