#include "codec/h264_sps.h"

#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

Bytes unit_of_type(std::string_view access_unit_hex, unsigned type) {
  const Bytes access_unit = from_hex(access_unit_hex);
  NalUnits units(access_unit);
  while (const auto unit = units.next())
    if ((std::to_integer<unsigned>((*unit)[0]) & 0x1F) == type) return copy(*unit);
  return {};
}

struct Shape {
  std::uint32_t profile = 100;
  std::uint32_t chroma_format = 1;
  bool has_separate_planes = false;
  bool has_frames_only = true;
  std::uint32_t width_mbs = 20;
  std::uint32_t height_units = 12;
  std::array<std::uint32_t, 4> crop{};  // Left, right, top, bottom.
};

// §7.3.2.1.1, up to the flag that says whether there is a VUI.
TestBits set_of(const Shape& shape) {
  TestBits bits;
  bits.bits(0x67, 8).bits(shape.profile, 8).bits(0, 8).bits(30, 8).ue(0);
  if (shape.profile >= 100) {
    bits.ue(shape.chroma_format);
    if (shape.chroma_format == 3) bits.bits(shape.has_separate_planes ? 1 : 0, 1);
    bits.ue(2).ue(1).bits(0, 2);  // Depths of 10 and 9, no scaling lists.
  }
  bits.ue(4).ue(0).ue(4).ue(1).bits(0, 1);
  bits.ue(shape.width_mbs - 1).ue(shape.height_units - 1).bits(shape.has_frames_only ? 1 : 0, 1);
  if (!shape.has_frames_only) bits.bits(0, 1);
  bits.bits(1, 1).bits(1, 1);
  for (const std::uint32_t side : shape.crop) bits.ue(side);
  return bits;
}

PictureFormat picture_of(const Shape& shape) {
  const auto sps = parse_h264_sps(escaped(set_of(shape).bits(0, 1).finish()));
  EXPECT_TRUE(sps.has_value());
  return sps ? sps->picture : PictureFormat{};
}

