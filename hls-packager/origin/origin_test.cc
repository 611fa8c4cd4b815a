#include "origin/origin.h"

#include <algorithm>

#include "http/test_heap.h"
#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

// --- what is where

TEST(OriginTest, GivesPlaylistsAndMediaByteForByte) {
  OriginRig rig;
  Show video("v0"), sound("a0");
  video.add_segment(2);
  sound.add_segment(1);
  rig.publish({&video, &sound});

  EXPECT_EQ(rig.body(rig.ask(kMain + "index.m3u8")), "multivariant of live/main");
  EXPECT_EQ(rig.body(rig.ask(kMain + "manifest.mpd")), "mpd of live/main");
  EXPECT_EQ(rig.body(rig.ask(kPlaylist)), video.playlist_text());
  EXPECT_EQ(rig.body(rig.ask(kMain + "a0/index.m3u8")), sound.playlist_text());
  EXPECT_EQ(rig.body(rig.ask(kMain + "v0/i0.mp4")), "v0/init 0");
  EXPECT_EQ(rig.body(rig.ask(kMain + "v0/s0.1.m4s")), "v0/s0.1.m4s;");
  EXPECT_EQ(rig.body(rig.ask(kMain + "a0/s0.m4s")), "a0/s0.0.m4s;");
}

TEST(OriginTest, TheLongestStreamThatFitsIsMeant) {
  OriginRig rig;
  Show show("v0"), inner("x");
  show.add_part();
  inner.add_part();
  rig.publish({&inner}, "a");
  rig.publish({&show}, "a/x");
  EXPECT_EQ(rig.body(rig.ask("/live/a/x/index.m3u8")), "multivariant of a/x");
  EXPECT_EQ(rig.body(rig.ask("/live/a/x/s0.0.m4s")), "x/s0.0.m4s;");
  EXPECT_EQ(rig.body(rig.ask("/live/a/x/v0/s0.0.m4s")), "v0/s0.0.m4s;");
}

TEST(OriginTest, WhatIsNotThereIsNotFound) {
  OriginRig rig;
  Show show;
  show.add_segment(2);
  rig.publish(show);
  for (const std::string& path :
       {std::string("/"), std::string("/live/other/index.m3u8"), kMain + "v1/index.m3u8", kMain + "v0/i1.mp4",
        kMain + "v0/s7.m4s", kMain + "v0/s0.2.m4s", kMain + "v0/s1.1.m4s", kMain + "v0/manifest.mpd", kMain + "x",
        kMain + "../main/index.m3u8"}) {
    const std::uint64_t request = rig.ask(path);
    EXPECT_EQ(rig.response(request).status, 404) << path;
    EXPECT_FALSE(rig.body(request).empty());
    EXPECT_EQ(rig.field(request, "content-type"), "text/plain; charset=utf-8");
  }
}

TEST(OriginTest, TheFirstRequestWaitsForTheStreamToBegin_H87) {
  OriginRig rig;
  rig.announce();
  const std::uint64_t early = rig.ask(kMain + "index.m3u8"), mpd = rig.ask(kMain + "manifest.mpd");
  rig.pass(seconds(5));
  EXPECT_FALSE(rig.is_answered(early));
  Show show;
  show.add_part();
  rig.publish(show);
  rig.settle();
  EXPECT_EQ(rig.body(early), "multivariant of live/main");
  EXPECT_EQ(rig.body(mpd), "mpd of live/main");
}

TEST(OriginTest, TheFirstRequestDoesNotWaitForEver_H87) {
  OriginRig rig;
  Show show;
  rig.announce();
  const std::uint64_t early = rig.ask(kMain + "index.m3u8");
  rig.publish(show);  // A rendition without a segment: its playlist waits as well.
  rig.settle();
  const std::uint64_t playlist = rig.ask(kPlaylist);
  rig.pass(seconds(10));
  EXPECT_EQ(rig.response(early).status, 200);
  EXPECT_EQ(rig.response(playlist).status, 503);
  EXPECT_EQ(rig.field(playlist, "retry-after"), "1");
}

