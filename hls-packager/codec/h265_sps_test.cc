#include "codec/h265_sps.h"

#include "codec/bits_fixture.h"
#include "codec/h265_fixture.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

Bytes sps_of(std::string_view access_unit_hex) {
  const Bytes access_unit = from_hex(access_unit_hex);
  NalUnits units(access_unit);
  while (const auto unit = units.next())
    if ((std::to_integer<unsigned>((*unit)[0]) >> 1 & 0x3F) == 33) return copy(*unit);
  return {};
}

// §7.3.2.2 up to log2_max_pic_order_cnt_lsb_minus4, of 320 by 192 samples.
TestBits begin_set(std::uint32_t sub_layers, std::uint32_t chroma_format, std::array<std::uint32_t, 4> crop) {
  TestBits bits;
  bits.bits(33 << 1, 8).bits(1, 8).bits(0, 4).bits(sub_layers - 1, 3).bits(1, 1);
  bits.bits(1, 8).bits(0x6000'0000, 32).bits(0x9000'0000, 32).bits(0, 16).bits(93, 8);
  if (sub_layers > 1) {
    for (std::uint32_t i = 0; i < 8; ++i) bits.bits(i + 1 < sub_layers ? 3 : 0, 2);
    for (std::uint32_t i = 0; i + 1 < sub_layers; ++i) bits.bits(0, 32).bits(0, 32).bits(0, 24).bits(90, 8);
  }
  bits.ue(0).ue(chroma_format);
  if (chroma_format == 3) bits.bits(0, 1);
  bits.ue(320).ue(192).bits(1, 1);
  for (const std::uint32_t side : crop) bits.ue(side);
  return bits.ue(0).ue(0).ue(4);
}
// From there on to vui_parameters_present_flag, which is left to the caller.
TestBits& finish_set(TestBits& bits) {
  bits.bits(0, 1).ue(4).ue(2).ue(0);
  for (int i = 0; i < 6; ++i) bits.ue(1);
  return bits.bits(0, 1).bits(0, 2).bits(0, 1).ue(0).bits(0, 1).bits(0, 2);
}

