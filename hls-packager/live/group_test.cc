// Streams of one content, whose encoders are aligned or not, as one presentation. H-63
#include "live/test_group_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

TEST_F(GroupTest, AlignedStreamsAreVariantsOfOnePresentation) {
  add({});
  add({.has_sound = false});
  play(seconds(8));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u);
  EXPECT_EQ(count_of(multivariant(), "TYPE=AUDIO"), 1u);
  EXPECT_NE(multivariant().find("\nv0/index.m3u8\n"), std::string::npos);
  EXPECT_NE(multivariant().find("\nv1/index.m3u8\n"), std::string::npos);
  EXPECT_EQ(of("v0").media_sequence, of("v1").media_sequence);
  EXPECT_EQ(of("v0").segments.back().date, of("v1").segments.back().date);
  // The clock began at 10 s, media time 10 s before that.
  EXPECT_EQ(of("v0").media_sequence, 20u);
}

TEST_F(GroupTest, WhoJoinsLaterNumbersItsSegmentsAlike) {
  add({});
  add({.first = 900'000 + 3 * 90'000}, seconds(3));
  play(seconds(12));
  EXPECT_EQ(of("v0").media_sequence, 20u);
  EXPECT_EQ(of("v1").media_sequence, 23u);
  const auto& same = of("v0").segments;
  ASSERT_FALSE(of("v1").segments.empty());
  const ReadSegment& one = of("v1").segments.front();
  const auto at = std::ranges::find(same, one.msn, &ReadSegment::msn);
  ASSERT_NE(at, same.end());
  EXPECT_EQ(at->date, one.date);
  EXPECT_TRUE(group_.members()[1].disagrees.empty()) << group_.members()[1].disagrees;
}

TEST_F(GroupTest, AllAreWaitedForAtFirst) {
  add({});
  add({}, seconds(30));
  play(seconds(12));
  EXPECT_FALSE(audience_.has_seen_any());
  play(seconds(3));
  ASSERT_TRUE(audience_.has_seen_any());
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
}

TEST_F(GroupTest, EachReportsTheOthers) {  // H-18
  add({});
  add({.has_sound = false});
  play(seconds(8));
  for (const char* folder : {"v0", "v1", "a0"})
    EXPECT_EQ(std::ranges::count_if(
                  of(folder).tail, [](const std::string& line) { return line.starts_with("#EXT-X-RENDITION-REPORT"); }),
              2)
        << folder;
}

TEST_F(GroupTest, InTheMpdTheyAreOneSet) {
  add({});
  add({});
  play(seconds(8));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<AdaptationSet"), 2u) << text;
  EXPECT_EQ(count_of(text, "<Representation id=\"v"), 2u);
  EXPECT_EQ(count_of(text, "presentationTimeOffset=\"1800000\""), 2u);
}

TEST_F(GroupTest, InTheMpdTheEndIsThatOfAll) {  // D-10
  add({});
  add({});
  play(seconds(8));
  for (Member& one : members_) one.stream.handle_source_lost(now());
  for (std::size_t i = 0; i < members_.size(); ++i) take(i);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "type=\"dynamic\""), 1u);
  members_[0].stream.handle_timeout(now() + seconds(11));
  take(0);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "type=\"dynamic\""), 1u) << "one is there";
  members_[1].stream.handle_timeout(now() + seconds(11));
  take(1);
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "type=\"static\""), 1u) << text;
  EXPECT_EQ(count_of(text, "<Representation "), 3u) << text;
}

TEST_F(GroupTest, InTheMpdTheEndIsWithoutWhoWasLeftOut) {  // D-10
  add({});
  add({});
  play(seconds(8));
  members_[1].publisher.options().first += 45'000;
  play(seconds(8));
  ASSERT_FALSE(group_.members()[1].disagrees.empty());
  for (const std::size_t i : {1u, 0u}) {
    members_[i].stream.handle_source_lost(now());
    members_[i].stream.handle_timeout(now() + seconds(11));
    take(i);
  }
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "type=\"static\""), 1u) << text;
  EXPECT_EQ(count_of(text, "<Representation "), 2u) << text;
}

TEST_F(GroupTest, SoundIsTheFirstStreams) {
  add({});
  add({});
  play(seconds(8));
  EXPECT_FALSE(audience_.knows("a1"));
  EXPECT_EQ(audience_.last().renditions.size(), 3u);
}

TEST_F(GroupTest, PicturesCutElsewhereAreLeftOutAndWhyIsSaid) {
  add({});
  add({.first = 900'000 + 45'000});
  play(seconds(16));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_NE(group_.members()[1].disagrees.find("begins 500 ms from the first's"), std::string::npos)
      << group_.members()[1].disagrees;
}

TEST_F(GroupTest, AnotherClockIsLeftOutAndWhyIsSaid) {
  add({});
  add({.first = 900'000 + 500 * 90'000});
  play(seconds(16));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_NE(group_.members()[1].disagrees.find("their clocks are not one"), std::string::npos);
}

TEST_F(GroupTest, AClockThatJumpsInAllGoesOnInAll) {
  add({});
  add({});
  play(seconds(8));
  for (Member& one : members_) one.publisher.options().first += 500 * 90'000;
  play(seconds(6));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u) << group_.members()[1].disagrees;
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
}

