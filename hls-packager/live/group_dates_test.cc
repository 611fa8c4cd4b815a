// Dates of a group's streams whose ways become longer, or hold them up. H-63
#include "live/test_group_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class GroupDatesTest : public GroupTest {
 protected:
  [[nodiscard]] Micros date_off(std::size_t i) const { return members_[i].stream.clock().newest() - wall(); }
  [[nodiscard]] std::uint64_t falls_behind(std::size_t i) const {
    return members_[i].stream.faults()[static_cast<std::size_t>(InputFault::kBehindTime)].count;
  }
};

TEST_F(GroupDatesTest, OneWhoseWayTakesLongerStaysAsItIs) {
  for (const std::size_t late : {1u, 0u}) {
    add({});
    add({});
    play(seconds(8));
    delay(late, millis(600));
    play(seconds(30));
    for (const char* folder : {"v0", "v1"}) EXPECT_EQ(audience_.of(folder).discontinuities(), 0u) << folder;
    EXPECT_EQ(group_.members()[1].disagrees, "");
    EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u);
    expect_in_step();
    begin_anew();
  }
}

// Also where they joined at other times, and find out at other times.
TEST_F(GroupDatesTest, WhereAllTakeLongerDatesJumpWithOneSegment) {
  for (const Micros later : {Micros{}, seconds(2), seconds(3)}) {
    const std::int64_t ticks = later.count * 9 / 100;
    add({});
    add({.first = 900'000 + ticks}, later);
    play(seconds(16));
    delay(0, millis(600));
    delay(1, millis(650));
    play(seconds(18));
    EXPECT_EQ(group_.members()[1].disagrees, "");
    for (const char* folder : {"v0", "v1"}) EXPECT_EQ(audience_.of(folder).discontinuities(), 1u) << folder;
    expect_in_step();
    for (const std::size_t i : {0u, 1u}) {
      EXPECT_LE(std::llabs(date_off(i).count), 100'000) << i;
      EXPECT_EQ(falls_behind(i), 1u);
    }
    play(seconds(30));
    EXPECT_EQ(falls_behind(0), 1u);
    for (const std::size_t i : {0u, 1u}) delay(i, millis(500));
    play(seconds(18));
    for (const std::size_t i : {0u, 1u}) EXPECT_EQ(falls_behind(i), 2u);
    expect_in_step();
    begin_anew();
  }
}

// One of them has begun a segment of which nothing is published when the other finds out.
TEST_F(GroupDatesTest, WhoeverIsAheadHasNotBegunTheSegmentThatTheyAgreeOn) {
  for (std::int64_t apart = 0; apart < 1'000; apart += 70) {
    for (const std::size_t later : {0u, 1u}) {
      add({});
      add({});
      play(seconds(8));
      delay(1 - later, millis(600));
      delay(later, millis(600 + apart));
      play(seconds(20));
      EXPECT_EQ(group_.members()[1].disagrees, "") << apart << " " << later;
      for (const std::size_t i : {0u, 1u}) EXPECT_EQ(falls_behind(i), 1u) << apart << " " << later;
      begin_anew();
    }
  }
}

TEST_F(GroupDatesTest, WhoIsLeftOutHasNoSayAndKeepsItsDates) {
  add({});
  add({.first = 900'000 + 45'000});  // Cut elsewhere.
  play(seconds(16));
  delay(0, millis(600));
  play(seconds(20));
  ASSERT_NE(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  for (const std::size_t i : {0u, 1u}) EXPECT_LE(std::llabs(date_off(i).count), 100'000) << i;
  EXPECT_EQ(falls_behind(0), 1u);
  EXPECT_EQ(falls_behind(1), 0u);
}

TEST_F(GroupDatesTest, WhoIsMuchLaterGoesAlongByAsMuchAsTheOthers) {
  add({});
  add({});
  play(seconds(8));
  delay(0, millis(600));
  delay(1, millis(1'500));
  play(seconds(40));
  for (const char* folder : {"v0", "v1"}) EXPECT_EQ(audience_.of(folder).discontinuities(), 1u) << folder;
  EXPECT_EQ(group_.members()[1].disagrees, "");
  expect_in_step();
}

class HeldUpAloneTest : public GroupTest, public testing::WithParamInterface<bool> {};

// At once, or at twice its speed.
TEST_P(HeldUpAloneTest, LeavesOutWhatIsOld) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(6));
  GetParam() ? let_go(1) : catch_up(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v1").discontinuities(), 0u);
  EXPECT_LE(std::llabs((members_[1].stream.clock().newest() - wall()).count), 50'000);
  expect_in_step();
}

INSTANTIATE_TEST_SUITE_P(, HeldUpAloneTest, testing::Bool());

}  // namespace
}  // namespace fanlight::packager
