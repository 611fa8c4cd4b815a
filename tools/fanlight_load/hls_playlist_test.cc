#include "fanlight_load/hls_playlist.h"

#include <gtest/gtest.h>

#include "fanlight_load/hls_fixture.h"
#include "fanlight_load/hls_settings.h"

namespace fanlight::load {
namespace {

TEST(HlsPlaylistTest, ReadsWhatAPlayerNeeds) {
  const HlsPlaylist list = hls_list(
      HlsText{.open_parts = 2, .more = "#EXT-X-RENDITION-REPORT:URI=\"../a0/i.m3u8\",LAST-MSN=20,LAST-PART=1\n"}
          .text());
  EXPECT_EQ(list.media_sequence, 10u);
  EXPECT_EQ(list.target_duration, seconds(2));
  EXPECT_EQ(list.part_target, millis(200));
  EXPECT_EQ(list.part_hold_back, millis(600));
  EXPECT_EQ(list.can_skip_until, seconds(12));
  EXPECT_TRUE(list.can_block);
  EXPECT_EQ(list.end_msn(), 21u);
  EXPECT_EQ(list.next(), (HlsPlace{20, 2}));
  EXPECT_EQ(list.hint, "s20.2.m4s");
  ASSERT_NE(list.find(HlsPlace{19, 4}), nullptr);
  EXPECT_EQ(list.find(HlsPlace{19, 4})->uri, "s19.4.m4s");
  EXPECT_TRUE(list.find(HlsPlace{20, 0})->is_independent);
  EXPECT_EQ(list.find(HlsPlace{20, 2}), nullptr);
  EXPECT_EQ(list.find(9), nullptr);
  EXPECT_EQ(list.find(12)->init, "i0.mp4");
  ASSERT_EQ(list.reports.size(), 1u);
  EXPECT_EQ(list.reports[0], (HlsReport{"../a0/i.m3u8", 20, 1}));
}

TEST(HlsPlaylistTest, BehindAWholeSegmentTheNextOneBegins) {
  EXPECT_EQ(hls_list(HlsText{}.text()).next(), (HlsPlace{20, 0}));
}

TEST(HlsPlaylistTest, WhatIsNoPlaylistIsRefusedWithTheLine) {
  EXPECT_FALSE(parse_hls_playlist("<html>"));
  EXPECT_FALSE(parse_hls_playlist("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n"));
  const auto refused = parse_hls_playlist("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:-1\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "no number: #EXT-X-MEDIA-SEQUENCE:-1");
}

TEST(HlsPlaylistTest, TheFirstVariantAndItsDefaultSoundAreChosen) {
  const std::string text =
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"other\",NAME=\"x\",DEFAULT=YES,URI=\"b0/i.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"a,b\",DEFAULT=NO,URI=\"a0/i.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"c\",DEFAULT=YES,URI=\"a1/i.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.1,mp4a\",AUDIO=\"sound\"\nv0/i.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/i.m3u8\n";
  const auto both = choose_renditions(text, true);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->video, "v0/i.m3u8");
  EXPECT_EQ(both->audio, "a1/i.m3u8");
  EXPECT_EQ(choose_renditions(text, false)->audio, "");
  EXPECT_FALSE(choose_renditions(HlsText{}.text(), true));
}

TEST(HlsPlaylistTest, ReferencesAreResolvedAgainstThePlaylist) {
  EXPECT_EQ(resolve_uri("/live/x/index.m3u8?token=a/b", "v0/i.m3u8"), "/live/x/v0/i.m3u8");
  EXPECT_EQ(resolve_uri("/live/x/v0/i.m3u8", "../a0/i.m3u8"), "/live/x/a0/i.m3u8");
  EXPECT_EQ(resolve_uri("/live/x/v0/i.m3u8", "/s.m4s"), "/s.m4s");
  EXPECT_EQ(resolve_uri("/i.m3u8", "../../s.m4s"), "/s.m4s");
}

TEST(HlsSettingsTest, AUrlIsAddressAuthorityAndPath) {
  HlsSettings settings;
  ASSERT_TRUE(read_hls_url("http://127.0.0.1:8080/live/x/index.m3u8?t=1", settings));
  EXPECT_EQ(settings.server.text(), "127.0.0.1:8080");
  EXPECT_EQ(settings.authority, "127.0.0.1:8080");
  EXPECT_EQ(settings.path, "/live/x/index.m3u8?t=1");
  ASSERT_TRUE(read_hls_url("http://[::1]:81/x", settings));
  EXPECT_EQ(settings.server.text(), "[::1]:81");
  ASSERT_TRUE(read_hls_url("http://localhost/x", settings));
  EXPECT_EQ(settings.server.text(), "127.0.0.1:80");
  for (const char* wrong : {"https://127.0.0.1/x", "http://example.org/x", "http://127.0.0.1:0/x", "http://127.0.0.1",
                            "127.0.0.1/x", "http://127.0.0.1/a b"})
    EXPECT_FALSE(read_hls_url(wrong, settings)) << wrong;
}

TEST(HlsSettingsTest, OnLoopbackEachViewerHasAnAddress) {
  HlsSettings settings;
  ASSERT_TRUE(read_hls_url("http://127.0.0.1:8080/x", settings));
  EXPECT_EQ(hls_source(settings, 0).ip.text(), "127.1.0.1");
  EXPECT_EQ(hls_source(settings, 250).ip.text(), "127.1.1.1");
  EXPECT_EQ(hls_source(settings, 19'999).ip.text(), "127.1.79.250");
  ASSERT_TRUE(read_hls_url("http://192.0.2.1/x", settings));
  EXPECT_TRUE(hls_source(settings, 7).ip.is_unspecified());
}

}  // namespace
}  // namespace fanlight::load
