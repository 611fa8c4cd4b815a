#include "wire/rtcp.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

const Bytes kSenderReport = from_hex("80c8 0006 0000abcd e1234567 80000000 00010203 00000064 0001f400");
const Bytes kReceiverReport = from_hex(
    "81c9 0007 00000001"
    "0000abcd 40fffffe 00010005 00000009 45678000 00010000");
const Bytes kName = from_hex("81ca 0003 0000abcd 0103 666f6f 000000");
const Bytes kGoodbye = from_hex("82cb 0002 00000002 0000abcd");

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

RtcpPacket first_of(ByteSpan datagram) { return *RtcpReader(datagram).next(); }

TEST(RtcpTest, ACompoundPacketIsWalked) {
  const Bytes datagram = kSenderReport + kName + kGoodbye;
  EXPECT_TRUE(is_well_formed_rtcp(datagram));
  RtcpReader reader(datagram);
  EXPECT_EQ(reader.next()->type, RtcpType::kSenderReport);
  EXPECT_EQ(reader.next()->type, RtcpType::kSourceDescription);
  EXPECT_EQ(reader.next()->type, RtcpType::kBye);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.is_malformed());
}

TEST(RtcpTest, WhatDoesNotFitIsMalformed) {
  EXPECT_FALSE(is_well_formed_rtcp({}));
  EXPECT_FALSE(is_well_formed_rtcp(from_hex("80c8 00")));
  EXPECT_FALSE(is_well_formed_rtcp(from_hex("40c9 0001 00000001")));             // Version 1.
  EXPECT_FALSE(is_well_formed_rtcp(kName + from_hex("80c9 0001 000000")));       // One byte short.
  EXPECT_FALSE(is_well_formed_rtcp(from_hex("a0c9 0001 00000005")));             // More padding than content.
  EXPECT_FALSE(is_well_formed_rtcp(from_hex("a0c9 0001 00000000")));             // Padding counts itself.
  EXPECT_FALSE(is_well_formed_rtcp(from_hex("a0c9 0001 00000004") + kGoodbye));  // Padded, and not the last.
  EXPECT_TRUE(is_well_formed_rtcp(from_hex("a0c9 0002 00000001 00000004")));
}

