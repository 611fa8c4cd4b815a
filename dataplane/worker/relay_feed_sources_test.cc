// Whose packets count: a feed's sources that come and go, what is doubted at first, and who is told that we leave.
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

// RFC 3550 A.1: a source counts from its second packet in sequence on, and then from its first.
TEST_F(RelayFeedsTest, OneStrayPacketInARestTakesNothingAndANewSourceLosesNothing) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  run_for(millis(300));
  EXPECT_EQ(judged(kOther, rtp(70, 0x77)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, rtp(2)), Verdict::kAccepted) << "nobody was shut out";
  EXPECT_EQ(stream.packets(), 2u);
  run_for(seconds(1));
  EXPECT_EQ(judged(kOther, rtp(70, 0x77)), Verdict::kOutOfWindow);
  EXPECT_EQ(stream.packets(), 2u);
  EXPECT_EQ(judged(kOther, rtp(71, 0x77)), Verdict::kAccepted);
  ASSERT_EQ(stream.packets(), 4u) << "both";
  const PacketPos last = stream.history().next() - 1;
  EXPECT_TRUE(std::ranges::equal(stream.history().find(last - 1)->packet.bytes(), payload(70)));
  EXPECT_TRUE(std::ranges::equal(stream.history().find(last)->packet.bytes(), payload(71)));
  EXPECT_EQ(count_of(Counter::kPublisherLost), 0u);
}

TEST_F(RelayFeedsTest, TheFirstPacketBehindALongLossIsHeldInEitherOrder) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  const PacketPos first = stream.history().next() - 1;
  EXPECT_EQ(judged(kSender, rtp(150)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, rtp(151)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, rtp(302)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, rtp(301)), Verdict::kAccepted);
  for (const std::uint16_t seq : std::initializer_list<std::uint16_t>{150, 151, 301, 302}) {
    const History::Slot* slot = stream.history().find(first + (seq - 1));
    ASSERT_NE(slot, nullptr) << seq;
    EXPECT_TRUE(std::ranges::equal(slot->packet.bytes(), payload(seq))) << seq;
  }
  EXPECT_EQ(stream.packets(), 5u);
}

TEST_F(RelayFeedsTest, AFeedThatEndsSaysByeToItsSender) {
  const Endpoint control{kFeed.ip, 5'005};
  const Endpoint from{kSender.ip, 40'001};
  const SocketId socket = open_feed();
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  ASSERT_EQ(judged(from, sender_report(), control), Verdict::kControl);
  for (std::uint16_t seq = 2; seq < 60; ++seq) {
    run_for(millis(100));
    ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  }
  say(command::CloseSession{socket, CloseReason::kKicked});
  const std::vector<Said> said = to(breathe(), from);
  ASSERT_EQ(said.size(), 1u);
  wire::RtcpReader reader(said[0].bytes);
  bool has_bye = false;
  while (const auto packet = reader.next()) has_bye = has_bye || wire::says_bye(*packet, 42);
  EXPECT_TRUE(has_bye);
}

}  // namespace
}  // namespace fanlight
