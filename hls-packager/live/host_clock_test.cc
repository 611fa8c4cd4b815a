// What players are told of time when somebody sets the host's clock while a stream runs. H-84, D-15
#include <gtest/gtest.h>

#include <regex>

#include "live/test_live_stage.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

using namespace test;

class HostClockTest : public LiveStage, public testing::Test {
 protected:
  [[nodiscard]] const ReadSegment& segment(const std::string& folder, std::uint64_t msn) {
    const ReadPlaylist& read = audience_.of(folder).newest();
    return read.segments.at(msn - read.media_sequence);
  }
  [[nodiscard]] FaultTally sets() const { return stream_.faults()[static_cast<std::size_t>(InputFault::kHostClock)]; }
  struct Period {
    std::string id{};
    Micros start{};
  };
  [[nodiscard]] std::string mpd() const { return text_of(audience_.last().mpd); }
  [[nodiscard]] std::string availability_start() const {
    std::smatch found;
    const std::string text = mpd();
    return std::regex_search(text, found, std::regex("availabilityStartTime=\"([^\"]*)\"")) ? found[1].str() : "";
  }
  [[nodiscard]] std::string published() const {
    std::smatch found;
    const std::string text = mpd();
    return std::regex_search(text, found, std::regex("publishTime=\"([^\"]*)\"")) ? found[1].str() : "";
  }
  [[nodiscard]] std::vector<Period> periods() const {
    const std::string text = mpd();
    const std::regex period("<Period id=\"([^\"]*)\" start=\"PT([0-9.]*)S\"");
    std::vector<Period> found;
    for (std::sregex_iterator at(text.begin(), text.end(), period), end; at != end; ++at)
      found.push_back({at->str(1), Micros{us_of(at->str(2))}});
    return found;
  }
};

TEST_F(HostClockTest, ASetClockIsADiscontinuityThatIsDatedByIt) {
  play(millis(8'300));
  wall_set_ = seconds(30);
  play(seconds(5));
  for (const char* folder : {"v0", "a0"}) {
    EXPECT_EQ(audience_.of(folder).discontinuities(), 1u);
    EXPECT_FALSE(segment(folder, 8).is_discontinuous);
    EXPECT_TRUE(segment(folder, 9).is_discontinuous);
  }
  EXPECT_EQ(segment("v0", 8).date, date_text(kWallStart + seconds(8)));
  EXPECT_EQ(segment("v0", 9).date, date_text(kWallStart + seconds(39)));
  EXPECT_EQ(segment("a0", 9).date.substr(0, 21), date_text(kWallStart + seconds(39)).substr(0, 21));
  EXPECT_EQ(sets().count, 1u);
  EXPECT_EQ(sets().newest, "30.0 s ahead");
}

TEST_F(HostClockTest, WhatWasLateIsDatedAsItWas) {
  play(seconds(5));
  sound_late_ = 108'000;
  play(millis(3'900));
  wall_set_ = seconds(30);
  play(seconds(5));
  EXPECT_EQ(segment("a0", 8).date.substr(0, 21), date_text(kWallStart + seconds(8)).substr(0, 21));
  EXPECT_EQ(segment("a0", 9).date.substr(0, 21), date_text(kWallStart + seconds(39)).substr(0, 21));
}

TEST_F(HostClockTest, InTheMpdAPeriodBeginsByTheNewClock) {
  play(millis(8'300));
  wall_set_ = seconds(30);
  play(seconds(5));
  EXPECT_EQ(availability_start(), date_text(kWallStart));
  const std::vector<Period> all = periods();
  ASSERT_EQ(all.size(), 2u) << mpd();
  EXPECT_EQ(all[1].start, seconds(39));
}

TEST_F(HostClockTest, InTheMpdPeriodsKeepTheirOrderWhenItIsSetBack) {
  play(millis(8'300));
  wall_set_ = millis(-3'000);
  play(seconds(5));
  const std::vector<Period> all = periods();
  ASSERT_EQ(all.size(), 2u) << mpd();
  EXPECT_EQ(all[0].start, Micros{});
  EXPECT_EQ(all[1].start, seconds(6));
  EXPECT_NE(mpd().find("duration=\"PT6.000000S\""), std::string::npos) << mpd();
  EXPECT_EQ(sets().newest, "3.0 s back");
}

// Periods that would begin later are not told any more, and nothing begins before what all is counted from.
TEST_F(HostClockTest, InTheMpdAllIsCountedAnewWhenItIsSetBackToBeforeTheFirst) {
  play(millis(8'300));
  wall_set_ = seconds(-3'600);
  play(seconds(5));
  EXPECT_EQ(availability_start(), date_text(kWallStart + seconds(9 - 3'600)));
  const std::vector<Period> all = periods();
  ASSERT_EQ(all.size(), 1u) << mpd();
  EXPECT_EQ(all[0].start, Micros{});
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  play(seconds(20));
  EXPECT_EQ(periods().size(), 1u) << mpd();
}

// One that is not published later is none that players take for newer.
TEST_F(HostClockTest, InTheMpdTheTimeOfPublicationMovesOnWhenItIsSetBack) {  // D-02
  play(millis(8'300));
  wall_set_ = millis(-3'000);
  std::vector<std::string> times;
  for (int segment = 0; segment < 4; ++segment) {
    times.push_back(published());
    play(seconds(1));
  }
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i - 1], times[i]);
}

TEST_F(HostClockTest, ALookThatWasInterruptedIsNone) {
  play(millis(8'300));
  wall_set_ = seconds(2);
  feed(publisher_.picture());
  wall_set_ = {};
  play(seconds(5));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(sets().count, 0u);
  EXPECT_EQ(segment("v0", 9).date, date_text(kWallStart + seconds(9)));
}

TEST_F(HostClockTest, ASmallStepIsFollowedSlowly) {
  play(millis(8'300));
  wall_set_ = millis(300);
  play(seconds(5));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(sets().count, 0u);
}

TEST_F(HostClockTest, BeforeTheFirstPlaylistThereIsNothingToBreak) {
  play(millis(1'500));
  wall_set_ = seconds(30);
  play(seconds(8));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(segment("v0", 0).date, date_text(kWallStart + seconds(30)));
  EXPECT_EQ(segment("v0", 5).date, date_text(kWallStart + seconds(35)));
  EXPECT_EQ(sets().count, 1u);
}

TEST_F(HostClockTest, WhileTheSourceIsAwayItIsThatDiscontinuity) {
  play(millis(8'300));
  lose_source();
  pass(seconds(2));
  wall_set_ = seconds(30);
  publish_anew({});
  play(seconds(5));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(periods().size(), 2u) << mpd();
  EXPECT_EQ(audience_.of("v0").newest().segments.back().date.substr(0, 21),
            date_text(wall() + Micros{-seconds(2).count}).substr(0, 21));
}

TEST_F(HostClockTest, TwiceIsTwice) {
  play(millis(8'300));
  wall_set_ = seconds(30);
  play(seconds(5));
  wall_set_ = seconds(10);
  play(seconds(5));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 2u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 2u);
  EXPECT_EQ(segment("v0", 14).date, date_text(kWallStart + seconds(24)));
  EXPECT_EQ(sets().count, 2u);
}

}  // namespace
}  // namespace fanlight::packager
