// An hour in the life of a stream, in seconds: its clock is slower or faster than ours, wraps, jumps and stands still,
// its publisher goes and returns, its tracks stop and come late. The audience holds every rule all the way; here dates
// are held against the wall clock, and that it is live again after all of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

constexpr std::int64_t kWrap = std::int64_t{1} << 33;

// "2026-11-26T16:30:12.040Z", of that day.
WallTime wall_of(const std::string& date) {
  const auto number = [&](std::size_t at, std::size_t count) { return std::stoll(date.substr(at, count)); };
  const std::int64_t seconds_of_day = number(11, 2) * 3'600 + number(14, 2) * 60 + number(17, 2);
  return kWallStart + seconds(seconds_of_day - (16 * 60 + 30) * 60) + millis(number(20, 3));
}

class HourTest : public LiveStage, public testing::TestWithParam<int> {
 protected:
  HourTest() : LiveStage({}, {.part = seconds(1), .segment = seconds(2), .window = seconds(14)}) {
    slowness_ppm_ = GetParam();
    looks_at_each_ = 4;
  }
  static Publisher::Options publisher(std::int64_t first) { return {.frame_ticks = 9'000, .gop = 10, .first = first}; }

  // As play(), and dates are looked at.
  void watch(Micros span) {
    for (Micros left = span; left > Micros{}; left = left + Micros{-100'000}) {
      const bool starts = publisher_.frames() % publisher_.options().gop == 0;
      if (starts) independent_.push_back(wall());
      if (independent_.size() > 40) independent_.pop_front();
      play(millis(100));
      look_at_dates();
    }
  }
  void look_at_dates() {
    if (!audience_.has_seen_any() || audience_.last().renditions.empty()) return;
    const RenditionSnapshot& first = *audience_.last().renditions.front();
    if (!first.is_video || first.has_ended) return;
    const ReadSegment& newest = audience_.of(first.folder).newest().segments.back();
    if (newest.is_gap || newest.msn == looked_at_) return;
    looked_at_ = newest.msn;
    const WallTime date = wall_of(newest.date);
    std::int64_t off = 3'600'000'000;
    for (const WallTime came : independent_) off = std::min<std::int64_t>(off, std::llabs((date - came).count));
    EXPECT_LE(off, 100'000) << newest.msn << " " << newest.date;  // H-84
    ++dates_;
  }
  // Pictures and sound are public, live and in step.
  void expect_all_is_well(const char* after) {
    SCOPED_TRACE(after);
    const auto& renditions = audience_.last().renditions;
    ASSERT_GE(renditions.size(), 2u);
    EXPECT_TRUE(renditions[0]->is_video);
    EXPECT_FALSE(renditions[1]->is_video);
    for (const int i : {0, 1}) EXPECT_FALSE(renditions[static_cast<std::size_t>(i)]->has_ended);
    const std::uint64_t pictures = renditions[0]->edge.msn, sound = renditions[1]->edge.msn;
    EXPECT_LE(std::max(pictures, sound) - std::min(pictures, sound), 1u);  // H-18
    EXPECT_GT(pictures, msn_);                                             // H-09
    msn_ = pictures;
    EXPECT_FALSE(stream_.is_away());
  }
  void lose_pictures(int count) {
    for (int i = 0; i < count; ++i) publisher_.skip_picture();
    publisher_.skip_sound_to(publisher_.pictures_at());
  }

  std::deque<WallTime> independent_;  // When they came.
  std::uint64_t looked_at_ = ~std::uint64_t{0}, msn_ = 0;
  std::size_t dates_ = 0;
};

TEST_P(HourTest, WhateverHappensItIsLiveAgain) {
  constexpr Micros kQuiet = seconds(390);
  publish_anew(publisher(kWrap - 200 * 90'000));
  watch(kQuiet);
  expect_all_is_well("the wrap of 33 bits");  // H-82
  EXPECT_EQ(stream_.cut_counts().discontinuities, 0u);

  lose_source();
  pass(seconds(4));
  publish_anew(publisher(kWrap - 777));
  watch(kQuiet);
  expect_all_is_well("a publisher that returned");  // H-80
  EXPECT_EQ(stream_.cut_counts().discontinuities, 1u);

  publisher_.options().first += 500 * 90'000;
  watch(kQuiet);
  expect_all_is_well("a clock that jumped");  // H-82
  EXPECT_EQ(stream_.cut_counts().discontinuities, 2u);

  for (int i = 0; i < 20; ++i) {
    lose_pictures(1 + i % 3);
    watch(millis(1'700));
  }
  lose_pictures(30);
  watch(kQuiet);
  expect_all_is_well("loss");  // H-83

  publisher_.set_tracks(true, false);
  watch(seconds(10));
  EXPECT_TRUE(audience_.last().renditions[1]->has_ended);
  publisher_.set_tracks(true, true);
  publisher_.skip_sound_to(publisher_.pictures_at());
  watch(kQuiet);
  expect_all_is_well("sound that stopped and came late");  // H-85
  EXPECT_TRUE(audience_.knows("a1"));

  pass(seconds(5));
  watch(kQuiet);
  expect_all_is_well("a pause of all");  // H-81, H-85

  publisher_.options().gop = 15;
  watch(seconds(60));
  publisher_.options().gop = 10;
  watch(kQuiet);
  expect_all_is_well("GOPs that grew");  // H-14, H-86
  EXPECT_EQ(stream_.cut_counts().cuts_forced, 0u);

  publisher_.set_hevc(true);
  watch(kQuiet);
  expect_all_is_well("another codec");

  lose_source();
  pass(seconds(20));
  for (const auto& rendition : audience_.last().renditions) EXPECT_TRUE(rendition->has_ended);  // H-22, H-81
  publish_anew(publisher(kWrap - 60 * 90'000));
  watch(kQuiet);
  expect_all_is_well("an outage past the grace");
  EXPECT_TRUE(audience_.knows("v1"));
  EXPECT_GT(dates_, 1'200u);
}
INSTANTIATE_TEST_SUITE_P(All, HourTest, testing::Values(-200, 200));

// D-15: what players reckon from the MPD is when segments can be had, whatever the sender's clock does.
class AvailabilityTest : public LiveStage, public testing::TestWithParam<int> {
 protected:
  struct Period {
    std::string id;
    WallTime start{};
    std::uint64_t first_msn = 0;
  };
  AvailabilityTest() : LiveStage({}, {.window = seconds(14)}) {
    slowness_ppm_ = GetParam();
    looks_at_each_ = 5;
  }
  // Of the pictures, which keep to a grid of one second.
  [[nodiscard]] std::vector<Period> periods() {
    const std::string text = text_of(audience_.last().mpd);
    const auto behind = [&](const char* what, std::size_t from) {
      const std::size_t at = text.find(what, from);
      return at == std::string::npos ? at : at + std::string(what).size();
    };
    EXPECT_EQ(behind("SegmentTimeline", 0), std::string::npos) << text;
    std::vector<Period> found;
    for (std::size_t at = behind("<Period id=\"", 0); at != std::string::npos; at = behind("<Period id=\"", at)) {
      Period one{.id = text.substr(at, text.find('"', at) - at)};
      one.start = kWallStart + Micros{std::llround(std::stod(text.substr(behind("start=\"PT", at))) * 1e6)};
      one.first_msn = std::stoull(text.substr(behind(" duration=\"90000\" startNumber=\"", at)));
      found.push_back(one);
    }
    return found;
  }
  void look_at_periods() {
    const ReadSegment& newest = audience_.of("v0").newest().segments.back();
    const Period* its = nullptr;
    const std::vector<Period> all = periods();
    for (const Period& one : all) {
      if (one.first_msn <= newest.msn) its = &one;
      const bool is_known = std::ranges::find(seen_, one.id) != seen_.end();
      if (is_known) continue;
      seen_.push_back(one.id);
      if (seen_.size() > 1) {
        EXPECT_GT(one.first_msn, newest.msn + 1) << "it is announced";
      }
    }
    ASSERT_NE(its, nullptr);
    const WallTime thought = its->start + seconds(static_cast<std::int64_t>(newest.msn - its->first_msn));
    worst_ = std::max<std::int64_t>(worst_, std::llabs((wall_of(newest.date) - thought).count));
  }
  std::vector<std::string> seen_;
  std::int64_t worst_ = 0;
};

TEST_P(AvailabilityTest, IsTrueAllTheTime) {
  publish_anew({.frame_ticks = 9'000, .gop = 10});
  play(seconds(10));
  for (int second = 10; second < 1'300; second += 5) {
    play(seconds(5));
    look_at_periods();
  }
  // At 200 ppm it is a part off after a thousand seconds. Dates are exact to 50 ms.
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_LE(worst_, 250'000);
}
INSTANTIATE_TEST_SUITE_P(All, AvailabilityTest, testing::Values(-200, 200));

}  // namespace
}  // namespace fanlight::packager
