// Parts, segments, ranges, lifetimes and what else a browser wants of an answer.
#include "origin/origin.h"
#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

class MediaOriginTest : public testing::Test {
 protected:
  // Segment 0 of three parts; of 1 part 0.
  MediaOriginTest() {
    show.add_segment(3);
    show.add_part();
    rig.publish(show);
  }
  void add_part() {
    show.add_part();
    publish();
  }
  void close_segment() {
    show.close_segment();
    publish();
  }
  void publish() {
    rig.publish(show);
    rig.settle();
  }
  std::uint64_t ask(const std::string& name, const Asked& asked = {}) { return rig.ask(kMain + "v0/" + name, asked); }

  OriginRig rig;
  Show show;
};

// --- parts

TEST_F(MediaOriginTest, AHintedPartComesWhole_H50) {
  const std::uint64_t request = ask("s1.1.m4s");
  rig.pass(seconds(1));
  EXPECT_FALSE(rig.is_answered(request));
  add_part();
  EXPECT_EQ(rig.response(request).status, 200);
  EXPECT_FALSE(rig.answer(request).is_stream);
  EXPECT_EQ(rig.body(request), "v0/s1.1.m4s;");
}

TEST_F(MediaOriginTest, APartBehindTheHintedOneIsNotThere_H51) {
  EXPECT_EQ(rig.response(ask("s1.2.m4s")).status, 404);
  EXPECT_EQ(rig.response(ask("s2.0.m4s")).status, 404);
}

TEST_F(MediaOriginTest, AHintThatNeverComesIsNotThere_H51) {
  const std::uint64_t request = ask("s1.1.m4s");
  close_segment();
  EXPECT_EQ(rig.response(request).status, 404);
}

TEST_F(MediaOriginTest, WhatExpiredIsNotThere_H51) {
  close_segment();
  EXPECT_EQ(rig.body(ask("s0.2.m4s")), "v0/s0.2.m4s;");
  show.forget_front();
  publish();
  for (const char* name : {"s0.m4s", "s0.2.m4s"}) EXPECT_EQ(rig.response(ask(name)).status, 404) << name;
}

TEST_F(MediaOriginTest, ASegmentsLastPartOutlivesItsClosing_H52) {
  add_part();
  close_segment();
  EXPECT_EQ(rig.body(ask("s1.1.m4s")), "v0/s1.1.m4s;");
  add_part();
  EXPECT_EQ(rig.body(ask("s1.1.m4s")), "v0/s1.1.m4s;");
}

TEST_F(MediaOriginTest, TheHintCrossesTheBoundary_H53) {
  close_segment();
  const std::uint64_t hinted = ask("s2.0.m4s");
  add_part();
  EXPECT_EQ(rig.body(hinted), "v0/s2.0.m4s;");
  EXPECT_EQ(rig.body(ask("s2.0.m4s")), rig.body(hinted));
}

// --- segments

TEST_F(MediaOriginTest, ASegmentIsItsPartsUncopied_H54) {
  const std::uint64_t segment = ask("s0.m4s");
  EXPECT_EQ(rig.body(segment), "v0/s0.0.m4s;v0/s0.1.m4s;v0/s0.2.m4s;");
  EXPECT_EQ(rig.response(segment).body.size, rig.body(segment).size());
  EXPECT_FALSE(rig.answer(segment).is_stream);
  const std::uint64_t part = ask("s0.1.m4s");
  const std::byte* const published = show.snapshot()->segments.front()->parts[1].span().data();
  EXPECT_EQ(rig.response(segment).body.pieces[1].span().data(), published);
  EXPECT_EQ(rig.response(part).body.pieces[0].span().data(), published);
}

TEST_F(MediaOriginTest, SoIsTheOpenOne_D05) {
  const std::uint64_t request = ask("s1.m4s");
  add_part();
  const std::vector<SharedBytes>& published = show.snapshot()->segments.back()->parts;
  ASSERT_EQ(rig.answer(request).chunks.size(), 2);
  for (const std::size_t i : {0, 1})
    EXPECT_EQ(rig.answer(request).chunks[i].span().data(), published[i].span().data()) << i;
}

