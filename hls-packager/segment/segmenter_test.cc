#include "segment/segmenter.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFrame = 3000;

class SegmenterTest : public testing::Test {
 protected:
  SegmenterTest() {
    segmenter_.add_track(true);
    segmenter_.add_track(false);
  }
  // The i-th picture, one of `gop` independent.
  void picture(int i, int gop = 30, std::uint32_t epoch = 0) {
    const std::int64_t at = kMediaStart + i * kFrame;
    segmenter_.handle(0,
                      {.decode_time = at,
                       .presentation_time = at,
                       .duration = kFrame,
                       .is_independent = i % gop == 0,
                       .epoch = epoch},
                      done_);
  }
  void sound(int i, std::uint32_t epoch = 0, std::uint32_t format = 0) {
    const std::int64_t at = 10 * 48'000 + i * 1024;
    segmenter_.handle(1,
                      {.timescale = 48'000,
                       .decode_time = at,
                       .presentation_time = at,
                       .duration = 1024,
                       .epoch = epoch,
                       .format = format},
                      done_);
  }
  // First sample's number (in frames of its own) and count of each segment of a track.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::size_t>> cuts_of(std::size_t track) const {
    std::vector<std::pair<std::int64_t, std::size_t>> cuts;
    for (const CutSegment& segment : done_) {
      if (segment.track != track) continue;
      const std::int64_t start = segment.samples.front().decode_time;
      cuts.emplace_back(track == 0 ? (start - kMediaStart) / kFrame : (start - 480'000) / 1024, segment.samples.size());
    }
    return cuts;
  }
  using Cuts = std::vector<std::pair<std::int64_t, std::size_t>>;

  Segmenter segmenter_{{.segment_ticks = 2 * kMediaClock}};
  std::vector<CutSegment> done_;
};

TEST_F(SegmenterTest, ATrackThatComesLateHasTheNumbersOfTheOthers) {
  for (int i = 0; i < 300; ++i) {
    picture(i);
    for (int k = i * 1600 / 1024; k < (i + 1) * 1600 / 1024; ++k) sound(k);
  }
  const std::size_t late = segmenter_.add_track(false);
  for (int i = 300; i < 420; ++i) {
    picture(i);
    for (int k = i * 1600 / 1024; k < (i + 1) * 1600 / 1024; ++k) {
      sound(k);
      const std::int64_t at = 10 * 48'000 + k * 1024;
      segmenter_.handle(late, {.timescale = 48'000, .decode_time = at, .presentation_time = at, .duration = 1024},
                        done_);
    }
  }
  segmenter_.finish(done_);
  std::vector<std::uint32_t> numbers;
  for (const CutSegment& segment : done_)
    if (segment.track == late) numbers.push_back(segment.number);
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{4, 5, 6}));  // Its first frame is the last of segment 4.
}

TEST_F(SegmenterTest, SegmentsBeginWithIndependentPicturesAndSoundFollows) {
  for (int i = 0; i < 150; ++i) {
    picture(i);
    for (int k = i * 1600 / 1024; k < (i + 1) * 1600 / 1024; ++k) sound(k);
  }
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(0), (Cuts{{0, 60}, {60, 60}, {120, 30}}));
  // 2 s are 93.75 frames of sound: the 94th is the first that is not before the edge.
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 94}, {94, 94}, {188, 46}}));
}

TEST_F(SegmenterTest, FramesThatNeverAddUpToWholeSecondsAreCutAllTheSame) {
  for (int i = 0; i < 180; ++i) {  // 2 s are 60.06 of 2,997 ticks.
    const std::int64_t at = kMediaStart + i * 2'997;
    segmenter_.handle(0, {.decode_time = at, .presentation_time = at, .duration = 2'997, .is_independent = i % 60 == 0},
                      done_);
  }
  segmenter_.finish(done_);
  ASSERT_EQ(done_.size(), 3u);
  for (const CutSegment& segment : done_) EXPECT_EQ(segment.samples.size(), 60u);
}

TEST_F(SegmenterTest, AnEdgeIsWhereAnIndependentPictureIs) {
  for (int i = 0; i < 150; ++i) picture(i, 45);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(0), (Cuts{{0, 90}, {90, 60}}));
}

