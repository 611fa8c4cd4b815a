#include "playlist/multivariant.h"

#include <gtest/gtest.h>

#include "playlist/offer.h"

namespace fanlight::packager {
namespace {

PictureFormat hd() { return {.width = 1920, .height = 1080, .rate = FrameRate{30'000, 1'001}}; }

TEST(MultivariantTest, PicturesWithTwoLanguages) {
  const MultivariantPlaylist playlist{
      .audio = {{.group = "aud", .name = "English", .language = "eng", .is_default = true, .uri = "a0/live.m3u8"},
                {.group = "aud", .name = "Deutsch", .language = "deu", .channels = 6, .uri = "a1/live.m3u8"}},
      .variants = {{.uri = "v0/live.m3u8",
                    .bandwidth = 6'400'000,
                    .bandwidth_average = 5'100'000,
                    .codecs = {"avc1.640028", "mp4a.40.2"},
                    .picture = hd(),
                    .audio_group = "aud"}}};
  EXPECT_EQ(write_multivariant_playlist(playlist),
            "#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aud\",NAME=\"English\",LANGUAGE=\"eng\",DEFAULT=YES,AUTOSELECT=YES,"
            "CHANNELS=\"2\",URI=\"a0/live.m3u8\"\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aud\",NAME=\"Deutsch\",LANGUAGE=\"deu\",DEFAULT=NO,AUTOSELECT=YES,"
            "CHANNELS=\"6\",URI=\"a1/live.m3u8\"\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=6400000,AVERAGE-BANDWIDTH=5100000,CODECS=\"avc1.640028,mp4a.40.2\","
            "RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO=\"aud\",CLOSED-CAPTIONS=NONE\n"
            "v0/live.m3u8\n");
}

std::string lines_of(Variant variant) {
  const std::string text =
      write_multivariant_playlist({.variants = {std::move(variant)}, .has_independent_segments = false});
  return text.substr(std::string("#EXTM3U\n#EXT-X-VERSION:6\n").size());
}

TEST(MultivariantTest, SoundAloneHasNothingOfPictures) {
  EXPECT_EQ(
      lines_of({.uri = "a0/live.m3u8", .bandwidth = 140'000, .bandwidth_average = 128'000, .codecs = {"mp4a.40.2"}}),
      "#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\na0/live.m3u8\n");
}

TEST(MultivariantTest, RatesAreSaidToAThousandth) {  // H-60
  for (const auto& [rate, said] :
       {std::pair{FrameRate{25, 1}, "25.000"}, {{24'000, 1'001}, "23.976"}, {{27, 2}, "13.500"}})
    EXPECT_EQ(
        lines_of({.uri = "v",
                  .codecs = {"avc1.64001f"},
                  .picture = PictureFormat{.width = 1280, .height = 720, .rate = rate}}),
        "#EXT-X-STREAM-INF:BANDWIDTH=0,AVERAGE-BANDWIDTH=0,CODECS=\"avc1.64001f\",RESOLUTION=1280x720,FRAME-RATE=" +
            std::string(said) + ",CLOSED-CAPTIONS=NONE\nv\n");
}

TEST(MultivariantTest, RangesBeyondTheOrdinaryAreSaid) {
  for (const auto& [transfer, said] : {std::pair{16, ",VIDEO-RANGE=PQ,"}, {18, ",VIDEO-RANGE=HLG,"}}) {
    PictureFormat picture = hd();
    picture.colours.transfer = static_cast<std::uint8_t>(transfer);
    EXPECT_NE(lines_of({.uri = "v", .codecs = {"hvc1.2.4.L123.B0"}, .picture = picture}).find(said), std::string::npos)
        << said;
  }
  EXPECT_EQ(lines_of({.uri = "v", .picture = hd()}).find("VIDEO-RANGE"), std::string::npos);
}

TEST(MultivariantTest, CaptionsAreAGroupWithoutAPlaylist) {
  const MultivariantPlaylist playlist{
      .captions = {{.group = "cc", .name = "Captions", .language = "und", .is_default = true}},
      .variants = {{.uri = "v", .codecs = {"avc1.64001f"}, .picture = hd(), .captions_group = "cc"}}};
  const std::string text = write_multivariant_playlist(playlist);
  EXPECT_NE(text.find("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"Captions\",DEFAULT=YES,AUTOSELECT=YES,"
                      "INSTREAM-ID=\"CC1\"\n"),
            std::string::npos);
  EXPECT_NE(text.find(",CLOSED-CAPTIONS=\"cc\"\n"), std::string::npos);
}

TEST(MultivariantTest, CaptionsInPicturesAreOfferedByAllVariants) {  // H-62
  const TrackFormat format{.codec = Codec::kH264, .name = "avc1.64001f", .record = {}, .media = hd()};
  const MultivariantPlaylist playlist =
      multivariant_of({{.format = &format, .folder = "v0", .captions = {{{false, 1}, "eng"}, {{true, 12}, ""}}},
                       {.format = &format, .folder = "v1", .captions = {{{false, 1}, "eng"}, {{false, 3}, "spa"}}}});
  const std::string text = write_multivariant_playlist(playlist);
  EXPECT_TRUE(text.starts_with("#EXTM3U\n#EXT-X-VERSION:7\n")) << text;
  const std::string line = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=";
  EXPECT_NE(text.find(line + "\"eng CC1\",LANGUAGE=\"eng\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n" + line +
                      "\"spa CC3\",LANGUAGE=\"spa\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC3\"\n" + line +
                      "\"SERVICE12\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"SERVICE12\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(",CLOSED-CAPTIONS=\"cc\"\nv0/"), std::string::npos);
  EXPECT_NE(text.find(",CLOSED-CAPTIONS=\"cc\"\nv1/"), std::string::npos);
  EXPECT_EQ(text.find("NONE"), std::string::npos);
}

TEST(OfferTest, AllFormatsOfARenditionAreSaid) {
  TrackFormat video{
      .codec = Codec::kH264, .name = "avc1.64001f", .record = {}, .media = PictureFormat{.width = 720, .height = 576}};
  TrackFormat sound{.codec = Codec::kAac,
                    .name = "mp4a.40.2",
                    .record = {},
                    .media = SoundFormat{.sample_rate = 48'000, .channels = 2}};
  const std::string text = write_multivariant_playlist(
      multivariant_of({{.format = &video, .further_codecs = {"hvc1.1.6.L93.B0"}, .folder = "v0"},
                       {.format = &sound, .further_codecs = {"mp4a.40.5"}, .folder = "a0"}}));
  EXPECT_NE(text.find("CODECS=\"avc1.64001f,hvc1.1.6.L93.B0,mp4a.40.2,mp4a.40.5\""), std::string::npos) << text;
}

TEST(OfferTest, DescriptionsAreMarkedAndTheDefaultWhereThereIsNothingElse) {  // H-61
  const TrackFormat video{.codec = Codec::kH264, .name = "avc1.64001f", .record = {}, .media = hd()};
  const TrackFormat sound{.codec = Codec::kAac,
                          .name = "mp4a.40.2",
                          .record = {},
                          .media = SoundFormat{.sample_rate = 48'000, .channels = 2}};
  const OfferedRendition pictures{.format = &video, .folder = "v0"}, plain{.format = &sound, .folder = "a1"};
  const OfferedRendition described{.format = &sound, .folder = "a0", .describes_video = true};
  const auto text_of = [](const std::vector<OfferedRendition>& offers) {
    return write_multivariant_playlist(multivariant_of(offers));
  };
  const std::string mark = "AUTOSELECT=YES,CHARACTERISTICS=\"public.accessibility.describes-video\",CHANNELS=";
  const std::string both = text_of({pictures, described, plain});
  EXPECT_LT(both.find("NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="),
            both.find("NAME=\"sound, described\",DEFAULT=NO," + mark))
      << both;
  EXPECT_NE(both.find(mark), std::string::npos);
  EXPECT_NE(text_of({pictures, described}).find("NAME=\"sound, described\",DEFAULT=YES," + mark), std::string::npos);
  EXPECT_EQ(label_of(described), "sound, described a0");
  EXPECT_EQ(label_of(plain), "sound a1");
}

TEST(OfferTest, SoundOfALanguageHasOneNameInAllGroups) {  // H-61
  const auto format_of = [](Codec codec, const char* name) {
    return TrackFormat{
        .codec = codec, .name = name, .record = {}, .media = SoundFormat{.sample_rate = 48'000, .channels = 2}};
  };
  const TrackFormat aac = format_of(Codec::kAac, "mp4a.40.2"), ac3 = format_of(Codec::kAc3, "ac-3");
  const TrackFormat video{.codec = Codec::kH264, .name = "avc1.64001f", .record = {}, .media = hd()};
  std::vector<OfferedRendition> offers{{.format = &video, .folder = "v0"}};
  std::vector<std::string> names;
  for (OfferedRendition one : {OfferedRendition{.format = &aac, .folder = "a0", .language = "deu"},
                               {.format = &aac, .folder = "a1", .language = "eng"},
                               {.format = &aac, .folder = "a2", .language = "deu"},
                               {.format = &aac, .folder = "a3", .language = "deu", .describes_video = true},
                               {.format = &ac3, .folder = "a4", .language = "deu"},
                               {.format = &aac, .folder = "a5"}}) {
    one.ordinal = ordinal_among(one, offers);
    names.push_back(name_of(one));
    offers.push_back(one);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"deu", "eng", "deu 2", "deu, described", "deu", "sound"}));
  EXPECT_EQ(ordinal_among(offers[3], {}), 2u) << "names stay where others go";
}

// Members of each group and variants, as lines of what players are told.
class GroupsTest : public testing::Test {
 protected:
  OfferedRendition sound(const TrackFormat& format, std::string folder, std::string language) const {
    return {.format = &format, .folder = std::move(folder), .language = std::move(language), .bandwidth = 1};
  }
  [[nodiscard]] static TrackFormat format_of(Codec codec, const char* name) {
    return {.codec = codec, .name = name, .record = {}, .media = SoundFormat{.sample_rate = 48'000, .channels = 2}};
  }
  [[nodiscard]] std::vector<std::string> told_of(std::vector<OfferedRendition> offers) const {
    offers.push_back({.format = &video_, .folder = "v0", .bandwidth = 1'000});
    const MultivariantPlaylist playlist = multivariant_of(offers);
    std::vector<std::string> lines;
    for (const AudioRendition& one : playlist.audio)
      lines.push_back(one.group + " " + one.name + (one.is_default ? "* " : " ") + one.uri.substr(0, 2));
    for (const Variant& one : playlist.variants) {
      lines.push_back(one.audio_group + " " + std::to_string(one.bandwidth) + ":");
      for (const std::string& codec : one.codecs) lines.back() += " " + codec;
    }
    return lines;
  }

  TrackFormat video_{.codec = Codec::kH264, .name = "avc1.64001f", .record = {}, .media = hd()};
  TrackFormat aac_ = format_of(Codec::kAac, "mp4a.40.2"), ac3_ = format_of(Codec::kAc3, "ac-3"),
              opus_ = format_of(Codec::kOpus, "opus");
};
using Lines = std::vector<std::string>;

TEST_F(GroupsTest, WhatIsThereInAacAloneIsAMemberOfAllGroups) {  // H-61
  OfferedRendition loud = sound(aac_, "a2", "deu");
  loud.bandwidth = 7;
  EXPECT_EQ(told_of({sound(aac_, "a0", "eng"), sound(ac3_, "a1", "eng"), loud}),
            (Lines{"aac eng* a0", "aac deu a2", "ac-3 eng* a1", "ac-3 deu a2", "aac 1007: avc1.64001f mp4a.40.2",
                   "ac-3 1007: avc1.64001f ac-3 mp4a.40.2"}));
  // The codec of the group stands first: hls.js tells variants apart by that one.
  EXPECT_EQ(told_of({sound(opus_, "a0", "eng"), sound(aac_, "a1", "deu"), sound(aac_, "a2", "eng")}),
            (Lines{"aac deu* a1", "aac eng a2", "opus eng a0", "opus deu* a1", "aac 1001: avc1.64001f mp4a.40.2",
                   "opus 1001: avc1.64001f opus mp4a.40.2"}));
}

TEST_F(GroupsTest, AVariantTakesAsMuchAsItsLargestSound) {
  std::vector<OfferedRendition> offers{
      {.format = &video_, .folder = "v0", .bandwidth = 1'000}, sound(aac_, "a0", "deu"), sound(aac_, "a1", "eng")};
  offers[0].bandwidth_average = 900;
  offers[1].bandwidth_average = 7;
  offers[2].bandwidth_average = 5;
  EXPECT_EQ(multivariant_of(offers).variants.front().bandwidth_average, 907u);
}

TEST_F(GroupsTest, AacStaysAmongItselfForWhoPlaysNothingElse) {
  EXPECT_EQ(told_of({sound(ac3_, "a0", "deu"), sound(aac_, "a1", "eng")}),
            (Lines{"aac eng* a1", "ac-3 deu a0", "ac-3 eng* a1", "aac 1001: avc1.64001f mp4a.40.2",
                   "ac-3 1001: avc1.64001f ac-3 mp4a.40.2"}));
  EXPECT_EQ(told_of({sound(ac3_, "a0", "deu"), sound(opus_, "a1", "eng")}),
            (Lines{"ac-3 deu* a0", "opus eng* a1", "ac-3 1001: avc1.64001f ac-3", "opus 1001: avc1.64001f opus"}));
}

TEST_F(GroupsTest, TheDefaultIsOneThatAllGroupsHave) {
  EXPECT_EQ(told_of({sound(ac3_, "a0", "deu"), sound(opus_, "a1", "eng"), sound(ac3_, "a2", "eng")}),
            (Lines{"ac-3 deu a0", "ac-3 eng* a2", "opus eng* a1", "ac-3 1001: avc1.64001f ac-3",
                   "opus 1001: avc1.64001f opus"}));
  OfferedRendition described = sound(aac_, "a0", "eng");
  described.describes_video = true;  // Never where there is something else.
  EXPECT_EQ(told_of({described, sound(ac3_, "a1", "eng")}),
            (Lines{"aac eng, described* a0", "ac-3 eng* a1", "ac-3 eng, described a0",
                   "aac 1001: avc1.64001f mp4a.40.2", "ac-3 1001: avc1.64001f ac-3 mp4a.40.2"}));
}

}  // namespace
}  // namespace fanlight::packager