TEST_F(GroupTest, AClockOfTheHostThatIsSetIsADiscontinuityOfAll) {  // H-84
  add({});
  add({});
  play(millis(8'300));
  wall_set_ = seconds(30);
  play(seconds(6));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u) << group_.members()[1].disagrees;
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<Period "), 2u) << text;
}

TEST_F(GroupTest, OneThatWasAwayAloneIsLeftOutUntilThereIsEnoughOfItInStep) {  // H-63
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(millis(3'200));
  EXPECT_EQ(group_.members()[1].disagrees, "it is away");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "<Representation id=\"v"), 1u);
  bring_back(1);
  play(seconds(2));
  EXPECT_EQ(group_.members()[1].disagrees, "it has just come back");
  expect_in_step();
  play(seconds(5));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 0u);
  EXPECT_EQ(std::ranges::count_if(of("v1").segments, &ReadSegment::is_gap), 3);
  expect_in_step();
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<Representation id=\"v"), 2u) << text;
  EXPECT_EQ(count_of(text, "<Period "), 1u) << text;
  EXPECT_EQ(text.find("SegmentTimeline"), std::string::npos) << text;  // D-04
}

// H-11: dates and durations agree, gaps' counted. Whether one is missing, or several; and the clock may have wrapped.
TEST_F(GroupTest, GapsAreAsLongAsWhatWasMissed) {
  for (const Micros away : {millis(300), millis(2'700), millis(4'900)}) {
    add({.first = (std::int64_t{1} << 33) - 90'000});
    add({.first = (std::int64_t{1} << 33) - 90'000});
    play(millis(8'400));
    lose(1, away);
    play(seconds(5));
    const std::vector<ReadSegment>& segments = of("v1").segments;
    const auto gap = std::ranges::find_if(segments, &ReadSegment::is_gap);
    ASSERT_NE(gap, segments.end()) << away.count;
    ASSERT_NE(gap, segments.begin());
    const auto after = std::find_if(gap, segments.end(), [](const ReadSegment& one) { return !one.is_gap; });
    ASSERT_NE(after, segments.end());
    std::int64_t length = (gap - 1)->duration_us;
    for (auto at = gap; at != after; ++at) {
      EXPECT_FALSE(at->date.empty()) << "a delta may begin with it";  // H-41
      length += at->duration_us;
    }
    EXPECT_NEAR(static_cast<double>(length), 1e6 * static_cast<double>(after->msn - (gap - 1)->msn), 1'000);
    expect_in_step();
    EXPECT_EQ(text_of(audience_.last().mpd).find("SegmentTimeline"), std::string::npos);
    begin_anew();
  }
}

TEST_F(GroupTest, TheFirstComesBackWithItsSoundAsOthersDo) {
  add({});
  add({});
  play(millis(8'400));
  lose(0, millis(3'200));
  play(seconds(7));
  EXPECT_EQ(group_.members()[0].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 0u);
  EXPECT_EQ(of("v0").segments.back().msn, of("a0").segments.back().msn);
  EXPECT_EQ(count_of(multivariant(), "TYPE=AUDIO"), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoIsAwayWhileOthersHaveADiscontinuityHasItAsWell) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(1));
  for (Member& one : members_) one.publisher.options().first += 500 * 90'000;
  play(seconds(2));
  bring_back(1);
  play(seconds(7));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoMissesNothingElseBeginsWithTheirDiscontinuity) {
  add({});
  add({}, millis(500));
  play(seconds(9));
  members_[0].publisher.options().first += 500 * 90'000;
  play(millis(300));
  lose(1, millis(200));
  members_[1].publisher.options().first += 500 * 90'000;
  play(seconds(7));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  EXPECT_EQ(std::ranges::count_if(of("v1").segments, &ReadSegment::is_gap), 0);
  const auto theirs = std::ranges::find_if(of("v0").segments, &ReadSegment::is_discontinuous),
             its = std::ranges::find_if(of("v1").segments, &ReadSegment::is_discontinuous);
  ASSERT_TRUE(theirs != of("v0").segments.end() && its != of("v1").segments.end());
  EXPECT_EQ(theirs->msn, its->msn);
}

TEST_F(GroupTest, AllThatWereAwayGoOnBehindADiscontinuityWhoeverIsFirst) {  // H-80
  add({});
  add({});
  play(millis(8'400));
  lose(0);
  play(millis(700));
  lose(1);
  play(millis(3'200));
  bring_back(1);
  play(millis(1'500));
  bring_back(0);
  play(seconds(7));
  EXPECT_EQ(group_.members()[0].disagrees, "");
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoComesBackAfterItsEndBeginsOthersInStep) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(5));
  members_[1].stream.handle_timeout(now() + seconds(6));
  take(1);
  bring_back(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_NE(multivariant().find("\nv3/index.m3u8\n"), std::string::npos) << multivariant();
  EXPECT_EQ(audience_.of("v3").discontinuities(), 0u);
  expect_in_step("v0", "v3");
}

TEST_F(GroupTest, WhoComesBackWithOtherPicturesBeginsOthersInStep) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.set_hevc(true);
  bring_back(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_TRUE(audience_.of("v1").newest().tail.back() == "#EXT-X-ENDLIST");
  expect_in_step("v0", "v3");
}

// It is not waited for for ever that a segment begins where theirs do.
TEST_F(GroupTest, WhoComesBackCutElsewhereStaysOut) {
  add({});
  add({.has_sound = false});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.options().gop = 31;
  bring_back(1);
  play(seconds(12));
  const std::uint64_t left_out = members_[1].stream.counts().samples_left_out;
  play(seconds(6));
  EXPECT_EQ(members_[1].stream.counts().samples_left_out, left_out);
  EXPECT_NE(group_.members()[1].disagrees, "");
}

// An encoder that was started again, with a clock of its own.
TEST_F(GroupTest, WhoComesBackWithAnotherClockStaysOut) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.options().first += 7'777 * 90'000;
  bring_back(1);
  play(seconds(9));
  EXPECT_NE(group_.members()[1].disagrees, "");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
}

}  // namespace
}  // namespace fanlight::packager
