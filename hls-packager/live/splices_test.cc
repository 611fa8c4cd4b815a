// What SCTE 35 says on its way from a transport stream to playlists and the MPD of a live stream. H-24
#include <gtest/gtest.h>

#include "live/test_live_stage.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

using namespace test;

class SplicesTest : public LiveStage, public testing::Test {
 protected:
  SplicesTest() : LiveStage({.has_cues = true}, {.window = seconds(12)}) {}

  // Of the publisher's clock, so many seconds from its start.
  [[nodiscard]] std::uint64_t pts_at(std::int64_t second) const {
    return static_cast<std::uint64_t>(publisher_.options().first + second * 90'000) & (kTicks33 - 1);
  }
  void cue(const Bytes& section) { feed(publisher_.cue(section)); }
  [[nodiscard]] std::vector<std::string> ranges(const std::string& folder = "v0") {
    return audience_.of(folder).newest().ranges;
  }
};

TEST_F(SplicesTest, ABreakIsARangeInEveryRendition) {
  play(seconds(8));
  const Bytes out = splice_insert({.id = 77, .pts = pts_at(12), .planned = 30 * 90'000});
  cue(out);
  EXPECT_TRUE(ranges().empty());  // A playlist of one part is the same for all.
  play(millis(200));
  ASSERT_EQ(ranges().size(), 1u);
  EXPECT_EQ(ranges()[0],
            "#EXT-X-DATERANGE:ID=\"splice-0-77\",START-DATE=\"2026-11-26T16:30:12.000Z\",PLANNED-DURATION="
            "30.000000,SCTE35-OUT=0x" +
                hex_text(out));
  EXPECT_EQ(ranges("a0"), ranges());
  play(millis(5'800));
  const Bytes in = splice_insert({.id = 77, .is_out = false, .pts = pts_at(16)});
  cue(in);
  play(seconds(1));
  ASSERT_EQ(ranges().size(), 2u);
  EXPECT_EQ(ranges()[1],
            "#EXT-X-DATERANGE:ID=\"splice-0-77\",START-DATE=\"2026-11-26T16:30:12.000Z\",DURATION=4.000000,"
            "SCTE35-IN=0x" +
                hex_text(in));
  EXPECT_EQ(ranges("a0"), ranges());
}

TEST_F(SplicesTest, ItsDateIsThatOfThePictureItMeans) {
  publish_anew({.has_cues = true, .first = (std::int64_t{1} << 33) - 10 * 90'000, .reorder = 6000});
  play(seconds(8));
  cue(splice_insert({.pts = (pts_at(12) + 6000) & (kTicks33 - 1)}));  // Behind the wrap of 33 bits.
  play(seconds(6));
  const std::string date = attribute_of(ranges().at(0), "START-DATE");
  const auto& segments = audience_.of("v0").newest().segments;
  EXPECT_TRUE(std::ranges::any_of(segments, [&](const ReadSegment& one) { return one.date == date; })) << date;
}

TEST_F(SplicesTest, WhatIsOverLeavesWithTheWindow) {
  play(seconds(8));
  cue(splice_insert({.id = 1, .pts = pts_at(9)}));
  cue(splice_insert({.id = 2, .pts = pts_at(9), .planned = 90'000}));
  play(seconds(2));
  cue(splice_insert({.id = 1, .is_out = false, .pts = pts_at(14)}));
  play(seconds(10));
  ASSERT_EQ(ranges().size(), 3u);
  play(seconds(4));
  ASSERT_EQ(ranges().size(), 2u);  // The one that was planned to end at 10 s has gone.
  EXPECT_EQ(attribute_of(ranges()[0], "ID"), "splice-0-1");
  play(seconds(4));
  EXPECT_TRUE(ranges().empty());
}

TEST_F(SplicesTest, ABreakThatGoesOnStaysThoughItsBeginningHasGone) {
  play(seconds(8));
  cue(splice_insert({.pts = pts_at(9)}));
  play(seconds(40));
  EXPECT_EQ(ranges().size(), 1u);
}

TEST_F(SplicesTest, WhatCameBeforeTheFirstPlaylistIsInIt) {
  play(millis(500));
  cue(time_signal(pts_at(20), segmentation(5, 0x34, 60 * 90'000)));
  play(seconds(8));
  ASSERT_EQ(ranges().size(), 1u);
  EXPECT_EQ(attribute_of(ranges()[0], "START-DATE"), "2026-11-26T16:30:20.000Z");
  EXPECT_EQ(attribute_of(ranges()[0], "PLANNED-DURATION"), "60.000000");
}

TEST_F(SplicesTest, AtOnceIsNow) {
  play(seconds(8));
  cue(splice_insert({}));
  play(seconds(1));
  // The newest picture came at 7.967 s, the newest sound at 7.979 s.
  EXPECT_EQ(attribute_of(ranges().at(0), "START-DATE").substr(0, 21), "2026-11-26T16:30:07.9");
}

TEST_F(SplicesTest, BehindAJumpOfTheClockTheNewClockHolds) {
  play(seconds(8));
  publisher_.options().first += 500 * 90'000;
  play(seconds(2));
  cue(splice_insert({.pts = pts_at(14)}));
  play(seconds(2));
  EXPECT_EQ(attribute_of(ranges().at(0), "START-DATE"), "2026-11-26T16:30:14.000Z");
}

TEST_F(SplicesTest, ASoundThatComesLateIsToldToo) {
  publish_anew({.has_sound = false, .has_cues = true});
  play(seconds(8));
  cue(splice_insert({.pts = pts_at(12)}));
  publisher_.set_tracks(true, true);
  publisher_.skip_sound_to(publisher_.pictures_at());
  play(seconds(6));
  ASSERT_TRUE(audience_.knows("a0"));
  EXPECT_EQ(ranges("a0"), ranges());
}

TEST_F(SplicesTest, WhoComesPastTheGraceIsToldOfNothingThatWas) {
  play(seconds(8));
  cue(splice_insert({.id = 77, .pts = pts_at(12)}));
  play(seconds(1));
  lose_source();
  pass(seconds(20));
  publish_anew({.has_cues = true});
  play(seconds(6));
  EXPECT_TRUE(ranges("v1").empty());
  cue(splice_insert({.id = 77, .pts = pts_at(12)}));
  play(seconds(1));
  EXPECT_EQ(attribute_of(ranges("v1").at(0), "ID"), "splice-1-77");
}

TEST_F(SplicesTest, WhatIsEncryptedOrBrokenIsCounted) {
  play(seconds(8));
  cue(splice_section({.body = Bytes(20), .is_encrypted = true}));
  cue(splice_section({.command = 0}));
  Bytes torn = splice_insert({.pts = pts_at(12)});
  torn.back() ^= std::byte{1};
  cue(torn);
  play(seconds(1));
  EXPECT_TRUE(ranges().empty());
  const SpliceCounts& counts = stream_.tracks()->demuxer().counts().splices;
  EXPECT_EQ(counts.encrypted, 1u);
  EXPECT_EQ(counts.other, 1u);
  EXPECT_EQ(counts.malformed, 1u);
  EXPECT_EQ(stream_.counts().splices, 0u);
}

TEST_F(SplicesTest, InTheMpdItIsAnEventOfItsPeriod) {
  play(seconds(8));
  const Bytes out = splice_insert({.id = 77, .pts = pts_at(12), .planned = 30 * 90'000});
  cue(out);
  play(seconds(2));
  const std::string text = text_of(audience_.last().mpd);
  // Media time is 10 s at the first picture, and periods begin there.
  EXPECT_NE(text.find("    <EventStream schemeIdUri=\"urn:scte:scte35:2014:xml+bin\" timescale=\"90000\" "
                      "presentationTimeOffset=\"900000\">\n"
                      "      <Event presentationTime=\"1980000\" duration=\"2700000\" id=\"0\">\n"
                      "        <Signal xmlns=\"http://www.scte.org/schemas/35/2016\">\n"
                      "          <Binary>" +
                      base64_text(out) + "</Binary>\n"),
            std::string::npos)
      << text;
  EXPECT_LT(text.find("<EventStream"), text.find("<AdaptationSet"));
}

TEST_F(SplicesTest, AnEventIsOfThePeriodItIsIn) {
  play(seconds(8));
  cue(splice_insert({.id = 1, .pts = pts_at(9)}));
  play(seconds(2));
  publisher_.options().first += 500 * 90'000;
  play(seconds(2));
  cue(splice_insert({.id = 1, .is_out = false, .pts = pts_at(13)}));
  play(seconds(3));
  const std::string text = text_of(audience_.last().mpd);
  ASSERT_EQ(count_of(text, "<Period "), 2u) << text;
  const std::size_t second = text.find("<Period id=\"p1\"");
  const std::size_t out = text.find("id=\"0\">\n        <Signal"), in = text.find("id=\"1\">\n        <Signal");
  ASSERT_NE(in, std::string::npos) << text;
  EXPECT_LT(out, second);
  EXPECT_GT(in, second);
}

}  // namespace
}  // namespace fanlight::packager
