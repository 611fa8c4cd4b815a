// Publishers that do not call: RTP and bare transport streams that come to an address of ours.
#include <gtest/gtest.h>

#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};
const Endpoint kOther{IpAddress::v4(198, 51, 100, 2), 40'000};
const Endpoint kFeed{IpAddress::v4(192, 0, 2, 1), 5'004};
constexpr std::uint32_t kSsrc = 0xABCD;

class RelayFeedsTest : public ::testing::Test, protected RelayFixture {
 protected:
  static std::vector<std::byte> payload(std::size_t number) {
    std::vector<std::byte> bytes(2 * 188, std::byte(number));
    bytes[0] = bytes[188] = std::byte{0x47};
    return bytes;
  }
  static std::vector<std::byte> rtp(std::uint16_t seq, std::uint32_t ssrc = kSsrc, std::uint8_t payload_type = 33) {
    std::vector<std::byte> bytes(12);
    wire::write_rtp_header(std::span(bytes).first<12>(),
                           {.payload_type = payload_type, .seq = seq, .timestamp = seq * 900u, .ssrc = ssrc});
    const std::vector<std::byte> content = payload(seq);
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
  }
  static std::vector<std::byte> sender_report() {
    std::vector<std::byte> bytes(28);
    (void)wire::write_sender_report(bytes, {.ssrc = kSsrc, .time = {1, 2}});
    return bytes;
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram, const Endpoint& local = kFeed) {
    hear(from, datagram);
    burst.back().path.local = local;
    const std::vector<Verdict> verdicts = judge(answers, millis(1));
    EXPECT_EQ(verdicts.size(), 1u) << "one verdict for one datagram";
    return verdicts.at(0);
  }
  SocketId open_feed(FeedTerms terms = {.local = kFeed}, std::uint64_t request = 500) {
    say(command::OpenFeed{.request = RequestId{request},
                          .stream = kStream,
                          .terms = terms,
                          .doors = {},
                          .latency = millis(120),
                          .own_ssrc = 42});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  SocketId open_viewer(std::uint16_t number) { return open(opening(Role::kViewer, caller(number), SocketId{number})); }

  std::vector<Said> answers;
};

TEST_F(RelayFeedsTest, WhatComesAsRtpLeavesAsSrtByteForByte) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_NE(open_viewer(7'000), SocketId{});
  run_for(millis(20));
  std::vector<Said> said;
  for (std::uint16_t seq = 65'530; seq != 10; ++seq) {
    ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
    for (Said& one : answers) said.push_back(std::move(one));
  }
  std::vector<std::vector<std::byte>> got;
  for (const Said& one : to(said, caller(7'000)))
    if (one.data()) got.push_back({one.bytes.begin() + 16, one.bytes.end()});
  ASSERT_EQ(got.size(), 16u);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], payload(static_cast<std::uint16_t>(65'530 + i)));
}

TEST_F(RelayFeedsTest, ABareTransportStreamIsNumberedAsItComes) {
  ASSERT_NE(open_feed({.kind = FeedKind::kTransportStream, .local = kFeed}), SocketId{});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(judged(kSender, payload(1)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 5u);
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kNotTransportStream) << "RTP is not bare";
}

TEST_F(RelayFeedsTest, WhatIsNoFeedIsCountedAndTouchesNothing) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(kSender, payload(1)), Verdict::kMalformed);
  EXPECT_EQ(judged(kSender, {}), Verdict::kMalformed);
  EXPECT_EQ(judged(kSender, rtp(1, kSsrc, 96)), Verdict::kWrongPayloadType);
  std::vector<std::byte> no_sync = rtp(1);
  no_sync[12] = std::byte{0x46};
  EXPECT_EQ(judged(kSender, no_sync), Verdict::kNotTransportStream);
  std::vector<std::byte> half = rtp(1);
  half.resize(half.size() - 1);
  EXPECT_EQ(judged(kSender, half), Verdict::kNotTransportStream);
  std::vector<std::byte> large = rtp(1);
  large.resize(12 + 1'457);
  EXPECT_EQ(judged(kSender, large), Verdict::kOversized);
  EXPECT_EQ(stream.packets(), 0u);
  EXPECT_FALSE(next_event<event::FeedNews>());
}

TEST_F(RelayFeedsTest, AnotherAddressWaitsUntilTheFirstIsSilent) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, rtp(2)), Verdict::kForeignSource) << "the SSRC alone is no passport";
  run_for(millis(250));
  EXPECT_EQ(judged(kOther, rtp(2)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, rtp(3)), Verdict::kForeignSource);
}

TEST_F(RelayFeedsTest, OnlyTheNamedSenderAndSourceCount) {
  ASSERT_NE(open_feed({.local = kFeed, .source = kSender.ip, .ssrc = kSsrc}), SocketId{});
  EXPECT_EQ(judged(kOther, rtp(1)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, rtp(1, 7)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
}

TEST_F(RelayFeedsTest, WhoIsBannedFeedsNothing) {
  ASSERT_NE(open_feed(), SocketId{});
  say(command::Ban{*IpPrefix::parse("198.51.100.1/32")});
  breathe();
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kOther, rtp(1)), Verdict::kAccepted);
  say(command::Ban{*IpPrefix::parse("198.51.100.2/32")});
  breathe();
  EXPECT_EQ(judged(kOther, rtp(2)), Verdict::kForeignSource) << "nor goes on feeding";
}

TEST_F(RelayFeedsTest, ControlHearsWhenItBeginsAndWhenItFallsSilent) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  auto news = next_event<event::FeedNews>();
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->is_live);
  EXPECT_EQ(news->remote, kSender);
  EXPECT_EQ(news->request, RequestId{500});
  run_for(millis(4'900));
  EXPECT_FALSE(next_event<event::FeedNews>());
  run_for(millis(200));
  news = next_event<event::FeedNews>();
  ASSERT_TRUE(news);
  EXPECT_FALSE(news->is_live);
  ASSERT_EQ(judged(kSender, rtp(2)), Verdict::kAccepted);
  EXPECT_TRUE(next_event<event::FeedNews>()->is_live);
}

TEST_F(RelayFeedsTest, ItStaysThroughAnySilence) {
  ASSERT_NE(open_feed(), SocketId{});
  run_for(seconds(60));
  EXPECT_FALSE(next_event<event::SessionClosed>());
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
}

TEST_F(RelayFeedsTest, ReportsGoBackToWhereTheSendersCameFrom) {
  ASSERT_NE(open_feed(), SocketId{});
  const Endpoint control{kFeed.ip, 5'005};
  const Endpoint sender_control{kSender.ip, 40'001};
  EXPECT_EQ(judged(sender_control, sender_report(), control), Verdict::kForeignSource) << "nobody sends yet";
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, sender_report()), Verdict::kWrongPayloadType) << "RTCP has its own port";
  EXPECT_EQ(judged({kOther.ip, 40'001}, sender_report(), control), Verdict::kForeignSource);
  EXPECT_TRUE(run_for(seconds(10)).empty());
  ASSERT_EQ(judged(kSender, rtp(2)), Verdict::kAccepted);
  EXPECT_EQ(judged(sender_control, sender_report(), control), Verdict::kControl);
  const std::vector<Said> said = run_for(seconds(8));
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said[0].to, sender_control);
  const auto block = wire::find_report_block(*wire::RtcpReader(said[0].bytes).next(), kSsrc);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->highest_seq, 2u);
}

TEST_F(RelayFeedsTest, RtcpMayShareThePort) {
  ASSERT_NE(open_feed({.local = kFeed, .rtcp = RtcpWay::kSamePort}), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, sender_report()), Verdict::kControl);
}

TEST_F(RelayFeedsTest, RtcpFindsTheFeedOfItsSource) {
  Stream other(256, kSessions, {.latency_max = seconds(2)});
  say(command::AddStream{StreamIndex{1}, &other});
  ASSERT_NE(open_feed({.local = kFeed, .ssrc = 1, .rtcp = RtcpWay::kSamePort}), SocketId{});
  say(command::OpenFeed{.request = RequestId{501},
                        .stream = StreamIndex{1},
                        .terms = {.local = kFeed, .ssrc = kSsrc, .rtcp = RtcpWay::kSamePort},
                        .doors = {},
                        .latency = millis(120)});
  breathe();
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(other.packets(), 1u);
  EXPECT_EQ(judged(kSender, sender_report()), Verdict::kControl);
}

TEST_F(RelayFeedsTest, AStreamHasOnePublisher) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(open(opening(Role::kPublisher, caller(8'000), SocketId{9})), SocketId{});
  EXPECT_EQ(open_feed({.local = {kFeed.ip, 6'000}}, 501), SocketId{});
  const auto refused = next_event<event::SessionRefused>();
  EXPECT_FALSE(refused) << "taken by open_feed()";
}

TEST_F(RelayFeedsTest, ItEndsWhenItIsClosedAndItsPlaceIsFree) {
  const SocketId socket = open_feed();
  ASSERT_NE(socket, SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  say(command::CloseSession{.socket = socket, .reason = CloseReason::kKicked});
  EXPECT_TRUE(run_for(millis(100)).empty()) << "nobody to say SHUTDOWN to";
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->stats.packets_received_unique, 1u);
  EXPECT_EQ(judged(kSender, rtp(2)), Verdict::kUnknownSocket);
  EXPECT_NE(open_feed(), SocketId{});
}

TEST_F(RelayFeedsTest, ItsDoorHearsNoHandshakeWhetherItIsOpenOrNot) {
  hear(kSender, handshake({.handshake = {.version = 4, .extension = 2, .request = 1, .socket = SocketId{9}}}));
  burst.back().path.door = kSrtDoors;
  EXPECT_EQ(judge(answers), std::vector{Verdict::kForeignSource});
  EXPECT_TRUE(answers.empty());
  hear(kSender, handshake({.handshake = {.version = 4, .extension = 2, .request = 1, .socket = SocketId{9}}}));
  burst.back().path.door = kSrtDoors - 1;
  EXPECT_EQ(judge(answers), std::vector{Verdict::kHandshakeAnswered});
}

// Its socket ID is for the operator: nobody speaks SRT to it.
TEST_F(RelayFeedsTest, NoSrtReachesIt) {
  const SocketId socket = open_feed();
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  const Endpoint srt{kFeed.ip, 9'000};
  EXPECT_EQ(judged(kSender, bare(socket, wire::ControlType::kShutdown), srt), Verdict::kWrongAddress);
  EXPECT_EQ(judged(kSender, data(socket, SeqNo{1}), srt), Verdict::kWrongAddress);
}

}  // namespace
}  // namespace fanlight
