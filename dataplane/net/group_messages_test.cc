// IGMP and MLD against what a Linux kernel and bridge put on the wire.
#include "net/group_messages.h"

#include <gtest/gtest.h>

#include "net/checksum.h"
#include "net/frame.h"
#include "net/igmp.h"
#include "net/mld.h"
#include "net/test_frames.h"
#include "net/test_group_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

constexpr IpAddress kGroupV4 = IpAddress::v4(239, 1, 2, 3);
constexpr IpAddress kOtherV4 = IpAddress::v4(239, 1, 2, 4);
const IpAddress kGroupV6 = *IpAddress::parse("ff15::7:1");
const IpAddress kOtherV6 = *IpAddress::parse("ff15::7:2");
const ReportSender kUsV4{kOurMac, kOurV4};
const ReportSender kUsV6{kOurMac, link_local_of(kOurMac)};
constexpr std::array kSourcesV4{kPeerV4};
constexpr std::array kSourcesV6{kPeerV6};

Bytes igmp(std::vector<GroupRecord> records, std::size_t room = kFrameBytesMax) {
  Bytes out(room);
  out.resize(write_igmp_report(out, kUsV4, records));
  return out;
}
Bytes mld(std::vector<GroupRecord> records) {
  Bytes out(kFrameBytesMax);
  out.resize(write_mld_report(out, kUsV6, records));
  return out;
}
Bytes old(const IpAddress& group, OldReport what) {
  Bytes out(kFrameBytesMax);
  out.resize(group.is_v4() ? write_igmp_old(out, kUsV4, what, group) : write_mld_old(out, kUsV6, what, group));
  return out;
}

TEST(GroupMessagesTest, ReportsAreTheKernelsByteForByte) {
  using enum RecordType;
  EXPECT_EQ(igmp({{kChangeToExclude, kGroupV4}}), from_hex(kIgmpJoin));
  EXPECT_EQ(igmp({{kAllowNewSources, kOtherV4, kSourcesV4}}), from_hex(kIgmpJoinSource));
  EXPECT_EQ(igmp({{kModeIsInclude, kOtherV4, kSourcesV4}, {kModeIsExclude, kGroupV4}}), from_hex(kIgmpState));
  EXPECT_EQ(igmp({{kChangeToInclude, kGroupV4}, {kBlockOldSources, kOtherV4, kSourcesV4}}), from_hex(kIgmpLeave));
  EXPECT_EQ(mld({{kChangeToExclude, kGroupV6}}), from_hex(kMldJoin));
  EXPECT_EQ(mld({{kAllowNewSources, kOtherV6, kSourcesV6}}), from_hex(kMldJoinSource));
  EXPECT_EQ(mld({{kChangeToInclude, kGroupV6}, {kBlockOldSources, kOtherV6, kSourcesV6}}), from_hex(kMldLeave));
}

TEST(GroupMessagesTest, OlderReportsAreTheKernelsByteForByte) {
  EXPECT_EQ(old(kGroupV4, OldReport::kJoin), from_hex(kIgmpJoinV2));
  EXPECT_EQ(old(kGroupV4, OldReport::kLeave), from_hex(kIgmpLeaveV2));
  EXPECT_EQ(old(kGroupV6, OldReport::kJoin), from_hex(kMldJoinV1));
  EXPECT_EQ(old(kGroupV6, OldReport::kLeave), from_hex(kMldDoneV1));
  const Bytes first = old(kGroupV4, OldReport::kJoinV1);
  EXPECT_EQ(first[38], std::byte{0x12});
  EXPECT_TRUE(is_intact(sum_of(ByteSpan{first}.subspan(38))));
}

TEST(GroupMessagesTest, WhatDoesNotFitIsNotWritten) {
  EXPECT_TRUE(igmp({{RecordType::kChangeToExclude, kGroupV4}}, from_hex(kIgmpJoin).size() - 1).empty());
}

// The message in a frame, as the judge finds it.
std::optional<GroupQuery> query_in(const Bytes& frame) {
  Interface us = our_interface();
  for (const IpAddress& group : {kGroupV4, kOtherV4, kGroupV6, kOtherV6}) EXPECT_TRUE(us.join(group));
  static Bytes kept;
  kept = frame;
  const FrameView view = judge_frame(us, kept);
  EXPECT_EQ(view.kind, FrameKind::kGroups);
  return view.local.ip.is_v4() ? parse_igmp_query(view.payload_of(kept)) : parse_mld_query(view.payload_of(kept));
}

