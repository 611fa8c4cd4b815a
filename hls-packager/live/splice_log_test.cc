#include "live/splice_log.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

constexpr WallTime kStart{1'795'710'600'000'000};
constexpr std::int64_t kSecond = kMediaClock;

class SpliceLogTest : public testing::Test {
 protected:
  // Media time 0 is kStart.
  std::vector<DateRange> say(const SpliceEvent& event, std::int64_t at, std::int64_t newest = 0) {
    const SpliceInfo info{.pts = static_cast<std::uint64_t>(at), .events = {event}, .section = {std::byte{0xFC}}};
    return say({.media_time = at, .info = info}, newest);
  }
  // Without a time of its own, when what came last is of `now`.
  std::vector<DateRange> say_at_once(const SpliceEvent& event, std::int64_t now) {
    return say({.media_time = now, .info = {.events = {event}, .section = {std::byte{0xFC}}}}, now);
  }
  std::vector<DateRange> say(const TimedSplice& splice, std::int64_t newest) {
    std::vector<DateRange> fresh;
    log_.handle(splice, kStart + Micros{splice.media_time * 100 / 9}, newest, fresh);
    return fresh;
  }
  static SpliceEvent out(std::uint32_t id, std::optional<std::uint64_t> planned = {}) {
    return {SpliceKind::kOut, id, 0, planned};
  }
  static SpliceEvent in(std::uint32_t id) { return {SpliceKind::kIn, id}; }

  SpliceLog log_;
};

TEST_F(SpliceLogTest, AWayOutAndBackIsOneRange) {
  const auto out_said = say(out(7, 30 * kSecond), 10 * kSecond);
  ASSERT_EQ(out_said.size(), 1u);
  EXPECT_EQ(out_said[0].begins, kStart + seconds(10));
  EXPECT_EQ(out_said[0].planned, seconds(30));
  EXPECT_EQ(out_said[0].duration, std::nullopt);
  EXPECT_EQ(out_said[0].role, SpliceRole::kOut);
  const auto in_said = say(in(7), 35 * kSecond);
  ASSERT_EQ(in_said.size(), 1u);
  EXPECT_EQ(in_said[0].id, out_said[0].id);
  EXPECT_EQ(in_said[0].begins, out_said[0].begins);
  EXPECT_EQ(in_said[0].duration, seconds(25));
  EXPECT_EQ(in_said[0].planned, std::nullopt);
  EXPECT_EQ(in_said[0].role, SpliceRole::kIn);
  EXPECT_EQ(in_said[0].media_time, 35 * kSecond);
}

TEST_F(SpliceLogTest, RepetitionsSayNothingNew) {
  EXPECT_EQ(say(out(7), 10 * kSecond).size(), 1u);
  EXPECT_TRUE(say(out(7), 10 * kSecond).empty());
  EXPECT_EQ(say(in(7), 20 * kSecond).size(), 1u);
  EXPECT_TRUE(say(in(7), 20 * kSecond).empty());
  EXPECT_TRUE(say(out(7), 10 * kSecond).empty());
  const SpliceEvent chapter{SpliceKind::kOther, 3, 0x20};
  EXPECT_EQ(say(chapter, 5 * kSecond).size(), 1u);
  EXPECT_TRUE(say(chapter, 5 * kSecond).empty());
  EXPECT_EQ(say(chapter, 6 * kSecond).size(), 1u);
}

TEST_F(SpliceLogTest, RepetitionsOfWhatIsDueAtOnceAreNoBreaksOfTheirOwn) {
  const auto first = say_at_once(out(7), 10 * kSecond);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(say_at_once(out(7), 10 * kSecond + kSecond / 2).empty());
  EXPECT_TRUE(say_at_once(out(7), 60 * kSecond).empty()) << "for those who join in the midst of it";
  const auto back = say_at_once(in(7), 70 * kSecond);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].id, first[0].id);
  EXPECT_EQ(back[0].duration, seconds(60));
  EXPECT_TRUE(say_at_once(in(7), 70 * kSecond + kSecond / 2).empty());
  EXPECT_TRUE(say_at_once(in(7), 71 * kSecond).empty());
  const auto second = say_at_once(out(7), 72 * kSecond);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0].id, first[0].id);
  const SpliceEvent chapter{SpliceKind::kOther, 3, 0x20};
  EXPECT_EQ(say_at_once(chapter, 80 * kSecond).size(), 1u);
  EXPECT_TRUE(say_at_once(chapter, 81 * kSecond).empty());
  EXPECT_EQ(say_at_once(chapter, 200 * kSecond).size(), 1u);
}

