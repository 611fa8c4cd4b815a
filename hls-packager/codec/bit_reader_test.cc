#include "codec/bit_reader.h"

#include "codec/bits_fixture.h"

namespace fanlight::packager {
namespace {

TEST(BitReaderTest, BitsCrossBytes) {
  const Bytes bytes = from_hex("a5c3 ff00 12");
  BitReader bits(bytes);
  EXPECT_EQ(bits.bits(3), 0b101U);
  EXPECT_EQ(bits.bits(9), 0b0'0101'1100U);
  EXPECT_EQ(bits.bits(28), 0x3ff0012U);
  EXPECT_EQ(bits.left(), 0U);
  EXPECT_FALSE(bits.failed());
}

TEST(BitReaderTest, PastTheEndEverythingIsZeroForEver) {
  const Bytes bytes = from_hex("ffff");
  BitReader bits(bytes);
  bits.skip(10);
  EXPECT_EQ(bits.bits(7), 0U);
  EXPECT_TRUE(bits.failed());
  EXPECT_EQ(bits.bits(1), 0U) << "though one is left";
  EXPECT_EQ(bits.ue(), 0U);
  EXPECT_EQ(bits.se(), 0);
}

TEST(BitReaderTest, ExpGolombIsReadAsWritten) {
  for (const std::uint32_t value : {0U, 1U, 2U, 3U, 254U, 255U, 65'535U, 0x7FFF'FFFEU, 0xFFFF'FFFDU}) {
    const Bytes bytes = TestBits().bits(1, 3).ue(value).finish();
    BitReader bits(bytes);
    bits.skip(3);
    EXPECT_EQ(bits.ue(), value);
    EXPECT_FALSE(bits.failed());
  }
}

TEST(BitReaderTest, SignedCodesAlternate) {
  const Bytes bytes = TestBits().ue(0).ue(1).ue(2).ue(3).ue(4).finish();
  BitReader bits(bytes);
  EXPECT_EQ(bits.se(), 0);
  EXPECT_EQ(bits.se(), 1);
  EXPECT_EQ(bits.se(), -1);
  EXPECT_EQ(bits.se(), 2);
  EXPECT_EQ(bits.se(), -2);
}

TEST(BitReaderTest, AnExpGolombNumberOfMoreThan32BitsIsNone) {
  const Bytes bytes = from_hex("00000000 ffffffff ffffffff");
  BitReader bits(bytes);
  EXPECT_EQ(bits.ue(), 0U);
  EXPECT_TRUE(bits.failed());
}

TEST(BitReaderTest, ANumberAboveItsBoundIsAFailure) {
  const Bytes bytes = TestBits().ue(31).ue(32).finish();
  BitReader bits(bytes);
  EXPECT_EQ(bits.ue_up_to(31), 31U);
  EXPECT_FALSE(bits.failed());
  EXPECT_EQ(bits.ue_up_to(31), 0U);
  EXPECT_TRUE(bits.failed());
}

TEST(BitWriterTest, TheLastByteIsFilledWithZeros) {
  BitWriter out;
  out.bits(0b101, 3);
  out.align();
  out.bytes(from_hex("beef"));
  out.bits(1, 1);
  EXPECT_EQ(out.take(), from_hex("a0 beef 80"));
}

}  // namespace
}  // namespace fanlight::packager
