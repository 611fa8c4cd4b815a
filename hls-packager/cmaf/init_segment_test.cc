#include "cmaf/init_segment.h"

#include <gtest/gtest.h>

#include "cmaf/test_boxes.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

TrackFormat h264() {
  return {.codec = Codec::kH264,
          .name = "avc1.64001f",
          .record = from_hex("0164001f ffe1 0002 6764 01 0001 68"),
          .media = PictureFormat{.width = 1280, .height = 720}};
}

TrackFormat aac(std::uint32_t sample_rate = 48'000) {
  return {.codec = Codec::kAac,
          .name = "mp4a.40.2",
          .record = from_hex("1190"),
          .media = SoundFormat{.sample_rate = sample_rate, .channels = 2, .samples_per_frame = 1024}};
}

TEST(InitSegmentTest, ATrackOfPicturesHasTheseBoxesAndNoOthers) {
  EXPECT_EQ(tree_of(write_init_segment(h264()).span()),
            "ftyp moov{mvhd trak{tkhd mdia{mdhd hdlr minf{vmhd dinf{dref{url }} "
            "stbl{stsd{avc1{avcC}} stts stsc stsz stco}}}} mvex{trex}}");
}

TEST(InitSegmentTest, ATrackOfSoundHasTheseBoxesAndNoOthers) {
  EXPECT_EQ(tree_of(write_init_segment(aac()).span()),
            "ftyp moov{mvhd trak{tkhd mdia{mdhd hdlr minf{smhd dinf{dref{url }} "
            "stbl{stsd{mp4a{esds}} stts stsc stsz stco}}}} mvex{trex}}");
}

TEST(InitSegmentTest, BrandsPromiseCmaf) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "ftyp"), "636d6663 00000000 69736f36 636d6663 64617368");
}

constexpr const char* kUnity = "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000";

TEST(InitSegmentTest, TheMovieHasNoDuration) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "moov/mvhd"),
             "00000000 00000000 00000000 00015f90 00000000 00010000 0100 0000 0000000000000000" + std::string(kUnity) +
                 "000000000000000000000000000000000000000000000000 00000002");
}

TEST(InitSegmentTest, PicturesHaveASizeAndSoundHasAVolume) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "moov/trak/tkhd"),
             "00000007 00000000 00000000 00000001 00000000 00000000 0000000000000000 0000 0000 0000 0000" +
                 std::string(kUnity) + "05000000 02d00000");
  EXPECT_HEX(body_of(write_init_segment(aac()).span(), "moov/trak/tkhd"),
             "00000007 00000000 00000000 00000001 00000000 00000000 0000000000000000 0000 0000 0100 0000" +
                 std::string(kUnity) + "00000000 00000000");
}

TEST(InitSegmentTest, MediaHeadersHaveTheTracksTimescaleAndLanguage) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "moov/trak/mdia/mdhd"),
             "00000000 00000000 00000000 00015f90 00000000 55c4 0000");  // und
  EXPECT_HEX(body_of(write_init_segment(aac(44'100), "eng").span(), "moov/trak/mdia/mdhd"),
             "00000000 00000000 00000000 0000ac44 00000000 15c7 0000");
  for (const char* odd : {"", "en", "ENG", "e1g", "engl"})
    EXPECT_EQ(hex_of(body_of(write_init_segment(aac(), odd).span(), "moov/trak/mdia/mdhd")).substr(40, 4), "55c4")
        << odd;
}

TEST(InitSegmentTest, HandlersSayWhatTheTrackIs) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "moov/trak/mdia/hdlr"),
             "00000000 00000000 76696465 000000000000000000000000 766964656f00");
  EXPECT_HEX(body_of(write_init_segment(aac()).span(), "moov/trak/mdia/hdlr"),
             "00000000 00000000 736f756e 000000000000000000000000 736f756e6400");
}

TEST(InitSegmentTest, MediaInformationPointsIntoTheFileItself) {
  const SharedBytes pictures = write_init_segment(h264());
  EXPECT_HEX(body_of(pictures.span(), "moov/trak/mdia/minf/vmhd"), "00000001 0000000000000000");
  EXPECT_HEX(body_of(pictures.span(), "moov/trak/mdia/minf/dinf/dref"), "00000000 00000001 0000000c 75726c20 00000001");
  EXPECT_HEX(body_of(write_init_segment(aac()).span(), "moov/trak/mdia/minf/smhd"), "00000000 00000000");
}