TEST_F(MediaOriginTest, TheOpenSegmentComesPartByPart_D05) {
  const std::uint64_t request = ask("s1.m4s");
  EXPECT_TRUE(rig.answer(request).is_stream);
  EXPECT_EQ(rig.answer(request).streamed, "v0/s1.0.m4s;");
  add_part();
  EXPECT_EQ(rig.answer(request).streamed, "v0/s1.0.m4s;v0/s1.1.m4s;");
  show.add_part();
  close_segment();  // Two steps seen as one.
  EXPECT_EQ(rig.answer(request).streamed, rig.body(ask("s1.m4s")));
  EXPECT_TRUE(rig.is_answered(request));
  EXPECT_EQ(rig.answer(request).count, 1);
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

TEST_F(MediaOriginTest, TheNextSegmentIsWaitedForShortlyBeforeItBegins_D05) {
  EXPECT_EQ(rig.response(ask("s2.m4s")).status, 404);
  add_part();
  const std::uint64_t request = ask("s2.m4s");
  add_part();
  close_segment();
  EXPECT_FALSE(rig.answer(request).is_stream);
  add_part();
  EXPECT_EQ(rig.answer(request).streamed, "v0/s2.0.m4s;");
  EXPECT_FALSE(rig.is_answered(request));
}

TEST_F(MediaOriginTest, AStreamThatEndsEndsItsOpenSegment_D05) {
  const std::uint64_t request = ask("s1.m4s");
  show.end();
  publish();
  EXPECT_TRUE(rig.is_answered(request));
  const std::uint64_t other = ask("s1.m4s");
  EXPECT_EQ(rig.body(other), rig.answer(request).streamed);
}

// By the clock it is there, and the MPD that players have promises it.
TEST_F(MediaOriginTest, WhatIsOverdueIsWaitedFor_D05) {
  EXPECT_EQ(rig.response(ask("s2.m4s")).status, 404);
  rig.pass(millis(700));
  EXPECT_EQ(rig.response(ask("s9.m4s")).status, 404);
  const std::uint64_t next = ask("s2.m4s"), later = ask("s3.m4s");
  add_part();
  EXPECT_FALSE(rig.answer(next).is_stream);
  close_segment();
  add_part();
  EXPECT_EQ(rig.answer(next).streamed, "v0/s2.0.m4s;");
  EXPECT_FALSE(rig.is_answered(later) || rig.answer(later).is_stream);
  EXPECT_EQ(rig.response(ask("s4.m4s")).status, 404);
  close_segment();
  add_part();
  EXPECT_EQ(rig.answer(later).streamed, "v0/s3.0.m4s;");
}

TEST_F(MediaOriginTest, WhatAnInterruptionPutsOffIsWaitedFor_D05) {
  show.interrupt();
  close_segment();
  const std::uint64_t next = ask("s2.m4s"), later = ask("s4.m4s");
  EXPECT_EQ(rig.response(ask("s99.m4s")).status, 404);
  rig.pass(seconds(3));
  show.interrupt(false);
  add_part();
  EXPECT_EQ(rig.answer(next).streamed, "v0/s2.0.m4s;");
  rig.pass(millis(3'001));
  EXPECT_EQ(rig.response(later).status, 503);
}

// Its end would have them ask for the next one.
TEST_F(MediaOriginTest, AnInterruptedSegmentEndsOncePlayersKnow_D05) {
  const std::uint64_t request = ask("s1.m4s");
  show.add_part();
  show.interrupt();
  close_segment();
  EXPECT_EQ(rig.answer(request).streamed, "v0/s1.0.m4s;v0/s1.1.m4s;");
  publish();
  rig.pass(millis(2'999));
  EXPECT_FALSE(rig.is_answered(request));
  EXPECT_TRUE(rig.is_answered(ask("s1.m4s")));  // Who asks now has the MPD that says so.
  rig.pass(millis(1));
  EXPECT_TRUE(rig.is_answered(request));
  EXPECT_EQ(rig.answer(request).count, 1);
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
  EXPECT_EQ(rig.origin.counters().expired.get(), 0);
}

TEST_F(MediaOriginTest, AnInterruptedSegmentEndsWithTheNext_D05) {
  const std::uint64_t request = ask("s1.m4s");
  show.interrupt();
  close_segment();
  EXPECT_FALSE(rig.is_answered(request));
  show.interrupt(false);
  add_part();
  EXPECT_TRUE(rig.is_answered(request));
}

TEST_F(MediaOriginTest, AnInterruptedSegmentEndsWithTheStream_D05) {
  const std::uint64_t request = ask("s1.m4s");
  show.interrupt();
  close_segment();
  show.end();
  publish();
  EXPECT_TRUE(rig.is_answered(request));
}

TEST_F(MediaOriginTest, WhoGoesAmidASegmentIsForgotten_D05) {
  const std::uint64_t request = ask("s1.m4s");
  rig.replies.on_append = [&](HttpRequestId id) { rig.origin.handle_gone(id); };
  show.add_part();
  close_segment();
  EXPECT_EQ(rig.answer(request).streamed, "v0/s1.0.m4s;v0/s1.1.m4s;");
  EXPECT_FALSE(rig.is_answered(request));
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

TEST_F(MediaOriginTest, AnOpenSegmentsHeadHasNoBytes_H75) {
  const std::uint64_t request = ask("s1.m4s", {.method = HttpMethod::kHead});
  EXPECT_TRUE(rig.is_answered(request));
  EXPECT_EQ(rig.answer(request).streamed, "");
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

// --- ranges and types

TEST_F(MediaOriginTest, ARangeOfASegmentGoesAcrossItsParts_H55) {
  const std::uint64_t request = ask("s0.m4s", {.range = "bytes=10-14"});
  EXPECT_EQ(rig.response(request).status, 206);
  EXPECT_EQ(rig.body(request), "s;v0/");
  EXPECT_EQ(rig.field(request, "content-range"), "bytes 10-14/36");
}

TEST_F(MediaOriginTest, ARangeThatIsNotThereIsRefused_H55) {
  const std::uint64_t request = ask("s0.m4s", {.range = "bytes=36-"});
  EXPECT_EQ(rig.response(request).status, 416);
  EXPECT_EQ(rig.field(request, "content-range"), "bytes */36");
}

TEST_F(MediaOriginTest, AHintedPartKeepsTheRangeItWasAskedFor_H55) {
  const std::uint64_t request = ask("s1.1.m4s", {.range = "bytes=-2"});
  add_part();
  EXPECT_EQ(rig.response(request).status, 206);
  EXPECT_EQ(rig.body(request), "s;");
}

TEST_F(MediaOriginTest, PlaylistsIgnoreRanges_H55) {
  const std::uint64_t request = ask("index.m3u8", {.range = "bytes=0-3"});
  EXPECT_EQ(rig.response(request).status, 200);
  EXPECT_EQ(rig.body(request), show.playlist_text());
}

TEST_F(MediaOriginTest, AHeadIgnoresRanges_H75) {
  const std::uint64_t request = ask("s0.m4s", {.method = HttpMethod::kHead, .range = "bytes=0-3"});
  EXPECT_EQ(rig.response(request).status, 200);
  EXPECT_EQ(rig.response(request).body.size, 36);
}

TEST_F(MediaOriginTest, TypesAreThePlayers_H56) {
  Show sound("a0");
  sound.add_segment(1);
  rig.publish({&show, &sound});
  EXPECT_EQ(rig.field(ask("index.m3u8"), "content-type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(rig.field(rig.ask(kMain + "index.m3u8"), "content-type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(rig.field(rig.ask(kMain + "manifest.mpd"), "content-type"), "application/dash+xml");
  for (const char* name : {"i0.mp4", "s0.m4s", "s0.0.m4s", "s1.m4s"})
    EXPECT_EQ(rig.field(ask(name), "content-type"), "video/mp4") << name;
  EXPECT_EQ(rig.field(rig.ask(kMain + "a0/s0.m4s"), "content-type"), "audio/mp4");
}

// --- what a cache and a browser are told

TEST_F(MediaOriginTest, LifetimesAreInTargetDurations_H73) {
  const auto lifetime = [&](std::uint64_t request) { return rig.field(request, "cache-control"); };
  EXPECT_EQ(lifetime(ask("index.m3u8")), "max-age=1");
  EXPECT_EQ(lifetime(ask("index.m3u8", {.query = "_HLS_msn=1&_HLS_part=0"})), "max-age=12");
  EXPECT_EQ(lifetime(ask("index.m3u8", {.query = "_HLS_part=0"})), "max-age=8");
  EXPECT_EQ(lifetime(rig.ask(kMain + "index.m3u8")), "max-age=2");  // H-64
  EXPECT_EQ(lifetime(rig.ask(kMain + "manifest.mpd")), "max-age=1");
  for (const char* name : {"i0.mp4", "s0.m4s", "s0.0.m4s", "s1.m4s"})
    EXPECT_EQ(lifetime(ask(name)), "max-age=12, immutable") << name;
  EXPECT_EQ(lifetime(ask("s0.9.m4s")), "max-age=2");
  EXPECT_EQ(lifetime(rig.ask("/live/other/index.m3u8")), "max-age=1");
  EXPECT_EQ(rig.field(ask("index.m3u8"), "age"), "");
}

// It is right in a while: a cache that kept it would still say so to everybody then.
TEST_F(MediaOriginTest, NoCacheKeepsWhatComesTooEarly) {
  const auto lifetime = [&](std::uint64_t request) { return rig.field(request, "cache-control"); };
  const auto early = [&] {
    std::vector<std::uint64_t> requests;
    for (const char* query : {"_HLS_msn=9", "_HLS_msn=7&_HLS_part=0", "_HLS_msn=1&_HLS_part=40"})
      requests.push_back(ask("index.m3u8", {.query = query}));
    for (const char* name : {"s3.m4s", "s2.1.m4s", "s1.2.m4s", "s9.m4s", "i1.mp4", "i0.1.mp4"})
      requests.push_back(ask(name));
    return requests;
  };
  for (const std::uint64_t request : early()) {
    EXPECT_GE(rig.response(request).status, 400) << request;
    EXPECT_EQ(lifetime(request), "no-store") << request;
  }
  show.add_init(2);
  show.forget_front();
  publish();
  for (const char* name : {"s0.m4s", "s0.0.m4s", "i1.mp4"}) EXPECT_EQ(lifetime(ask(name)), "max-age=2") << name;
  show.end();
  publish();
  for (const char* name : {"s9.m4s", "s1.9.m4s", "i9.mp4"}) EXPECT_EQ(lifetime(ask(name)), "max-age=2") << name;
}

TEST_F(MediaOriginTest, EveryAnswerMayBeReadByPagesOfOthers_H74) {
  for (const std::uint64_t request : {ask("index.m3u8"), ask("s0.m4s"), ask("s1.m4s"), ask("s9.m4s"), rig.ask("/time"),
                                      ask("index.m3u8", {.query = "_HLS_part=1"})}) {
    EXPECT_EQ(rig.field(request, "access-control-allow-origin"), "*");
    EXPECT_EQ(rig.field(request, "access-control-expose-headers"), "Content-Length, Content-Range, Date, Age");
    EXPECT_EQ(rig.field(request, "timing-allow-origin"), "*");
  }
}

TEST_F(MediaOriginTest, PreflightsAreAnswered_H74) {
  OriginRig one({.allow_origin = "https://player.example"});
  const std::uint64_t request = one.ask(kMain + "v0/s0.m4s", {.method = HttpMethod::kOptions});
  EXPECT_EQ(one.response(request).status, 204);
  EXPECT_EQ(one.response(request).body.size, 0);
  EXPECT_EQ(one.field(request, "access-control-allow-origin"), "https://player.example");
  EXPECT_EQ(one.field(request, "access-control-allow-headers"), "Range, If-None-Match");
  EXPECT_EQ(one.field(request, "access-control-allow-methods"), "GET, HEAD, OPTIONS");
}

TEST_F(MediaOriginTest, DocumentsComeGzippedToWhoAcceptsThat_H71) {
  for (const std::string& path : {kPlaylist, kMain + "index.m3u8", kMain + "manifest.mpd"}) {
    const std::uint64_t plain = rig.ask(path), gzip = rig.ask(path, {.accepts_gzip = true});
    EXPECT_EQ(rig.body(gzip), "gzip of " + rig.body(plain));
    EXPECT_EQ(rig.field(gzip, "content-encoding"), "gzip");
    EXPECT_EQ(rig.field(plain, "content-encoding"), "");
    for (const std::uint64_t request : {plain, gzip}) EXPECT_EQ(rig.field(request, "vary"), "Accept-Encoding");
  }
  EXPECT_EQ(rig.field(ask("s0.m4s", {.accepts_gzip = true}), "content-encoding"), "");
}

TEST_F(MediaOriginTest, WhatAPlayerHasIsNotSentAgain_D12) {
  for (const std::string& path : {kMain + "index.m3u8", kMain + "manifest.mpd"}) {
    const std::string tag = rig.field(rig.ask(path), "etag");
    ASSERT_FALSE(tag.empty());
    for (const std::string& list : {tag, "W/" + tag, "\"x\", " + tag + " ", std::string("*")}) {
      const std::uint64_t request = rig.ask(path, {.if_none_match = list});
      EXPECT_EQ(rig.response(request).status, 304) << list;
      EXPECT_EQ(rig.response(request).body.size, 0);
      EXPECT_EQ(rig.field(request, "etag"), tag);
    }
    EXPECT_EQ(rig.response(rig.ask(path, {.if_none_match = "\"x\""})).status, 200);
    EXPECT_EQ(rig.response(rig.ask(path, {.accepts_gzip = true, .if_none_match = tag})).status, 200);
  }
  EXPECT_NE(rig.field(rig.ask(kMain + "index.m3u8"), "etag"), rig.field(rig.ask(kMain + "manifest.mpd"), "etag"));
}

TEST_F(MediaOriginTest, PlaylistsGoBeforeMedia_H72) {
  EXPECT_EQ(rig.field(ask("index.m3u8"), "priority"), "u=1");
  EXPECT_EQ(rig.field(ask("s0.m4s"), "priority"), "u=3");
}

// --- bounds and figures

TEST_F(MediaOriginTest, NoMoreWaitThanMay) {
  OriginRig tight({.waiters_max = 2});
  tight.publish(show);
  const std::uint64_t first = tight.ask(part_path({1, 1})), second = tight.ask(kMain + "v0/s1.m4s");
  for (const std::uint64_t request : {tight.ask(part_path({1, 1})), tight.ask(kMain + "v0/s1.m4s")}) {
    EXPECT_EQ(tight.response(request).status, 503);
    EXPECT_EQ(tight.field(request, "retry-after"), "1");
  }
  EXPECT_EQ(tight.response(tight.ask(kMain + "v0/s0.m4s")).status, 200);
  EXPECT_EQ(tight.origin.counters().refused_waits.get(), 2);
  tight.origin.handle_gone({.connection = 1, .stream = first});
  EXPECT_FALSE(tight.is_answered(tight.ask(part_path({1, 1}))));
  EXPECT_TRUE(tight.answer(second).is_stream);
}

TEST_F(MediaOriginTest, ASegmentThatIsAboutToBeginAndNeverDoesIsNotWaitedForForEver_D05) {
  add_part();
  add_part();
  const std::uint64_t request = ask("s2.m4s");
  rig.pass(millis(5'999));
  EXPECT_FALSE(rig.is_answered(request));
  rig.pass(millis(1));
  EXPECT_EQ(rig.response(request).status, 503);
  EXPECT_EQ(rig.field(request, "retry-after"), "1");
  EXPECT_EQ(rig.field(request, "cache-control"), "max-age=1");
  EXPECT_FALSE(rig.answer(request).is_stream);
  EXPECT_EQ(rig.origin.counters().expired.get(), 1);
}

TEST_F(MediaOriginTest, NorIsOneThatItsStreamsEndKeepsFromComing_D05) {
  add_part();
  add_part();
  const std::uint64_t request = ask("s2.m4s");
  close_segment();
  EXPECT_FALSE(rig.is_answered(request));
  show.end();
  publish();
  EXPECT_EQ(rig.response(request).status, 404);
  EXPECT_EQ(rig.field(request, "cache-control"), "max-age=2") << "it will never be there";
}

TEST_F(MediaOriginTest, CountsWhatItDoes) {
  const OriginCounters& counters = rig.origin.counters();
  const auto answers = [&](RequestKind kind, std::size_t status) {
    return counters.answers[static_cast<std::size_t>(kind)][status].get();
  };
  ask("s0.m4s");
  ask("s0.m4s", {.method = HttpMethod::kHead});
  ask("s9.m4s");
  ask("s1.1.m4s");
  show.add_part();
  rig.publish(show);
  rig.now = rig.now + millis(3);
  rig.settle();
  EXPECT_EQ(answers(RequestKind::kSegment, 0), 2);
  EXPECT_EQ(answers(RequestKind::kSegment, 5), 1);
  EXPECT_EQ(answers(RequestKind::kPart, 0), 1);
  EXPECT_EQ(counters.releases[2].get(), 1);  // More than 2 ms, not more than 5.
  EXPECT_EQ(counters.release_us.get(), 3'000);
}

TEST_F(MediaOriginTest, APublicationWakesEveryServer) {
  RecordedReplies other;
  Origin second({}, rig.published, other);
  const int before = rig.replies.wakes;
  rig.publish(show);
  EXPECT_EQ(rig.replies.wakes, before + 1);
  EXPECT_EQ(other.wakes, 1);
}

TEST_F(MediaOriginTest, APartIsKnownBeforeTheMailCame) {
  show.add_part();
  rig.publish(show);
  EXPECT_EQ(rig.body(ask("s1.1.m4s")), "v0/s1.1.m4s;");
}

}  // namespace
}  // namespace fanlight::packager
