#include "fanlight_load/hls_track.h"

#include <gtest/gtest.h>

#include "fanlight_load/hls_fixture.h"
#include "fanlight_load/hls_viewer.h"

namespace fanlight::load {
namespace {

// A track and the server that it asks: what is asked is seen as text, and answered by hand.
class HlsTrackTest : public testing::Test {
 protected:
  explicit HlsTrackTest(HlsTerms terms = {}) : track_(rendition_, terms) { tally_.is_measuring = true; }

  std::string reload(HlsTrack& track) { return track.poll_reload(now_).value_or("-"); }
  std::string media(HlsTrack& track) { return track.poll_media(now_).value_or("-"); }
  std::string reload() { return reload(track_); }
  std::string media() { return media(track_); }
  void playlist(const HlsText& text, unsigned status = 200) { playlist(track_, text.text(), status); }
  void playlist(HlsTrack& track, const std::string& text, unsigned status = 200) {
    track.handle_playlist(now_, {.status = status, .length = text.size()}, std::as_bytes(std::span(text)));
  }
  void bytes(HlsTrack& track, const std::vector<std::byte>& body, unsigned status = 200) {
    track.handle_media_head({.status = status, .length = body.size()});
    track.handle_media_body(body);
    track.handle_media_end(now_);
  }
  // Part `at` of all, six ticks of 1/30 s each; segment 10 begins with part 0.
  void part(HlsTrack& track, HlsPlace place) { bytes(track, hls_fragment(((place.msn - 10) * 5 + place.part) * 6, 6)); }
  void part(HlsPlace place) { part(track_, place); }
  // To the edge of a playlist with segments 10 to 19.
  void begin() {
    EXPECT_EQ(reload(), "/v0/i.m3u8");
    playlist({});
    EXPECT_EQ(media(), "/v0/i0.mp4");
    bytes(track_, hls_init_of_one_tick());
    for (std::uint64_t at = 0; at < 5; ++at) {
      EXPECT_EQ(media(), "/v0/s19." + std::to_string(at) + ".m4s");
      part({19, at});
    }
    EXPECT_EQ(media(), "-");
    EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=0&_HLS_skip=YES");
  }
  static std::vector<std::byte> hls_init_of_one_tick() {
    std::vector<std::byte> init = hls_init();
    init[init.size() - 9] = std::byte{1};  // trex: default_sample_duration.
    return init;
  }
  std::uint64_t faults(HlsFault kind) const { return tally_.faults.of(kind).count; }
  std::string first() const {
    std::string all;
    for (std::size_t kind = 0; kind < kHlsFaults; ++kind) all += tally_.faults.of(static_cast<HlsFault>(kind)).first;
    return all;
  }