TEST_F(SegmenterTest, SoundThatComesFirstWaitsForThePictures) {
  for (int k = 0; k < 200; ++k) sound(k);
  EXPECT_TRUE(done_.empty());
  for (int i = 0; i < 125; ++i) picture(i);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 94}, {94, 94}, {188, 12}}));
}

TEST_F(SegmenterTest, AJumpOfTheClockBeginsASegmentForEveryTrackAtItsOwnJump) {
  for (int i = 0; i < 20; ++i) picture(i);
  picture(20, 20, 1);
  for (int i = 21; i < 40; ++i) picture(i, 60, 1);
  for (int k = 0; k < 35; ++k) sound(k);  // Behind the edge in media time, but before the jump.
  for (int k = 35; k < 50; ++k) sound(k, 1);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(0), (Cuts{{0, 20}, {20, 20}}));
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 35}, {35, 15}}));
}

TEST_F(SegmenterTest, SoundThatJumpsFirstWaitsForThePicturesJump) {
  for (int i = 0; i < 20; ++i) picture(i);
  for (int k = 0; k < 31; ++k) sound(k);
  for (int k = 31; k < 40; ++k) sound(k, 1);
  picture(20, 20, 1);
  for (int i = 21; i < 40; ++i) picture(i, 60, 1);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 31}, {31, 9}}));
}

TEST_F(SegmenterTest, PicturesThatStoppedAreNotWaitedForForever) {
  picture(0);
  for (int k = 0; k < 2000; ++k) sound(k);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 491}, {491, 491}, {982, 491}, {1473, 491}, {1964, 36}}));
}

TEST_F(SegmenterTest, NoSegmentIsLongerThanItMay) {
  for (int i = 0; i < 1'000; ++i) {
    picture(i, 10'000);
    for (int k = i * 1600 / 1024; k < (i + 1) * 1600 / 1024; ++k) sound(k);
  }
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(0), (Cuts{{0, 314}, {314, 314}, {628, 314}, {942, 58}}));
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 491}, {491, 491}, {982, 490}, {1472, 90}}));
  EXPECT_EQ(segmenter_.cuts_forced(), 3u);
}