TEST(OriginTest, WhatItsRenditionsWillHaveIsWaitedForAsWell_H87) {
  OriginRig rig;
  rig.announce();
  const std::uint64_t playlist = rig.ask(kPlaylist), part = rig.ask(kMain + "v0/s0.0.m4s");
  const std::uint64_t unknown = rig.ask(kMain + "v9/index.m3u8");
  rig.pass(seconds(5));
  for (const std::uint64_t one : {playlist, part, unknown}) EXPECT_FALSE(rig.is_answered(one));
  Show show;
  show.add_part();
  rig.publish(show);
  rig.settle();
  EXPECT_EQ(rig.response(playlist).status, 200);
  EXPECT_EQ(rig.response(part).status, 200);
  for (const std::uint64_t one : {unknown, rig.ask(kMain + "v9/index.m3u8")}) {  // Whenever it is asked for.
    EXPECT_EQ(rig.response(one).status, 404);
    EXPECT_EQ(rig.field(one, "cache-control"), "max-age=1");
  }
}

TEST(OriginTest, WhatNoRenditionIsCalledIsNotWaitedFor_H87) {
  OriginRig rig;
  rig.announce();
  for (const std::string& folder :
       {std::string("junk"), std::string("v"), std::string("v00"), std::string("v0/a0"), std::string(900, 'v')}) {
    const std::uint64_t one = rig.ask(kMain + folder + "/index.m3u8");
    EXPECT_EQ(rig.response(one).status, 404) << folder;
    EXPECT_EQ(rig.field(one, "cache-control"), "max-age=1");
  }
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

// The bound on memory that is told reckons with it.
TEST(OriginTest, WhoWaitsTakesNoMoreThanIsReckonedWith) {
  constexpr std::size_t kWaiters = 10'000;
  OriginRig rig;
  rig.announce();
  const std::string number = std::to_string(~std::uint64_t{0});
  const std::string longest = kMain + "v4294967295/s" + number + "." + number + ".m4s";
  const std::size_t before = allocated_bytes();
  for (std::size_t i = 0; i < kWaiters; ++i) rig.ask(longest, {.range = "bytes=0-1"});
  EXPECT_LE(allocated_bytes() - before, kWaiters * kWaiterBytesMax);
  EXPECT_EQ(rig.origin.counters().waiting.get(), kWaiters);
}

TEST(OriginTest, AlsoNotForEver_H87) {
  OriginRig rig;
  rig.announce();
  const std::uint64_t playlist = rig.ask(kPlaylist);
  rig.pass(seconds(10));
  EXPECT_EQ(rig.response(playlist).status, 503);
}

TEST(OriginTest, SoAreInitSegmentsAndWhatDoesNotComeWithTheStreamIsNotThere_H87) {
  OriginRig rig;
  rig.announce();
  const std::uint64_t init = rig.ask(kMain + "v0/i0.mp4");
  const std::uint64_t head = rig.ask(kMain + "v0/i0.mp4", {.method = HttpMethod::kHead});
  const std::uint64_t range = rig.ask(kMain + "v0/i0.mp4", {.range = "bytes=3-6"});
  std::vector<std::uint64_t> early;
  for (const char* name : {"v0/i7.mp4", "v0/i0.1.mp4", "v0/s9.m4s", "v0/s0.5.m4s"})
    early.push_back(rig.ask(kMain + name));
  EXPECT_EQ(rig.origin.counters().waiting.get(), 7);
  rig.pass(millis(9'999));
  EXPECT_TRUE(rig.replies.order.empty());
  Show show;
  show.add_part();
  rig.publish(show);
  rig.settle();
  EXPECT_EQ(rig.response(init).status, 200);
  EXPECT_EQ(rig.body(init), "v0/init 0");
  EXPECT_EQ(rig.field(init, "content-type"), "video/mp4");
  EXPECT_EQ(rig.field(init, "cache-control"), "max-age=12, immutable");
  EXPECT_EQ(rig.response(head).body.size, 9);
  EXPECT_EQ(rig.response(range).status, 206);
  EXPECT_EQ(rig.body(range), "init");
  for (const std::uint64_t one : early) {
    EXPECT_EQ(rig.response(one).status, 404) << one;
    EXPECT_EQ(rig.field(one, "cache-control"), "no-store") << "it may come";
  }
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

// Whatever they wait for, and of however many streams.
TEST(OriginTest, NoMoreWaitForStreamsToBeginThanMay_H87) {
  OriginRig rig({.waiters_max = 3});
  rig.announce();
  rig.publish({}, "other");
  const std::uint64_t list = rig.ask(kMain + "index.m3u8"), init = rig.ask(kMain + "v0/i0.mp4");
  const std::uint64_t other = rig.ask("/live/other/manifest.mpd");
  for (const std::string& path : {kMain + "index.m3u8", kMain + "v0/i0.mp4", std::string("/live/other/v0/s0.0.m4s")}) {
    const std::uint64_t refused = rig.ask(path);
    EXPECT_EQ(rig.response(refused).status, 503) << path;
    EXPECT_EQ(rig.field(refused, "retry-after"), "1");
    EXPECT_EQ(rig.field(refused, "cache-control"), "max-age=1");
  }
  EXPECT_EQ(rig.origin.counters().refused_waits.get(), 3);
  EXPECT_EQ(rig.response(rig.ask("/healthz")).status, 200) << "what waits for nothing";
  rig.origin.handle_gone({.connection = 1, .stream = list});
  const std::uint64_t instead = rig.ask(kPlaylist);
  EXPECT_FALSE(rig.is_answered(instead)) << "who goes makes room";
  Show show;
  show.add_part();
  rig.publish(show);
  rig.settle();
  for (const std::uint64_t one : {init, instead}) EXPECT_EQ(rig.response(one).status, 200);
  EXPECT_FALSE(rig.is_answered(other));
  EXPECT_EQ(rig.origin.counters().waiting.get(), 1);
  rig.origin.handle_stop(rig.now);
  EXPECT_EQ(rig.response(other).status, 503);
}

// --- blocking reload

class ReloadedOriginTest : public testing::Test {
 protected:
  // Segments 0 and 1 of four parts; of 2 parts 0 and 1.
  ReloadedOriginTest() {
    show.add_segment(4);
    show.add_segment(4);
    show.add_part();
    show.add_part();
    rig.publish(show);
  }
  std::uint64_t reload(const std::string& query) { return rig.ask(kPlaylist, {.query = query}); }
  void add_part() {
    show.add_part();
    rig.publish(show);
    rig.settle();
  }
  void close_segment() {
    show.close_segment();
    rig.publish(show);
    rig.settle();
  }

  OriginRig rig;
  Show show;
};

TEST_F(ReloadedOriginTest, APlaylistComesWithThePartThatWasWaitedFor_H30) {
  const std::uint64_t next = reload("_HLS_msn=2&_HLS_part=2"), after = reload("_HLS_msn=2&_HLS_part=3");
  const std::uint64_t whole = reload("_HLS_msn=2");
  EXPECT_FALSE(rig.is_answered(next));
  add_part();
  EXPECT_EQ(rig.body(next), show.playlist_text());
  EXPECT_FALSE(rig.is_answered(after));
  add_part();
  EXPECT_EQ(rig.body(after), show.playlist_text());
  EXPECT_FALSE(rig.is_answered(whole));
  close_segment();
  EXPECT_EQ(rig.body(whole), show.playlist_text());
}

TEST_F(ReloadedOriginTest, OneThatWaitsForAPartTheSegmentDoesNotComeToGetsTheNextOnesFirst_H31) {
  const std::uint64_t request = reload("_HLS_msn=2&_HLS_part=9");
  close_segment();
  EXPECT_FALSE(rig.is_answered(request));
  add_part();
  EXPECT_EQ(rig.body(request), show.playlist_text());
}

TEST_F(ReloadedOriginTest, WaitingForTheNextOnesFirstPartDoesNotTakeLonger_H35) {
  const std::uint64_t request = reload("_HLS_msn=2&_HLS_part=9");
  rig.pass(seconds(4));
  close_segment();
  rig.pass(seconds(2));
  EXPECT_EQ(rig.response(request).status, 503);
  EXPECT_EQ(rig.origin.counters().release_us.get(), 0);
}

TEST_F(ReloadedOriginTest, DirectivesThatMeanNothingAreRefused_H32) {
  for (const char* query : {"_HLS_part=1", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=2&_HLS_part=99999999999999999999"}) {
    const std::uint64_t request = reload(query);
    EXPECT_EQ(rig.response(request).status, 400) << query;
    EXPECT_EQ(rig.field(request, "cache-control"), "max-age=8");
  }
}

TEST_F(ReloadedOriginTest, WhatIsTooFarAheadIsRefusedAtOnce_H33) {
  const std::uint64_t early = reload("_HLS_msn=5");
  EXPECT_EQ(rig.response(early).status, 400);
  EXPECT_EQ(rig.field(early, "cache-control"), "no-store");
  EXPECT_EQ(rig.response(reload("_HLS_msn=2&_HLS_part=17")).status, 400);
  EXPECT_EQ(rig.response(reload("_HLS_msn=2&_HLS_part=18446744073709551615")).status, 400);
  EXPECT_FALSE(rig.is_answered(reload("_HLS_msn=4")));
  EXPECT_FALSE(rig.is_answered(reload("_HLS_msn=2&_HLS_part=16")));
}

TEST_F(ReloadedOriginTest, WhatIsGoneGetsTheWholePlaylist_H34) {
  show.list_from(1);
  show.offer_delta();
  rig.publish(show);
  EXPECT_EQ(rig.body(reload("_HLS_msn=0&_HLS_skip=YES")), show.playlist_text());
}

TEST_F(ReloadedOriginTest, ThreeTargetDurationsAreTheLongestWait_H35) {
  const std::uint64_t playlist = reload("_HLS_msn=2&_HLS_part=2"), part = rig.ask(part_path({2, 2}));
  EXPECT_EQ(rig.origin.next_deadline(), rig.now + seconds(6));
  rig.pass(seconds(6) - micros(1));
  EXPECT_FALSE(rig.is_answered(playlist));
  rig.pass(micros(1));
  for (const std::uint64_t request : {playlist, part}) {
    EXPECT_EQ(rig.response(request).status, 503);
    EXPECT_EQ(rig.field(request, "retry-after"), "1");
    EXPECT_EQ(rig.field(request, "cache-control"), "max-age=1");
  }
  EXPECT_EQ(rig.origin.next_deadline(), Instant::never());
  EXPECT_EQ(rig.origin.counters().expired.get(), 2);
}

TEST_F(ReloadedOriginTest, TheEndReleasesEverybody_H35) {
  const std::uint64_t playlist = reload("_HLS_msn=3&_HLS_skip=YES"), part = rig.ask(part_path({2, 2}));
  show.offer_delta();
  show.close_segment();
  show.end();
  rig.publish(show);
  rig.settle();
  EXPECT_EQ(rig.response(playlist).status, 200);
  EXPECT_EQ(rig.body(playlist), show.playlist_text());
  EXPECT_EQ(rig.response(part).status, 404);
  EXPECT_EQ(rig.body(reload("_HLS_msn=900&_HLS_part=7&_HLS_skip=YES")), show.playlist_text());
}

TEST_F(ReloadedOriginTest, WhoGoesIsForgotten_H36) {
  const std::uint64_t stays = reload("_HLS_msn=2&_HLS_part=2"), goes = reload("_HLS_msn=2&_HLS_part=2");
  EXPECT_EQ(rig.origin.counters().waiting.get(), 2);
  rig.origin.handle_gone({.connection = 1, .stream = goes});
  EXPECT_EQ(rig.origin.counters().waiting.get(), 1);
  add_part();
  EXPECT_TRUE(rig.is_answered(stays));
  EXPECT_EQ(rig.answer(goes).count, 0);
  EXPECT_EQ(rig.origin.counters().waiting.get(), 0);
}

TEST_F(ReloadedOriginTest, ACrowdIsReleasedInBatchesInItsOrder_H36) {
  constexpr std::uint64_t kCrowd = 10'000;
  for (std::uint64_t i = 0; i < kCrowd; ++i) reload("_HLS_msn=2&_HLS_part=2");
  show.add_part();
  rig.publish(show);
  rig.origin.handle_mail(rig.now);
  EXPECT_EQ(rig.replies.order.size(), 256);
  EXPECT_LE(rig.origin.next_deadline(), rig.now);
  rig.settle();
  EXPECT_EQ(rig.replies.order.size(), kCrowd);
  EXPECT_TRUE(std::ranges::is_sorted(rig.replies.order));
  EXPECT_EQ(rig.origin.next_deadline(), Instant::never());
}

TEST_F(ReloadedOriginTest, WhoGoesBetweenBatchesIsForgotten) {
  std::uint64_t last = 0;
  for (int i = 0; i < 300; ++i) last = reload("_HLS_msn=2&_HLS_part=2");
  show.add_part();
  rig.publish(show);
  rig.origin.handle_mail(rig.now);
  rig.origin.handle_gone({.connection = 1, .stream = last});
  rig.settle();
  EXPECT_EQ(rig.replies.order.size(), 299);
}

TEST_F(ReloadedOriginTest, AtTheServersEndWhoeverWaitsIsToldAtOnce) {
  std::vector<std::uint64_t> waiting;
  for (int i = 0; i < 300; ++i) waiting.push_back(reload("_HLS_msn=2&_HLS_part=2"));
  waiting.push_back(rig.ask(part_path({2, 2})));
  const std::uint64_t begun = rig.ask(kMain + "v0/s2.m4s");
  rig.origin.handle_stop(rig.now);
  EXPECT_EQ(rig.replies.order.size(), 256) << "others are sent to in between";
  rig.settle();
  for (const std::uint64_t request : waiting) {
    EXPECT_EQ(rig.response(request).status, 503) << request;
    EXPECT_EQ(rig.field(request, "retry-after"), "1");
  }
  EXPECT_EQ(rig.response(reload("_HLS_msn=2&_HLS_part=3")).status, 503) << "nobody waits any more";
  EXPECT_FALSE(rig.is_answered(begun)) << "half a segment would pass for a whole one";
  close_segment();
  EXPECT_TRUE(rig.is_answered(begun));
}

TEST_F(ReloadedOriginTest, PlayersOfItHaveThreeTargetDurationsToComeBack_H75) {
  for (const std::uint64_t request : {reload(""), rig.ask(part_path({1, 1})), rig.ask(kMain + "v0/s2.m4s")})
    EXPECT_EQ(rig.response(request).patience, seconds(6)) << request;
  EXPECT_EQ(rig.response(rig.ask("/healthz")).patience, Micros{});
}

TEST_F(ReloadedOriginTest, WhatIsNoLongerPublishedIsForgottenOnceNobodyWaits) {
  const std::uint64_t waiting = reload("_HLS_msn=2&_HLS_part=2");
  Show other("v1");
  other.add_segment(2);
  rig.publish(other);
  rig.settle();
  EXPECT_EQ(rig.response(waiting).status, 404);
  const auto not_found = [&](RequestKind kind) {
    return rig.origin.counters().answers[static_cast<std::size_t>(kind)][5].get();
  };
  static_assert(kStatuses[5] == 404);
  EXPECT_EQ(not_found(RequestKind::kPlaylist), 1);
  EXPECT_EQ(rig.response(rig.ask(kPlaylist)).status, 404);
  EXPECT_EQ(not_found(RequestKind::kOther), 1) << "it is known no more than what never was";
}

TEST_F(ReloadedOriginTest, AllGetTheSame_H37) {
  const std::uint64_t one = reload("_HLS_msn=2&_HLS_part=2"), other = reload("_HLS_part=2&_HLS_msn=2&token=secret");
  add_part();
  EXPECT_EQ(rig.body(one), rig.body(other));
  EXPECT_EQ(rig.response(one).fields, rig.response(other).fields);
}

TEST_F(ReloadedOriginTest, ADeltaForWhoAsks_H40) {
  EXPECT_EQ(rig.body(reload("_HLS_skip=YES")), show.playlist_text());  // H-42
  show.offer_delta();
  rig.publish(show);
  EXPECT_EQ(rig.body(reload("_HLS_skip=YES")), show.delta_text());
  EXPECT_EQ(rig.body(reload("_HLS_skip=v2")), show.delta_text());
  const std::uint64_t later = reload("_HLS_msn=2&_HLS_part=2&_HLS_skip=YES");
  add_part();
  EXPECT_EQ(rig.body(later), show.delta_text());
}

// --- time and health

// Texts that are as long as the window.
TEST_F(ReloadedOriginTest, LongTextsAreMadeOnceForAllWhoAskAndForNobodyElse_H71) {
  int playlists = 0, mpds = 0;
  const auto publish_next = [&] {
    show.add_part();
    auto rendition = std::make_shared<RenditionSnapshot>(*show.snapshot());
    rendition->playlist = LateDocument([&] { return std::to_string(++playlists) + ". playlist"; });
    StreamSnapshot stream;
    stream.name = "live/main";
    stream.multivariant = document_from("multivariant");
    stream.renditions = {rendition};
    stream.mpd = LateDocument([&] { return std::to_string(++mpds) + ". MPD"; });
    rig.published.publish(std::make_shared<const StreamSnapshot>(std::move(stream)), rig.now);
    rig.settle();
  };
  show.offer_delta();
  const std::string query = "_HLS_msn=2&_HLS_part=2";
  std::vector<std::uint64_t> whole, deltas;
  for (int i = 0; i < 600; ++i) {
    whole.push_back(rig.ask(kPlaylist, {.query = query, .accepts_gzip = i % 2 == 0}));
    deltas.push_back(rig.ask(kPlaylist, {.query = query + "&_HLS_skip=YES"}));
  }
  publish_next();
  EXPECT_EQ(playlists, 1);
  EXPECT_EQ(rig.body(whole.back()), "1. playlist");
  EXPECT_EQ(rig.body(deltas.back()), show.delta_text());
  const std::uint64_t delta = rig.ask(kPlaylist, {.query = "_HLS_msn=2&_HLS_part=3&_HLS_skip=YES"});
  publish_next();
  EXPECT_EQ(rig.body(delta), show.delta_text());
  EXPECT_EQ(playlists, 1);
  EXPECT_EQ(mpds, 0);
  const std::uint64_t mpd = rig.ask(kMain + "manifest.mpd"), again = rig.ask(kMain + "manifest.mpd");
  EXPECT_EQ(rig.body(mpd), "1. MPD");
  EXPECT_EQ(rig.body(again), "1. MPD");
  publish_next();
  EXPECT_NE(rig.field(rig.ask(kMain + "manifest.mpd"), "etag"), rig.field(mpd, "etag"));
}

TEST(OriginTest, TellsTheTime_D06) {
  OriginRig rig;
  rig.published.set_wall_clock({1'795'718'400'000'000}, rig.now);  // 2026-11-26T18:40:00Z
  rig.now = rig.now + millis(1'250);
  const std::uint64_t request = rig.ask("/time");
  EXPECT_EQ(rig.body(request), "2026-11-26T18:40:01.250Z\n");
  EXPECT_EQ(rig.field(request, "cache-control"), "no-store");
}

TEST(OriginTest, SaysThatItLives) {
  OriginRig rig;
  EXPECT_EQ(rig.body(rig.ask("/healthz")), "ok\n");
}

}  // namespace
}  // namespace fanlight::packager
