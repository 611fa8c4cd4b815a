#include "live/live_rendition.h"

#include <gtest/gtest.h>

#include <limits>

#include "codec/h264_fixture.h"
#include "live/test_live_audience.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

using namespace test;

constexpr std::int64_t kPart = 18'000;  // Ticks.

class LiveRenditionTest : public testing::Test {
 protected:
  static LiveRendition::Options options() {
    return {.folder = "v0",
            .is_video = true,
            .low_latency = {millis(200), millis(600)},
            .window = seconds(10),
            .bytes_max = 1'000'000,
            .segments_max = 40};
  }
  // The next part, of one picture.
  void part(bool begins, bool ends, std::size_t bytes = 1'000, std::int64_t ticks = kPart, std::uint64_t skipped = 0) {
    if (begins) msn_ += skipped;
    CutPart one{.msn = msn_, .begins_segment = begins, .ends_segment = ends, .samples = {}};
    one.samples.push_back({.bytes = std::vector<std::byte>(bytes),
                           .decode_time = at_,
                           .presentation_time = at_,
                           .duration = static_cast<std::uint32_t>(ticks),
                           .is_independent = begins});
    rendition_.take(one, format_, kWallStart, seconds(1));
    at_ += ticks;
    now_ = now_ + Micros{ticks * 100 / 9};
    msn_ += ends ? 1 : 0;
  }
  void segment(std::size_t bytes = 1'000) {
    for (int i = 0; i < 5; ++i) part(i == 0, i == 4, bytes);
  }
  [[nodiscard]] std::shared_ptr<const RenditionSnapshot> snapshot() { return rendition_.snapshot({}, compressor_); }

  static TrackFormat format() {
    H264Pictures pictures;
    static_cast<void>(pictures.convert(from_hex(kH264High10Idr)));
    return *pictures.format();
  }

  LiveRendition rendition_{options()};
  TrackFormat format_ = format();
  Compressor compressor_;
  std::int64_t at_ = kMediaStart;
  std::uint64_t msn_ = 0;
  Instant now_ = kStart;
};

TEST_F(LiveRenditionTest, ASegmentIsItsParts) {  // H-54
  segment();
  part(true, false);
  const auto shown = snapshot();
  ASSERT_EQ(shown->segments.size(), 2u);
  EXPECT_EQ(shown->segments[0]->parts.size(), 5u);
  EXPECT_TRUE(shown->segments[0]->is_whole);
  EXPECT_FALSE(shown->segments[1]->is_whole);
  EXPECT_EQ(shown->edge, (PlaylistEdge{1, 0}));
  EXPECT_TRUE(tree_of(shown->segments[0]->parts[0].span()).starts_with("styp"));
  EXPECT_EQ(rendition_.last_span(), seconds(1));
}

TEST_F(LiveRenditionTest, WhatWasShownStaysAsItWas) {  // H-37: others read it, on other threads.
  part(true, false);
  const auto before = snapshot();
  part(false, false);
  part(false, true);
  EXPECT_EQ(before->segments[0]->parts.size(), 1u);
  EXPECT_FALSE(before->segments[0]->is_whole);
  const auto after = snapshot();
  EXPECT_EQ(after->segments[0]->parts.size(), 3u);
  EXPECT_TRUE(after->segments[0]->is_whole);
  EXPECT_EQ(after->segments[0]->parts[0].span().data(), before->segments[0]->parts[0].span().data());
}

