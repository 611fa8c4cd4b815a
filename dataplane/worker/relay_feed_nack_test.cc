// What a feed asks its sender for again, and what it is sent.
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

TEST_F(RelayFeedsTest, WhatIsMissingIsAskedForBesideThePackets) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true}), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  ASSERT_EQ(judged(kSender, rtp(4)), Verdict::kAccepted);
  const Endpoint rtcp{kSender.ip, static_cast<std::uint16_t>(kSender.port + 1)};
  const std::vector<Said> asked = to(run_for(millis(6)), rtcp);
  ASSERT_EQ(asked.size(), 1u);
  wire::RtcpReader reader(asked[0].bytes);
  std::optional<wire::Nack> nack;
  while (const auto packet = reader.next()) nack = wire::parse_nack(*packet);
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->source, kSsrc);
  EXPECT_EQ(nack->at(0), (wire::NackItem{.first = 2, .following = 1}));
  EXPECT_EQ(judged(kSender, rtp(2)), Verdict::kAcceptedLate) << "the same packet again";
  // Once its own RTCP has come, there.
  const Endpoint elsewhere{kSender.ip, 45'001};
  EXPECT_EQ(judged(elsewhere, sender_report(), {kFeed.ip, 5'005}), Verdict::kControl);
  std::size_t asks = 0;
  for (const Said& one : to(run_for(millis(60)), elsewhere)) {
    wire::RtcpReader said(one.bytes);
    while (const auto packet = said.next()) asks += wire::parse_nack(*packet) ? 1 : 0;
  }
  EXPECT_GE(asks, 1u) << "3 is still missing";
}

// Whoever knows an idle feed's port may say that he is somebody else.
TEST_F(RelayFeedsTest, WhoIsMadeToLookLikeASenderIsSentLittle) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true}), SocketId{});
  std::size_t came = 0;
  std::size_t said = 0;
  for (std::uint16_t seq = 0; seq < 60'000; seq = static_cast<std::uint16_t>(seq + 300)) {
    const std::vector<std::byte> packet = rtp(static_cast<std::uint16_t>(seq + 1));
    came += packet.size();
    (void)judged(kSender, rtp(seq));  // Beyond a hundred ahead, it takes two in sequence.
    ASSERT_EQ(judged(kSender, packet), Verdict::kAccepted);
    for (const Said& one : run_for(millis(8))) said += one.bytes.size();
  }
  EXPECT_GT(said, 0u);
  EXPECT_LE(said, came / 20 + 128);
  EXPECT_LE(count_of(Counter::kReportsSent), 3u) << "of two seconds";
}

TEST_F(RelayFeedsTest, AnotherSendersRtcpIsNotThere) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true}), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged({kSender.ip, 45'001}, sender_report(), {kFeed.ip, 5'005}), Verdict::kControl);
  run_for(millis(250));
  ASSERT_EQ(judged(kOther, rtp(2)), Verdict::kOutOfWindow) << "until the next one";
  ASSERT_EQ(judged(kOther, rtp(4)), Verdict::kAccepted);
  const std::vector<Said> said = run_for(millis(10));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].to, (Endpoint{kOther.ip, 40'001}));
}

TEST_F(RelayFeedsTest, ARetransmissionIsTakenApart) {
  ASSERT_NE(open_feed({.local = kFeed, .ssrc = kSsrc, .nack = true, .rtx_payload_type = 97, .rtx_ssrc = 0x7777}),
            SocketId{});
  ASSERT_NE(open_viewer(7'000), SocketId{});
  run_for(millis(20));
  EXPECT_EQ(judged(kSender, retransmission(rtp(1), 900)), Verdict::kForeignSource) << "of nobody yet";
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  ASSERT_EQ(judged(kSender, rtp(3)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, retransmission(rtp(2), 901, 0x8888)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, ByteSpan{retransmission(rtp(2), 901)}.first(13)), Verdict::kMalformed);
  EXPECT_EQ(judged(kOther, retransmission(rtp(2), 901)), Verdict::kForeignSource);
  ASSERT_EQ(judged(kSender, retransmission(rtp(2), 902)), Verdict::kAcceptedLate);
  std::vector<std::vector<std::byte>> got;
  for (const Said& one : to(answers, caller(7'000)))
    if (one.data()) got.push_back({one.bytes.begin() + 16, one.bytes.end()});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0], payload(2));
  EXPECT_EQ(judged(kSender, retransmission(rtp(2), 903)), Verdict::kDuplicate);
}

// A sender that was held up sends late what it then sends: a gap among that is waited for as long as any other, but
// viewers go by their clocks.
TEST_F(RelayFeedsTest, ARepairThatCameTooLateToBePlayedIsToldApart) {
  const SocketId feed = open_feed({.local = kFeed, .nack = true, .rtx_payload_type = 97});
  std::uint16_t seq = 0;
  for (; seq < 100; ++seq) {  // 10 ms apart, as they say.
    ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
    run_for(millis(9));
  }
  run_for(millis(100));
  for (; seq < 110; ++seq) {
    const bool is_lost = seq == 102 || seq == 105;
    ASSERT_TRUE(is_lost || judged(kSender, rtp(seq)) == Verdict::kAccepted);
  }
  ASSERT_EQ(judged(kSender, retransmission(rtp(102), 900)), Verdict::kAcceptedLate);
  EXPECT_EQ(count_of(Counter::kRepairedLate), 0u);
  run_for(millis(80));
  ASSERT_EQ(judged(kSender, retransmission(rtp(105), 901)), Verdict::kAcceptedLate) << "within 120 ms";
  EXPECT_EQ(count_of(Counter::kRepairedLate), 1u) << "some 140 ms after 104";
  say(command::AskReport{1, feed});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.packets_lost, 2u);
  EXPECT_EQ(told->stats.packets_repaired, 2u);
  EXPECT_EQ(told->stats.packets_repaired_late, 1u);
}

TEST_F(RelayFeedsTest, ARetransmissionMakesNobodyTheSender) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true, .rtx_payload_type = 97}), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  ASSERT_EQ(judged(kSender, rtp(3)), Verdict::kAccepted);
  EXPECT_EQ(judged({kSender.ip, 40'001}, bye(), {kFeed.ip, 5'005}), Verdict::kControl);
  EXPECT_EQ(judged(kOther, retransmission(rtp(2), 900)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, retransmission(rtp(2), 900)), Verdict::kAcceptedLate);
}

}  // namespace
}  // namespace fanlight
