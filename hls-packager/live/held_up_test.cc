// What players are told of time when the way from the source holds up what is sent, and then lets go. H-84, D-15
#include <gtest/gtest.h>

#include <regex>

#include "live/test_live_stage.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

using namespace test;

class HeldUpTest : public LiveStage, public testing::Test {
 protected:
  [[nodiscard]] FaultTally runs_ahead() const {
    return stream_.faults()[static_cast<std::size_t>(InputFault::kAheadOfTime)];
  }
  [[nodiscard]] FaultTally falls_behind() const {
    return stream_.faults()[static_cast<std::size_t>(InputFault::kBehindTime)];
  }
  // From here on all takes longer by so much.
  void delay(Micros by) { pause_ = pause_ + by; }
  // By how much the end of what was sent is dated later than now.
  [[nodiscard]] Micros ahead() const { return stream_.clock().newest() - wall(); }
  void expect_right_dates() const { EXPECT_LE(std::llabs(ahead().count), 50'000) << ahead().count; }
  // Of the last segment that is whole, in the playlist.
  [[nodiscard]] std::string newest_date(const std::string& folder) {
    return audience_.of(folder).newest().segments.back().date.substr(0, 21);
  }
  // Of what the last whole segment began with: the next one's first picture is due now.
  [[nodiscard]] std::string date_due() const {
    const std::int64_t whole = played().count / 1'000'000 - 2;
    return date_text(wall() + Micros{whole * 1'000'000 - played().count}).substr(0, 21);
  }
  [[nodiscard]] std::vector<Micros> period_starts() const {
    const std::string text = text_of(audience_.last().mpd);
    const std::regex period("<Period id=\"[^\"]*\" start=\"PT([0-9.]*)S\"");
    std::vector<Micros> found;
    for (std::sregex_iterator at(text.begin(), text.end(), period), end; at != end; ++at)
      found.push_back(Micros{us_of(at->str(1))});
    return found;
  }
};

TEST_F(HeldUpTest, AShortHoldUpMakesNothingWrong) {
  for (const Micros held : {millis(400), seconds(2)}) {
    play(seconds(8));
    hold_up(held);
    play(seconds(5));
    expect_right_dates();
  }
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(runs_ahead().count, 0u);
}

TEST_F(HeldUpTest, BehindASilenceDatesAreRightAgainWithAnotherDiscontinuity) {
  play(seconds(8));
  hold_up(seconds(6));
  play(seconds(3));
  expect_right_dates();
  for (const char* folder : {"v0", "a0"}) {
    EXPECT_EQ(audience_.of(folder).discontinuities(), 2u) << folder;
    EXPECT_EQ(newest_date(folder), date_due()) << folder;
  }
  EXPECT_EQ(runs_ahead().count, 1u);
  EXPECT_EQ(runs_ahead().newest, "6.0 s");
  play(seconds(20));
  expect_right_dates();
  EXPECT_EQ(audience_.of("v0").discontinuities(), 2u);
  EXPECT_EQ(runs_ahead().count, 1u);
  EXPECT_EQ(stream_.clock().drift_ppm(), 0);
}

TEST_F(HeldUpTest, InTheMpdAPeriodBeginsWithThem) {
  play(seconds(8));
  hold_up(seconds(6));
  play(seconds(3));
  const std::vector<Micros> starts = period_starts();
  ASSERT_EQ(starts.size(), 3u) << text_of(audience_.last().mpd);
  EXPECT_EQ(starts[1], seconds(14));
  EXPECT_EQ(starts[2], seconds(15));
}

// The process was stopped, or its machine moved: nobody has waited for anything.
TEST_F(HeldUpTest, WhoWasStoppedHasItAllAtOnce) {
  for (const Micros stopped : {seconds(8), seconds(20)}) {
    play(seconds(8));
    pause_ = pause_ + stopped;
    let_go(stopped);
    play(seconds(5));
    expect_right_dates();
    EXPECT_EQ(newest_date("v0"), date_due());
  }
  EXPECT_FALSE(audience_.last().renditions[0]->has_ended);
}

// Longer than its grace: another presentation, of what comes at once and what follows.
TEST_F(HeldUpTest, WhatBeginsAnewIsDatedByWhatComesWhenItIsDue) {
  play(seconds(8));
  hold_up(seconds(20));
  play(seconds(5));
  expect_right_dates();
  EXPECT_EQ(runs_ahead().count, 0u);
}

TEST_F(HeldUpTest, TheFirstMayComeAtOnce) {
  play(millis(100));
  hold_up(seconds(6));
  play(seconds(8));
  expect_right_dates();
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(runs_ahead().count, 0u);
}

// Twice as fast as it was sent.
TEST_F(HeldUpTest, AWayThatLetsGoSlowlyMakesFewDiscontinuities) {
  play(seconds(8));
  pass(seconds(6));
  for (int i = 0; i < 60; ++i) {
    play(millis(100));
    let_go(millis(100));
  }
  play(seconds(5));
  expect_right_dates();
  EXPECT_GE(runs_ahead().count, 2u);
  EXPECT_LE(runs_ahead().count, 3u);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1 + runs_ahead().count);
}

TEST_F(HeldUpTest, ShortBurstsMakeNoDiscontinuityAndLongOnesOne) {
  for (const Micros burst : {millis(400), seconds(1)}) {
    play(seconds(8));
    const std::size_t before = audience_.of("v0").discontinuities();
    lose_source();
    pass(seconds(1));
    publish_anew({});
    for (int i = 0; i < 20; ++i) hold_up(burst);
    EXPECT_LE(ahead(), millis(500));
    EXPECT_EQ(runs_ahead().count, burst == seconds(1) ? 1u : 0u);
    EXPECT_EQ(audience_.of("v0").discontinuities() - before, 1 + runs_ahead().count);
  }
}

TEST_F(HeldUpTest, AlsoWhereTheHostsClockIsSetMeanwhile) {
  play(seconds(8));
  hold_up(seconds(6));
  wall_set_ = seconds(30);
  play(seconds(4));
  expect_right_dates();
  EXPECT_EQ(runs_ahead().count, 1u);
  EXPECT_EQ(newest_date("v0"), date_due());
}

TEST_F(HeldUpTest, AWayThatTakesLongerForGoodIsADiscontinuity) {
  for (const Micros by : {millis(1'500), millis(600)}) {
    play(seconds(8));
    const std::size_t before = audience_.of("v0").discontinuities();
    delay(by);
    play(seconds(14));
    expect_right_dates();
    EXPECT_EQ(newest_date("v0"), date_due());
    for (const char* folder : {"v0", "a0"}) EXPECT_EQ(audience_.of(folder).discontinuities(), before + 1) << folder;
    play(seconds(30));
    EXPECT_EQ(audience_.of("v0").discontinuities(), before + 1);
  }
  EXPECT_EQ(falls_behind().count, 2u);
  EXPECT_EQ(falls_behind().newest, "0.6 s");
  EXPECT_EQ(runs_ahead().count, 0u);
  EXPECT_EQ(stream_.clock().drift_ppm(), 0);
}

TEST_F(HeldUpTest, InTheMpdAPeriodBeginsLaterThen) {
  play(seconds(8));
  delay(millis(1'500));
  play(seconds(10));
  const std::vector<Micros> starts = period_starts();
  ASSERT_EQ(starts.size(), 2u) << text_of(audience_.last().mpd);
  EXPECT_EQ(starts[1].count % 1'000'000, 500'000);
}

TEST_F(HeldUpTest, AWayThatIsAsShortAgainIsAnother) {
  play(seconds(8));
  delay(millis(1'500));
  play(seconds(20));
  delay(Micros{-millis(1'500).count});
  play(seconds(20));
  expect_right_dates();
  EXPECT_EQ(falls_behind().count, 1u);
  EXPECT_EQ(runs_ahead().count, 1u);
}

TEST_F(HeldUpTest, ALittleLongerOrForALittleWhileIsNone) {
  play(seconds(8));
  delay(millis(250));
  play(seconds(60));
  delay(seconds(1));
  play(seconds(3));
  delay(Micros{-seconds(1).count});
  play(seconds(20));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(falls_behind().count, 0u);
}

// It would be behind again at once.
TEST_F(HeldUpTest, AnEncoderThatIsSlowerThanTimeHasNoDiscontinuities) {
  play(seconds(8));
  slowness_ppm_ = 50'000;
  pause_ = pause_ + Micros{-ticks_ * slowness_ppm_ / 90'000};
  play(seconds(60));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(falls_behind().count, 0u);
}

}  // namespace
}  // namespace fanlight::packager
