// Dates of a group's streams whose ways become longer, or hold them up. H-63
#include "live/test_group_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class GroupDatesTest : public GroupTest {
 protected:
  [[nodiscard]] Micros date_off(std::size_t i) const { return members_[i].stream.clock().newest() - wall(); }
  [[nodiscard]] std::uint64_t falls_behind(std::size_t i) const { return count_of_fault(i, InputFault::kBehindTime); }
  [[nodiscard]] std::uint64_t runs_ahead(std::size_t i) const { return count_of_fault(i, InputFault::kAheadOfTime); }
  [[nodiscard]] std::uint64_t count_of_fault(std::size_t i, InputFault fault) const {
    return members_[i].stream.faults()[static_cast<std::size_t>(fault)].count;
  }
  void expect_discontinuities(std::uint64_t count) {
    for (const char* folder : {"v0", "v1"}) EXPECT_EQ(audience_.of(folder).discontinuities(), count) << folder;
  }
};

// Encoders' clocks are faster than ours by 150 millionths.
TEST_F(GroupDatesTest, TheyFollowAClockThatDrifts) {
  for (const Micros apart : {Micros{}, millis(300)}) {
    add({});
    add({});
    delay(1, apart);
    for (int minute = 0; minute < 8; ++minute) {
      play(seconds(60));
      for (const std::size_t i : {0u, 1u}) delay(i, millis(-9));
    }
    expect_in_step();
    expect_discontinuities(0);
    EXPECT_LE(std::llabs(date_off(1).count), 40'000);
    begin_anew();
  }
}

// From the first playlist on that anybody sees, and by the longest way: what comes by it is not later than its date.
TEST_F(GroupDatesTest, WhateverWaysTakeEachSegmentHasOneDate) {
  for (const std::int64_t longer : {3, 40, 100, 350, 600, 900})
    for (const std::size_t late : {0u, 1u}) {
      SCOPED_TRACE(std::to_string(longer) + " " + std::to_string(late));
      add({});
      add({});
      delay(late, millis(longer));
      play(seconds(8));
      expect_in_step();
      EXPECT_LE(std::llabs(date_off(late).count), 50'000);
      play(seconds(40));
      expect_in_step();
      expect_discontinuities(0);
      EXPECT_EQ(group_.members()[1].disagrees, "");
      begin_anew();
    }
}

TEST_F(GroupDatesTest, WhoComesLaterByALongerWayIsDatedAsTheOthersWere) {
  for (const std::size_t late : {0u, 1u}) {
    add({});
    add({});
    members_[late].is_silent = true;
    play(seconds(20));
    delay(late, millis(600));
    members_[late].sent.clear();
    members_[late].is_silent = false;
    play(seconds(12));
    EXPECT_EQ(group_.members()[1].disagrees, "");
    expect_in_step();
    begin_anew();
  }
}

TEST_F(GroupDatesTest, WhoReturnsByALongerWayIsDatedAsTheOthersAre) {
  for (const std::size_t late : {0u, 1u}) {
    add({});
    add({});
    play(seconds(8));
    lose(late, seconds(3));
    delay(late, millis(700));
    play(seconds(20));
    EXPECT_EQ(group_.members()[1].disagrees, "");
    expect_discontinuities(0);
    expect_in_step();
    begin_anew();
  }
}

TEST_F(GroupDatesTest, OneWhoseWayBecomesShorterStaysAsItIs) {
  for (const std::size_t early : {0u, 1u}) {
    add({});
    add({});
    for (const std::size_t i : {0u, 1u}) delay(i, millis(700));
    play(seconds(8));
    delay(early, millis(-700));
    play(seconds(40));
    expect_discontinuities(0);
    EXPECT_EQ(group_.members()[1].disagrees, "");
    expect_in_step();
    begin_anew();
  }
}

// Then nobody is as late any more as all are dated.
TEST_F(GroupDatesTest, WhereTheLongestWayBecomesShorterDatesJumpBackWithOneSegment) {
  for (const std::size_t late : {0u, 1u}) {
    add({});
    add({});
    delay(late, millis(700));
    play(seconds(8));
    delay(late, millis(-700));
    play(seconds(40));
    expect_discontinuities(1);
    for (const std::size_t i : {0u, 1u}) EXPECT_LE(std::llabs(date_off(i).count), 50'000) << i;
    EXPECT_EQ(group_.members()[1].disagrees, "");
    expect_in_step();
    begin_anew();
  }
}

TEST_F(GroupDatesTest, WhereAllBecomeShorterDatesJumpBackWithOneSegment) {
  for (const std::int64_t apart : {0, 60, 300}) {
    add({});
    add({});
    for (const std::size_t i : {0u, 1u}) delay(i, millis(1'500));
    delay(1, millis(apart));
    play(seconds(8));
    for (const std::size_t i : {0u, 1u}) delay(i, millis(-800));
    play(seconds(20));
    expect_discontinuities(1);
    EXPECT_EQ(group_.members()[1].disagrees, "");
    expect_in_step();
    for (const std::size_t i : {0u, 1u}) EXPECT_EQ(runs_ahead(i), 1u);
    EXPECT_LE(std::llabs(date_off(1).count), 100'000);
    begin_anew();
  }
}

// Between what they agree on and the segment that it is for, one of them finds that it is less late than it was.
TEST_F(GroupDatesTest, WhoHasAgreedJumpsWhateverItFindsMeanwhile) {
  for (std::int64_t after = 5'000; after < 12'000; after += 1'000) {
    add({});
    add({});
    play(seconds(8));
    for (const std::size_t i : {0u, 1u}) delay(i, millis(600));
    play(millis(after));
    delay(1, millis(-50));
    play(millis(1'500));
    delay(1, millis(50));
    play(seconds(30));
    EXPECT_EQ(group_.members()[1].disagrees, "") << after;
    expect_in_step();
    begin_anew();
  }
}

// One whose way has become shorter, and is not any more, hinders nobody later.
TEST_F(GroupDatesTest, WhatOneWasAloneIsForgottenWhenAllChange) {
  add({});
  add({});
  for (const std::size_t i : {0u, 1u}) delay(i, millis(700));
  play(seconds(8));
  delay(0, millis(-700));
  play(seconds(30));
  expect_discontinuities(0);
  delay(0, millis(1'300));
  delay(1, millis(600));
  play(seconds(40));
  expect_discontinuities(1);
  for (const std::size_t i : {0u, 1u}) EXPECT_LE(std::llabs(date_off(i).count), 100'000) << i;
  expect_in_step();
}

// What is left of it counts the next time.
TEST_F(GroupDatesTest, WhoWasMoreBehindThanTheOthersIsStill) {
  add({});
  add({});
  play(seconds(8));
  delay(0, millis(600));
  delay(1, millis(1'500));
  play(seconds(40));
  expect_discontinuities(1);
  delay(0, millis(900));
  play(seconds(40));
  expect_discontinuities(2);
  for (const std::size_t i : {0u, 1u}) EXPECT_LE(std::llabs(date_off(i).count), 100'000) << i;
  expect_in_step();
}

// Whoever comes back while they wait for the segment goes along with them.
TEST_F(GroupDatesTest, WhoReturnsJustBeforeTheyJumpJumpsAsWell) {
  for (const auto& [late, longer] : {std::pair(0u, 1'700), std::pair(1u, 1'700), std::pair(0u, 0), std::pair(1u, 0)})
    for (std::int64_t after = 6'000; after < 10'000; after += 800) {
      SCOPED_TRACE(std::to_string(after) + " " + std::to_string(late));
      add({});
      add({});
      delay(late, millis(longer));
      play(seconds(8));
      lose(late);
      for (const std::size_t i : {0u, 1u}) delay(i, millis(600));
      play(millis(after));
      bring_back(late);
      play(seconds(30));
      EXPECT_EQ(group_.members()[1].disagrees, "");
      expect_in_step();
      begin_anew();
    }
}

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
