#include "wire/rtp_header.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

TEST(RtpHeaderTest, TheFieldsAreWhereTheDrawingSays) {
  const Bytes bytes = from_hex("80a1 1234 01020304 a1b2c3d4 47 00");
  const auto packet = parse_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(
      packet->header,
      (RtpHeader{.marker = true, .payload_type = 33, .seq = 0x1234, .timestamp = 0x01020304, .ssrc = 0xA1B2C3D4}));
  EXPECT_EQ(packet->payload_offset, 12u);
  EXPECT_EQ(packet->payload_bytes, 2u);
}

TEST(RtpHeaderTest, ContributingSourcesExtensionAndPaddingAreNotPayload) {
  const Bytes bytes = from_hex(
      "b221 0001 00000000 00000001"
      "aaaaaaaa bbbbbbbb"   // Two contributing sources.
      "bede 0001 11223344"  // An extension of one word.
      "4711 000003");       // Two bytes, and three of padding.
  const auto packet = parse_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_offset, 28u);
  EXPECT_EQ(packet->payload_bytes, 2u);
}

TEST(RtpHeaderTest, WhatIsLongerThanTheDatagramIsMalformed) {
  EXPECT_FALSE(parse_rtp(from_hex("8021 0001 00000000 000000")));                     // No whole header.
  EXPECT_FALSE(parse_rtp(from_hex("8121 0001 00000000 00000001")));                   // A source that is not there.
  EXPECT_FALSE(parse_rtp(from_hex("9021 0001 00000000 00000001 bede")));              // Half an extension.
  EXPECT_FALSE(parse_rtp(from_hex("9021 0001 00000000 00000001 bede 0001 112233")));  // One short of its length.
  EXPECT_FALSE(parse_rtp(from_hex("a021 0001 00000000 00000001 4703")));  // More padding than there is room.
  EXPECT_FALSE(parse_rtp(from_hex("a021 0001 00000000 00000001 4700")));  // Padding counts itself.
  EXPECT_FALSE(parse_rtp(from_hex("4021 0001 00000000 00000001 47")));    // Version 1.
  EXPECT_FALSE(parse_rtp({}));
}

TEST(RtpHeaderTest, PaddingMayBeAllThereIs) {
  const auto packet = parse_rtp(from_hex("a021 0001 00000000 00000001 0002"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_bytes, 0u);
}

TEST(RtpHeaderTest, WhatIsWrittenReadsTheSame) {
  const RtpHeader header{.marker = true, .payload_type = 127, .seq = 65'535, .timestamp = 0xFFFF'FFFF, .ssrc = 7};
  std::array<std::byte, kRtpHeaderBytes> out;
  write_rtp_header(out, header);
  const auto read = parse_rtp(out);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->header, header);
}

TEST(RtpHeaderTest, RtcpIsToldByItsType) {
  EXPECT_TRUE(is_rtcp(from_hex("80c8")));
  EXPECT_TRUE(is_rtcp(from_hex("80df")));
  EXPECT_FALSE(is_rtcp(from_hex("80a1")));
  EXPECT_FALSE(is_rtcp(from_hex("8060")));
  EXPECT_FALSE(is_rtcp(from_hex("80")));
}

TEST(RtpHeaderTest, BothKindsSayWhoSent) {
  EXPECT_EQ(peek_ssrc(from_hex("8021 0001 00000000 a1b2c3d4"), false), 0xA1B2C3D4u);
  EXPECT_EQ(peek_ssrc(from_hex("80c8 0006 a1b2c3d4"), true), 0xA1B2C3D4u);
  EXPECT_EQ(peek_ssrc(from_hex("80c8 0001 00000000 a1b2c3d4"), false), 0xA1B2C3D4u) << "type 72 and the marker";
  EXPECT_FALSE(peek_ssrc(from_hex("8021 0001 00000000 a1b2c3"), false));
  EXPECT_FALSE(peek_ssrc(from_hex("80c8 0006 a1b2c3"), true));
  EXPECT_FALSE(peek_ssrc(from_hex("4021 0001 00000000 a1b2c3d4"), false));
  EXPECT_FALSE(peek_ssrc({}, false));
}

// Of SRTP the last byte is the tag's.
TEST(RtpHeaderTest, TheFrontSaysNothingOfPadding) {
  const Bytes packet = from_hex("b0a1 0001 00000000 a1b2c3d4 bede0001 10aa0000 4711 ff");
  EXPECT_FALSE(parse_rtp(packet));
  const auto front = parse_rtp_front(packet);
  ASSERT_TRUE(front);
  EXPECT_EQ(front->payload_offset, 20u);
  EXPECT_EQ(front->payload_bytes, 3u);
  EXPECT_EQ(front->header.seq, 1);
  for (std::size_t size = 0; size < 20; ++size) EXPECT_FALSE(parse_rtp_front(ByteSpan(packet).first(size))) << size;
}

}  // namespace
}  // namespace fanlight::wire