TEST(GroupMessagesTest, ABridgesQuestionsAreUnderstood) {
  const auto all = query_in(from_hex(kIgmpQuery));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->version, 3);
  EXPECT_TRUE(all->is_general());
  EXPECT_EQ(all->max_response, seconds(1));
  EXPECT_EQ(all->robustness, 2);
  EXPECT_EQ(all->interval, seconds(125));
  EXPECT_EQ(query_in(from_hex(kIgmpQueryGroup))->group, kGroupV4);
  const auto one = query_in(from_hex(kIgmpQuerySource));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->group, kOtherV4);
  EXPECT_EQ(one->sources, 1);
  EXPECT_TRUE(one->asks_for(kPeerV4));
  EXPECT_FALSE(one->asks_for(kOurV4));
  const auto all_v6 = query_in(from_hex(kMldQuery));
  ASSERT_TRUE(all_v6);
  EXPECT_EQ(all_v6->version, 2);
  EXPECT_TRUE(all_v6->is_general());
  EXPECT_EQ(all_v6->max_response, seconds(1));
  EXPECT_EQ(query_in(from_hex(kMldQueryGroup))->group, kOtherV6);
}

TEST(GroupMessagesTest, TheLengthTellsOlderQuestionsApart) {
  EXPECT_EQ(parse_igmp_query(from_hex("1100eeff00000000"))->version, 1);
  EXPECT_EQ(parse_igmp_query(from_hex("1100eeff00000000"))->max_response, seconds(10));
  EXPECT_EQ(parse_igmp_query(from_hex("1164ee9b00000000"))->version, 2);
  EXPECT_EQ(parse_igmp_query(from_hex("1164ee9b00000000"))->max_response, seconds(10));
  EXPECT_FALSE(parse_igmp_query(from_hex("1164ee9b0000000000")));
  EXPECT_FALSE(parse_igmp_query(from_hex("1164ee9b00000000027d0001"))) << "a source short";
  EXPECT_FALSE(parse_igmp_query(from_hex("1164ee9b0a000001"))) << "no group";
  EXPECT_FALSE(parse_igmp_query(from_hex("2200ee9b00000000")));
  EXPECT_FALSE(parse_igmp_query(from_hex("1164ee9b000000")));
  const std::string old_mld = "8200000003e80000" + std::string(32, '0');
  EXPECT_EQ(parse_mld_query(from_hex(old_mld))->version, 1);
  EXPECT_EQ(parse_mld_query(from_hex(old_mld))->max_response, seconds(1));
  EXPECT_FALSE(parse_mld_query(from_hex(old_mld + "02")));
  EXPECT_FALSE(parse_mld_query(from_hex(old_mld + "027d0001")));
  EXPECT_FALSE(parse_mld_query(from_hex("8200000003e80000" + std::string(20, '0') + "ffffef010203")))
      << "IPv4 in disguise";
}

TEST(GroupMessagesTest, LongSpansAreSmallFloatingPointNumbers) {
  EXPECT_EQ(decode_8_bits(127), 127u);
  EXPECT_EQ(decode_8_bits(0x80), 128u);
  EXPECT_EQ(decode_8_bits(0xFF), 31'744u);
  EXPECT_EQ(decode_16_bits(32'767), 32'767u);
  EXPECT_EQ(decode_16_bits(0x8000), 32'768u);
  EXPECT_EQ(decode_16_bits(0xFFFF), 8'387'584u);
}

TEST(GroupMessagesTest, WhatCameFromFurtherAwayOrIsBrokenIsNoQuestion) {
  const auto verdict_with = [](std::string_view hex, std::size_t at, std::byte value, bool fix = true) {
    Bytes frame = from_hex(hex);
    frame[at] = value;
    if (fix && frame[12] == std::byte{8}) {
      store_be16(frame.data() + 24, 0);
      store_be16(frame.data() + 24, checksum_of(sum_of(ByteSpan{frame}.subspan(14, 24))));
    }
    return judge_frame(our_interface(), frame).verdict;
  };
  EXPECT_EQ(verdict_with(kIgmpQuery, 22, std::byte{1}), Verdict::kIgmp);
  EXPECT_EQ(verdict_with(kIgmpQuery, 22, std::byte{2}), Verdict::kMalformed) << "TTL";
  EXPECT_EQ(verdict_with(kIgmpQuery, 45, std::byte{1}), Verdict::kBadChecksum);
  EXPECT_EQ(verdict_with(kMldQuery, 21, std::byte{1}), Verdict::kMld);
  EXPECT_EQ(verdict_with(kMldQuery, 21, std::byte{2}), Verdict::kMalformed) << "hop limit";
  EXPECT_EQ(verdict_with(kMldQuery, 56, std::byte{1}), Verdict::kMalformed) << "no router alert, but padding";
  EXPECT_EQ(verdict_with(kIgmpQueryGroup, 22, std::byte{1}), Verdict::kNotForUs) << "a group we are not in";
}

}  // namespace
}  // namespace fanlight::net