TEST_F(LiveRenditionTest, ASegmentLeavesTheListThenIsKeptForAsLongAgain) {  // H-15
  for (int i = 0; i < 12; ++i) {
    segment();
    rendition_.evict(now_);
  }
  EXPECT_EQ(rendition_.listed(), seconds(10));
  EXPECT_EQ(rendition_.first_msn(), 2u);
  EXPECT_EQ(snapshot()->segments.front()->msn, 0u);
  // The longest list was of eleven seconds; the first segment left it a second ago.
  EXPECT_EQ(rendition_.next_eviction(), now_ + Micros{-seconds(1).count} + seconds(1) + seconds(11));
  EXPECT_FALSE(rendition_.evict(now_ + millis(10'999)));
  EXPECT_TRUE(rendition_.evict(now_ + millis(11'000)));
  EXPECT_EQ(snapshot()->segments.front()->msn, 1u);
  EXPECT_EQ(rendition_.counts().evicted, 1u);
  EXPECT_EQ(rendition_.counts().evicted_early, 0u);
}

TEST_F(LiveRenditionTest, BytesAreBoundedWhateverTheWindow) {
  for (int i = 0; i < 12; ++i) {
    segment(50'000);
    rendition_.evict(now_);
    EXPECT_LE(rendition_.bytes(), 1'000'000u);
  }
  EXPECT_GE(rendition_.segments_listed(), 3u);
  EXPECT_GT(rendition_.counts().evicted_early, 0u);
}

TEST_F(LiveRenditionTest, SegmentsAreBoundedWhateverTheirDurations) {
  for (int i = 0; i < 500; ++i) {
    part(true, true, 10, 1);
    rendition_.evict(now_);
    EXPECT_LE(rendition_.segments_listed(), 40u);
    EXPECT_LE(snapshot()->segments.size(), 80u);
  }
  EXPECT_EQ(rendition_.first_msn(), 460u);
}

TEST_F(LiveRenditionTest, AWindowOfAnHourIsListedWhole) {
  LiveRendition::Options options = LiveRenditionTest::options();
  options.window = seconds(3'600);
  options.low_latency = {seconds(1), seconds(3)};
  options.segments_max = 4'500;
  options.bytes_max = 100'000'000;
  rendition_ = LiveRendition(options);
  for (int i = 0; i < 7'500; ++i) {
    part(true, true, 100, 90'000);
    rendition_.evict(now_);
  }
  EXPECT_EQ(rendition_.segments_listed(), 3'600u);
  EXPECT_EQ(rendition_.counts().evicted_early, 0u);
  EXPECT_EQ(rendition_.first_msn(), 3'900u);
}

TEST_F(LiveRenditionTest, WhatOthersHaveAndItHasNotIsAGap) {
  segment();
  part(true, false, 1'000, kPart, 2);
  EXPECT_EQ(rendition_.counts().gaps, 2u);
  const ReadPlaylist read = PlaylistReader::read(text_of(snapshot()->playlist));
  ASSERT_EQ(read.segments.size(), 3u);
  EXPECT_TRUE(read.segments[1].is_gap && read.segments[2].is_gap);
  EXPECT_EQ(read.segments[2].duration_us, 1'000'000);
  EXPECT_EQ(rendition_.edge(), (PlaylistEdge{3, 0}));
}

TEST_F(LiveRenditionTest, AGapIsDatedAsLongAsNothingIsKnownOfWhatFollows) {  // H-41
  segment();
  rendition_.interrupt(3, 0, seconds(1));
  const ReadPlaylist read = PlaylistReader::read(text_of(snapshot()->playlist));
  ASSERT_EQ(read.segments.size(), 3u);
  EXPECT_TRUE(read.segments[1].is_gap && read.segments[2].is_gap);
  EXPECT_EQ(read.segments[0].date, date_text(kWallStart));
  EXPECT_EQ(read.segments[1].date, date_text(kWallStart + seconds(1)));
  EXPECT_EQ(read.segments[2].date, date_text(kWallStart + seconds(2)));
}

// Nobody is to look for them: an MPD's time line goes from the first to the last that is there.
TEST_F(LiveRenditionTest, AStretchEndsInFrontOfTheGapsAtItsEnd) {
  segment();
  segment();
  rendition_.interrupt(4, 0, seconds(1));
  ASSERT_EQ(rendition_.segments_listed(), 4u);
  ASSERT_EQ(rendition_.stretches().size(), 1u);
  EXPECT_EQ(rendition_.stretches().front().durations.size(), 2u);
}

TEST_F(LiveRenditionTest, ADiscontinuityThatLeavesTheListIsCountedOnce) {
  segment();
  rendition_.interrupt(3, 1, seconds(1));
  msn_ = 3;
  at_ += 10 * kPart;
  const std::optional<SegmentPlace> first = rendition_.place_of(0);
  for (int i = 0; i < 14; ++i) {
    segment();
    rendition_.evict(now_);
  }
  ASSERT_GT(rendition_.first_msn(), 3u);
  ASSERT_TRUE(first && rendition_.place_of(msn_ - 1));
  EXPECT_EQ(first->discontinuities, 0u);
  EXPECT_EQ(rendition_.place_of(msn_ - 1)->discontinuities, 1u);
}

TEST_F(LiveRenditionTest, AStretchIsInTicksOfItsOwnFormat) {
  LiveRendition::Options options = LiveRenditionTest::options();
  options.is_video = false;
  options.timescale = 48'000;
  options.low_latency = {seconds(1), seconds(3)};
  rendition_ = LiveRendition(options);
  for (const std::uint32_t rate : {48'000u, 44'100u}) {
    const TrackFormat sound{.codec = Codec::kAac,
                            .name = "mp4a.40.2",
                            .record = from_hex(rate == 48'000 ? "1190" : "1210"),
                            .media = SoundFormat{.sample_rate = rate, .channels = 2, .samples_per_frame = 1024}};
    CutPart one{.msn = msn_, .begins_segment = true, .ends_segment = true, .samples = {}};
    const std::int64_t at = (10 + static_cast<std::int64_t>(msn_++)) * rate;
    one.samples.push_back({.bytes = std::vector<std::byte>(100),
                           .timescale = rate,
                           .decode_time = at,
                           .presentation_time = at,
                           .duration = rate});
    rendition_.take(one, sound, kWallStart, seconds(1));
  }
  const std::vector<Stretch> stretches = rendition_.stretches();
  ASSERT_EQ(stretches.size(), 2u);
  EXPECT_EQ(stretches[0].durations.front(), 48'000);
  EXPECT_EQ(stretches[1].durations.front(), 44'100);
}

TEST_F(LiveRenditionTest, APictureOfMebibytesInATickHasABitRateToo) {
  part(true, true, std::size_t{8} << 20, 1);
  EXPECT_EQ(rendition_.offer().bandwidth, std::numeric_limits<std::uint32_t>::max());
}

TEST_F(LiveRenditionTest, APeakIsOfHalfATargetDurationAtLeast) {  // H-60
  segment(1'000);
  part(true, true, 20'000, kPart / 10);  // An interruption left it so short.
  segment(1'000);
  const OfferedRendition offer = rendition_.offer();
  EXPECT_NEAR(offer.bandwidth, 1.25 * 8 * 25'000 / 1.02, 12'000);
  EXPECT_NEAR(offer.bandwidth_average, 8 * 30'000 / 2.02, 12'000);
}

TEST_F(LiveRenditionTest, WhatIsOfferedStaysUntilMuchMoreComes) {  // H-60
  for (int i = 0; i < 3; ++i) segment(1'000);
  const OfferedRendition first = rendition_.offer();
  for (const std::size_t bytes : {1'200u, 800u, 1'500u}) segment(bytes);
  EXPECT_EQ(rendition_.offer().bandwidth, first.bandwidth);
  segment(1'700);
  EXPECT_EQ(rendition_.offered().bandwidth, first.bandwidth);
  const OfferedRendition next = rendition_.offer();
  EXPECT_GT(next.bandwidth, 8u * 5 * 1'700);
  EXPECT_GT(next.bandwidth_average, first.bandwidth_average);
  EXPECT_LE(next.bandwidth_average, next.bandwidth);
  segment(1'000);
  EXPECT_EQ(rendition_.offer().bandwidth, next.bandwidth);
}

TEST_F(LiveRenditionTest, AnAverageThatGrowsIsOfferedAnewToo) {
  for (int i = 0; i < 6; ++i) segment(i == 0 ? 2'000 : 500);
  const OfferedRendition first = rendition_.offer();
  for (int i = 0; i < 10; ++i) {
    segment(1'800);
    rendition_.evict(now_);
    EXPECT_LE(8 * 5 * 1'800, 1.25 * rendition_.offer().bandwidth);
  }
  EXPECT_GT(rendition_.offer().bandwidth_average, 2 * first.bandwidth_average);
  EXPECT_GE(8 * 5 * 1'800 + 10'000, static_cast<int>(rendition_.offer().bandwidth_average));
}

class FrameRateOfRenditionTest : public LiveRenditionTest {
 protected:
  FrameRateOfRenditionTest() { std::get<PictureFormat>(format_.media).rate.reset(); }  // As many encoders have it.
  void second(int frames) {
    for (int i = 0; i < frames; ++i) part(i == 0, i == frames - 1, 100, 90'000 / frames);
  }
  [[nodiscard]] std::optional<FrameRate> said() const {
    return std::get<PictureFormat>(rendition_.offered().format->media).rate;
  }
};

TEST_F(FrameRateOfRenditionTest, IsMeasuredWhereTheStreamDoesNotSayIt) {  // H-60, D-14
  second(30);
  EXPECT_EQ(said(), (FrameRate{30, 1}));
  EXPECT_EQ(std::get<PictureFormat>(rendition_.stretches().back().format->media).rate, said());
}

TEST_F(FrameRateOfRenditionTest, IsWhatTheStreamSaysOtherwise) {
  std::get<PictureFormat>(format_.media).rate = FrameRate{30'000, 1'001};
  second(25);
  EXPECT_EQ(said(), (FrameRate{30'000, 1'001}));
}

TEST_F(FrameRateOfRenditionTest, ATimeRoundedToMillisecondsDoesNoHarm) {
  for (int i = 0; i < 90; ++i) part(i % 30 == 0, i % 30 == 29, 100, ((i + 1) * 1'001 / 30 - i * 1'001 / 30) * 90);
  EXPECT_EQ(said(), (FrameRate{30'000, 1'001}));
}

TEST_F(FrameRateOfRenditionTest, StaysWhereLessComesAndGrowsWhereMuchMoreDoes) {
  for (int i = 0; i < 4; ++i) second(25);
  second(24);
  second(10);
  EXPECT_EQ(said(), (FrameRate{25, 1}));
  second(50);
  EXPECT_EQ(said(), (FrameRate{50, 1}));
}

TEST_F(FrameRateOfRenditionTest, AnotherFormatHasTheOneBeforeUntilItIsMeasured) {
  for (int i = 0; i < 4; ++i) second(50);
  std::get<PictureFormat>(format_.media).width += 16;
  part(true, false, 100, 3'600);
  EXPECT_EQ(said(), (FrameRate{50, 1}));
  for (int i = 0; i < 24; ++i) part(false, i == 23, 100, 3'600);
  EXPECT_EQ(said(), (FrameRate{25, 1}));
  EXPECT_EQ(std::get<PictureFormat>(rendition_.stretches().front().format->media).rate, (FrameRate{50, 1}));
}

TEST_F(LiveRenditionTest, WhatHasEndedStaysAsLongAsItMayBeAskedFor) {  // H-22
  for (int i = 0; i < 5; ++i) segment();
  part(true, false);
  rendition_.end(now_);
  EXPECT_TRUE(rendition_.has_ended());
  EXPECT_EQ(rendition_.segments_listed(), 6u);
  const std::string text = text_of(snapshot()->playlist);
  EXPECT_NE(text.find("#EXT-X-ENDLIST"), std::string::npos);
  part(true, true);
  EXPECT_EQ(text_of(snapshot()->playlist), text);
  const Micros longest = rendition_.listed();
  EXPECT_FALSE(rendition_.is_over(now_ + longest));
  EXPECT_TRUE(rendition_.is_over(now_ + longest + seconds(11)));
}

}  // namespace
}  // namespace fanlight::packager
