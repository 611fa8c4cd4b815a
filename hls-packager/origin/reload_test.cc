#include "origin/reload.h"

#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

ReloadVerdict verdict(const Show& show, std::uint64_t msn, std::optional<std::uint64_t> part = {}) {
  return judge_reload(*show.snapshot(), {.msn = msn, .part = part}).verdict;
}

// Segments 10 and 11 whole, of four parts each; of 12 parts 0 and 1.
Show at_twelve() {
  Show show("v0", 10);
  show.add_segment(4);
  show.add_segment(4);
  show.add_part();
  show.add_part();
  return show;
}

TEST(ReloadTest, ASegmentIsWaitedForUntilItIsWhole_H30) {
  EXPECT_EQ(verdict(at_twelve(), 11), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(at_twelve(), 12), ReloadVerdict::kLater);
  Show show = at_twelve();
  show.close_segment();
  EXPECT_EQ(verdict(show, 12), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(show, 13), ReloadVerdict::kLater);
}

TEST(ReloadTest, APartIsWaitedForUntilItIsListed_H30) {
  EXPECT_EQ(verdict(at_twelve(), 12, 1), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(at_twelve(), 12, 2), ReloadVerdict::kLater);
  EXPECT_EQ(verdict(at_twelve(), 13, 0), ReloadVerdict::kLater);
}

TEST(ReloadTest, PastAClosedSegmentsLastPartIsTheNextOnesFirst_H31) {
  EXPECT_EQ(verdict(at_twelve(), 11, 4), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(at_twelve(), 11, 400), ReloadVerdict::kListed);
  Show show = at_twelve();
  show.close_segment();
  EXPECT_EQ(judge_reload(*show.snapshot(), {.msn = 12, .part = 2}),
            (Reload{.verdict = ReloadVerdict::kLater, .place = {13, 0}}));
}

TEST(ReloadTest, TooFarAheadIsRefused_H33) {
  EXPECT_EQ(verdict(at_twelve(), 14), ReloadVerdict::kLater);
  EXPECT_EQ(verdict(at_twelve(), 15), ReloadVerdict::kTooFar);
  EXPECT_EQ(verdict(at_twelve(), UINT64_MAX), ReloadVerdict::kTooFar);
  EXPECT_EQ(verdict(at_twelve(), 12, 16), ReloadVerdict::kLater);  // 15 past part 1.
  EXPECT_EQ(verdict(at_twelve(), 12, 17), ReloadVerdict::kTooFar);
  EXPECT_EQ(verdict(at_twelve(), 13, 14), ReloadVerdict::kLater);
  EXPECT_EQ(verdict(at_twelve(), 13, 15), ReloadVerdict::kTooFar);
  EXPECT_EQ(verdict(at_twelve(), 12, UINT64_MAX - 1), ReloadVerdict::kTooFar);
}

TEST(ReloadTest, TheAdvancePartLimitFollowsThePartTarget_H33) {
  RenditionSnapshot rendition = *at_twelve().snapshot();
  const auto limit_is = [&](Micros target, std::uint64_t limit) {
    rendition.part_target = target;
    return judge_reload(rendition, {.msn = 12, .part = 1 + limit}).verdict == ReloadVerdict::kLater &&
           judge_reload(rendition, {.msn = 12, .part = 2 + limit}).verdict == ReloadVerdict::kTooFar;
  };
  EXPECT_TRUE(limit_is(millis(200), 15));
  EXPECT_TRUE(limit_is(micros(200'200), 15));
  EXPECT_TRUE(limit_is(millis(500), 6));
  EXPECT_TRUE(limit_is(seconds(1), 3));
  EXPECT_TRUE(limit_is(seconds(2), 3));
}

TEST(ReloadTest, WhatIsGoneGetsWhatThereIs_H34) {
  Show show = at_twelve();
  show.list_from(11);
  show.offer_delta();
  EXPECT_EQ(verdict(show, 3), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(show, 3, 99), ReloadVerdict::kListed);
  EXPECT_FALSE(fits_delta(*show.snapshot(), {.msn = 3, .wants_delta = true}));
  EXPECT_TRUE(fits_delta(*show.snapshot(), {.msn = 11, .wants_delta = true}));
}

TEST(ReloadTest, AfterTheEndNothingIsWaitedFor_H35) {
  Show show = at_twelve();
  show.close_segment();
  show.end();
  EXPECT_EQ(verdict(show, 13, 0), ReloadVerdict::kListed);
  EXPECT_EQ(verdict(show, 4'000), ReloadVerdict::kListed);
}

TEST(ReloadTest, ADeltaIsGivenWhereThereIsOne_H42) {
  Show show = at_twelve();
  EXPECT_FALSE(fits_delta(*show.snapshot(), {.wants_delta = true}));
  show.offer_delta();
  EXPECT_TRUE(fits_delta(*show.snapshot(), {.wants_delta = true}));
  EXPECT_FALSE(fits_delta(*show.snapshot(), {}));
  show.end();
  EXPECT_FALSE(fits_delta(*show.snapshot(), {.wants_delta = true}));
}

TEST(ReloadTest, TheNextPartIsTheOpenSegmentsOrTheNextOnesFirst_H50) {
  Show show = at_twelve();
  EXPECT_EQ(next_part(*show.snapshot()), (PartPlace{12, 2}));
  show.hint_at_next_segment(true);
  EXPECT_EQ(next_part(*show.snapshot()), (PartPlace{13, 0}));
  EXPECT_TRUE(is_about_to_begin(*show.snapshot(), 13));
  EXPECT_FALSE(is_listed(*show.snapshot(), {12, kWhole}));
  show.hint_at_next_segment(false);
  show.close_segment();
  EXPECT_EQ(next_part(*show.snapshot()), (PartPlace{13, 0}));
  show.end();
  EXPECT_FALSE(next_part(*show.snapshot()));
  EXPECT_FALSE(next_part(*Show().snapshot()));
}

TEST(ReloadTest, ASegmentIsAboutToBeginWhenTheOpenOneIsNearlyWhole_D05) {
  Show show = at_twelve();
  EXPECT_FALSE(is_about_to_begin(*show.snapshot(), 13));
  show.add_part();
  EXPECT_TRUE(is_about_to_begin(*show.snapshot(), 13));
  EXPECT_FALSE(is_about_to_begin(*show.snapshot(), 14));
  show.add_part();
  show.close_segment();
  EXPECT_TRUE(is_about_to_begin(*show.snapshot(), 13));
  EXPECT_FALSE(is_about_to_begin(*show.snapshot(), 14));
}

}  // namespace
}  // namespace fanlight::packager
