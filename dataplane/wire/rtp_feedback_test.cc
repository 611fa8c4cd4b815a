#include "wire/rtp_feedback.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

// As a receiver made of RFC 4585's drawing would: 1,000 and the two behind it, then 1,200.
const Bytes kNack = from_hex(
    "81cd0004"
    "11223344"
    "55667788"
    "03e80003"
    "04b00000");

std::vector<std::uint16_t> numbers(const Nack& nack) {
  std::vector<std::uint16_t> all;
  for (std::size_t i = 0; i < nack.size(); ++i) {
    const NackItem item = nack.at(i);
    all.push_back(item.first);
    for (int bit = 0; bit < 16; ++bit)
      if ((item.following >> bit & 1) != 0) all.push_back(static_cast<std::uint16_t>(item.first + bit + 1));
  }
  return all;
}

TEST(RtpFeedbackTest, ReadsWhoAsksForWhat) {
  RtcpReader reader(kNack);
  const auto nack = parse_nack(*reader.next());
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->sender, 0x11223344u);
  EXPECT_EQ(nack->source, 0x55667788u);
  EXPECT_EQ(numbers(*nack), (std::vector<std::uint16_t>{1000, 1001, 1002, 1200}));
}

TEST(RtpFeedbackTest, WritesTheSameBytes) {
  Bytes out(64);
  NackWriter writer(out, 0x11223344, 0x55667788);
  for (const int number : {1000, 1001, 1002, 1200}) ASSERT_TRUE(writer.add(static_cast<std::uint16_t>(number)));
  out.resize(writer.finish());
  EXPECT_EQ(out, kNack);
}

TEST(RtpFeedbackTest, AnItemReachesSixteenBehindItsFirstOverTheWrap) {
  Bytes out(64);
  NackWriter writer(out, 1, 2);
  for (const int number : {65'530, 65'535, 0, 10, 11}) ASSERT_TRUE(writer.add(static_cast<std::uint16_t>(number)));
  out.resize(writer.finish());
  RtcpReader reader(out);
  const auto nack = parse_nack(*reader.next());
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->size(), 2u);
  EXPECT_EQ(numbers(*nack), (std::vector<std::uint16_t>{65'530, 65'535, 0, 10, 11}));
}

TEST(RtpFeedbackTest, WhatFindsNoRoomIsRefused) {
  Bytes out(20);
  NackWriter writer(out, 1, 2);
  EXPECT_TRUE(writer.add(100));
  EXPECT_TRUE(writer.add(200));
  EXPECT_TRUE(writer.add(216)) << "it is of the last item";
  EXPECT_FALSE(writer.add(300));
  EXPECT_EQ(writer.finish(), 20u);
  EXPECT_TRUE(is_well_formed_rtcp(out));
}

TEST(RtpFeedbackTest, WhoAddsNothingSaysNothing) {
  Bytes out(20);
  EXPECT_EQ(NackWriter(out, 1, 2).finish(), 0u);
}

TEST(RtpFeedbackTest, OtherFeedbackAndStumpsAreNone) {
  const auto parsed = [](Bytes bytes) { return parse_nack(*RtcpReader(bytes).next()); };
  EXPECT_FALSE(
      parsed(from_hex("8fcd0003"
                      "11223344"
                      "55667788"
                      "03e80003")))
      << "another format";
  EXPECT_FALSE(
      parsed(from_hex("81ce0003"
                      "11223344"
                      "55667788"
                      "03e80003")))
      << "another type";
  EXPECT_FALSE(
      parsed(from_hex("81cd0002"
                      "11223344"
                      "55667788")))
      << "nothing named";
  EXPECT_FALSE(
      parsed(from_hex("81cd0001"
                      "11223344")));
}

TEST(RtpFeedbackTest, ARetransmissionBeginsWithTheNumberItHad) {
  EXPECT_EQ(original_number(from_hex("fffe47")), 0xFFFE);
  EXPECT_FALSE(original_number(from_hex("ff")));
}

}  // namespace
}  // namespace fanlight::wire
