#include "playlist/media_playlist.h"

#include <gtest/gtest.h>

#include "playlist/test_playlist.h"

namespace fanlight::packager {
namespace {

constexpr WallTime kStart{1'795'710'600'000'000};  // 2026-11-26T16:30:00Z

// Of two seconds each, the first at kStart.
std::vector<PlaylistSegment> segments(int count) {
  std::vector<PlaylistSegment> list;
  for (int i = 0; i < count; ++i) list.push_back({.duration = 180'000, .begins = kStart + seconds(2 * i)});
  return list;
}

std::vector<PlaylistPart> parts(int count) {
  std::vector<PlaylistPart> list(static_cast<std::size_t>(count), PlaylistPart{.duration = 90'000});
  list.front().is_independent = true;
  return list;
}

// Parts of a second, two a segment; the last segment is 9, part 0 of 10 is there.
MediaPlaylist low_latency() {
  std::vector<PlaylistSegment> whole = segments(10);
  for (PlaylistSegment& segment : whole) segment.parts = parts(2);
  MediaPlaylist playlist{.low_latency = LowLatency{seconds(1), seconds(3)}, .segments = std::move(whole)};
  playlist.open = PlaylistSegment{.begins = kStart + seconds(20), .parts = parts(1)};
  return playlist;
}

TEST(MediaPlaylistTest, AFileIsWholeFromTheStart) {
  MediaPlaylist playlist{.kind = PlaylistKind::kVod, .segments = segments(2), .has_ended = true};
  playlist.segments.back().duration = 90'090;
  EXPECT_EQ(write_media_playlist(playlist),
            "#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-TARGETDURATION:2\n"
            "#EXT-X-MEDIA-SEQUENCE:0\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            "#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXT-X-MAP:URI=\"i0.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:00.000Z\n"
            "#EXTINF:2.000000,\n"
            "s0.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:02.000Z\n"
            "#EXTINF:1.001000,\n"
            "s1.m4s\n"
            "#EXT-X-ENDLIST\n");
}

TEST(MediaPlaylistTest, ALiveWindowHasMovedOn) {
  const MediaPlaylist playlist{.media_sequence = 41, .discontinuity_sequence = 3, .segments = segments(1)};
  EXPECT_EQ(write_media_playlist(playlist),
            "#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-TARGETDURATION:2\n"
            "#EXT-X-MEDIA-SEQUENCE:41\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
            "#EXT-X-MAP:URI=\"i0.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:00.000Z\n"
            "#EXTINF:2.000000,\n"
            "s41.m4s\n");
}

TEST(MediaPlaylistTest, AnotherFormatStandsBehindItsDiscontinuity) {
  std::vector<PlaylistSegment> three = segments(3);
  three[1].is_discontinuous = true;
  three[1].init = three[2].init = 1;
  const MediaPlaylist playlist{.segments = std::move(three)};
  const std::string text = write_media_playlist(playlist);
  EXPECT_NE(text.find("s0.m4s\n"
                      "#EXT-X-DISCONTINUITY\n"
                      "#EXT-X-MAP:URI=\"i1.mp4\"\n"
                      "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:02.000Z\n"
                      "#EXTINF:2.000000,\n"
                      "s1.m4s\n"
                      "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:04.000Z\n"),
            std::string::npos);
}

const std::string kKeyId(32, 'a'), kNextKeyId(32, 'b');
const std::string kKeyTag =
    "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"../" + kKeyId + ".key\",IV=0x" + kKeyId + ",KEYFORMAT=\"identity\"\n";
const std::string kNextKeyTag =
    "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"../" + kNextKeyId + ".key\",IV=0x" + kNextKeyId + ",KEYFORMAT=\"identity\"\n";

TEST(MediaPlaylistTest, AKeyStandsBeforeTheFirstSegmentThatHasIt) {
  std::vector<PlaylistSegment> four = segments(4);
  for (PlaylistSegment& segment : four) segment.begins.reset();
  four[2].key = four[3].key = 1;
  const MediaPlaylist playlist{.segments = std::move(four), .keys = {{.id = kKeyId}, {.id = kNextKeyId}}};
  const std::string text = write_media_playlist(playlist);
  EXPECT_EQ(text.substr(text.find("#EXT-X-KEY")), kKeyTag +
                                                      "#EXT-X-MAP:URI=\"i0.mp4\"\n"
                                                      "#EXTINF:2.000000,\ns0.m4s\n#EXTINF:2.000000,\ns1.m4s\n" +
                                                      kNextKeyTag +
                                                      "#EXT-X-MAP:URI=\"i0.1.mp4\"\n"
                                                      "#EXTINF:2.000000,\ns2.m4s\n#EXTINF:2.000000,\ns3.m4s\n");
}

TEST(MediaPlaylistTest, KeysThatAreServedAreOfferedAsClearKeys) {
  const MediaPlaylist playlist{.segments = segments(1), .keys = {{.id = kKeyId, .has_clear_licence = true}}};
  EXPECT_NE(write_media_playlist(playlist).find("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"../licence.json\",IV=0x" + kKeyId +
                                                ",KEYFORMAT=\"org.w3.clearkey\",KEYID=0x" + kKeyId + "\n" + kKeyTag +
                                                "#EXT-X-MAP"),
            std::string::npos);
}

TEST(MediaPlaylistTest, AKeyStandsBeforeTheFirstPartAndInDeltas) {
  MediaPlaylist playlist = low_latency();
  playlist.keys = {{.id = kKeyId}, {.id = kNextKeyId}};
  playlist.open->key = playlist.hinted_key = 1;
  const std::string text = write_media_playlist(playlist);
  EXPECT_NE(text.find("s9.m4s\n" + kNextKeyTag + "#EXT-X-MAP:URI=\"i0.1.mp4\"\n#EXT-X-PROGRAM"), std::string::npos);
  EXPECT_EQ(text.find("TYPE=MAP"), std::string::npos);
  EXPECT_NE(write_delta(playlist)->find("SKIPPED-SEGMENTS=4\n" + kKeyTag + "#EXT-X-MAP:URI=\"i0.mp4\"\n"),
            std::string::npos);
}

TEST(MediaPlaylistTest, WithoutLowLatencyPartsAreNotSaid) {
  MediaPlaylist playlist = low_latency();
  playlist.low_latency.reset();
  const std::string text = write_media_playlist(playlist);
  for (const char* tag : {"PART", "SERVER-CONTROL", "PRELOAD-HINT", "s10"})
    EXPECT_EQ(text.find(tag), std::string::npos) << tag;
  EXPECT_EQ(write_delta(playlist), std::nullopt);
}

TEST(MediaPlaylistTest, LowLatencyIsAllOfThis) {
  MediaPlaylist playlist = low_latency();
  playlist.segments.pop_front(8);
  playlist.media_sequence = 8;
  playlist.reports = {{"../a0/live.m3u8", {10, 1}}, {"../a1/live.m3u8", {9, std::nullopt}}};
  EXPECT_EQ(write_media_playlist(playlist),
            "#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-TARGETDURATION:2\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.000003,CAN-SKIP-UNTIL=12.000000\n"
            "#EXT-X-PART-INF:PART-TARGET=1.000001\n"
            "#EXT-X-MEDIA-SEQUENCE:8\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            "#EXT-X-MAP:URI=\"i0.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:16.000Z\n"
            "#EXT-X-PART:DURATION=1.000001,URI=\"s8.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=1.000001,URI=\"s8.1.m4s\"\n"
            "#EXTINF:2.000000,\n"
            "s8.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:18.000Z\n"
            "#EXT-X-PART:DURATION=1.000001,URI=\"s9.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=1.000001,URI=\"s9.1.m4s\"\n"
            "#EXTINF:2.000000,\n"
            "s9.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T16:30:20.000Z\n"
            "#EXT-X-PART:DURATION=1.000001,URI=\"s10.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s10.1.m4s\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"../a0/live.m3u8\",LAST-MSN=10,LAST-PART=1\n"
            "#EXT-X-RENDITION-REPORT:URI=\"../a1/live.m3u8\",LAST-MSN=9\n");
}

TEST(MediaPlaylistTest, PartsAreListedForTheLastThreeTargetDurations) {
  const ReadPlaylist read = PlaylistReader::read(write_media_playlist(low_latency()));
  for (const ReadSegment& segment : read.segments)
    EXPECT_EQ(segment.parts.size(), segment.msn >= 8 ? 2u : 0u) << segment.msn;
  // One part less, and 7 begins six seconds before the end.
  MediaPlaylist before = low_latency();
  before.open.reset();
  EXPECT_EQ(PlaylistReader::read(write_media_playlist(before)).segments[7].parts.size(), 2u);
}

std::vector<std::string> tail_of(const MediaPlaylist& playlist) {
  return PlaylistReader::read(write_media_playlist(playlist)).tail;
}

TEST(PreloadHintTest, BehindAWholeSegmentComesTheNextOnesFirstPart) {
  MediaPlaylist playlist = low_latency();
  playlist.open.reset();
  EXPECT_EQ(tail_of(playlist), std::vector<std::string>{"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s10.0.m4s\""});
  playlist.open = PlaylistSegment{.begins = kStart};  // It is open, and has no part yet.
  EXPECT_EQ(tail_of(playlist), std::vector<std::string>{"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s10.0.m4s\""});
  EXPECT_EQ(write_media_playlist(playlist).find("16:30:00.000Z\n#EXT-X-PRELOAD"), std::string::npos);
}

TEST(PreloadHintTest, BehindWhatIsThoughtToBeASegmentsLastPartComesTheNextOnesFirst) {
  MediaPlaylist playlist = low_latency();
  playlist.open->expects_no_more = true;
  EXPECT_EQ(tail_of(playlist), std::vector<std::string>{"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s11.0.m4s\""});
}

TEST(PreloadHintTest, AnotherKeysInitSegmentIsHintedWithItsFirstPart) {  // H-16
  MediaPlaylist playlist = low_latency();
  playlist.keys = {{.id = kKeyId}, {.id = kNextKeyId}};
  EXPECT_EQ(tail_of(playlist).size(), 1u);
  playlist.open->expects_no_more = true;
  EXPECT_EQ(hints_at(playlist), 11u);
  EXPECT_EQ(tail_of(playlist).size(), 1u);
  playlist.hinted_key = 1;
  const std::string map = "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i0.1.mp4\"";
  EXPECT_EQ(tail_of(playlist), (std::vector<std::string>{map, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s11.0.m4s\""}));
  playlist.open.reset();  // The segment has ended, and nothing is there of the next.
  EXPECT_EQ(tail_of(playlist), (std::vector<std::string>{map, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s10.0.m4s\""}));
  playlist.keys.clear();
  EXPECT_EQ(tail_of(playlist).size(), 1u);
}

TEST(PreloadHintTest, NothingIsHintedWhenNothingComes) {
  MediaPlaylist playlist = low_latency();
  playlist.open.reset();
  playlist.has_ended = true;
  EXPECT_EQ(tail_of(playlist), std::vector<std::string>{"#EXT-X-ENDLIST"});
}

TEST(MediaPlaylistTest, GapsAreSaid) {
  MediaPlaylist playlist = low_latency();
  playlist.segments.back().is_gap = true;
  const std::string text = write_media_playlist(playlist);
  EXPECT_NE(text.find("#EXT-X-GAP\n#EXTINF:2.000000,\ns9.m4s\n"), std::string::npos);
}

TEST(PlaylistEdgeTest, IsTheLastThatIsListed) {
  MediaPlaylist playlist = low_latency();
  EXPECT_EQ(edge_of(playlist), (PlaylistEdge{10, 0}));
  playlist.open->parts.clear();
  EXPECT_EQ(edge_of(playlist), (PlaylistEdge{9, 1}));
  playlist.open.reset();
  playlist.segments.back().parts.clear();
  EXPECT_EQ(edge_of(playlist), (PlaylistEdge{9, std::nullopt}));
  playlist.segments = {};
  EXPECT_EQ(edge_of(playlist), std::nullopt);
}

TEST(DeltaTest, LeavesOutWhatIsBeforeTheSkipBoundaryAndNothingMore) {
  // 21 s: the segments 0 to 3 end at 2, 4, 6 and 8 s, and the boundary is 12 s before the end.
  const auto delta = write_delta(low_latency());
  ASSERT_TRUE(delta.has_value());
  const ReadPlaylist read = PlaylistReader::read(*delta);
  EXPECT_EQ(read.skipped, 4u);
  EXPECT_EQ(read.media_sequence, 0u);
  EXPECT_EQ(read.segments.front().uri, "s4.m4s");
  EXPECT_EQ(read.head[1], "#EXT-X-VERSION:9");
  EXPECT_EQ(read.head.back(), "#EXT-X-SKIP:SKIPPED-SEGMENTS=4");
}

TEST(DeltaTest, SaysTheFormatAndTheDateOfItsFirstSegment) {
  const ReadPlaylist read = PlaylistReader::read(*write_delta(low_latency()));
  EXPECT_EQ(read.segments.front().map, "\"i0.mp4\"");
  EXPECT_EQ(read.segments.front().date, "2026-11-26T16:30:08.000Z");
}

TEST(DeltaTest, IsNoneWhereNothingCanBeLeftOut) {
  MediaPlaylist playlist = low_latency();
  playlist.segments.pop_front(4);
  playlist.media_sequence = 4;
  EXPECT_EQ(write_delta(playlist), std::nullopt);  // 13 s: the first segment ends 11 s before the end.
  playlist.open->parts = parts(2);
  EXPECT_TRUE(write_delta(playlist).has_value());  // And now 12 s.
}

TEST(DeltaTest, IsNoneWhenNothingMoreComes) {
  MediaPlaylist playlist = low_latency();
  playlist.open.reset();
  playlist.has_ended = true;
  EXPECT_EQ(write_delta(playlist), std::nullopt);
}

}  // namespace
}  // namespace fanlight::packager