  Instant now_ = Instant{} + seconds(100);
  HlsTally tally_;
  HlsRendition rendition_{"/v0/i.m3u8", tally_};
  HlsTrack track_;
};

class HlsHintTest : public HlsTrackTest {
 protected:
  HlsHintTest() : HlsTrackTest({.takes_hints = true}) {}
};

TEST_F(HlsTrackTest, BeginsAtTheIndependentPartBeforeTheHoldBackAndFollowsPartByPart) {
  begin();
  EXPECT_TRUE(track_.is_playing());
  now_ = now_ + millis(200);
  playlist({.open_parts = 1});
  EXPECT_EQ(media(), "/v0/s20.0.m4s");
  EXPECT_EQ(media(), "-") << "one at a time";
  EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=1&_HLS_skip=YES");
  part({20, 0});
  EXPECT_EQ(media(), "-") << "not listed yet";
  playlist({.open_parts = 2, .skipped = 4});
  EXPECT_EQ(media(), "/v0/s20.1.m4s");
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
  EXPECT_EQ(tally_.deltas, 1u);
}

TEST_F(HlsTrackTest, AClosedSegmentLeadsToTheNext) {
  begin();
  playlist({.open_parts = 4});
  for (std::uint64_t at = 0; at < 4; ++at) {
    EXPECT_EQ(media(), "/v0/s20." + std::to_string(at) + ".m4s");
    part({20, at});
  }
  EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=4&_HLS_skip=YES");
  playlist({.whole = 11, .open_parts = 1});
  EXPECT_EQ(media(), "/v0/s20.4.m4s");
  part({20, 4});
  EXPECT_EQ(media(), "/v0/s21.0.m4s");
  EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=21&_HLS_part=1&_HLS_skip=YES");
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
}

TEST_F(HlsTrackTest, AnOldPlaylistIsAskedForWhole) {
  begin();
  playlist({.open_parts = 1});
  now_ = now_ + seconds(6);
  EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=1");
}

TEST_F(HlsTrackTest, AnErrorIsCountedAndAskedAgainAfterASecond) {
  begin();
  playlist({}, 503);
  EXPECT_EQ(faults(HlsFault::kStatus), 1u);
  EXPECT_EQ(reload(), "-");
  now_ = track_.next_due();
  EXPECT_EQ(reload(), "/v0/i.m3u8") << "without directives";
  track_.handle_reload_lost(now_, HlsFault::kCutOff, "cut");
  EXPECT_EQ(faults(HlsFault::kCutOff), 1u);
}

TEST_F(HlsTrackTest, AReloadThatBringsNothingNewIsAFault) {
  begin();
  playlist({});
  EXPECT_EQ(faults(HlsFault::kStale), 1u);
  EXPECT_EQ(reload(), "-");
  now_ = now_ + millis(200);
  EXPECT_EQ(reload(), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=0&_HLS_skip=YES");
}

TEST_F(HlsTrackTest, LateIsWhatComesLaterThanAPartAfterItWasListed) {
  begin();
  playlist({.open_parts = 2});
  EXPECT_EQ(media(), "/v0/s20.0.m4s");
  now_ = now_ + millis(200);
  part({20, 0});
  EXPECT_EQ(tally_.late, 0u);
  EXPECT_EQ(media(), "/v0/s20.1.m4s");
  now_ = now_ + micros(1);
  part({20, 1});
  EXPECT_EQ(tally_.late, 1u);
  EXPECT_EQ(tally_.measured, 2u) << "those from before we came do not count";
  EXPECT_EQ(tally_.arrival_us.samples(), 2u);
}

TEST_F(HlsTrackTest, ABufferThatRunsDryIsAStall) {
  begin();
  playlist({.open_parts = 2});
  now_ = now_ + millis(600);
  (void)media();
  part({20, 0});
  EXPECT_EQ(tally_.stalls, 0u) << "the hold-back lasted so long";
  now_ = now_ + millis(250);
  (void)media();
  part({20, 1});
  EXPECT_EQ(tally_.stalls, 1u);
  EXPECT_EQ(tally_.stalled, millis(50));
  now_ = now_ + millis(300);
  track_.settle(now_);
  EXPECT_EQ(tally_.stalled, millis(150));
}

TEST_F(HlsTrackTest, EveryViewerIsGivenTheSameBytes) {
  begin();
  playlist({.open_parts = 1});
  HlsTrack other(rendition_, {});
  EXPECT_EQ(reload(other), "/v0/i.m3u8");
  playlist(other, HlsText{.open_parts = 1}.text());
  EXPECT_EQ(media(other), "/v0/i0.mp4");
  bytes(other, hls_init_of_one_tick());
  EXPECT_EQ(media(other), "/v0/s19.0.m4s");
  bytes(other, hls_fragment(270, 7));
  EXPECT_EQ(faults(HlsFault::kLength), 1u) << first();
  EXPECT_EQ(media(other), "/v0/s19.1.m4s");
  bytes(other, hls_fragment(777, 6));
  EXPECT_EQ(faults(HlsFault::kBytes), 1u) << first();
  EXPECT_EQ(media(other), "/v0/s19.2.m4s");
  part(other, {19, 2});
  EXPECT_EQ(tally_.faults.sum(), 2u) << first();
  EXPECT_EQ(tally_.playlists_distinct, 2u);
}

TEST_F(HlsTrackTest, MediaTimeGoesOnAndLastsAsListed) {
  begin();
  playlist({.open_parts = 3});
  (void)media();
  bytes(track_, hls_fragment(302, 6));
  EXPECT_EQ(faults(HlsFault::kTime), 1u) << first();
  (void)media();
  bytes(track_, hls_fragment(308, 4));
  EXPECT_EQ(faults(HlsFault::kDuration), 1u) << first();
  (void)media();
  bytes(track_, {std::byte{0}});
  EXPECT_EQ(faults(HlsFault::kBoxes), 1u) << first();
}

TEST_F(HlsTrackTest, WhoFallsBehindBeginsAgain) {
  begin();
  playlist({.first = 20, .whole = 10});
  EXPECT_EQ(media(), "/v0/s29.0.m4s");
  EXPECT_EQ(faults(HlsFault::kFellBehind), 1u);
  EXPECT_FALSE(track_.is_playing());
}

TEST_F(HlsTrackTest, AGapIsPassedOver) {
  begin();
  std::string text = HlsText{}.text();
  text.erase(text.find("#EXT-X-PRELOAD"));
  text += "#EXT-X-GAP\n#EXTINF:0.10000,\ns20.m4s\n#EXT-X-DISCONTINUITY\n" + HlsText::parts(21, 1);
  playlist(track_, text + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s21.1.m4s\"\n");
  EXPECT_EQ(media(), "/v0/s21.0.m4s");
  bytes(track_, hls_fragment(900, 6));
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
}

TEST_F(HlsTrackTest, TheReleaseIsCountedFromWhoeverHadItFirst) {
  begin();
  HlsTrack other(rendition_, {});
  (void)reload(other);
  playlist(other, HlsText{}.text());
  EXPECT_EQ(reload(other), "/v0/i.m3u8?_HLS_msn=20&_HLS_part=0&_HLS_skip=YES");
  playlist({.open_parts = 1});
  now_ = now_ + millis(3);
  playlist(other, HlsText{.open_parts = 1}.text());
  EXPECT_EQ(tally_.release_us.samples(), 2u);
  EXPECT_EQ(tally_.release_us.max(), 3'000u);
}

TEST_F(HlsTrackTest, AnEndIsAnEnd) {
  begin();
  std::string text = HlsText{.whole = 11}.text();
  text.erase(text.find("#EXT-X-PRELOAD"));
  playlist(track_, text + "#EXT-X-ENDLIST\n");
  EXPECT_TRUE(track_.has_ended());
  EXPECT_EQ(reload(), "-");
  EXPECT_EQ(media(), "/v0/s20.0.m4s") << "what there is is played";
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
}

TEST_F(HlsHintTest, APartIsAskedForBeforeItIsListed) {
  EXPECT_EQ(reload(), "/v0/i.m3u8");
  playlist({});
  (void)media();
  bytes(track_, hls_init_of_one_tick());
  for (std::uint64_t at = 0; at < 5; ++at) {
    (void)media();
    part({19, at});
  }
  EXPECT_EQ(media(), "/v0/s20.0.m4s");
  part({20, 0});
  EXPECT_EQ(media(), "-") << "the next hint has not come";
  (void)reload();
  playlist({.open_parts = 1});
  EXPECT_EQ(media(), "/v0/s20.1.m4s");
  bytes(track_, {}, 404);
  EXPECT_EQ(tally_.hints_in_vain, 1u);
  EXPECT_EQ(media(), "-");
  EXPECT_EQ(tally_.hinted, 1u);
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
}

// Who foresees a segment's end hints at the next one's first part while the segment is still open.
TEST_F(HlsHintTest, AHintBehindTheSegmentsEndIsTakenOnce) {
  EXPECT_EQ(reload(), "/v0/i.m3u8");
  playlist({});
  (void)media();
  bytes(track_, hls_init_of_one_tick());
  for (std::uint64_t at = 0; at < 5; ++at) {
    (void)media();
    part({19, at});
  }
  (void)reload();
  std::string foreseen = HlsText{.open_parts = 5}.text();
  foreseen.replace(foreseen.find("URI=\"s20.5"), 10, "URI=\"s21.0");
  playlist(track_, foreseen);
  for (std::uint64_t at = 0; at < 5; ++at) {
    EXPECT_EQ(media(), "/v0/s20." + std::to_string(at) + ".m4s");
    part({20, at});
  }
  EXPECT_EQ(media(), "/v0/s21.0.m4s");
  part({21, 0});
  EXPECT_EQ(media(), "-");
  (void)reload();
  playlist({.whole = 11, .open_parts = 1});
  EXPECT_EQ(media(), "/v0/s21.1.m4s");
  EXPECT_EQ(tally_.hinted, 1u);
  EXPECT_EQ(tally_.parts, 11u);
  EXPECT_EQ(tally_.parts_distinct, 11u) << "all judged, and media time goes on";
  EXPECT_EQ(tally_.faults.sum(), 0u) << first();
}

TEST(HlsViewerTest, SoundApartIsFollowedOnLinesOfItsOwn) {
  HlsShow show("/x/index.m3u8", true, {});
  HlsViewer viewer(show);
  const Instant now = Instant{} + seconds(1);
  EXPECT_EQ(viewer.poll(now, 1), std::nullopt);
  EXPECT_EQ(viewer.poll(now, 0), "/x/index.m3u8");
  EXPECT_EQ(viewer.poll(now, 0), std::nullopt);
  const std::string text =
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",DEFAULT=YES,URI=\"a0/i.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv0/i.m3u8\n";
  viewer.handle_head(0, {.status = 200, .length = text.size()});
  viewer.handle_body(0, std::as_bytes(std::span(text).first(20)));
  viewer.handle_body(0, std::as_bytes(std::span(text).subspan(20)));
  viewer.handle_end(now, 0);
  EXPECT_EQ(viewer.poll(now, 0), "/x/v0/i.m3u8");
  EXPECT_EQ(viewer.poll(now, 2), "/x/a0/i.m3u8");
  EXPECT_EQ(viewer.poll(now, 1), std::nullopt);
  EXPECT_FALSE(viewer.is_up());
}

TEST(HlsViewerTest, AMultivariantPlaylistThatIsNoneIsAskedForAgain) {
  HlsShow show("/x/index.m3u8", true, {});
  HlsViewer viewer(show);
  const Instant now = Instant{} + seconds(1);
  (void)viewer.poll(now, 0);
  viewer.handle_head(0, {.status = 404, .length = 0});
  viewer.handle_end(now, 0);
  EXPECT_EQ(show.tally().faults.of(HlsFault::kStatus).first, "/x/index.m3u8: was answered with 404");
  EXPECT_EQ(viewer.poll(now, 0), std::nullopt);
  EXPECT_EQ(viewer.poll(viewer.next_due(), 0), "/x/index.m3u8");
}

}  // namespace
}  // namespace fanlight::load
