#include "cmaf/protection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "cmaf/fragment.h"
#include "cmaf/init_segment.h"
#include "cmaf/test_boxes.h"
#include "cmaf/test_protection.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

const KeyMark kKey{.id = block_of("11111111111111111111111111111111"),
                   .iv = block_of("22222222222222222222222222222222")};
constexpr const char* kKeyHex = "11111111111111111111111111111111 10 22222222222222222222222222222222";

TrackFormat h264() {
  return {.codec = Codec::kH264,
          .name = "avc1.64001f",
          .record = from_hex("0164001f ffe1 0002 6764 01 0001 68"),
          .media = PictureFormat{.width = 1280, .height = 720}};
}

TrackFormat aac() {
  return {.codec = Codec::kAac,
          .name = "mp4a.40.2",
          .record = from_hex("1190"),
          .media = SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 1024}};
}

Sample sample(ByteSpan bytes) { return {.bytes = bytes, .decode_time = 900'000, .duration = 3'000}; }

const Bytes kThree = from_hex("a1a2a3");

TEST(ProtectionTest, AnEncryptedEntryKeepsItsBoxesAndSaysWhatItWas) {
  EXPECT_NE(
      tree_of(write_init_segment(h264(), "und", &kKey).span()).find("stsd{encv{avcC sinf{frma schm schi{tenc}}}}"),
      std::string::npos);
  EXPECT_NE(tree_of(write_init_segment(aac(), "und", &kKey).span()).find("stsd{enca{esds sinf{frma schm schi{tenc}}}}"),
            std::string::npos);
}

TEST(ProtectionTest, TheSchemeIsCbcsWithOnePictureBlockInTen) {
  const SharedBytes init = write_init_segment(h264(), "und", &kKey);
  const ByteSpan scheme = body_of(init.span(), "moov/trak/mdia/minf/stbl/stsd/encv/sinf");
  EXPECT_HEX(body_of(scheme, "frma"), "61766331");
  EXPECT_HEX(body_of(scheme, "schm"), "00000000 63626373 00010000");
  EXPECT_HEX(body_of(scheme, "schi/tenc"), "01000000 00 19 01 00" + std::string(kKeyHex));
}

TEST(ProtectionTest, SoundIsEncryptedFromEndToEnd) {
  const SharedBytes init = write_init_segment(aac(), "und", &kKey);
  const ByteSpan scheme = body_of(init.span(), "moov/trak/mdia/minf/stbl/stsd/enca/sinf");
  EXPECT_HEX(body_of(scheme, "frma"), "6d703461");
  EXPECT_HEX(body_of(scheme, "schi/tenc"), "01000000 00 00 01 00" + std::string(kKeyHex));
}

TEST(ProtectionTest, WithoutAKeyNothingIsSaidOfOne) {
  const SharedBytes clear = write_init_segment(h264());
  EXPECT_EQ(tree_of(clear.span()).find("sinf"), std::string::npos);
}

TEST(ProtectionTest, AFragmentOfSoundUnderTheFirstKeyLooksLikeAClearOne) {
  const FragmentProtection protection{.key = kKey};
  const std::array samples{sample(kThree)};
  const SharedBytes clear = write_fragment({}, samples);
  EXPECT_EQ(hex_of(write_fragment({.protection = &protection}, samples).span()), hex_of(clear.span()));
}

TEST(ProtectionTest, PicturesSayWhichBytesAreClear) {
  const FragmentProtection protection{
      .key = kKey, .is_video = true, .subsamples = {{{.clear = 9, .covered = 160}}, {}, {{5, 16}, {0xFFFF, 0}}}};
  const std::array samples{sample(kThree), sample(kThree), sample(kThree)};
  const SharedBytes part = write_fragment({.begins_segment = true, .protection = &protection}, samples);
  EXPECT_EQ(tree_of(part.span()), "styp moof{mfhd traf{tfhd tfdt trun saiz saio senc}} mdat");
  EXPECT_HEX(body_of(part.span(), "moof/traf/saiz"), "00000000 00 00000003 08 02 0e");
  EXPECT_HEX(body_of(part.span(), "moof/traf/senc"),
             "00000002 00000003 0001 0009 000000a0 0000 0002 0005 00000010 ffff 00000000");
}

// From the first byte of moof, whatever stands before it.
TEST(ProtectionTest, TheOffsetPointsToWhatIsSaidOfTheFirstSample) {
  const FragmentProtection protection{.key = kKey, .is_video = true, .subsamples = {{{9, 160}}}};
  const std::array samples{sample(kThree)};
  const SharedBytes part = write_fragment({.begins_segment = true, .protection = &protection}, samples);
  const ByteSpan moof = body_of(part.span(), "moof"), first = body_of(part.span(), "moof/traf/senc").subspan(8);
  const ByteSpan offset = body_of(part.span(), "moof/traf/saio");
  EXPECT_HEX(offset.first(8), "00000000 00000001");
  EXPECT_EQ(load_be32(offset.data() + 8), static_cast<std::size_t>(first.data() - moof.data()) + 8);
}

TEST(ProtectionTest, AnotherKeyThanTheFirstIsASampleGroupOfTheFragment) {
  const FragmentProtection pictures{.key = kKey, .is_video = true, .is_default = false, .subsamples = {{}, {}}};
  const std::array samples{sample(kThree), sample(kThree)};
  const SharedBytes part = write_fragment({.protection = &pictures}, samples);
  EXPECT_EQ(tree_of(part.span()), "moof{mfhd traf{tfhd tfdt trun sgpd sbgp saiz saio senc}} mdat");
  EXPECT_HEX(body_of(part.span(), "moof/traf/sgpd"),
             "01000000 73656967 00000025 00000001 00 19 01 00" + std::string(kKeyHex));
  EXPECT_HEX(body_of(part.span(), "moof/traf/sbgp"), "00000000 73656967 00000001 00000002 00010001");

  const FragmentProtection sound{.key = kKey, .is_default = false};
  const SharedBytes heard = write_fragment({.protection = &sound}, samples);
  EXPECT_EQ(tree_of(heard.span()), "moof{mfhd traf{tfhd tfdt trun sgpd sbgp}} mdat");
  EXPECT_HEX(body_of(heard.span(), "moof/traf/sgpd"),
             "01000000 73656967 00000025 00000001 00 00 01 00" + std::string(kKeyHex));
}

}  // namespace
}  // namespace fanlight::packager
