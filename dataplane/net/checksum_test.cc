#include "net/checksum.h"

#include <gtest/gtest.h>

#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using test::Bytes;
using test::from_hex;

// RFC 1071 §3: the words add up to 2ddf0, folded ddf2.
TEST(ChecksumTest, AgreesWithTheExampleOfTheRfc) {
  EXPECT_EQ(checksum_of(sum_of(from_hex("0001f203f4f5f6f7"))), static_cast<std::uint16_t>(~0xDDF2));
}

TEST(ChecksumTest, AnOddLastByteCountsAsHighHalf) {
  EXPECT_EQ(checksum_of(sum_of(from_hex("0001f2"))), static_cast<std::uint16_t>(~0xF201));
}

TEST(ChecksumTest, CarriesOfLongRunsAreKept) {
  const Bytes ones(65'534, std::byte{0xFF});
  EXPECT_EQ(fold(sum_of(ones)), 0xFFFF);
  EXPECT_EQ(fold(~std::uint64_t{0}), 0xFFFF);
  EXPECT_EQ(fold(0), 0);
}

TEST(ChecksumTest, EveryLengthAndAlignmentAddsUpWordByWord) {
  alignas(64) std::array<std::byte, 512> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i * 131 + 0x80);
  for (const std::size_t from : {0, 1, 16, 63})
    for (std::size_t size = 0; size + from <= 400; ++size) {
      std::uint64_t words = 0;
      for (std::size_t i = 0; i < size; ++i)
        words += std::to_integer<std::uint64_t>(bytes[from + i]) << (i % 2 == 0 ? 0 : 8);
      ASSERT_EQ(fold(sum_of(std::span(bytes).subspan(from, size))), fold(words)) << from << ' ' << size;
    }
}

TEST(PayloadSumTest, ASegmentAfterAnOddOneIsSwapped) {
  const Bytes whole = from_hex("0102030405060708090a0b");
  PayloadSum sum{ByteSpan{whole}.first(3)};
  sum.append(ByteSpan{whole}.subspan(3, 1));
  sum.append(ByteSpan{whole}.subspan(4, 5));
  sum.append(ByteSpan{whole}.subspan(9));
  EXPECT_EQ(fold(sum.partial()), fold(sum_of(whole)));
}

TEST(PayloadSumTest, AHeaderOfEvenLengthGoesInFrontOfAReadySum) {
  const Bytes whole = from_hex("800000010000000200000003000000044711aa");
  const PayloadSum payload{ByteSpan{whole}.subspan(16)};
  EXPECT_EQ(fold((PayloadSum{ByteSpan{whole}.first(16)} + payload).partial()), fold(sum_of(whole)));
}

TEST(PayloadSumTest, SixteenBytesInFrontOfAPayloadCountAsTheirSum) {
  std::array<std::byte, 16 + 33> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + 200);
  const PayloadSum rest{std::span(bytes).subspan(16)};
  const PayloadSum whole = PayloadSum::of_16_bytes(bytes.data()) + rest;
  EXPECT_EQ(checksum_of(whole.partial()), checksum_of(sum_of(bytes)));
}

}  // namespace
}  // namespace fanlight::net