TEST(InitSegmentTest, SampleTablesAreEmpty) {
  const SharedBytes init = write_init_segment(h264());
  const ByteSpan tables = body_of(init.span(), "moov/trak/mdia/minf/stbl");
  for (const char* table : {"stts", "stsc", "stco"}) EXPECT_HEX(body_of(tables, table), "00000000 00000000") << table;
  EXPECT_HEX(body_of(tables, "stsz"), "00000000 00000000 00000000");
}

TEST(InitSegmentTest, FragmentsMayFollow) {
  EXPECT_HEX(body_of(write_init_segment(h264()).span(), "moov/mvex/trex"),
             "00000000 00000001 00000001 00000000 00000000 00000000");
}

std::string entry_of(const TrackFormat& format) {
  return hex_of(body_of(write_init_segment(format).span(), "moov/trak/mdia/minf/stbl/stsd"));
}

// Of pictures up to the record.
std::string picture_head(const char* type, const char* size) {
  return hex_text(std::string(type) + "000000000000 0001 0000 0000 000000000000000000000000" + size +
                  "00480000 00480000 00000000 0001" + std::string(64, '0') + "0018 ffff");
}

TEST(SampleEntryTest, H264) {
  EXPECT_EQ(entry_of(h264()), hex_text("00000000 00000001 0000006c") + picture_head("61766331", "0500 02d0") +
                                  hex_text("00000016 61766343 0164001f ffe1 0002 6764 01 0001 68"));
}

TEST(SampleEntryTest, H265) {
  TrackFormat format = h264();
  format.codec = Codec::kH265;
  format.record = from_hex("01020304");
  EXPECT_EQ(entry_of(format), hex_text("00000000 00000001 00000062") + picture_head("68766331", "0500 02d0") +
                                  hex_text("0000000c 68766343 01020304"));
}

TEST(SampleEntryTest, ColourAndOblongSamplesAreSaidWhenKnown) {
  TrackFormat format = h264();
  format.media = PictureFormat{.width = 720,
                               .height = 576,
                               .aspect_width = 64,
                               .aspect_height = 45,
                               .colours = {.primaries = 9, .transfer = 16, .matrix = 9, .is_full_range = true}};
  EXPECT_EQ(entry_of(format), hex_text("00000000 00000001 0000008f") + picture_head("61766331", "02d0 0240") +
                                  hex_text("00000016 61766343 0164001f ffe1 0002 6764 01 0001 68"
                                           "00000013 636f6c72 6e636c78 0009 0010 0009 80"
                                           "00000010 70617370 00000040 0000002d"));
  // 720 · 64 / 45 = 1024
  EXPECT_EQ(hex_of(body_of(write_init_segment(format).span(), "moov/trak/tkhd")).substr(152), "0400000002400000");
}

TEST(SampleEntryTest, AspectsThatMeanNothingAreLeftOut) {
  TrackFormat format = h264();
  format.media = PictureFormat{.width = 1280, .height = 720, .aspect_width = 0, .aspect_height = 0};
  EXPECT_EQ(entry_of(format), entry_of(h264()));
}

TEST(SampleEntryTest, AacHasTheWholeChainOfDescriptors) {
  EXPECT_EQ(
      entry_of(aac()),
      hex_text("00000000 00000001 00000057 6d703461 000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000"
               "00000033 65736473 00000000"
               "03 80808022 0000 00"
               "04 80808014 40 15 000000 00000000 00000000"
               "05 80808002 1190"
               "06 80808001 02"));
}

TEST(SampleEntryTest, RatesThatDoNotFitAreLeftToTheRecord) {
  EXPECT_EQ(entry_of(aac(96'000)).substr(80, 8), "00000000");
  EXPECT_EQ(entry_of(aac(44'100)).substr(80, 8), "ac440000");
}

TEST(SampleEntryTest, LongSpecificConfigsHaveLongLengths) {
  TrackFormat format = aac();
  format.record.assign(200, std::byte{1});
  EXPECT_NE(entry_of(format).find("0580808148"
                                  "0101"),
            std::string::npos);  // 200 = 1 · 128 + 72
}

TEST(SampleEntryTest, TheOtherSoundsHaveTheirRecordsAsTheyAre) {
  TrackFormat format = aac();
  for (const auto& [codec, type, box] : {std::tuple{Codec::kAc3, "61632d33", "64616333"},
                                         {Codec::kEac3, "65632d33", "64656333"},
                                         {Codec::kOpus, "4f707573", "644f7073"}}) {
    format.codec = codec;
    EXPECT_EQ(entry_of(format),
              hex_text("00000000 00000001 0000002e" + std::string(type) +
                       "000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000 0000000a" + box + "1190"));
  }
}

}  // namespace
}  // namespace fanlight::packager
