// What happens to a stream in its life: sources that go and return, tracks that come late and stop, clocks that jump.
#include <gtest/gtest.h>

#include "live/test_live_stage.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

using namespace test;

class LifecycleTest : public LiveStage, public testing::Test {};

TEST_F(LifecycleTest, APublisherThatReturnsGoesOnBehindADiscontinuity) {  // H-80
  play(seconds(8));
  const std::uint64_t before = edge_of_video().msn;
  lose_source();
  pass(seconds(4));
  publish_anew({.first = 123'456'789});
  play(seconds(6));
  RenditionAudience& video = audience_.of("v0");
  EXPECT_EQ(video.discontinuities(), 1u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 1u);
  EXPECT_GT(edge_of_video().msn, before + 4);
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
  // Its date is when it came: it jumps with the clock of the wall.
  const auto at = std::ranges::find_if(video.newest().segments, &ReadSegment::is_discontinuous);
  ASSERT_NE(at, video.newest().segments.end());
  EXPECT_EQ(at->date, "2026-11-26T16:30:12.000Z");
  EXPECT_EQ(at->map, video.newest().segments.front().map);  // The same format.
}

TEST(AnnouncedStepTest, IsADiscontinuityAndDatesGoOnWithTheWall) {  // H-11, H-82
  class Stage : public LiveStage {
   public:
    void run(std::int64_t step) {
      play(seconds(8));
      publisher_.options().first += step;
      feed(publisher_.new_time_base());
      play(seconds(4));
      EXPECT_EQ(stream_.faults()[static_cast<std::size_t>(InputFault::kTimeJump)].count, 1u);
      for (const char* const folder : {"v0", "a0"}) {
        EXPECT_EQ(audience_.of(folder).discontinuities(), 1u);
        const std::vector<ReadSegment>& segments = audience_.of(folder).newest().segments;
        const auto at = std::ranges::find_if(segments, &ReadSegment::is_discontinuous);
        ASSERT_NE(at, segments.end());
        EXPECT_TRUE(at->date.starts_with("2026-11-26T16:30:08.0")) << at->date;
      }
    }
  };
  for (const int step : {-80'000, -45'000, -9'000, 9'000, 45'000, 80'000}) {
    SCOPED_TRACE(step);
    Stage().run(step);
  }
}

