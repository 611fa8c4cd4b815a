// Streams whose clocks a stranger made: whatever they say, what is kept and what is written has an end, and no playlist
// breaks a rule that such a stream can keep.
#include <gtest/gtest.h>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class StrangeClocksTest : public LiveStage, public testing::Test {
 protected:
  StrangeClocksTest() : LiveStage({}, {.window = seconds(12), .bytes_max = std::uint64_t{4} << 20}, false) {}

  // Pictures alone, each `apart` by our clock.
  void pictures(int count, Micros apart) {
    for (int i = 0; i < count; ++i) {
      pass(apart);
      feed(publisher_.picture());
    }
  }
  [[nodiscard]] std::uint64_t bytes_kept() const {
    std::uint64_t bytes = 0;
    for (const PublishedRendition& one : stream_.publication().renditions()) bytes += one.rendition.bytes();
    return bytes;
  }
  void go_on_as(std::int64_t frame_ticks, int gop) {
    publisher_.options().first += publisher_.pictures_at();
    publisher_.restart_frames();
    publisher_.options().frame_ticks = frame_ticks;
    publisher_.options().gop = gop;
  }
};

TEST_F(StrangeClocksTest, OneThatStandsStillMakesSegmentsAllTheSame) {  // H-17
  publish_anew({.has_sound = false});
  play(seconds(8));
  const std::uint64_t before = edge_of_video().msn;
  go_on_as(0, 30);
  pictures(30 * 30, Micros{33'333});
  EXPECT_GE(edge_of_video().msn, before + 4);  // Three target durations each at most.
  EXPECT_LE(bytes_kept(), std::uint64_t{4} << 20);
}

TEST_F(StrangeClocksTest, OneThatStandsStillAndHasNoIndependentPictureToo) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  const std::uint64_t before = edge_of_video().msn;
  go_on_as(0, 1'000'000'000);
  pictures(10'000, millis(3));
  EXPECT_GE(edge_of_video().msn, before + 4);
  EXPECT_GT(stream_.cut_counts().cuts_forced, 2u);
}

TEST_F(StrangeClocksTest, OneThatJumpsWithEachPictureWritesNoMoreThanOthers) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  const std::uint64_t snapshots = stream_.counts().snapshots;
  go_on_as(3'000, 1);
  for (int i = 0; i < 10'000; ++i) {
    publisher_.options().first += 900'000;
    pictures(1, millis(1));
  }
  EXPECT_GT(stream_.cut_counts().discontinuities, 9'000u);
  EXPECT_LE(stream_.counts().snapshots - snapshots, 450u);  // Of ten seconds.
  EXPECT_LE(audience_.of("v0").newest().segments.size(), 4 * 12 + 16u);
  EXPECT_LE(audience_.last().renditions[0]->segments.size(), 2 * (4 * 12 + 16u));
}

TEST_F(StrangeClocksTest, PartsOfTwoTicksAreWrittenTogether) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  const std::uint64_t snapshots = stream_.counts().snapshots;
  go_on_as(1, 2);
  pictures(10'000, millis(1));
  EXPECT_LE(stream_.counts().snapshots - snapshots, 450u);
  for (const auto& segment : audience_.last().renditions[0]->segments) EXPECT_LE(segment->parts.size(), 200u);
}

// What was not published yet is, without anything more that comes.
TEST_F(StrangeClocksTest, WhatIsHeldUpIsPublishedSoon) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  go_on_as(3'000, 1);
  for (int i = 0; i < 40; ++i) {
    publisher_.options().first += 900'000;
    feed(publisher_.picture());
  }
  const std::uint64_t msn = edge_of_video().msn;
  ASSERT_LE(stream_.next_deadline(), now() + millis(25));
  pass(millis(25));
  EXPECT_GT(edge_of_video().msn, msn);
}

}  // namespace
}  // namespace fanlight::packager
