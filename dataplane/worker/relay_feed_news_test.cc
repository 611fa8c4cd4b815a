// What control is told of what comes to a feed, and is not taken, of how that arrives, and of its clock.
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

class RelayFeedNewsTest : public RelayFeedsTest {
 protected:
  std::optional<event::FeedRefusal> refused(const Endpoint& from, ByteSpan datagram) {
    (void)judged(from, datagram);
    return next_event<event::FeedRefusal>();
  }
};

TEST_F(RelayFeedNewsTest, WhatIsNotTakenIsToldWithWhatItIs) {
  using Kind = FeedFinding::Kind;
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(refused(kOther, rtp(1, 0x77, 96)),
            (event::FeedRefusal{RequestId{500}, Verdict::kWrongPayloadType, kOther, {Kind::kRtp, 96, 0x77, 376}}));
  EXPECT_FALSE(refused(kOther, payload(1))) << "not one for each packet";
  run_for(seconds(5));
  EXPECT_EQ(refused(kOther, payload(1)),
            (event::FeedRefusal{RequestId{500}, Verdict::kMalformed, kOther, {Kind::kTransportStream, 0, 0, 376}}));
  run_for(seconds(5));
  std::vector<std::byte> large = rtp(1);  // Eight TS packets.
  large.resize(12 + 1'504);
  EXPECT_EQ(refused(kOther, large),
            (event::FeedRefusal{RequestId{500}, Verdict::kOversized, kOther, {Kind::kRtp, 33, kSsrc, 1'504}}));
  run_for(seconds(5));
  EXPECT_EQ(refused(kOther, {}), (event::FeedRefusal{RequestId{500}, Verdict::kMalformed, kOther, {}}));
}

TEST_F(RelayFeedNewsTest, TheSameIsToldOnceAMinute) {
  ASSERT_NE(open_feed({.kind = FeedKind::kTransportStream, .local = kFeed}), SocketId{});
  const auto first = refused(kOther, rtp(1));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->verdict, Verdict::kNotTransportStream);
  EXPECT_EQ(first->found.kind, FeedFinding::Kind::kRtp);
  for (int i = 0; i < 11; ++i) {
    run_for(seconds(5));
    ASSERT_FALSE(refused(kOther, rtp(1)));
  }
  run_for(seconds(5));
  EXPECT_TRUE(refused(kOther, rtp(1)));
}

TEST_F(RelayFeedNewsTest, ThoseThatItDoesNotListenToAreToldToo) {
  ASSERT_NE(open_feed({.local = kFeed, .source = kSender.ip, .ssrc = kSsrc}), SocketId{});
  EXPECT_EQ(refused(kOther, rtp(1))->verdict, Verdict::kForeignSource);
  run_for(seconds(5));
  EXPECT_EQ(refused(kSender, rtp(1, 0x77))->found.ssrc, 0x77u);
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
}

TEST_F(RelayFeedNewsTest, WhileItIsHeardTheOthersAreNone) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_FALSE(refused(kOther, rtp(1, kSsrc, 96)));
  run_for(millis(4'900));
  EXPECT_FALSE(refused(kOther, rtp(1, kSsrc, 96)));
  run_for(millis(200));
  EXPECT_TRUE(refused(kOther, rtp(1, kSsrc, 96)));
}

TEST_F(RelayFeedNewsTest, NeitherReportsNorFecAreRefusals) {
  ASSERT_NE(open_feed({.local = kFeed, .rtcp = RtcpWay::kSamePort}), SocketId{});
  EXPECT_FALSE(refused(kSender, sender_report())) << "which comes before the first packet, mostly";
}

TEST_F(RelayFeedNewsTest, AClockThatDoesNotRunAtItsRateIsToldAndCounted) {
  ASSERT_NE(open_feed(), SocketId{});
  std::optional<event::FeedNews> news;
  for (std::uint16_t seq = 0; seq < 1'000; ++seq) {  // Of 10 ms, as it says, and 9.
    ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
    run_for(millis(8));
    if (auto next = next_event<event::FeedNews>()) news = next;
  }
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->is_live);
  EXPECT_EQ(news->remote, kSender);
  EXPECT_NEAR(news->clock_off_ppm, 111'111, 3'000);
  EXPECT_EQ(count_of(Counter::kClocksWrong), 1u);
}

TEST_F(RelayFeedNewsTest, HowItArrivesIsToldEachFiveSeconds) {
  ASSERT_NE(open_feed(), SocketId{});
  std::vector<event::FeedNews> all;
  for (std::uint16_t seq = 0; seq < 1'100; ++seq) {  // 10 ms apart on the average, 8 and 12 in turn; some are lost.
    const bool is_lost = seq % 100 == 50;
    EXPECT_TRUE(is_lost || judged(kSender, rtp(seq)) == Verdict::kAccepted);
    run_for(millis(seq % 2 == 0 ? 7 : 11));
    if (auto next = next_event<event::FeedNews>()) all.push_back(*next);
  }
  ASSERT_EQ(all.size(), 3u) << "the first, and after 5 and 10 s";
  EXPECT_EQ(all[0].reception, FeedReception{}) << "nothing is known as yet";
  EXPECT_EQ(all[1].reception.lost, 5u);
  EXPECT_EQ(all[2].reception.lost, 10u);
  for (const event::FeedNews& one : {all[1], all[2]}) {
    EXPECT_GT(one.reception.jitter, micros(1'900));
    EXPECT_LT(one.reception.jitter, micros(2'100));
  }
  run_for(seconds(6));
  EXPECT_TRUE(next_event<event::FeedNews>()->is_live) << "for 5 s";
  EXPECT_FALSE(next_event<event::FeedNews>()->is_live);
  run_for(seconds(60));
  EXPECT_FALSE(next_event<event::FeedNews>()) << "of a silent feed there is none";
}

}  // namespace
}  // namespace fanlight