TEST_F(SegmenterTest, NoSegmentIsLargerThanItMay) {
  Segmenter small{{.segment_bytes_max = 1 << 20}};
  small.add_track(true);
  small.add_track(false);
  // Times that stand still, and a follower that waits for nobody: nothing but bytes can tell.
  for (int i = 0; i < 400; ++i)
    for (const std::size_t track : {std::size_t{0}, std::size_t{1}})
      small.handle(track,
                   {.bytes = std::vector<std::byte>(20'000),
                    .decode_time = kMediaStart + i,
                    .presentation_time = kMediaStart + i,
                    .duration = 1,
                    .is_independent = i == 0},
                   done_);
  small.finish(done_);
  std::size_t samples = 0;
  for (const CutSegment& segment : done_) {
    EXPECT_LE(segment.samples.size(), 52u);
    samples += segment.samples.size();
  }
  EXPECT_EQ(samples, 800u);
}

TEST_F(SegmenterTest, NoMoreBytesWaitThanMay) {
  Segmenter small{{.segment_bytes_max = 1 << 20}};
  small.add_track(true);
  small.add_track(false);
  for (int i = 0; i < 40; ++i)
    small.handle(1,
                 {.bytes = std::vector<std::byte>(1 << 20),
                  .decode_time = kMediaStart + i,
                  .presentation_time = kMediaStart + i,
                  .duration = 1},
                 done_);
  EXPECT_GE(done_.size(), 7u) << "32 MiB may";
}

// An independent picture is better to end in front of than what comes when there is no room at all.
TEST_F(SegmenterTest, AHalfFullSegmentEndsInFrontOfAnIndependentPicture) {
  Segmenter small{{.segment_bytes_max = 1 << 20}};
  small.add_track(true);
  for (int i = 0; i < 60; ++i)
    small.handle(0,
                 {.bytes = std::vector<std::byte>(20'000),
                  .decode_time = kMediaStart + i,
                  .presentation_time = kMediaStart + i,
                  .duration = 1,
                  .is_independent = i % 30 == 0},
                 done_);
  small.finish(done_);
  EXPECT_EQ(cuts_of(0).size(), 2u);
  EXPECT_EQ(small.cuts_forced(), 0u);
}

TEST_F(SegmenterTest, PicturesThatComeBackBeginBehindWhatWasCutWithoutThem) {
  picture(0);
  for (int k = 0; k < 2'000; ++k) sound(k);
  for (int i = 1'200; i < 1'290; ++i) picture(i);
  segmenter_.finish(done_);
  std::vector<std::uint32_t> numbers;
  for (const CutSegment& segment : done_)
    if (segment.track == 0) numbers.push_back(segment.number);
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{0, 3, 4}));
}

// It is no frame of minutes.
TEST_F(SegmenterTest, SoundThatPausesForAWholeSegmentEndsInFrontOfIt) {
  for (int i = 0; i < 240; ++i) picture(i);
  for (int k = 0; k < 150; ++k) sound(k);  // 3.2 s: into the second segment; the third has none.
  for (int k = 300; k < 320; ++k) sound(k);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 94}, {94, 56}, {300, 20}}));
  std::vector<std::pair<std::uint32_t, bool>> has_next;
  for (const CutSegment& segment : done_)
    if (segment.track == 1) has_next.emplace_back(segment.number, segment.next_decode_time.has_value());
  EXPECT_EQ(has_next, (std::vector<std::pair<std::uint32_t, bool>>{{0, true}, {1, false}, {3, false}}));
}

TEST_F(SegmenterTest, SoundInANewFormatWaitsForTheNextEdge) {
  for (int i = 0; i < 120; ++i) picture(i);
  for (int k = 0; k < 180; ++k) sound(k, 0, k < 50 ? 0 : 1);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(1), (Cuts{{0, 50}, {94, 86}}));
  EXPECT_EQ(segmenter_.samples_left_out(), 44u);
}

TEST_F(SegmenterTest, ANewFormatBeginsASegment) {
  picture(0);
  const std::int64_t at = kMediaStart + kFrame;
  segmenter_.handle(0, {.decode_time = at, .presentation_time = at, .duration = kFrame, .format = 1}, done_);
  segmenter_.finish(done_);
  EXPECT_EQ(cuts_of(0), (Cuts{{0, 1}, {1, 1}}));
}

// What follows counts in another sampling rate.
TEST_F(SegmenterTest, WhereTheNextSegmentBeginsIsToldInTheTicksOfThisOne) {
  for (int i = 0; i < 60; ++i) picture(i);
  for (int i = 0; i < 94; ++i) sound(i);
  picture(60);
  const std::int64_t at = (10 * 48'000 + 94 * 1024) * 2;
  segmenter_.handle(1, {.timescale = 96'000, .decode_time = at, .presentation_time = at, .duration = 1024, .format = 1},
                    done_);
  for (int i = 61; i < 70; ++i) picture(i);
  segmenter_.finish(done_);
  const auto sounds = std::ranges::find(done_, std::size_t{1}, &CutSegment::track);
  ASSERT_NE(sounds, done_.end());
  EXPECT_EQ(sounds->samples.size(), 94u);
  EXPECT_EQ(sounds->next_decode_time, 10 * 48'000 + 94 * 1024);
}

}  // namespace
}  // namespace fanlight::packager