TEST_F(LifecycleTest, WhatASilencePutOffIsDatedAsItCame) {  // H-11
  play(millis(8'100));
  pass(seconds(2));
  publish_anew({.first = 123'456'789});
  play(seconds(4));
  const std::vector<ReadSegment>& segments = audience_.of("v0").newest().segments;
  const auto at = std::ranges::find_if(segments, &ReadSegment::is_discontinuous);
  ASSERT_NE(at, segments.end());
  ASSERT_NE(at, segments.begin());
  EXPECT_EQ((at - 1)->date, "2026-11-26T16:30:08.000Z");
}

TEST_F(LifecycleTest, InTheMpdADiscontinuityIsAPeriod) {  // D-10
  play(seconds(8));
  lose_source();
  pass(seconds(4));
  publish_anew({.first = 123'456'789});
  play(seconds(4));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<Period "), 2u);
  EXPECT_NE(text.find("<Period id=\"p1\" start=\"PT12.000000S\">"), std::string::npos) << text;
}

TEST_F(LifecycleTest, InTheMpdTheEndIsThePresentations) {  // D-10
  play(seconds(8));
  lose_source();
  pass(seconds(4));
  publish_anew({.first = 123'456'789});
  play(millis(9'500));
  lose_source();
  EXPECT_NE(text_of(audience_.last().mpd).find("type=\"dynamic\""), std::string::npos);
  pass(seconds(11));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_NE(text.find("type=\"static\""), std::string::npos) << text;
  EXPECT_NE(text.find("mediaPresentationDuration=\"PT21.5"), std::string::npos) << text;
  EXPECT_NE(text.find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT8.0"), std::string::npos) << text;
  EXPECT_NE(text.find("<Period id=\"p1\" start=\"PT12.000000S\" duration=\"PT9.5"), std::string::npos) << text;
  for (const char* lives : {"minimumUpdatePeriod", "timeShiftBufferDepth", "availabilityTimeOffset", "UTCTiming"})
    EXPECT_EQ(text.find(lives), std::string::npos) << lives << text;
  // Only what there is: eight segments of a second, of the pictures as of the sound; then nine and a half.
  EXPECT_NE(text.find("<S t=\"900000\" d=\"90000\" r=\"7\"/>"), std::string::npos) << text;
  EXPECT_NE(text.find("d=\"90000\" r=\"8\"/>\n            <S d=\"45000\"/>"), std::string::npos) << text;
  // Whoever comes later begins another one.
  pass(seconds(3));
  publish_anew({});
  play(seconds(6));
  EXPECT_NE(text_of(audience_.last().mpd).find("type=\"dynamic\""), std::string::npos);
}

// D-03, D-04: what a lost source cut short is no measure for what comes.
TEST_F(LifecycleTest, InTheMpdAShortSegmentChangesNothing) {
  play(millis(8'100));
  lose_source();
  EXPECT_NE(text_of(audience_.last().mpd).find("availabilityTimeOffset=\"0.800000\""), std::string::npos)
      << text_of(audience_.last().mpd);
  pass(seconds(4));
  publish_anew({.first = 123'456'789});
  play(seconds(4));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "availabilityTimeOffset=\"0.800000\""), 4u) << text;
  EXPECT_EQ(text.find("SegmentTimeline"), std::string::npos) << text;
}

TEST_F(LifecycleTest, WhileTheSourceIsGonePlaylistsStayAsTheyAre) {  // H-81
  play(seconds(8));
  lose_source();
  const std::string frozen = text_of(audience_.last().renditions[0]->playlist);
  EXPECT_FALSE(audience_.last().renditions[0]->has_ended);
  pass(seconds(9));
  EXPECT_EQ(text_of(audience_.last().renditions[0]->playlist), frozen);
}

TEST_F(LifecycleTest, PastTheGraceTheyEnd) {  // H-22, H-81
  play(seconds(8));
  lose_source();
  pass(seconds(11));
  for (const auto& rendition : audience_.last().renditions) EXPECT_TRUE(rendition->has_ended);
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
}

TEST_F(LifecycleTest, WhoComesPastTheGraceBeginsAnew) {
  play(seconds(8));
  const std::uint64_t before = edge_of_video().msn;
  lose_source();
  pass(seconds(20));
  publish_anew({});
  play(seconds(6));
  ASSERT_TRUE(audience_.knows("v1"));
  EXPECT_GT(audience_.of("v1").newest().media_sequence, before);  // H-09
  const std::string text = text_of(audience_.last().multivariant);
  EXPECT_NE(text.find("v1/index.m3u8"), std::string::npos);
  EXPECT_EQ(text.find("v0/index.m3u8"), std::string::npos);
  EXPECT_FALSE(audience_.last().renditions[0]->has_ended);
}

TEST_F(LifecycleTest, WhatHasEndedIsForgottenInTheEnd) {
  play(seconds(8));
  lose_source();
  pass(seconds(90));
  EXPECT_TRUE(audience_.last().renditions.empty());
  EXPECT_TRUE(audience_.last().multivariant.is_empty());
  EXPECT_EQ(stream_.next_deadline(), Instant::never());
}

class EvictionTest : public LiveStage, public testing::Test {
 protected:
  EvictionTest() : LiveStage({}, {.window = seconds(6)}) {}
  // Segments of all renditions that there are.
  [[nodiscard]] std::uint64_t count(bool are_kept) const {
    std::uint64_t segments = 0;
    for (const PublishedRendition& one : stream_.publication().renditions())
      segments += are_kept ? one.rendition.segments_kept() : one.rendition.counts().segments;
    return segments;
  }
};

TEST_F(EvictionTest, WhatWasMadeIsKeptOrCountedAsGone) {
  play(seconds(8));
  EXPECT_EQ(stream_.publication().evicted(), 0u);
  play(seconds(22));
  const std::uint64_t open = 2;
  EXPECT_EQ(stream_.publication().evicted(), count(false) + open - count(true));
  EXPECT_GT(stream_.publication().evicted(), 20u);
  EXPECT_EQ(stream_.publication().dropped_early(), 0u);
  lose_source();
  const std::uint64_t made = count(false);
  pass(seconds(90));
  ASSERT_TRUE(stream_.publication().renditions().empty());
  EXPECT_EQ(stream_.publication().evicted(), made) << "those that ended with their renditions as well";
}

TEST_F(LifecycleTest, AClockThatJumpsIsADiscontinuity) {  // H-82
  play(seconds(8));
  publisher_.options().first += 500 * 90'000;
  play(seconds(6));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 1u);
  EXPECT_EQ(stream_.cut_counts().discontinuities, 1u);
}

TEST_F(LifecycleTest, TheWrapOf33BitsIsNone) {  // H-82
  publish_anew({.first = (std::int64_t{1} << 33) - 6 * 90'000 - 1'234});
  play(seconds(12));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 0u);
  EXPECT_EQ(stream_.cut_counts().samples_left_out, 0u);
}

TEST_F(LifecycleTest, SoundThatStopsEndsAndPicturesGoOn) {  // H-85
  play(seconds(8));
  publisher_.set_tracks(true, false);
  play(seconds(8));
  const std::uint64_t edge = edge_of_video().msn;
  play(seconds(2));
  EXPECT_EQ(edge_of_video().msn, edge + 2);
  ASSERT_EQ(audience_.last().renditions.size(), 2u);
  EXPECT_TRUE(audience_.last().renditions[1]->has_ended);
  EXPECT_EQ(text_of(audience_.last().multivariant).find("AUDIO"), std::string::npos);
  EXPECT_EQ(line_with(audience_.of("v0").newest().tail, "#EXT-X-RENDITION-REPORT"), "");
}

TEST_F(LifecycleTest, PicturesThatStopEndAndSoundLeads) {  // H-85
  play(seconds(8));
  publisher_.set_tracks(false, true);
  play(seconds(10));
  const auto& sound = *audience_.last().renditions[0];
  EXPECT_EQ(sound.folder, "a0");
  EXPECT_FALSE(sound.has_ended);
  EXPECT_EQ(stream_.counts().leaders_changed, 1u);
  const std::uint64_t edge = sound.edge.msn;
  play(seconds(3));
  EXPECT_GE(audience_.last().renditions[0]->edge.msn, edge + 2);
  EXPECT_TRUE(audience_.last().renditions[1]->has_ended);
}

TEST_F(LifecycleTest, SoundThatComesLateIsADiscontinuityAndANewMultivariant) {  // H-85
  publish_anew({.has_sound = false});
  play(seconds(8));
  EXPECT_EQ(audience_.last().renditions.size(), 1u);
  publisher_.set_tracks(true, true);
  publisher_.skip_sound_to(publisher_.pictures_at());
  play(seconds(6));
  ASSERT_TRUE(audience_.knows("a0"));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_NE(text_of(audience_.last().multivariant).find("AUDIO"), std::string::npos);
  // Both count discontinuities alike: the first of the sound is where the pictures have theirs.
  const ReadPlaylist &video = audience_.of("v0").newest(), &sound = audience_.of("a0").newest();
  const auto at = std::ranges::find_if(video.segments, &ReadSegment::is_discontinuous);
  ASSERT_NE(at, video.segments.end());
  EXPECT_EQ(sound.media_sequence, at->msn);
  EXPECT_TRUE(sound.segments.front().is_discontinuous);
}

// H-81, H-85: nobody is without sound because there was nothing for a while.
TEST_F(LifecycleTest, APauseOfAllTracksEndsNone) {
  for (const Micros pause : {millis(1'500), millis(2'900), millis(3'020), millis(5'000)}) {
    play(seconds(8));
    pass(pause);
    // Its clock went on, or stood.
    if (pause > seconds(3)) publisher_.options().first += pause.count * 9 / 100;
    feed(publisher_.picture());
    play(seconds(4));
    ASSERT_EQ(audience_.last().renditions.size(), 2u) << pause.count;
    for (const auto& rendition : audience_.last().renditions) EXPECT_FALSE(rendition->has_ended) << pause.count;
    EXPECT_EQ(audience_.last().renditions[0]->edge.msn, audience_.last().renditions[1]->edge.msn);
  }
  EXPECT_EQ(stream_.counts().tracks_gone, 0u);
  EXPECT_EQ(stream_.counts().leaders_changed, 0u);
  EXPECT_FALSE(audience_.knows("a1"));
}

// H-22, H-81: it is up, and yet nothing of it can be played.
TEST_F(LifecycleTest, ASourceOfNothingIsLost) {
  play(seconds(8));
  EXPECT_FALSE(stream_.is_away());
  for (int i = 0; i < 50; ++i) {
    pass(millis(100));
    feed(publisher_.nothing());
  }
  EXPECT_TRUE(stream_.is_away());
  // Nobody is sent a segment that never ends.
  for (const auto& rendition : audience_.last().renditions) EXPECT_TRUE(rendition->segments.back()->is_whole);
  for (const auto& rendition : audience_.last().renditions) EXPECT_FALSE(rendition->has_ended);
  for (int i = 0; i < 90; ++i) {
    pass(millis(100));
    feed(publisher_.nothing());
  }
  for (const auto& rendition : audience_.last().renditions) EXPECT_TRUE(rendition->has_ended);
  EXPECT_EQ(stream_.counts().sources_lost, 1u);
}

TEST_F(LifecycleTest, AHoleInTheSoundLeavesItInStepWithThePictures) {  // H-82, H-85
  play(seconds(8));
  const std::int64_t until = publisher_.pictures_at() + 2 * 90'000;
  publisher_.skip_sound_to(until);
  play(seconds(8));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  const auto of_last = [&](const char* folder) { return audience_.of(folder).newest().segments.back(); };
  EXPECT_EQ(of_last("v0").msn, of_last("a0").msn);
  EXPECT_EQ(of_last("v0").date.substr(0, 21), of_last("a0").date.substr(0, 21));  // To a tenth of a second.
  EXPECT_EQ(stream_.counts().tracks_gone, 0u);
}

// A PID is what the program map says, and may become another thing.
TEST_F(LifecycleTest, PicturesOfAnotherCodecOnTheSamePidGoOn) {
  play(seconds(8));
  publisher_.set_hevc(true);
  play(seconds(8));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_FALSE(audience_.knows("v1"));
  const std::string text = text_of(audience_.last().multivariant);
  EXPECT_NE(text.find("hvc1."), std::string::npos) << text;
  EXPECT_EQ(text.find("avc1."), std::string::npos) << text;
  EXPECT_EQ(audience_.last().renditions[0]->edge.msn, audience_.last().renditions[1]->edge.msn);
  EXPECT_NE(audience_.of("v0").newest().segments.front().map, audience_.of("v0").newest().segments.back().map);
}

TEST_F(LifecycleTest, PidsAreRenumberedWithoutEnd) {
  play(seconds(5));
  for (int i = 0; i < 40; ++i) {
    publisher_.renumber();
    play(millis(1'500));
  }
  play(seconds(3));
  EXPECT_EQ(stream_.counts().tracks_refused, 0u);
  ASSERT_EQ(audience_.last().renditions.size(), 2u);
  EXPECT_EQ(audience_.last().renditions[0]->folder, "v0");
  EXPECT_EQ(audience_.last().renditions[1]->folder, "a0");
  EXPECT_GT(audience_.last().renditions[0]->edge.msn, 40u);
}

// The renditions have a segment of that number already.
TEST_F(LifecycleTest, PidsAreRenumberedInASegmentThatIsDiscontinuous) {
  for (const std::int64_t into_it : {100, 300, 500, 700, 900}) {
    play(seconds(6));
    publisher_.options().first += 1'000 * 90'000;
    play(millis(into_it));
    publisher_.renumber();
    feed(publisher_.tables());
    for (int i = 0; i < 10; ++i) publisher_.skip_picture();  // Sound comes first.
    play(seconds(3));
    for (const auto& one : audience_.last().renditions)
      for (std::size_t i = 0; i < one->segments.size(); ++i)
        ASSERT_EQ(one->segments[i]->msn, one->segments[0]->msn + i) << one->folder << ", " << into_it;
  }
}

TEST_F(LifecycleTest, PicturesThatComeLateLead) {  // H-85
  publish_anew({.has_video = false});
  play(seconds(8));
  EXPECT_EQ(audience_.last().renditions[0]->folder, "a0");
  publisher_.set_tracks(true, true);
  publisher_.skip_pictures_to(publisher_.sound_at());
  play(seconds(8));
  ASSERT_TRUE(audience_.knows("v0"));
  EXPECT_EQ(audience_.last().renditions[0]->edge.msn, audience_.last().renditions[1]->edge.msn);
}

TEST_F(LifecycleTest, SoundAloneIsOneVariant) {  // H-61
  publish_anew({.has_video = false});
  play(seconds(12));
  const std::string text = text_of(audience_.last().multivariant);
  EXPECT_EQ(text.find("EXT-X-MEDIA"), std::string::npos);
  EXPECT_NE(text.find("\na0/index.m3u8\n"), std::string::npos);
  EXPECT_EQ(audience_.last().renditions[0]->part_target, millis(192));
  EXPECT_EQ(stream_.cut_counts().samples_left_out, 0u);
}

TEST_F(LifecycleTest, PicturesAloneHaveNoSound) {  // H-61
  publish_anew({.has_sound = false});
  play(seconds(12));
  EXPECT_EQ(text_of(audience_.last().multivariant).find("AUDIO"), std::string::npos);
}

// H-82, H-84: an hour, and the wrap of 33 bits within it.
class DriftTest : public LiveStage, public testing::TestWithParam<int> {
 protected:
  DriftTest() : LiveStage({}, {.part = seconds(1), .segment = seconds(2), .window = seconds(12)}) {}
};

TEST_P(DriftTest, DatesFollowTheWallClockAndDurationsTheMedia) {
  slowness_ppm_ = GetParam();
  looks_at_each_ = 5;
  publish_anew({.frame_ticks = 9000, .gop = 10, .first = (std::int64_t{1} << 33) - 1'800 * 90'000});
  play(seconds(3600));
  const ReadSegment& last = audience_.of("v0").newest().segments.back();
  EXPECT_EQ(last.duration_us, 2'000'000);
  EXPECT_EQ(stream_.cut_counts().discontinuities, 0u);
  EXPECT_EQ(stream_.cut_counts().samples_left_out, 0u);
  EXPECT_NEAR(stream_.clock().drift_ppm(), -GetParam(), 1);
  // Its first picture came at the publisher's second of its number.
  const std::int64_t second = static_cast<std::int64_t>(last.msn) * 2;
  const WallTime came = kWallStart + seconds(second) + Micros{second * slowness_ppm_};
  std::string nearest;
  for (std::int64_t off = -50; off <= 50; ++off)
    if (last.date == date_text(came + millis(off))) nearest = last.date;
  EXPECT_EQ(last.date, nearest) << date_text(came);
}
INSTANTIATE_TEST_SUITE_P(All, DriftTest, testing::Values(200));

class LongGopTest : public LiveStage, public testing::Test {
 protected:
  LongGopTest() : LiveStage({}, {}, false) {}
};

TEST_F(LongGopTest, AGopOfTwoSecondsHasItsTargetDurationAndHoldBack) {  // H-08, H-86
  publish_anew({.gop = 60});
  play(seconds(20));
  const ReadPlaylist& video = audience_.of("v0").newest();
  EXPECT_EQ(line_with(video.head, "#EXT-X-TARGETDURATION:"), "#EXT-X-TARGETDURATION:4");
  EXPECT_EQ(us_of(attribute_of(line_with(video.head, "#EXT-X-SERVER-CONTROL:"), "PART-HOLD-BACK")), 1'000'003);
  EXPECT_EQ(video.segments.back().duration_us, 2'000'000);
}

// H-85: with intra refresh nothing independent comes but once.
TEST_F(LongGopTest, SoundComesBackThoughNoPictureIsIndependent) {
  publish_anew({.gop = 1'000'000});
  play(seconds(20));
  ASSERT_TRUE(audience_.has_seen_any());
  publisher_.skip_sound_to(publisher_.pictures_at() + 9 * 9'000);  // 0.9 s.
  play(seconds(15));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_LE(audience_.last().renditions[0]->edge.msn - audience_.last().renditions[1]->edge.msn, 1u);
  EXPECT_EQ(stream_.counts().tracks_gone, 0u);
}

TEST_F(LongGopTest, ADiscontinuityWaitsForThePictureThatIsDue) {  // H-13
  publish_anew({.gop = 60});
  play(seconds(20));
  publisher_.options().gop = 270;
  play(seconds(30));
  const std::uint64_t forced = stream_.cut_counts().cuts_forced;
  ASSERT_GT(forced, 0u);
  while (publisher_.frames() % 270 != 30) play(micros(33'333));
  publisher_.skip_sound_to(publisher_.pictures_at() + 9 * 9'000);
  play(seconds(15));
  EXPECT_GT(stream_.cut_counts().cuts_forced, forced);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v0").dependent_discontinuities(), 0u);
}

TEST_F(LifecycleTest, AGopThatGrowsKeepsItsSegmentsIndependent) {  // H-14
  play(seconds(10));
  EXPECT_GT(stream_.cut_counts().ends_foreseen, 3u);
  for (const int gop : {45, 30, 40, 25, 37, 30}) {
    publisher_.options().gop = gop;
    play(seconds(9));  // The audience insists.
  }
  EXPECT_GT(stream_.cut_counts().ends_misjudged, 0u);
  EXPECT_EQ(stream_.cut_counts().cuts_forced, 0u);
  EXPECT_NE(text_of(audience_.last().multivariant).find("INDEPENDENT-SEGMENTS"), std::string::npos);
}

// As x264 has them unless it is told otherwise.
TEST(LongGopOfBPicturesTest, TakesNoSoundAway) {  // H-20, H-86
  class Stage : public LiveStage {
   public:
    explicit Stage(int b_pictures) : LiveStage({.b_pictures = b_pictures}, {}, false) {}
    void run(int gop) {
      play(seconds(6));
      publisher_.options().gop = gop;
      play(seconds(30));
      EXPECT_GT(stream_.cut_counts().cuts_forced, 3u);
      EXPECT_LE(stream_.cut_counts().samples_left_out, 9u);  // Sound that was before the first picture.
      EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
      EXPECT_EQ(audience_.of("a0").discontinuities(), 0u);
      for (const ReadSegment& one : audience_.of("a0").newest().segments) EXPECT_FALSE(one.is_gap) << one.msn;
    }
  };
  for (const int b_pictures : {0, 2, 3, 7})
    for (const int gop : {150, 180, 300}) {
      SCOPED_TRACE(std::to_string(b_pictures) + " of " + std::to_string(gop));
      Stage(b_pictures).run(gop);
    }
}

TEST_F(LifecycleTest, AHoleOfAllTracksIsOneDiscontinuity) {  // H-82
  play(millis(8'300));
  publisher_.skip_pictures_to(publisher_.pictures_at() + 45'000);
  publisher_.skip_sound_to(publisher_.sound_at() + 45'000);
  play(seconds(6));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 1u);
}

TEST_F(LongGopTest, AGopThatGrowsTooLongIsCutAndSaid) {  // H-86
  play(seconds(10));
  publisher_.options().gop = 300;
  play(seconds(30));
  EXPECT_GT(stream_.cut_counts().cuts_forced, 0u);
  EXPECT_EQ(text_of(audience_.last().multivariant).find("INDEPENDENT-SEGMENTS"), std::string::npos);
  EXPECT_EQ(stream_.gop(), seconds(10));
}

}  // namespace
}  // namespace fanlight::packager
