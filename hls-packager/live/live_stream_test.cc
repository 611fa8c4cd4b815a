#include "live/live_stream.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include "codec/bits_fixture.h"
#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class LiveStreamTest : public LiveStage, public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t late_sounds() const {
    return stream_.faults()[static_cast<std::size_t>(InputFault::kSoundLate)].count;
  }
};

TEST_F(LiveStreamTest, NothingIsShownBeforeThereIsEnoughToPlay) {  // H-20, H-87
  play(millis(2'900));
  EXPECT_FALSE(audience_.has_seen_any());
  play(millis(400));
  ASSERT_TRUE(audience_.has_seen_any());
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
  EXPECT_GE(audience_.of("v0").newest().segments.size(), 3u);
}

TEST_F(LiveStreamTest, ASteadyStreamMakesAPartEveryFifthOfASecond) {  // H-06, H-13, H-14, H-16, H-17
  play(seconds(20));
  const ReadPlaylist& video = audience_.of("v0").newest();
  EXPECT_EQ(line_with(video.head, "#EXT-X-TARGETDURATION:"), "#EXT-X-TARGETDURATION:2");
  EXPECT_EQ(line_with(video.head, "#EXT-X-PART-INF:"), "#EXT-X-PART-INF:PART-TARGET=0.200001");
  EXPECT_EQ(video.segments.back().parts.size(), 5u);
  EXPECT_EQ(video.segments.back().duration_us, 1'000'000);
  const RenditionSnapshot& sound = *audience_.last().renditions[1];
  EXPECT_EQ(sound.part_target, millis(200));
  EXPECT_EQ(sound.edge.msn, audience_.last().renditions[0]->edge.msn);  // H-18
  EXPECT_EQ(stream_.cut_counts().samples_left_out, 0u);
  EXPECT_EQ(stream_.cut_counts().ends_misjudged, 0u);
  EXPECT_GT(stream_.cut_counts().ends_foreseen, 10u);
  EXPECT_EQ(audience_.of("v0").hints_missed(), 0u);
  EXPECT_EQ(audience_.of("a0").hints_missed(), 0u);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
}

TEST_F(LiveStreamTest, PicturesMayBeUneven) {  // H-05, H-06
  for (int second = 0; second < 12; ++second)
    for (const int frames : {1, 1, 1, 3, 1, 7, 1, 1, 3, 1, 1, 1, 7, 1}) {
      play(Micros{33'333});
      for (int i = 1; i < frames; ++i) publisher_.skip_picture();
      play(frames * Micros{33'333} - Micros{33'333});
    }
  EXPECT_EQ(audience_.last().renditions[0]->part_target, Micros{233'340});
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(stream_.cut_counts().samples_left_out, 0u);
}

TEST_F(LiveStreamTest, APartIsThereWithTheBytesThatCompleteIt) {
  play(seconds(8));
  while (publisher_.frames() % 30 != 0) play(micros(33'333));
  const auto edge = [&] { return audience_.last().renditions[0]->edge; };
  const PlaylistEdge before = edge();
  std::vector<PlaylistEdge> edges;
  for (int i = 0; i < 30; ++i) {
    feed(publisher_.picture());
    edges.push_back(edge());
  }
  EXPECT_EQ(edges[4], before);
  EXPECT_EQ(edges[5], (PlaylistEdge{before.msn + 1, 0}));
  EXPECT_EQ(edges[29], (PlaylistEdge{before.msn + 1, 4}));
  // And no more of this segment is expected: the next one's first is hinted at.
  EXPECT_TRUE(audience_.last().renditions[0]->hints_at_next_segment);
  EXPECT_EQ(audience_.of("v0").hints_missed(), 0u);
  feed(publisher_.picture());  // The segment ends with the next one's first picture.
  EXPECT_TRUE(audience_.of("v0").newest().open.parts.empty());
  EXPECT_EQ(audience_.of("v0").newest().segments.back().msn, before.msn + 1);
  EXPECT_FALSE(audience_.last().renditions[0]->hints_at_next_segment);
}

TEST_F(LiveStreamTest, TheMultivariantNamesWhatThereIs) {  // H-60, H-61, H-62
  play(seconds(5));
  const std::string text = text_of(audience_.last().multivariant);
  EXPECT_NE(text.find("#EXT-X-INDEPENDENT-SEGMENTS\n"), std::string::npos);
  EXPECT_NE(text.find("GROUP-ID=\"aac\""), std::string::npos);
  EXPECT_NE(text.find("URI=\"a0/index.m3u8\""), std::string::npos);
  EXPECT_NE(text.find("\nv0/index.m3u8\n"), std::string::npos);
  EXPECT_EQ(count_of(text, "#EXT-X-STREAM-INF:"), 1u);
  EXPECT_EQ(text.find("BANDWIDTH=0"), std::string::npos);
  play(seconds(20));
  EXPECT_EQ(text_of(audience_.last().multivariant), text);  // Frozen.
}

// Nothing to see, in each picture: user_data_unregistered.
Bytes ballast(std::size_t bytes) {
  Bytes unit{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}, std::byte{6}, std::byte{5}};
  unit.insert(unit.end(), bytes / 255, std::byte{255});
  unit.push_back(std::byte{0x10});
  unit.insert(unit.end(), bytes / 255 * 255 + 0x10, std::byte{0x55});
  unit.push_back(std::byte{0x80});
  return unit;
}

std::uint64_t number_behind(const std::string& text, const std::string& name, std::size_t from = 0) {
  const std::size_t at = text.find(name, from);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

TEST_F(LiveStreamTest, APublisherWithMoreBitsIsOfferedAnew) {  // H-60, D-14
  play(seconds(8));
  const std::uint64_t first = number_behind(text_of(audience_.last().multivariant), ":BANDWIDTH=");
  const std::uint64_t first_in_mpd = number_behind(text_of(audience_.last().mpd), "id=\"v0\" bandwidth=\"");
  lose_source();
  pass(seconds(1));
  publish_anew({.in_pictures = ballast(6'000)});
  play(seconds(12));
  const std::uint64_t next = number_behind(text_of(audience_.last().multivariant), ":BANDWIDTH=");
  EXPECT_GT(next, 3 * first);
  for (const auto& segment : audience_.last().renditions[0]->segments) {
    if (!segment->is_whole) continue;
    std::size_t bytes = 0;
    for (const SharedBytes& part : segment->parts) bytes += part.size();
    EXPECT_LE(static_cast<double>(8 * bytes), 1.25 * static_cast<double>(next)) << segment->msn;
  }
  const FaultTally tally = stream_.faults()[static_cast<std::size_t>(InputFault::kBitRate)];
  EXPECT_EQ(tally.count, 1u);
  EXPECT_TRUE(tally.newest.starts_with("v0: ")) << tally.newest;
  // Of a period that runs nothing changes: another one says it.
  const std::string mpd = text_of(audience_.last().mpd);
  EXPECT_EQ(number_behind(mpd, "id=\"v0\" bandwidth=\"", mpd.find("<Period id=\"p0\"")), first_in_mpd);
  EXPECT_EQ(number_behind(mpd, "id=\"v0\" bandwidth=\"", mpd.find("<Period id=\"p1\"")), first_in_mpd);
  const std::size_t newest = mpd.find("<Period id=\"p1-");
  ASSERT_NE(newest, std::string::npos) << mpd;
  EXPECT_GT(number_behind(mpd, "id=\"v0\" bandwidth=\"", newest), 3 * first_in_mpd);
  EXPECT_EQ(mpd.find("<Period id=\"p1-", newest + 1), std::string::npos) << mpd;
}

TEST_F(LiveStreamTest, EachReportsTheOthers) {  // H-18
  play(seconds(5));
  EXPECT_NE(line_with(audience_.of("v0").newest().tail, "#EXT-X-RENDITION-REPORT:URI=\"../a0/index.m3u8\""), "");
  EXPECT_NE(line_with(audience_.of("a0").newest().tail, "#EXT-X-RENDITION-REPORT:URI=\"../v0/index.m3u8\""), "");
}

// Players stay behind the end of the list that they read, and need something of every rendition there.
TEST_F(LiveStreamTest, PicturesWaitForSoundThatIsSentLater) {  // H-07, H-18, D-07
  sound_late_ = 108'000;
  play(seconds(5));
  for (int i = 0; i < 70; ++i) {
    play(millis(100));
    const PlaylistEdge video = audience_.last().renditions[0]->edge, sound = audience_.last().renditions[1]->edge;
    const auto parts = [](const PlaylistEdge& edge) {
      return static_cast<std::int64_t>(edge.msn * 5 + edge.part.value_or(5));
    };
    EXPECT_LE(std::abs(parts(video) - parts(sound)), 2) << video.msn << " " << sound.msn;
  }
  for (const char* folder : {"v0", "a0"}) {
    const std::string control = line_with(audience_.of(folder).newest().head, "#EXT-X-SERVER-CONTROL:");
    EXPECT_EQ(us_of(attribute_of(control, "PART-HOLD-BACK")), 600'003) << folder;
  }
  // Dates are when they were shown, as the MPD's times are: the first frame came at kWallStart.
  const std::string date = audience_.of("v0").newest().segments[5].date;
  EXPECT_GE(date, "2026-11-26T16:30:06.150Z");
  EXPECT_LE(date, "2026-11-26T16:30:06.250Z");
  EXPECT_EQ(late_sounds(), 0u);
}

TEST_F(LiveStreamTest, WhatWaitsIsNotLostWithItsSource) {
  sound_late_ = 108'000;
  play(seconds(8));
  const PlaylistEdge before = edge_of_video();
  lose_source();
  EXPECT_GE(edge_of_video().msn, before.msn + 1);  // All eight seconds.
  publish_anew({});
  play(seconds(6));
  EXPECT_GE(edge_of_video().msn, 12u);
  EXPECT_EQ(stream_.counts().samples_left_out, 0u);
}

TEST_F(LiveStreamTest, WhatWaitsIsNotLostWhenPidsAreNumberedAnew) {
  sound_late_ = 108'000;
  play(seconds(6) + millis(500));
  publisher_.renumber();
  play(seconds(6));
  EXPECT_EQ(stream_.counts().samples_left_out, 0u);
  EXPECT_GE(edge_of_video().msn, 10u);
}

TEST_F(LiveStreamTest, SoundThatFallsBehindAfterTheStartIsCounted) {
  play(seconds(8));
  EXPECT_EQ(late_sounds(), 0u);
  sound_late_ = 90'000;
  play(seconds(12));
  EXPECT_EQ(late_sounds(), 2u);
  EXPECT_NE(stream_.faults()[static_cast<std::size_t>(InputFault::kSoundLate)].newest.find("s later than"),
            std::string::npos);
}

TEST_F(LiveStreamTest, SoundThatIsLaterThanPicturesMayWaitIsNamed) {
  sound_late_ = 90'000 * 4;
  play(seconds(30));
  EXPECT_EQ(late_sounds(), 3u);
  EXPECT_EQ(stream_.faults()[static_cast<std::size_t>(InputFault::kSoundLate)].newest,
            "PID 257, 4.0 s later than its pictures, which wait for 0.0 s");
}

TEST_F(LiveStreamTest, SoundThatIsLaterByAPartAtTimesIsNot) {
  play(seconds(8));
  sound_late_ = 18'000;
  play(seconds(12));
  EXPECT_EQ(late_sounds(), 0u);
}

TEST_F(LiveStreamTest, WhereSoundIsSentInPacketsOfAThirdOfASecondTheyDoNot) {
  sound_late_ = 30'000;
  play(seconds(12));
  const std::string control = line_with(audience_.of("v0").newest().head, "#EXT-X-SERVER-CONTROL:");
  EXPECT_EQ(us_of(attribute_of(control, "PART-HOLD-BACK")), 600'003);
}

TEST_F(LiveStreamTest, TheFirstPictureIsWholeWhereSlicesHavePacketsOfTheirOwn) {
  const auto slice = [](unsigned picture, unsigned macroblock) {
    TestBits bits;
    bits.bits(picture == 0 ? 0x65 : 0x41, 8).ue(macroblock).ue(7).ue(0).bits(picture & 15, 4);
    if (picture == 0) bits.ue(0);
    return annex_b({escaped(bits.bits(picture * 2 & 255, 8).bits(0x5A5A, 16).finish())});
  };
  TestBits sps, pps;
  sps.bits(0x67, 8).bits(77, 8).bits(0, 8).bits(30, 8).ue(0).ue(0).ue(0).ue(4).ue(1).bits(0, 1);
  sps.ue(7).ue(8).bits(1, 1).bits(1, 1).bits(0, 1).bits(0, 1);
  const Bytes sets = annex_b({escaped(sps.finish()), escaped(pps.bits(0x68, 8).ue(0).ue(0).bits(0, 8).finish())});
  unsigned counter = 0;
  feed(publisher_.tables());
  for (unsigned i = 0; i < 25; ++i)
    for (const unsigned macroblock : {0u, 20u}) {
      Bytes content = i + macroblock == 0 ? sets : Bytes{};
      append(content, slice(i, macroblock));
      feed(packets_of(Publisher::kVideo, counter, pes_around(900'000 + i * 3600, 900'000 + i * 3600, content, false)));
    }
  EXPECT_EQ(stream_.faults()[static_cast<std::size_t>(InputFault::kBrokenUnit)].count, 0u);
  EXPECT_TRUE(stream_.tracks()->leader());
}

TEST_F(LiveStreamTest, DatesAreWhenFramesCame) {  // H-11
  play(seconds(12));
  // The first frame came at kWallStart, and the segments are a second each.
  const ReadSegment& segment = audience_.of("v0").newest().segments[5];
  EXPECT_EQ(segment.date, "2026-11-26T16:30:05.000Z");
}

TEST_F(LiveStreamTest, WhatIsNotListedAnyMoreIsKeptForAWhile) {  // H-15
  play(seconds(45));
  const RenditionSnapshot& video = *audience_.last().renditions[0];
  EXPECT_GE(video.first_msn, 13u);
  EXPECT_EQ(video.segments.front()->msn, 0u);
  play(seconds(40));
  const RenditionSnapshot& later = *audience_.last().renditions[0];
  EXPECT_GT(later.segments.front()->msn, 15u);
  EXPECT_LT(later.segments.size(), 66u);
}

TEST_F(LiveStreamTest, TheMpdNamesWhatPlaylistsName) {  // D-02 to D-04, D-06 to D-09
  play(seconds(12));
  const std::string text = text_of(audience_.last().mpd);
  for (const char* what :
       {"type=\"dynamic\"", "availabilityStartTime=\"2026-11-26T16:30:00.000Z\"", "minimumUpdatePeriod=\"PT2.000000S\"",
        "<Period id=\"p0\" start=\"PT0.000000S\">", "availabilityTimeOffset=\"0.800000\"",
        "availabilityTimeComplete=\"false\"", "startNumber=\"0\"", "media=\"v0/s$Number$.m4s\"",
        "presentationTimeOffset=\"900000\"", "duration=\"90000\" startNumber=\"0\"",
        "duration=\"48000\" startNumber=\"0\"", "initialization=\"a0/i0.mp4\"",
        "<Latency referenceId=\"0\" target=\"600\"",
        "wallClockTime=\"2026-11-26T16:30:00.000Z\" presentationTime=\"900000\"",
        "wallClockTime=\"2026-11-26T16:30:00.000Z\" presentationTime=\"480000\"", "inband=\"true\"",
        "<Label>sound a0</Label>", "<Resync type=\"1\" dT=\"18000\"/>", "urn:mpeg:dash:utc:http-xsdate:2014"})
    EXPECT_NE(text.find(what), std::string::npos) << what << "\n" << text;
  EXPECT_EQ(text.find("SegmentTimeline"), std::string::npos) << text;
}

TEST_F(LiveStreamTest, EveryMpdIsPublishedLaterThanTheOneBefore) {  // D-02
  std::vector<std::string> times;
  play(seconds(8));
  for (int segment = 0; segment < 3; ++segment) {
    times.push_back(attribute_of(text_of(audience_.last().mpd), " publishTime"));
    play(seconds(1));
  }
  ASSERT_EQ(times[0].size(), std::string_view("2026-11-26T16:30:00.000Z").size());
  EXPECT_LT(times[0], times[1]);
  EXPECT_LT(times[1], times[2]);
}

TEST_F(LiveStreamTest, AnMpdWhoseSegmentsLeaveTheirGridTellsTimes) {  // D-04
  play(seconds(12));
  publisher_.options().gop = 20;
  play(seconds(6));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_NE(text.find("d=\"60000\""), std::string::npos) << text;
  EXPECT_NE(text.find("minimumUpdatePeriod=\"PT0.333333S\""), std::string::npos) << text;
  EXPECT_EQ(text.find("duration=\"90000\""), std::string::npos) << text;
  // For as long as the period lasts.
  publisher_.options().gop = 30;
  play(seconds(40));
  const std::string later = text_of(audience_.last().mpd);
  EXPECT_NE(later.find("SegmentTimeline"), std::string::npos) << later;
}

std::string unpacked(ByteSpan gzip) {
  std::string text(1 << 20, '\0');
  std::size_t size = 0;
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor, gzip.data(), gzip.size(), text.data(), text.size(), &size);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  text.resize(size);
  return text;
}

TEST_F(LiveStreamTest, WhatComesOfGzipIsTheSame) {  // H-71
  play(seconds(15));
  const StreamSnapshot& last = audience_.last();
  for (const Document* document : {&last.renditions[0]->playlist.get(), &last.renditions[1]->playlist.get(),
                                   &last.renditions[1]->delta, &last.multivariant, &last.mpd.get()}) {
    EXPECT_LT(document->gzip.size(), document->plain.size());
    EXPECT_EQ(unpacked(document->gzip.span()), text_of(*document));
  }
}

class LiveWindowTest : public LiveStage, public testing::Test {
 protected:
  LiveWindowTest() : LiveStage({}, {.window = seconds(kWindowSegmentsMost)}) {}
};

TEST_F(LiveWindowTest, ListsHaveRoomForTheLongestWindow) {
  play(seconds(5));
  for (const PublishedRendition& one : stream_.publication().renditions())
    EXPECT_GT(one.rendition.options().segments_max, static_cast<std::size_t>(kWindowSegmentsMost));
}

// What a stream published in its life, asked for as it came or once it has gone on: texts of renditions, and MPDs.
std::vector<std::string> texts_published(bool at_once) {
  Publisher publisher({});
  LiveStream stream({.window = seconds(6)});
  std::vector<std::shared_ptr<const StreamSnapshot>> snapshots;
  std::vector<std::string> texts;
  const auto ask = [&](const StreamSnapshot& one) {
    for (const auto& rendition : one.renditions) texts.push_back(text_of(rendition->playlist));
    texts.push_back(text_of(one.mpd));
  };
  for (int frame = 0; frame < 2'400; ++frame) {
    if (frame == 1'200) publisher.set_hevc(true);
    const bool is_picture = publisher.pictures_at() <= publisher.sound_at();
    const Micros at{std::min(publisher.pictures_at(), publisher.sound_at()) * 100 / 9};
    stream.handle(is_picture ? publisher.picture() : publisher.sound(), kStart + at, kWallStart + at);
    const auto fresh = stream.poll();
    if (fresh == nullptr) continue;
    snapshots.push_back(fresh);
    if (at_once) ask(*fresh);
  }
  if (!at_once)
    for (const auto& one : snapshots) ask(*one);
  return texts;
}

TEST(LateTextsTest, AreOfWhatWasPublishedWhoeverAsksLater) {  // H-37
  const std::vector<std::string> at_once = texts_published(true);
  EXPECT_GT(at_once.size(), 300u);
  EXPECT_TRUE(at_once == texts_published(false));
}

class LiveMemoryTest : public LiveStage, public testing::Test {
 protected:
  LiveMemoryTest() : LiveStage({}, {.bytes_max = 60'000}) {}  // Some seconds of the window.
};

TEST_F(LiveMemoryTest, WhatIsKeptIsBoundedAndAllTracksGoBackAsFar) {
  std::uint64_t most = 0;
  for (int i = 0; i < 90; ++i) {
    play(seconds(1));
    most = std::max(most, stream_.publication().bytes());
  }
  EXPECT_LE(most, 60'000u);
  EXPECT_GT(most, 50'000u);
  EXPECT_GT(stream_.publication().dropped_early(), 100u);
  std::vector<Micros> listed;
  for (const PublishedRendition& one : stream_.publication().renditions()) listed.push_back(one.rendition.listed());
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_GT(std::min(listed[0], listed[1]), seconds(3));
  EXPECT_LE(std::max(listed[0], listed[1]) - std::min(listed[0], listed[1]), seconds(2));
}

}  // namespace
}  // namespace fanlight::packager