TEST_F(SpliceLogTest, ABreakThatBeganAheadOfItsTimeIsMoved) {
  const auto planned = say(out(7), 20 * kSecond, 10 * kSecond);
  const auto moved = say_at_once(out(7), 15 * kSecond);
  ASSERT_EQ(moved.size(), 2u);
  EXPECT_EQ(moved[0].id, planned[0].id);
  EXPECT_EQ(moved[0].duration, Micros{});
  EXPECT_EQ(moved[1].begins, kStart + seconds(15));
}

// Nobody says the way back of one that returns by itself.
TEST_F(SpliceLogTest, BehindItsPlannedLengthANumberIsUsedAgain) {
  const std::uint64_t length = 30 * kSecond;
  const auto first = say_at_once(out(7, length), 10 * kSecond);
  EXPECT_TRUE(say_at_once(out(7, length), 40 * kSecond).empty());
  const auto second = say_at_once(out(7, length), 100 * kSecond);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].id, first[0].id);
  EXPECT_NE(second[1].id, first[0].id);
}

TEST_F(SpliceLogTest, ANumberThatIsUsedAgainIsAnotherRange) {
  const auto first = say(out(7), 10 * kSecond);
  say(in(7), 20 * kSecond);
  const auto second = say(out(7), 100 * kSecond);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0].id, first[0].id);
}

TEST_F(SpliceLogTest, NestedSegmentationsOfOneNumberAreTwo) {
  const auto opened = say({SpliceKind::kOut, 7, 0x22}, 10 * kSecond);
  const auto advertised = say({SpliceKind::kOut, 7, 0x30}, 10 * kSecond);
  ASSERT_EQ(advertised.size(), 1u);
  EXPECT_NE(opened[0].id, advertised[0].id);
  EXPECT_EQ(say({SpliceKind::kIn, 7, 0x30}, 20 * kSecond)[0].id, advertised[0].id);
  EXPECT_EQ(say({SpliceKind::kIn, 7, 0x22}, 30 * kSecond)[0].id, opened[0].id);
}

TEST_F(SpliceLogTest, OneThatIsCalledOffHasNoLengthOrEndsNow) {
  const auto before = say(out(7, 30 * kSecond), 10 * kSecond, 5 * kSecond);
  const auto off = say({SpliceKind::kCancel, 7}, 6 * kSecond, 6 * kSecond);
  ASSERT_EQ(off.size(), 1u);
  EXPECT_EQ(off[0].id, before[0].id);
  EXPECT_EQ(off[0].duration, Micros{});
  EXPECT_EQ(off[0].role, SpliceRole::kCommand);
  say(out(8), 10 * kSecond, 5 * kSecond);
  EXPECT_EQ(say({SpliceKind::kCancel, 8}, 0, 13 * kSecond)[0].duration, seconds(3));
  EXPECT_TRUE(say({SpliceKind::kCancel, 8}, 0, 14 * kSecond).empty());
  say({SpliceKind::kOut, 9, 0x30}, 20 * kSecond);
  EXPECT_TRUE(say({SpliceKind::kCancel, 9}, 0).empty());  // That is an insertion's number.
  EXPECT_EQ(say({SpliceKind::kCancel, 9, 0xFF}, 0).size(), 1u);
}

TEST_F(SpliceLogTest, OneThatIsMovedEndsAndAnotherBegins) {
  const auto was = say(out(7), 10 * kSecond, 5 * kSecond);
  const auto moved = say(out(7), 12 * kSecond, 6 * kSecond);
  ASSERT_EQ(moved.size(), 2u);
  EXPECT_EQ(moved[0].id, was[0].id);
  EXPECT_EQ(moved[0].duration, Micros{});  // It had not begun.
  EXPECT_NE(moved[1].id, was[0].id);
  EXPECT_EQ(moved[1].begins, kStart + seconds(12));
}

TEST_F(SpliceLogTest, AWayBackFromWhatNobodySawIsSaidAlone) {
  const auto said = say(in(7), 10 * kSecond);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].role, SpliceRole::kIn);
  EXPECT_EQ(said[0].begins, kStart + seconds(10));
  EXPECT_EQ(said[0].duration, Micros{});
  EXPECT_TRUE(say(in(7), 10 * kSecond).empty());
}

TEST_F(SpliceLogTest, NumbersGoOnThroughALifeAndAFlood) {
  const auto first = say(out(7), 10 * kSecond);
  log_.restart();
  EXPECT_TRUE(log_.ranges().empty());
  EXPECT_NE(say(out(7), 10 * kSecond)[0].id, first[0].id);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(say(out(i + 100), i * kSecond).size(), 1u);
  EXPECT_EQ(log_.ranges().size(), kDateRangesMax);
  EXPECT_EQ(say(out(2000), kSecond).size(), 1u);
}

}  // namespace
}  // namespace fanlight::packager
