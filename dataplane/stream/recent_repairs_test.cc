#include "stream/recent_repairs.h"

#include <gtest/gtest.h>

#include <deque>

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

TEST_F(RecentRepairsTest, RemembersWhomItWasSentAndWhen) {
  RecentRepairs repairs(64);
  repairs.note(viewers[0], {5}, now);
  EXPECT_EQ(repairs.ago(viewers[0], {5}, now + micros(999)), micros(999));
  EXPECT_EQ(repairs.ago(viewers[1], {5}, now), std::nullopt);
  EXPECT_EQ(repairs.ago(viewers[0], {6}, now), std::nullopt);
  repairs.note(viewers[0], {5}, now + millis(1));
  EXPECT_EQ(repairs.ago(viewers[0], {5}, now + millis(2)), millis(1));
}

TEST_F(RecentRepairsTest, AFullSetForgetsItsOldest) {
  RecentRepairs repairs(4);  // One set.
  for (std::int64_t i = 0; i < 5; ++i) repairs.note(viewers[0], {i}, now + micros(i * 300));
  now = now + millis(2);
  EXPECT_EQ(repairs.ago(viewers[0], {0}, now), std::nullopt);
  for (std::int64_t i = 1; i < 5; ++i) EXPECT_EQ(repairs.ago(viewers[0], {i}, now), micros(2000 - i * 300));
}

// What a crowd is repaired within a round trip finds its place: a table as large as the audience, half of it in use.
TEST_F(RecentRepairsTest, FewAreForgottenBeforeTheTableIsFull) {
  constexpr std::int64_t kRepairs = 4096;
  RecentRepairs repairs(kRepairs);
  for (std::int64_t i = 0; i < kRepairs / 2; ++i) repairs.note(viewers[static_cast<std::size_t>(i % 3)], {i / 3}, now);
  std::int64_t known = 0;
  for (std::int64_t i = 0; i < kRepairs / 2; ++i)
    known += repairs.ago(viewers[static_cast<std::size_t>(i % 3)], {i / 3}, now) ? 1 : 0;
  EXPECT_GT(known, kRepairs / 2 * 9 / 10);
}

}  // namespace
}  // namespace fanlight
