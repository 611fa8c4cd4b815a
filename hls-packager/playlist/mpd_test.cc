#include "playlist/mpd.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

TrackFormat pictures() {
  return {.codec = Codec::kH264,
          .name = "avc1.64001f",
          .record = {},
          .media = PictureFormat{
              .width = 720, .height = 576, .aspect_width = 64, .aspect_height = 45, .rate = FrameRate{25, 1}}};
}
TrackFormat sound() {
  return {.codec = Codec::kAac,
          .name = "mp4a.40.2",
          .record = {},
          .media = SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 1'024}};
}

TEST(MpdTest, AFileOfPicturesAndSound) {
  const TrackFormat video = pictures(), audio = sound();
  const Mpd mpd{{{{{.representations = {{.id = "v0",
                                         .folder = "v0/",
                                         .format = &video,
                                         .bandwidth = 3'000'000,
                                         .period_start = 900'000,
                                         .first_time = 900'000,
                                         .durations = {180'000, 180'000, 90'000}}}},
                   {.language = "deu",
                    .representations = {{.id = "a0",
                                         .folder = "a0/",
                                         .format = &audio,
                                         .bandwidth = 128'000,
                                         .init = 2,
                                         .period_start = 480'000,
                                         .first_time = 480'512,
                                         .first_msn = 7,
                                         .durations = {96'256, 95'232, 48'128}}}}}}}};
  EXPECT_EQ(write_static_mpd(mpd), R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT5.002667S" maxSegmentDuration="PT2.005333S" minBufferTime="PT2.005333S">
  <Period id="p0" start="PT0.000000S" duration="PT5.002667S">
    <AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="v0" bandwidth="3000000" codecs="avc1.64001f" width="720" height="576" frameRate="25/1" sar="64:45">
        <SegmentTemplate timescale="90000" presentationTimeOffset="900000" startNumber="0" initialization="v0/i0.mp4" media="v0/s$Number$.m4s">
          <SegmentTimeline>
            <S t="900000" d="180000" r="1"/>
            <S d="90000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet contentType="audio" mimeType="audio/mp4" lang="deu" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="a0" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
        <SegmentTemplate timescale="48000" presentationTimeOffset="480000" startNumber="7" initialization="a0/i2.mp4" media="a0/s$Number$.m4s">
          <SegmentTimeline>
            <S t="480512" d="96256"/>
            <S d="95232"/>
            <S d="48128"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
)");
}

TEST(MpdTest, PeriodsFollowOneAnother) {
  const TrackFormat video = pictures();
  MpdPeriod period{{{.representations = {{.id = "v0", .format = &video, .durations = {90'000}}}}}};
  const std::string text = write_static_mpd({{period, period}});
  EXPECT_NE(text.find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT1.000000S\">"), std::string::npos);
  EXPECT_NE(text.find("<Period id=\"p1\" start=\"PT1.000000S\" duration=\"PT1.000000S\">"), std::string::npos);
  EXPECT_NE(text.find("mediaPresentationDuration=\"PT2.000000S\""), std::string::npos);
}

TEST(MpdTest, EncryptedSetsNameTheirFirstKeyAndWhereTheLicenceIs) {
  const TrackFormat video = pictures();
  Mpd mpd{.periods = {{{{.label = "x", .representations = {{.id = "v0", .format = &video, .durations = {1}}}}}}},
          .protection = MpdProtection{.key_id = "00112233-4455-6677-8899-aabbccddeeff"}};
  std::string text = write_static_mpd(mpd);
  EXPECT_NE(text.find("<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" xmlns:cenc=\"urn:mpeg:cenc:2013\" profiles="),
            std::string::npos);
  // Before all else: the schema has an order.
  EXPECT_NE(text.find("startWithSAP=\"1\">\n"
                      "      <ContentProtection schemeIdUri=\"urn:mpeg:dash:mp4protection:2011\" value=\"cbcs\" "
                      "cenc:default_KID=\"00112233-4455-6677-8899-aabbccddeeff\"/>\n"
                      "      <Label>"),
            std::string::npos);
  mpd.protection->licence = "/live/a/licence.json";
  text = write_static_mpd(mpd);
  EXPECT_NE(text.find(" xmlns:ck=\"http://dashif.org/guidelines/clearKey\""), std::string::npos);
  EXPECT_NE(text.find("ddeeff\"/>\n"
                      "      <ContentProtection schemeIdUri=\"urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e\" "
                      "value=\"ClearKey1.0\">\n"
                      "        <ck:Laurl Lic_type=\"EME-1.0\">/live/a/licence.json</ck:Laurl>\n"
                      "      </ContentProtection>\n"
                      "      <Label>"),
            std::string::npos);
}

TEST(MpdTest, NamesAreEscapedAndOddLanguagesLeftOut) {
  const TrackFormat audio = sound();
  const std::string text = write_static_mpd(
      {{{{{.language = "\"><x",
           .is_main = false,
           .representations = {{.id = "a&b", .folder = "<'\"/", .format = &audio, .durations = {1}}}}}}}});
  EXPECT_NE(text.find(" id=\"a&amp;b\""), std::string::npos);
  EXPECT_NE(text.find("media=\"&lt;&apos;&quot;/s$Number$.m4s\""), std::string::npos);
  EXPECT_EQ(text.find("lang="), std::string::npos);
  EXPECT_NE(text.find("value=\"alternate\""), std::string::npos);
}

TEST(MpdTest, DescriptionsAreMarkedAndMainWhereThereIsNothingElse) {
  const TrackFormat video = pictures(), audio = sound();
  const auto set_of = [](const TrackFormat& format, const char* id, bool describes_video) {
    return MpdAdaptationSet{.describes_video = describes_video,
                            .representations = {{.id = id, .format = &format, .durations = {1}}}};
  };
  const std::string mark =
      "      <Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" value=\"1\"/>\n"
      "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=";
  MpdPeriod both{{set_of(video, "v0", false), set_of(audio, "a0", true), set_of(audio, "a1", false)}};
  choose_main(both);
  EXPECT_EQ(std::vector({both.sets[0].is_main, both.sets[1].is_main, both.sets[2].is_main}),
            (std::vector{true, false, true}));
  EXPECT_NE(write_static_mpd({{both}}).find(mark + "\"alternate\"/>"), std::string::npos);
  MpdPeriod alone{{set_of(audio, "a0", true)}};
  choose_main(alone);
  EXPECT_NE(write_static_mpd({{alone}}).find(mark + "\"main\"/>"), std::string::npos);
}

TEST(MpdTest, SoundsOfOneLanguageAreToldApart) {  // D-14
  const TrackFormat audio = sound();
  MpdAdaptationSet set{
      .label = "eng <a1>", .language = "eng", .representations = {{.id = "a1", .format = &audio, .durations = {1}}}};
  EXPECT_NE(write_static_mpd({{{{set}}}}).find("      <Label>eng &lt;a1&gt;</Label>\n      <Role "), std::string::npos);
}

// A segment that is not longer than a part is still there before its end.
TEST(MpdTest, TheOffsetIsAboveNothing) {  // D-03
  const TrackFormat video = pictures();
  LiveMpd mpd{.segment = millis(200), .part = millis(200)};
  mpd.content.periods.push_back({{{.representations = {{.format = &video, .durations = {18'000}}}}}});
  EXPECT_NE(write_live_mpd(mpd).find(" availabilityTimeOffset=\"0.100000\""), std::string::npos);
}

TEST(MpdTest, WhatWasLiveHasAnEnd) {  // D-10
  const TrackFormat video = pictures();
  LiveMpd mpd{.availability_start = {1'795'710'600'000'000},
              .published = {1'795'710'660'000'000},
              .window = seconds(30),
              .segment = seconds(1),
              .part = millis(200),
              .latency = millis(600),
              .has_ended = true,
              .clock = "/time"};
  MpdRepresentation one{.id = "v0",
                        .folder = "v0/",
                        .format = &video,
                        .bandwidth = 3'000'000,
                        .period_start = 900'000,
                        .first_time = 3'600'000,
                        .first_msn = 30,
                        .durations = {90'000, 90'000, 36'000},
                        .grid = 90'000};
  MpdPeriod period{
      .sets = {{.representations = {one}}}, .id = "p0", .start = {}, .is_over = true, .media_start = 900'000};
  mpd.content.periods.push_back(period);
  EXPECT_EQ(write_live_mpd(mpd), R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" availabilityStartTime="2026-11-26T16:30:00.000Z" publishTime="2026-11-26T16:31:00.000Z" mediaPresentationDuration="PT32.400000S" maxSegmentDuration="PT1.000000S" minBufferTime="PT1.000000S">
  <Period id="p0" start="PT0.000000S" duration="PT32.400000S">
    <AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="v0" bandwidth="3000000" codecs="avc1.64001f" width="720" height="576" frameRate="25/1" sar="64:45">
        <SegmentTemplate timescale="90000" presentationTimeOffset="900000" startNumber="30" initialization="v0/i0.mp4" media="v0/s$Number$.m4s">
          <SegmentTimeline>
            <S t="3600000" d="90000" r="1"/>
            <S d="36000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
)");
}

TEST(MpdTest, CaptionsInPicturesAreSaid) {  // H-62
  const TrackFormat video = pictures();
  const Mpd mpd{{{{{.captions = {{{false, 1}, "eng"}, {{false, 3}, ""}, {{true, 2}, "spa"}},
                    .representations = {{.format = &video, .durations = {180'000}}}}}}}};
  EXPECT_NE(write_static_mpd(mpd).find(
                "      <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=eng;CC3=und\"/>\n"
                "      <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-708:2015\" value=\"2=lang:spa\"/>\n"
                "      <Role "),
            std::string::npos)
      << write_static_mpd(mpd);
}

}  // namespace
}  // namespace fanlight::packager