TEST(H265SpsTest, SaysWhatFfprobeSays) {
  const auto main = parse_h265_sps(sps_of(kH265MainIdr));
  ASSERT_TRUE(main);
  EXPECT_EQ(main->profile.idc, 1);
  EXPECT_EQ(main->profile.level, 120);
  EXPECT_EQ(main->picture.width, 1920U);
  EXPECT_EQ(main->picture.height, 1080U);
  EXPECT_EQ(main->picture.rate, (FrameRate{30, 1}));
  const auto ten = parse_h265_sps(sps_of(kH265Main10Idr));
  ASSERT_TRUE(ten);
  EXPECT_EQ(ten->luma_depth, 10);
  EXPECT_EQ(ten->picture.width, 322U);
  EXPECT_EQ(ten->picture.height, 182U);
  EXPECT_EQ(ten->picture.rate, (FrameRate{60'000, 1001}));
  const auto rext = parse_h265_sps(sps_of(kH265Rext422Idr));
  ASSERT_TRUE(rext);
  EXPECT_EQ(rext->chroma_format, 2);
  EXPECT_EQ(rext->picture.width, 322U);
  EXPECT_EQ(rext->picture.aspect_width, 37);
  EXPECT_EQ(rext->picture.aspect_height, 41);
}

TEST(H265SpsTest, NamesAreAsRfc6381HasThem) {
  H265Profile profile{.idc = 1, .compatibility = 0x6000'0000, .constraints = {0xB0}, .level = 93};
  EXPECT_EQ(profile_name(profile), "1.6.L93.B0");
  profile.is_high_tier = true;
  profile.constraints = {};
  EXPECT_EQ(profile_name(profile), "1.6.H93");
  profile.space = 2;
  profile.idc = 4;
  profile.compatibility = 0x0800'0001;
  profile.constraints = {0x9D, 0x08, 0, 0x0A};
  EXPECT_EQ(profile_name(profile), "B4.80000010.H93.9D.8.0.A");
}

TEST(H265SpsTest, TheConformanceWindowCountsChromaSamples) {
  const auto size = [](std::uint32_t chroma_format) {
    TestBits bits = begin_set(1, chroma_format, {1, 2, 3, 1});
    const auto sps = parse_h265_sps(escaped(finish_set(bits).bits(0, 1).finish()));
    return sps ? std::pair(sps->picture.width, sps->picture.height) : std::pair(0U, 0U);
  };
  EXPECT_EQ(size(0), std::pair(317U, 188U));
  EXPECT_EQ(size(1), std::pair(314U, 184U));
  EXPECT_EQ(size(2), std::pair(314U, 188U));
  EXPECT_EQ(size(3), std::pair(317U, 188U));
}

TEST(H265SpsTest, SubLayersSayTheirProfilesInBetween) {
  TestBits bits = begin_set(3, 1, {});
  const auto sps = parse_h265_sps(escaped(finish_set(bits).bits(0, 1).finish()));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->sub_layers, 3);
  EXPECT_EQ(sps->profile.level, 93);
  EXPECT_EQ(sps->picture.width, 320U);
}

TEST(H265SpsTest, WhatStandsBeforeTheUsabilityInformationIsPassedOver) {
  TestBits bits = begin_set(1, 1, {});
  bits.bits(1, 1).ue(4).ue(2).ue(0);
  for (int i = 0; i < 6; ++i) bits.ue(1);
  bits.bits(1, 1).bits(1, 1);  // Scaling lists: all but one predicted.
  for (int i = 0; i < 19; ++i) bits.bits(0, 1).ue(0);
  bits.bits(1, 1).ue(3);
  for (int i = 0; i < 64; ++i) bits.ue(1);
  bits.bits(0, 2).bits(1, 1).bits(0x77, 8).ue(0).ue(0).bits(0, 1);  // PCM
  bits.ue(2).ue(2).ue(1);                                           // Two sets of references, the first explicit.
  for (int i = 0; i < 3; ++i) bits.ue(0).bits(1, 1);
  bits.bits(1, 1).bits(0, 1).ue(0);  // The second is predicted from it.
  for (int i = 0; i < 4; ++i) bits.bits(0, 1).bits(i % 2, 1);
  bits.bits(1, 1).ue(2).bits(0, 18);  // Two long-term ones of nine bits.
  bits.bits(0, 2);
  // A VUI with an HRD of all parts, and behind it what the record wants.
  bits.bits(1, 1).bits(0, 4).bits(0, 3).bits(0, 1).bits(1, 1).bits(1, 32).bits(25, 32).bits(0, 1).bits(1, 1);
  bits.bits(3, 2).bits(1, 1).bits(0, 19).bits(0, 8).bits(0, 4).bits(0, 15);
  bits.bits(0, 1).bits(0, 1).bits(0, 1).ue(1);
  for (int buffer = 0; buffer < 4; ++buffer) bits.ue(3).ue(4).ue(5).ue(6).bits(0, 1);
  bits.bits(1, 1).bits(0, 3).ue(77).ue(0).ue(0).ue(0).ue(0);
  const auto sps = parse_h265_sps(escaped(bits.bits(0, 1).finish()));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->picture.rate, (FrameRate{25, 1}));
  EXPECT_EQ(sps->spatial_segmentation_min, 77);
}

TEST(H265SpsTest, CutAtAnyByteItIsNone) {
  for (const std::string_view stream : {kH265MainIdr, kH265Main10Idr, kH265Rext422Idr, kH265Rext444Idr}) {
    const Bytes unit = sps_of(stream);
    ASSERT_TRUE(parse_h265_sps(unit));
    // Behind the usability information stands an extension's flag, which nobody here reads.
    for (std::size_t size = 0; size + 1 < unit.size(); ++size)
      EXPECT_FALSE(parse_h265_sps(copy(ByteSpan(unit).first(size)))) << size << " of " << unit.size();
  }
}

}  // namespace
}  // namespace fanlight::packager
