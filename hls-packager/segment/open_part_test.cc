#include "segment/open_part.h"

#include <gtest/gtest.h>

#include <utility>

#include "segment/gop_watch.h"

namespace fanlight::packager {
namespace {

class OpenPartTest : public testing::Test {
 protected:
  // Adds a picture as a cutter does; answers the durations of a part that this completes, in ticks.
  std::vector<std::int64_t> picture(std::int64_t at, bool is_independent = false) {
    TimedSample sample{.decode_time = at, .presentation_time = at, .duration = 3000, .is_independent = is_independent};
    if (!part_.admits(sample)) close(at);
    part_.add(std::move(sample));
    if (part_.is_complete()) close(std::nullopt);
    return std::exchange(closed_, {});
  }
  void close(std::optional<std::int64_t> next) {
    std::int64_t whole = 0;
    const std::vector<TimedSample> samples = part_.take(next);
    EXPECT_EQ(samples.front().decode_time, ends_.value_or(samples.front().decode_time));
    for (const TimedSample& one : samples) whole += one.duration;
    ends_ = samples.front().decode_time + whole;
    counts_.push_back(samples.size());
    closed_.push_back(whole);
  }

  OpenPart part_{millis(200)};
  std::vector<std::int64_t> closed_;
  std::vector<std::size_t> counts_;
  std::optional<std::int64_t> ends_;
};

TEST_F(OpenPartTest, IsCompleteWithItsLastFrame) {  // H-06
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(picture(i * 3000).empty());
  EXPECT_EQ(picture(5 * 3000), std::vector<std::int64_t>{18'000});
}

TEST_F(OpenPartTest, ALostFrameIsMadeUpForByTheNextPart) {
  for (int i = 0; i < 6; ++i) picture(i * 3000);
  for (int i = 8; i < 12; ++i) picture(i * 3000);  // Two are missing where the part begins.
  EXPECT_EQ(counts_, (std::vector<std::size_t>{6, 4}));
  EXPECT_EQ(ends_, 36'000);
}

TEST_F(OpenPartTest, NoneIsLongerThanTheTargetOrTooShort) {  // H-04, H-05
  std::int64_t at = 0;
  for (int i = 0; i < 400; ++i) {
    const std::int64_t step = 1'500 + i * 7919 % 5'000;  // From 14 to 60 pictures a second.
    for (const std::int64_t ticks : picture(at += step)) {
      EXPECT_LE(ticks, 18'000);
      EXPECT_GE(ticks * 100, 18'000 * 85);
    }
  }
  EXPECT_GT(counts_.size(), 60u);
}

TEST_F(OpenPartTest, AHoleOfAWholePartCannotBeFilled) {  // H-82
  for (int i = 0; i < 6; ++i) picture(i * 3000);
  EXPECT_TRUE(part_.can_follow({.decode_time = 35'999}));
  EXPECT_FALSE(part_.can_follow({.decode_time = 36'000}));
  part_.restart();
  EXPECT_TRUE(part_.can_follow({.decode_time = 36'000}));
}

TEST_F(OpenPartTest, SoundIsNeverCutShort) {
  OpenPart part(millis(200));
  std::int64_t at = 0;
  for (int parts = 0; parts < 20;) {  // 44.1 kHz: a ninth frame does not fit whole.
    TimedSample frame{.timescale = 44'100, .decode_time = at, .presentation_time = at, .duration = 1024};
    ASSERT_TRUE(part.admits(frame));
    part.add(std::move(frame));
    at += 1024;
    if (!part.is_complete()) continue;
    const std::vector<TimedSample> samples = part.take(std::nullopt);
    EXPECT_EQ(samples.size(), 8u);
    EXPECT_EQ(samples.back().duration, 1024u);
    ++parts;
  }
}

TEST(FrameDurationTest, LostFramesAndMillisecondsLeaveItAsItIs) {
  FrameDuration frame;
  for (const int ticks : {2970, 2970, 3060, 2970, 6000, 2970, 3060, 2970}) frame.handle(ticks);
  EXPECT_EQ(frame.ticks(), 2970);
}

TEST(GopWatchTest, ExpectsWhatHasComeThreeTimes) {
  GopWatch gops;
  for (const int at : {0, 90'000, 180'000}) gops.handle_independent(at);
  EXPECT_FALSE(gops.expects(270'000));
  gops.handle_independent(270'000);
  EXPECT_TRUE(gops.expects(360'000));
  EXPECT_FALSE(gops.expects(357'000));
  gops.handle_missed();
  EXPECT_FALSE(gops.expects(360'000));
}

}  // namespace
}  // namespace fanlight::packager