// What ffprobe 5.1 says of the same streams.
TEST(H264SpsTest, SaysWhatFfprobeSays) {
  const auto high = parse_h264_sps(unit_of_type(kH264HighIdr, 7));
  ASSERT_TRUE(high);
  EXPECT_EQ(high->profile, 100);
  EXPECT_EQ(high->level, 40);
  EXPECT_EQ(high->picture.width, 1920U);
  EXPECT_EQ(high->picture.height, 1080U);
  EXPECT_EQ(high->picture.rate, (FrameRate{30'000, 1001}));
  EXPECT_EQ(high->picture.aspect_width, 1);

  const auto base = parse_h264_sps(unit_of_type(kH264BaseIdr, 7));
  ASSERT_TRUE(base);
  EXPECT_EQ(base->profile, 66);
  EXPECT_EQ(base->constraints, 0xC0);
  EXPECT_EQ(base->picture.aspect_width, 16);
  EXPECT_EQ(base->picture.aspect_height, 11);
  EXPECT_EQ(base->picture.rate, (FrameRate{25, 1}));

  const auto mbaff = parse_h264_sps(unit_of_type(kH264MbaffIdr, 7));
  ASSERT_TRUE(mbaff);
  EXPECT_FALSE(mbaff->has_frames_only);
  EXPECT_EQ(mbaff->picture.height, 576U);
}

TEST(H264SpsTest, AnExtendedSampleAspectRatioIsRead) {
  const auto sps = parse_h264_sps(unit_of_type(kH264SarIdr, 7));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->picture.aspect_width, 37);
  EXPECT_EQ(sps->picture.aspect_height, 41);
}

TEST(H264SpsTest, HighProfilesSayChromaAndDepth) {
  const auto ten = parse_h264_sps(unit_of_type(kH264High10Idr, 7));
  ASSERT_TRUE(ten);
  EXPECT_EQ(ten->luma_depth, 10);
  EXPECT_EQ(ten->chroma_format, 1);
  EXPECT_EQ(ten->picture.width, 322U);
  EXPECT_EQ(ten->picture.height, 182U);
  const auto h422 = parse_h264_sps(unit_of_type(kH264High422Idr, 7));
  ASSERT_TRUE(h422);
  EXPECT_EQ(h422->chroma_format, 2);
  EXPECT_EQ(h422->picture.width, 322U);
  EXPECT_EQ(h422->picture.height, 180U);
  const auto h444 = parse_h264_sps(unit_of_type(kH264High444Idr, 7));
  ASSERT_TRUE(h444);
  EXPECT_EQ(h444->chroma_format, 3);
  EXPECT_EQ(h444->picture.width, 320U);
}

TEST(H264SpsTest, CroppingCountsChromaSamplesAndFieldLines) {
  const std::array<std::uint32_t, 4> crop{1, 2, 3, 1};
  const auto size = [](const PictureFormat& picture) { return std::pair(picture.width, picture.height); };
  EXPECT_EQ(size(picture_of({.chroma_format = 0, .crop = crop})), std::pair(317U, 188U));
  EXPECT_EQ(size(picture_of({.chroma_format = 1, .crop = crop})), std::pair(314U, 184U));
  EXPECT_EQ(size(picture_of({.chroma_format = 2, .crop = crop})), std::pair(314U, 188U));
  EXPECT_EQ(size(picture_of({.chroma_format = 3, .crop = crop})), std::pair(317U, 188U));
  EXPECT_EQ(size(picture_of({.chroma_format = 3, .has_separate_planes = true, .crop = crop})), std::pair(317U, 188U));
  EXPECT_EQ(size(picture_of({.chroma_format = 1, .has_frames_only = false, .crop = crop})), std::pair(314U, 368U));
}

TEST(H264SpsTest, CroppingMoreThanThereIsIsRefused) {
  EXPECT_FALSE(parse_h264_sps(escaped(set_of({.crop = {80, 80, 0, 0}}).bits(0, 1).finish())));
  EXPECT_FALSE(parse_h264_sps(escaped(set_of({.crop = {0, 0, 96, 0}}).bits(0, 1).finish())));
  EXPECT_TRUE(parse_h264_sps(escaped(set_of({.crop = {0, 0, 95, 0}}).bits(0, 1).finish())));
  EXPECT_FALSE(parse_h264_sps(escaped(set_of({.crop = {0x7FFF'FFFF, 0x7FFF'FFFF, 0, 0}}).bits(0, 1).finish())));
}

TEST(H264SpsTest, SizesBeyondAnyLevelAreRefused) {
  EXPECT_TRUE(parse_h264_sps(escaped(set_of({.width_mbs = 1024}).bits(0, 1).finish())));
  EXPECT_FALSE(parse_h264_sps(escaped(set_of({.width_mbs = 1025}).bits(0, 1).finish())));
  EXPECT_FALSE(parse_h264_sps(escaped(set_of({.height_units = 0x8000'0000}).bits(0, 1).finish())));
}

TEST(H264SpsTest, ATimeOfZeroIsNoRate) {
  TestBits bits = set_of({});
  bits.bits(1, 1).bits(0, 4).bits(1, 1).bits(0, 32).bits(50, 32).bits(1, 1);
  const auto sps = parse_h264_sps(escaped(bits.finish()));
  ASSERT_TRUE(sps);
  EXPECT_FALSE(sps->picture.rate);
}

TEST(H264SpsTest, ColoursAreRead) {
  TestBits bits = set_of({});
  bits.bits(1, 1).bits(0, 2).bits(1, 1).bits(5, 3).bits(1, 1).bits(1, 1).bits(9, 8).bits(16, 8).bits(9, 8).bits(0, 2);
  const auto sps = parse_h264_sps(escaped(bits.finish()));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->picture.colours, (Colours{.primaries = 9, .transfer = 16, .matrix = 9, .is_full_range = true}));
}

TEST(H264SpsTest, CutAtAnyByteItIsNone) {
  for (const std::string_view stream : {kH264HighIdr, kH264SarIdr, kH264High422Idr, kH264High444Idr, kH264MbaffIdr}) {
    const Bytes unit = unit_of_type(stream, 7);
    ASSERT_TRUE(parse_h264_sps(unit));
    // The last byte holds no more than what nobody here reads.
    for (std::size_t size = 0; size + 4 < unit.size(); ++size)
      EXPECT_FALSE(parse_h264_sps(copy(ByteSpan(unit).first(size)))) << size << " of " << unit.size();
  }
}

}  // namespace
}  // namespace fanlight::packager
