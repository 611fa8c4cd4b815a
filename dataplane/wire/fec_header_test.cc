#include "wire/fec_header.h"

#include <gtest/gtest.h>

#include <array>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

TEST(FecHeaderTest, TheFieldsAreWhereTheDrawingSays) {
  const auto packet = parse_fec(from_hex("80e0 1234 01020304 a1b2c3d4 fffa 0524 a1 abcdef 11223344 d5 07 0a 09 47"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->rtp, (RtpHeader{.marker = true,
                                    .payload_type = kPayloadTypeFec,
                                    .seq = 0x1234,
                                    .timestamp = 0x01020304,
                                    .ssrc = 0xA1B2C3D4}));
  EXPECT_FALSE(packet->protects_additions);
  EXPECT_EQ(packet->fec, (FecHeader{.base = 0xFFFA,
                                    .length_recovery = 0x524,
                                    .is_extended = true,
                                    .payload_type_recovery = 33,
                                    .mask = 0xAB'CDEF,
                                    .timestamp_recovery = 0x11223344,
                                    .is_reserved_set = true,
                                    .is_row = true,
                                    .type = 2,
                                    .index = 5,
                                    .offset = 7,
                                    .count = 10,
                                    .base_ext = 9}));
}

// As GStreamer 1.22's rtpst2022-1-fecenc writes them, over five packets in a row and four in a column of four.
TEST(FecHeaderTest, StrangersBytesAreReadAndWritten) {
  const FecHeader row{.base = 0xFFFA,
                      .length_recovery = 0xBC,
                      .payload_type_recovery = 33,
                      .timestamp_recovery = 0x3E8 ^ 0x6E6 ^ 0x10C7 ^ 0x1A9B ^ 0x2477,
                      .is_row = true,
                      .offset = 1,
                      .count = 5};
  const FecHeader column{.base = 0xFFFB, .offset = 4, .count = 4};
  const Bytes row_bytes = from_hex("80600000 00002477 00000000 fffa00bc a1000000 00002b25 40010500 471fff10");
  const Bytes column_bytes = from_hex("80600001 000003e8 00000000 fffb0000 80000000 00000000 00040400");
  for (const auto& [bytes, header] : {std::pair(row_bytes, row), std::pair(column_bytes, column)}) {
    const auto packet = parse_fec(bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->rtp.ssrc, 0u) << "FEC has no source of its own";
    EXPECT_EQ(packet->fec, header);
    std::array<std::byte, kFecHeaderBytes> out;
    write_fec_header(out, header);
    EXPECT_EQ(copy(out), copy(ByteSpan(bytes).subspan(kRtpHeaderBytes, kFecHeaderBytes)));
  }
}

// Its X bit is the exclusive or of others': there is no extension to skip.
TEST(FecHeaderTest, PaddingExtensionAndSourcesAreTheMediaPackets) {
  for (const char* first : {"90", "a0", "83"}) {
    const auto packet =
        parse_fec(from_hex(std::string(first) + "60 0001 00000000 00000000 0001 0000 80000000 00000000 00040400"));
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->protects_additions);
    EXPECT_EQ(packet->fec.base, 1);
  }
}

TEST(FecHeaderTest, WhatIsShorterOrOfAnotherVersionIsMalformed) {
  const Bytes whole = from_hex("80600001 000003e8 00000000 fffb0000 80000000 00000000 00040400");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) EXPECT_FALSE(parse_fec(ByteSpan(whole).first(bytes)));
  EXPECT_TRUE(parse_fec(whole));
  EXPECT_FALSE(parse_fec(from_hex("40600001 000003e8 00000000 fffb0000 80000000 00000000 00040400")));
}

}  // namespace
}  // namespace fanlight::wire