TEST(RtcpTest, ASenderReportIsRead) {
  const auto report = parse_sender_report(first_of(kSenderReport));
  ASSERT_TRUE(report);
  EXPECT_EQ(*report, (SenderReport{.ssrc = 0xABCD,
                                   .time = {0xE1234567, 0x80000000},
                                   .rtp_timestamp = 0x00010203,
                                   .packets = 100,
                                   .bytes = 128'000}));
  EXPECT_EQ(report->time.middle(), 0x45678000u);
  EXPECT_FALSE(parse_sender_report(first_of(kReceiverReport)));
  EXPECT_FALSE(parse_sender_report(first_of(from_hex("80c8 0001 0000abcd"))));
}

TEST(RtcpTest, ABlockIsFoundByItsSource) {
  const auto block = find_report_block(first_of(kReceiverReport), 0xABCD);
  ASSERT_TRUE(block);
  EXPECT_EQ(*block, (ReportBlock{.ssrc = 0xABCD,
                                 .fraction_lost = 0x40,
                                 .lost = -2,
                                 .highest_seq = 0x0001'0005,
                                 .jitter = 9,
                                 .last_report = 0x45678000,
                                 .report_delay = 65'536}));
  EXPECT_FALSE(find_report_block(first_of(kReceiverReport), 0xABCE));
  // It counts one more than there are.
  Bytes two = kReceiverReport;
  two[0] = std::byte{0x82};
  EXPECT_FALSE(find_report_block(first_of(two), 0xABCE));
}

TEST(RtcpTest, ByeNamesWhoLeaves) {
  EXPECT_TRUE(says_bye(first_of(kGoodbye), 0xABCD));
  EXPECT_TRUE(says_bye(first_of(kGoodbye), 2));
  EXPECT_FALSE(says_bye(first_of(kGoodbye), 3));
  EXPECT_FALSE(says_bye(first_of(from_hex("9fcb 0001 00000002")), 3));  // 31 sources in one word.
}

TEST(RtcpTest, WhatIsWrittenReadsTheSame) {
  Bytes out(128);
  const ReportBlock block{.ssrc = 0xABCD,
                          .fraction_lost = 0x40,
                          .lost = -2,
                          .highest_seq = 0x0001'0005,
                          .jitter = 9,
                          .last_report = 0x45678000,
                          .report_delay = 65'536};
  EXPECT_EQ(copy(ByteSpan(out).first(write_receiver_report(out, 1, block))), kReceiverReport);
  EXPECT_EQ(copy(ByteSpan(out).first(write_sender_report(out, *parse_sender_report(first_of(kSenderReport))))),
            kSenderReport);
  EXPECT_EQ(copy(ByteSpan(out).first(write_cname(out, 0xABCD, "foo"))), kName);
  EXPECT_EQ(copy(ByteSpan(out).first(write_bye(out, 7))), from_hex("81cb 0001 00000007"));
}

TEST(RtcpTest, ANameEndsWithAZeroOnAWordsEnd) {
  Bytes out(300);
  for (std::size_t length = 1; length <= 255; ++length) {
    const std::size_t bytes = write_cname(out, 1, std::string(length, 'x'));
    ASSERT_TRUE(is_well_formed_rtcp(ByteSpan(out).first(bytes))) << length;
    ASSERT_EQ(out[bytes - 1], std::byte{0}) << length;
  }
  EXPECT_EQ(write_cname(out, 1, ""), 0u);
  EXPECT_EQ(write_cname(out, 1, std::string(256, 'x')), 0u);
}

TEST(RtcpTest, ANameIsFoundInItsSourcesChunk) {
  Bytes out(300);
  for (const std::size_t length : {1u, 2u, 3u, 4u, 255u}) {
    const std::size_t bytes = write_cname(out, 7, std::string(length, 'x'));
    EXPECT_EQ(find_cname(first_of(ByteSpan(out).first(bytes)), 7), std::string(length, 'x'));
    EXPECT_EQ(find_cname(first_of(ByteSpan(out).first(bytes)), 8), "");
  }
  // Two chunks; the second has a note (7) in front of its name.
  const Bytes two = from_hex("82ca 0007 00000001 0102 6162 00000000 00000002 0701 7a 0101 63 0000 00000000");
  ASSERT_TRUE(is_well_formed_rtcp(two));
  EXPECT_EQ(find_cname(first_of(two), 1), "ab");
  EXPECT_EQ(find_cname(first_of(two), 2), "c");
  EXPECT_EQ(find_cname(first_of(kReceiverReport), 0xABCD), "") << "that is none";
}

TEST(RtcpTest, ANameThatRunsOverTheEndIsNone) {
  EXPECT_EQ(find_cname(first_of(from_hex("81ca 0002 00000001 01ff 6162")), 1), "");
  EXPECT_EQ(find_cname(first_of(from_hex("82ca 0002 00000001 01ff 6162")), 2), "");
  EXPECT_EQ(find_cname(first_of(from_hex("81ca 0001 00000001")), 1), "");
  EXPECT_EQ(find_cname(first_of(from_hex("81ca 0002 00000001 00000001")), 1), "");
}

TEST(RtcpTest, TimesAddUp) {
  EXPECT_EQ(kUnixEpoch.later(micros(1'500'000)), (NtpTime{2'208'988'801, 0x8000'0000}));
  EXPECT_EQ((NtpTime{5, 0}).later(micros(-250'000)), (NtpTime{4, 0xC000'0000}));
  EXPECT_EQ((NtpTime{0xFFFF'FFFF, 0x8000'0000}).later(seconds(1)), (NtpTime{0, 0x8000'0000}));
  EXPECT_EQ(kUnixEpoch.later(seconds(1'700'000'000)).seconds, 2'208'988'800u + 1'700'000'000u);
}

TEST(RtcpTest, NothingIsHalfWritten) {
  Bytes out(31);
  EXPECT_EQ(write_receiver_report(out, 1, {}), 0u);
}

TEST(RtcpTest, LossBeyondTheFieldTravelsAsTheMost) {
  Bytes out(32);
  for (const std::int32_t lost : {0x0100'0000, -0x0100'0000}) {
    const std::size_t bytes = write_receiver_report(out, 1, {.ssrc = 5, .lost = lost});
    EXPECT_EQ(find_report_block(first_of(ByteSpan(out).first(bytes)), 5)->lost, lost > 0 ? 0x7F'FFFF : -0x7F'FFFF);
  }
}

}  // namespace
}  // namespace fanlight::wire
