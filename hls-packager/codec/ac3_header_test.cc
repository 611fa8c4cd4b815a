#include "codec/ac3_header.h"

#include "codec/ac3_fixture.h"
#include "codec/bits_fixture.h"

namespace fanlight::packager {
namespace {

TEST(Ac3HeaderTest, SaysWhatFfprobeSays) {
  const auto stereo = parse_ac3_header(from_hex(kAc3));
  ASSERT_TRUE(stereo);
  EXPECT_FALSE(stereo->is_enhanced);
  EXPECT_EQ(stereo->sample_rate, 48'000U);
  EXPECT_EQ(stereo->acmod, 2);
  EXPECT_EQ(stereo->frame_bytes, 384U);  // 96 kbit/s
  const auto surround = parse_ac3_header(from_hex(kAc3Surround));
  ASSERT_TRUE(surround);
  EXPECT_TRUE(surround->has_lfe);
  EXPECT_EQ(ac3_channels(ac3_channel_map(surround->acmod, surround->has_lfe)), 6);
  const auto enhanced = parse_ac3_header(from_hex(kEac3Surround));
  ASSERT_TRUE(enhanced);
  EXPECT_TRUE(enhanced->is_enhanced);
  EXPECT_EQ(enhanced->blocks, 6);
  EXPECT_EQ(enhanced->frame_bytes, 384U);
  EXPECT_EQ(ac3_channels(ac3_channel_map(enhanced->acmod, enhanced->has_lfe)), 6);
}

Bytes plain(std::uint32_t rate_code, std::uint32_t size_code, std::uint32_t bsid = 8) {
  return TestBits().bits(0x0B77, 16).bits(0, 16).bits(rate_code, 2).bits(size_code, 6).bits(bsid, 5).bits(0, 19).take();
}

// Table 4.13.
TEST(Ac3HeaderTest, LengthsAreTheTables) {
  const auto bytes = [](std::uint32_t rate_code, std::uint32_t size_code) {
    return parse_ac3_header(plain(rate_code, size_code))->frame_bytes;
  };
  EXPECT_EQ(bytes(0, 0), 128U);
  EXPECT_EQ(bytes(0, 37), 2560U);
  EXPECT_EQ(bytes(1, 0), 138U);
  EXPECT_EQ(bytes(1, 1), 140U);
  EXPECT_EQ(bytes(1, 8), 278U);
  EXPECT_EQ(bytes(1, 36), 2786U);
  EXPECT_EQ(bytes(1, 37), 2788U);
  EXPECT_EQ(bytes(2, 0), 192U);
  EXPECT_EQ(bytes(2, 37), 3840U);
}

TEST(Ac3HeaderTest, ReservedCodesAreNoFrame) {
  EXPECT_FALSE(parse_ac3_header(plain(3, 0)));
  EXPECT_FALSE(parse_ac3_header(plain(0, 38)));
  EXPECT_FALSE(parse_ac3_header(plain(0, 0, 17)));
  EXPECT_EQ(parse_ac3_header(plain(0, 0, 9))->sample_rate, 24'000U);
  Bytes wrong_sync = plain(0, 0);
  wrong_sync[1] = std::byte{0x78};
  EXPECT_FALSE(parse_ac3_header(wrong_sync));
  for (std::size_t size = 0; size < kAc3HeadBytes; ++size)
    EXPECT_FALSE(parse_ac3_header(copy(ByteSpan(plain(0, 0)).first(size))));
}

TEST(Ac3HeaderTest, ADependentSubstreamSaysItsChannels) {
  TestBits bits;
  bits.bits(0x0B77, 16).bits(1, 2).bits(2, 3).bits(99, 11).bits(0, 2).bits(3, 2).bits(6, 3).bits(0, 1).bits(16, 5);
  bits.bits(31, 5).bits(1, 1).bits(0, 8).bits(1, 1).bits(0x0200, 16).bits(0, 16);
  const auto header = parse_ac3_header(bits.take());
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->is_dependent);
  EXPECT_EQ(header->substream, 2);
  EXPECT_EQ(header->frame_bytes, 200U);
  EXPECT_EQ(header->channel_map, 0x0200);
  EXPECT_EQ(ac3_channels(header->channel_map), 2) << "a pair";
}

}  // namespace
}  // namespace fanlight::packager
