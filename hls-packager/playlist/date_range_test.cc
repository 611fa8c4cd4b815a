#include "playlist/date_range.h"

#include <gtest/gtest.h>

#include "playlist/media_playlist.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

constexpr WallTime kStart{1'795'710'600'000'000};  // 2026-11-26T16:30:00Z

DateRange way_out() {
  return {.id = "splice-0-7",
          .begins = kStart + millis(4'500),
          .planned = seconds(30),
          .role = SpliceRole::kOut,
          .section = {std::byte{0xFC}, std::byte{0x30}, std::byte{0x0A}}};
}
DateRange way_back() {
  DateRange range = way_out();
  range.planned.reset();
  range.duration = millis(20'040);
  range.role = SpliceRole::kIn;
  return range;
}
constexpr const char* kOut =
    "#EXT-X-DATERANGE:ID=\"splice-0-7\",START-DATE=\"2026-11-26T16:30:04.500Z\",PLANNED-DURATION=30.000000,"
    "SCTE35-OUT=0xFC300A";
constexpr const char* kIn =
    "#EXT-X-DATERANGE:ID=\"splice-0-7\",START-DATE=\"2026-11-26T16:30:04.500Z\",DURATION=20.040000,SCTE35-IN=0xFC300A";

TEST(DateRangeTest, IsOneTag) {  // H-24
  EXPECT_EQ(date_range_tag(way_out()), kOut);
  EXPECT_EQ(date_range_tag(way_back()), kIn);
  DateRange other = way_out();
  other.planned.reset();
  other.role = SpliceRole::kCommand;
  EXPECT_TRUE(date_range_tag(other).ends_with("04.500Z\",SCTE35-CMD=0xFC300A"));
}

TEST(DateRangeTest, EndsWhenItDidOrIsTo) {
  EXPECT_EQ(way_out().ends(), kStart + millis(34'500));
  EXPECT_EQ(way_back().ends(), kStart + millis(24'540));
  DateRange endless = way_out();
  endless.planned.reset();
  EXPECT_EQ(endless.ends(), std::nullopt);
}

// Two segments of two seconds with two parts, the third has one.
MediaPlaylist playlist() {
  MediaPlaylist playlist{.low_latency = LowLatency{seconds(1), seconds(3)}, .media_sequence = 5};
  for (int i = 0; i < 2; ++i)
    playlist.segments.push_back(
        {.duration = 180'000, .begins = kStart + seconds(2 * i), .parts = {{90'000, true}, {90'000}}});
  playlist.open = PlaylistSegment{.begins = kStart + seconds(4), .parts = {{90'000, true}}};
  return playlist;
}

// The lines around `tag`, by their beginnings.
std::string around(const MediaPlaylist& one, const std::string& tag) {
  const std::string text = write_media_playlist(one);
  const std::size_t at = text.find(tag);
  if (at == std::string::npos) return "nowhere";
  const auto name = [](const std::string& line) { return line.substr(0, line.find_first_of(":0123456789")); };
  const std::size_t begin = text.rfind('\n', at - 2) + 1;
  return name(text.substr(begin)) + " | " + name(text.substr(text.find('\n', at) + 1));
}

TEST(DateRangeTest, StandsWhereThePlaylistEndedWhenItWasSaid) {  // H-19
  MediaPlaylist one = playlist();
  one.ranges = {{way_out(), 7, 1}};
  EXPECT_EQ(around(one, kOut), "#EXT-X-PART | #EXT-X-PRELOAD-HINT");
  one.open->parts.push_back({90'000});
  EXPECT_EQ(around(one, kOut), "#EXT-X-PART | #EXT-X-PART");
  one.ranges[0].part = 2;
  one.segments.push_back(*one.open);
  one.segments.back().duration = 180'000;
  one.open.reset();
  EXPECT_EQ(around(one, kOut), "#EXT-X-PART | #EXTINF");
  one.ranges[0] = {way_out(), 8, 0};
  EXPECT_EQ(around(one, kOut), "s | #EXT-X-PRELOAD-HINT");
  one.ranges[0] = {way_out(), 6, 0};
  EXPECT_EQ(around(one, kOut), "s | #EXT-X-PROGRAM-DATE-TIME");
}

TEST(DateRangeTest, WhatIsOlderThanTheFirstSegmentStandsBeforeIt) {
  MediaPlaylist one = playlist();
  one.ranges = {{way_out(), 2, 1}, {way_back(), 4, 0}};
  EXPECT_EQ(around(one, kOut), "#EXT-X-DISCONTINUITY-SEQUENCE | #EXT-X-DATERANGE");
  EXPECT_EQ(around(one, kIn), "#EXT-X-DATERANGE | #EXT-X-MAP");
}

TEST(DateRangeTest, ADeltaSaysThemAll) {  // H-40: CAN-SKIP-DATERANGES is not said.
  MediaPlaylist one = playlist();
  std::vector<PlaylistSegment> ten(one.segments.begin(), one.segments.end());
  ten.insert(ten.begin(), 8, ten.front());
  one.segments = std::move(ten);
  one.media_sequence = 0;
  one.ranges = {{way_out(), 1, 1}, {way_back(), 9, 0}};
  const auto delta = write_delta(one);
  ASSERT_TRUE(delta.has_value());
  EXPECT_NE(delta->find("#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n" + std::string(kOut) + "\n#EXT-X-MAP"), std::string::npos)
      << *delta;
  EXPECT_NE(delta->find(kIn), std::string::npos);
  EXPECT_EQ(delta->find("CAN-SKIP-DATERANGES"), std::string::npos);
}

TEST(DateRangeTest, HexAndBase64) {
  EXPECT_EQ(hex_text({}), "");
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{0x10}, std::byte{0xFF}, std::byte{0xAB}};
  EXPECT_EQ(hex_text(bytes), "0010FFAB");
  EXPECT_EQ(base64_text(bytes), "ABD/qw==");
  EXPECT_EQ(base64_text(ByteSpan(bytes).first(3)), "ABD/");
  EXPECT_EQ(base64_text(ByteSpan(bytes).first(2)), "ABA=");
  EXPECT_EQ(base64_text({}), "");
}

}  // namespace
}  // namespace fanlight::packager
