#include "codec/aac_config.h"

#include "codec/bits_fixture.h"

namespace fanlight::packager {
namespace {

std::optional<AacConfig> parse(const Bytes& bytes) {
  BitReader bits(bytes);
  return parse_aac_config(bits, bytes.size() * 8);
}

TEST(AacConfigTest, LowComplexityIsTwoBytes) {
  const auto config = parse(from_hex("1190"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->object_type, 2);
  EXPECT_EQ(config->sound, (SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 1024}));
  EXPECT_EQ(config->record, from_hex("1190"));
  EXPECT_EQ(config->format().name, "mp4a.40.2");
  EXPECT_EQ(config->format().timescale(), 48'000U);
}

TEST(AacConfigTest, SbrSaidOutrightDoublesTheRate) {
  // 5, 24 kHz coded, stereo, 48 kHz heard, 2.
  const Bytes bytes = TestBits().bits(5, 5).bits(6, 4).bits(2, 4).bits(3, 4).bits(2, 5).bits(0, 3).take();
  const auto config = parse(bytes);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->format().name, "mp4a.40.5");
  EXPECT_EQ(config->core_rate, 24'000U);
  EXPECT_EQ(config->sound, (SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 2048}));
  EXPECT_EQ(config->record, bytes);
}

TEST(AacConfigTest, ParametricStereoMakesTwoChannelsOfOne) {
  const auto config = parse(TestBits().bits(29, 5).bits(6, 4).bits(1, 4).bits(3, 4).bits(2, 5).bits(0, 3).take());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->format().name, "mp4a.40.29");
  EXPECT_EQ(config->sound.channels, 2);
}

TEST(AacConfigTest, AnExtensionBehindSaysThemToo) {
  TestBits bits;
  bits.bits(2, 5).bits(6, 4).bits(1, 4).bits(0, 3).bits(0x2B7, 11).bits(5, 5).bits(1, 1).bits(3, 4);
  const auto sbr = parse(TestBits(bits).take());
  ASSERT_TRUE(sbr);
  EXPECT_EQ(sbr->format().name, "mp4a.40.5");
  EXPECT_EQ(sbr->sound.sample_rate, 48'000U);
  const Bytes with_ps = bits.bits(0x548, 11).bits(1, 1).take();
  const auto ps = parse(with_ps);
  ASSERT_TRUE(ps);
  EXPECT_EQ(ps->format().name, "mp4a.40.29");
  EXPECT_EQ(ps->record, with_ps);
  // Where the length is not known there cannot be one: what follows is somebody else's.
  BitReader reader(with_ps);
  const auto plain = parse_aac_config(reader, std::nullopt);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->format().name, "mp4a.40.2");
  EXPECT_EQ(reader.position(), 16U);
}

// tag, type, rate, one pair in front, one single at the side, one at the back, one low, a comment of two letters.
TestBits& program_config(TestBits& bits, unsigned fill) {
  bits.bits(0, 4).bits(1, 2).bits(3, 4).bits(1, 4).bits(1, 4).bits(1, 4).bits(1, 2).bits(0, 3).bits(0, 4).bits(0, 3);
  bits.bits(1, 1).bits(0, 4).bits(0, 1).bits(1, 4).bits(0, 1).bits(2, 4).bits(3, 4);
  return bits.bits(0, fill).bits(2, 8).bits(0x6869, 16);
}

TEST(AacConfigTest, AProgramConfigElementSaysTheChannels) {
  TestBits bits;
  bits.bits(2, 5).bits(3, 4).bits(0, 4).bits(0, 3);
  const Bytes bytes = program_config(bits, 3).take();  // 16 and 53 bits before the fill.
  const auto config = parse(bytes);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->sound.channels, 5);
  EXPECT_EQ(config->record, bytes);
  // From a raw_data_block of ADTS, three bits in: the comment moves to a whole byte.
  TestBits block;
  const auto made = make_aac_config(2, 3, 0, program_config(block.bits(5, 3), 0).take());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->record, bytes);
}

TEST(AacConfigTest, WhatIsNoAacOfTheGeneralKindIsRefused) {
  for (const std::uint32_t type : {0U, 6U, 17U, 20U, 22U, 23U, 31U})
    EXPECT_FALSE(parse(TestBits().bits(type, 5).bits(3, 4).bits(2, 4).bits(0, 32).take())) << type;
  EXPECT_FALSE(parse(TestBits().bits(31, 5).bits(10, 6).bits(3, 4).bits(2, 4).bits(0, 32).take())) << "USAC";
  EXPECT_FALSE(parse(TestBits().bits(2, 5).bits(13, 4).bits(2, 4).bits(0, 3).take())) << "a reserved rate";
  EXPECT_FALSE(parse(TestBits().bits(2, 5).bits(3, 4).bits(9, 4).bits(0, 3).take())) << "reserved channels";
  EXPECT_FALSE(parse(TestBits().bits(2, 5).bits(15, 4).bits(0, 24).bits(2, 4).bits(0, 3).take())) << "a rate of 0";
  EXPECT_FALSE(parse(from_hex("11")));
  EXPECT_FALSE(parse({}));
}

TEST(AacConfigTest, ARateMayBeSpelledOut) {
  const auto config = parse(TestBits().bits(2, 5).bits(15, 4).bits(37'800, 24).bits(2, 4).bits(0, 3).take());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->sound.sample_rate, 37'800U);
}

}  // namespace
}  // namespace fanlight::packager
