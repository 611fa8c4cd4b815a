// What the relay sent itself feeds nothing (RFC 3550 §8.2). The fixture's door for SRT is the wildcard's port 9000.
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

const Endpoint kOurselves{kFeed.ip, 9'000};  // As it comes from a wildcard door to an address of the same host.
const Endpoint kStranger{kSender.ip, 9'000};

TEST_F(RelayFeedsTest, WhatWeSentIsNoSenderEvenWhenNobodyElseIs) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(kOurselves, rtp(1)), Verdict::kForeignSource);
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  run_for(seconds(3));
  EXPECT_EQ(judged(kOurselves, rtp(2, 1)), Verdict::kForeignSource);
  EXPECT_EQ(judged({IpAddress::v4(127, 0, 0, 1), 9'000}, rtp(2)), Verdict::kForeignSource);
  (void)judged({kFeed.ip, 9'001}, rtp(2));
  EXPECT_EQ(judged({kFeed.ip, 9'001}, rtp(3)), Verdict::kAccepted) << "another program of this host";
  run_for(seconds(3));
  (void)judged(kStranger, rtp(4));
  EXPECT_EQ(judged(kStranger, rtp(5)), Verdict::kAccepted) << "another host's port has the same number";
}

TEST_F(RelayFeedsTest, ABareTransportStreamOfOursGoesNotRoundEither) {
  ASSERT_NE(open_feed({.kind = FeedKind::kTransportStream, .local = kFeed}), SocketId{});
  EXPECT_EQ(judged(kOurselves, payload(1)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, payload(1)), Verdict::kAccepted);
}

TEST_F(RelayFeedsTest, NoLegIsFedByUs) {
  const Endpoint second_feed{kFeed.ip, 6'004};
  ASSERT_NE(open_feed({.local = kFeed, .second = FeedLeg{.local = second_feed}}), SocketId{});
  ASSERT_EQ(judged({kFeed.ip, 40'000}, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOurselves, rtp(1), second_feed), Verdict::kForeignSource) << "of the first leg's host, but ours";
  EXPECT_EQ(judged({kFeed.ip, 40'002}, rtp(1), second_feed), Verdict::kDuplicate);
}

}  // namespace
}  // namespace fanlight
