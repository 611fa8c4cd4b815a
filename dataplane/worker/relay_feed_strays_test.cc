// Who becomes a feed's sender, and who does not by one packet (RFC 3550 A.1).
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

class RelayFeedStraysTest : public RelayFeedsTest {
 protected:
  void begin(FeedTerms terms = {.local = kFeed}) {
    ASSERT_NE(open_feed(terms), SocketId{});
    for (std::uint16_t seq = 1; seq <= 3; ++seq) ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  }
  static Endpoint elsewhere(std::uint32_t number) {
    return {IpAddress::v4(203, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)), 5'000};
  }
};

TEST_F(RelayFeedStraysTest, OneWithTheSendersSsrcTakesNothing) {
  begin();
  for (std::uint16_t rest = 0; rest < 4; ++rest) {
    run_for(seconds(2));
    EXPECT_EQ(judged(kOther, rtp(static_cast<std::uint16_t>(4 + rest * 9'000))), Verdict::kOutOfWindow);
    EXPECT_EQ(judged(kSender, rtp(4 + rest)), Verdict::kAccepted);
  }
  EXPECT_EQ(stream.packets(), 7u);
  EXPECT_EQ(stream.history().next(), PacketPos{7});
}

TEST_F(RelayFeedStraysTest, NorDoesOneBehindABye) {
  begin({.local = kFeed, .rtcp = RtcpWay::kSamePort});
  ASSERT_EQ(judged(kSender, bye()), Verdict::kControl);
  EXPECT_EQ(judged(kOther, rtp(900, 99)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, rtp(4)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 4u);
}

TEST_F(RelayFeedStraysTest, OneBeforeTheFirstShutsNobodyOut) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(kOther, rtp(900, 99)), Verdict::kAccepted) << "nobody knows better";
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kOutOfWindow);
  for (std::uint16_t seq = 2; seq < 100; ++seq) ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 100u) << "and none of its own is lost";
  EXPECT_EQ(stream.history().next(), PacketPos{100});
}

TEST_F(RelayFeedStraysTest, AnotherAddressTakesOverWithBothOfItsFirstTwo) {
  begin();
  run_for(millis(300));
  EXPECT_EQ(judged(kOther, rtp(4)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(elsewhere(1), rtp(5)), Verdict::kOutOfWindow) << "of another address";
  EXPECT_EQ(judged(kOther, rtp(6, 7)), Verdict::kOutOfWindow) << "of another source";
  EXPECT_EQ(judged(kOther, rtp(4)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kOther, rtp(5)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, rtp(6)), Verdict::kForeignSource);
  EXPECT_EQ(stream.history().next(), PacketPos{5});
  run_for(millis(300));
  EXPECT_EQ(judged(kSender, rtp(7)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, rtp(6)), Verdict::kAccepted) << "swapped";
  EXPECT_EQ(stream.packets(), 7u);
  EXPECT_EQ(stream.history().next(), PacketPos{7});
}

TEST_F(RelayFeedStraysTest, NorDoManyKeepTheSenderAway) {
  begin();
  run_for(seconds(1));
  std::uint32_t strays = 0;
  for (std::uint16_t seq = 0; seq < 50; ++seq) {
    for (int i = 0; i < 8 && seq < 2; ++i, ++strays)
      (void)judged(elsewhere(strays), rtp(static_cast<std::uint16_t>(strays * 977), 1'000 + strays));
    (void)judged(kSender, rtp(seq, 99));
  }
  EXPECT_EQ(stream.packets(), 3u + 50u) << "another source of the sender's";
}

TEST_F(RelayFeedStraysTest, ABareStreamIsNoSenderByOneDatagramEither) {
  ASSERT_NE(open_feed({.kind = FeedKind::kTransportStream, .local = kFeed}), SocketId{});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(judged(kSender, payload(1)), Verdict::kAccepted);
  run_for(millis(300));
  EXPECT_EQ(judged(kOther, payload(2)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, payload(1)), Verdict::kAccepted);
  run_for(seconds(2));
  EXPECT_EQ(judged(kOther, payload(2)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kOther, payload(3)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 6u);
  EXPECT_EQ(stream.history().next(), PacketPos{6}) << "no number is lost";
}

}  // namespace
}  // namespace fanlight
