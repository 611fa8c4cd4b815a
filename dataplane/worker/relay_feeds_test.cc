// Publishers that do not call: RTP and bare transport streams that come to an address of ours.
#include "worker/relay_feeds_fixture.h"

namespace fanlight {
namespace {

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
  ASSERT_EQ(judged(kSender, rtp(2)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, rtp(3)), Verdict::kForeignSource) << "the SSRC alone is no passport";
  run_for(millis(250));
  EXPECT_EQ(judged(kOther, rtp(3)), Verdict::kOutOfWindow) << "one packet is no sender";
  EXPECT_EQ(judged(kOther, rtp(4)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 4u);
  EXPECT_EQ(judged(kSender, rtp(5)), Verdict::kForeignSource);
}

TEST_F(RelayFeedsTest, ALegsOwnRepeatsSayNothingAboutTheOther) {
  const Endpoint second_feed{kFeed.ip, 6'004};
  const SocketId socket =
      open_feed({.local = kFeed, .nack = true, .rtx_payload_type = 97, .second = FeedLeg{second_feed}});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  run_for(millis(40));
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kDuplicate);
  EXPECT_EQ(judged(kSender, retransmission(rtp(1), 900)), Verdict::kDuplicate);
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.legs[0].behind_max, Micros{});
  EXPECT_EQ(told->stats.legs[0].first, 1u);
}

TEST_F(RelayFeedsTest, APacketOfPaddingAloneIsItsNumberAndNoHole) {
  const SocketId socket = open_feed();
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  std::vector<std::byte> padding = rtp(2);
  padding.resize(12 + 4);
  padding[0] = std::byte{0xA0};
  padding.back() = std::byte{4};
  EXPECT_EQ(judged(kSender, padding), Verdict::kAccepted);
  std::vector<std::byte> empty = rtp(3);
  empty.resize(12);
  EXPECT_EQ(judged(kSender, empty), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, rtp(4)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 2u);
  EXPECT_EQ(stream.history().next(), PacketPos{2}) << "those behind us miss nothing";
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.packets_lost, 0u);
}

TEST_F(RelayFeedsTest, TheSecondLegBringsWhatTheFirstLost) {
  const Endpoint second_feed{IpAddress::v4(192, 0, 2, 1), 6'004};
  const SocketId socket = open_feed({.local = kFeed, .second = FeedLeg{.local = second_feed}});
  ASSERT_NE(socket, SocketId{});
  EXPECT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, rtp(1), second_feed), Verdict::kDuplicate) << "another address on another leg";
  EXPECT_EQ(judged(kOther, rtp(2), second_feed), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, rtp(3), kFeed), Verdict::kForeignSource) << "each leg has its sender";
  EXPECT_EQ(judged(kSender, rtp(3), second_feed), Verdict::kForeignSource);
  EXPECT_EQ(judged(kSender, rtp(3)), Verdict::kAccepted);
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.legs[0].packets, 2u);
  EXPECT_EQ(told->stats.legs[0].lost, 1u);
  EXPECT_EQ(told->stats.legs[0].first, 2u);
  EXPECT_EQ(told->stats.legs[1].packets, 2u);
  EXPECT_EQ(told->stats.legs[1].lost, 0u);
  EXPECT_EQ(told->stats.legs[1].behind, millis(1));
  EXPECT_EQ(told->stats.packets_lost, 0u);
  // A leg's sender that died is followed by another, while the other leg goes on.
  for (std::uint16_t seq = 4; seq < 300; ++seq) ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  const Endpoint third{IpAddress::v4(198, 51, 100, 3), 40'000};
  EXPECT_EQ(judged(third, rtp(300), second_feed), Verdict::kForeignSource) << "nobody knows it yet";
  EXPECT_EQ(judged(kSender, rtp(300)), Verdict::kAccepted);
  EXPECT_EQ(judged(third, rtp(301), second_feed), Verdict::kAccepted) << "it had what the other brought later";
}

TEST_F(RelayFeedsTest, AStrangerDoesNotFeedAnIdleLegWhileTheOtherLives) {
  const Endpoint second_feed{kFeed.ip, 6'004};
  ASSERT_NE(open_feed({.local = kFeed, .second = FeedLeg{second_feed}}), SocketId{});
  for (std::uint16_t seq = 0; seq < 400; ++seq) ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  std::vector<std::byte> evil = rtp(400);
  evil.back() ^= std::byte{1};
  for (const auto& datagram : {rtp(3'300), rtp(3'301), rtp(3'302), evil})
    EXPECT_EQ(judged(kOther, datagram, second_feed), Verdict::kForeignSource);
  for (std::uint16_t seq = 400; seq < 500; ++seq) ASSERT_EQ(judged(kSender, rtp(seq)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, evil, second_feed), Verdict::kForeignSource) << "that number came with other bytes";
  const Endpoint twin{kSender.ip, 40'001};
  EXPECT_EQ(judged(twin, rtp(500), second_feed), Verdict::kAccepted) << "the other leg's host";
  run_for(millis(300));
  EXPECT_EQ(judged(kOther, rtp(501)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kOther, rtp(502)), Verdict::kAccepted) << "nobody is heard any more";
}

TEST_F(RelayFeedsTest, WhoIsNamedFeedsItsLegAtOnce) {
  const Endpoint second_feed{kFeed.ip, 6'004};
  ASSERT_NE(open_feed({.local = kFeed, .second = FeedLeg{.local = second_feed, .source = kOther.ip}}), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  EXPECT_EQ(judged(kOther, rtp(2), second_feed), Verdict::kAccepted);
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

TEST_F(RelayFeedsTest, ControlHearsOfAnotherSenderOnceASecondAtMost) {
  ASSERT_NE(open_feed(), SocketId{});
  ASSERT_EQ(judged(kSender, rtp(1)), Verdict::kAccepted);
  ASSERT_TRUE(next_event<event::FeedNews>());
  run_for(millis(300));
  const auto takes_over = [&](const Endpoint& from, std::uint16_t first) {
    EXPECT_EQ(judged(from, rtp(first)), Verdict::kOutOfWindow);
    EXPECT_EQ(judged(from, rtp(first + 1)), Verdict::kAccepted);
  };
  takes_over(kOther, 2);
  EXPECT_FALSE(next_event<event::FeedNews>());
  run_for(millis(300));
  takes_over(kSender, 4);
  run_for(millis(300));
  takes_over(kOther, 6);
  EXPECT_FALSE(next_event<event::FeedNews>());
  run_for(millis(150));
  const auto news = next_event<event::FeedNews>();
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->is_live);
  EXPECT_EQ(news->remote, kOther);
  run_for(seconds(2));
  EXPECT_FALSE(next_event<event::FeedNews>());
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

// RFC 5761 §4: the marker makes type 72 look like a sender report, where both may come.
TEST_F(RelayFeedsTest, WhereRtcpHasItsOwnPortNoRtpIsTakenForIt) {
  ASSERT_NE(open_feed({.local = kFeed, .payload_type = 72, .ssrc = kSsrc}), SocketId{});
  std::vector<std::byte> packet = rtp(1, kSsrc, 72);
  packet[1] |= std::byte{0x80};
  EXPECT_EQ(judged(kSender, packet), Verdict::kAccepted);
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

// Opus: no transport stream, 48,000 ticks a second.
class RelayPayloadFeedsTest : public RelayFeedsTest {
 protected:
  RelayPayloadFeedsTest() : media(256, kSessions, kOptions) {
    say(command::AddStream{StreamIndex{1}, &media});
    say(command::OpenFeed{.request = RequestId{600},
                          .stream = StreamIndex{1},
                          .terms = {.local = kFeed, .payload_type = 97},
                          .doors = {},
                          .latency = millis(120)});
    breathe();
  }
  static std::vector<std::byte> opus(std::uint16_t seq, std::uint32_t timestamp, bool marker = false,
                                     std::uint32_t ssrc = kSsrc) {
    std::vector<std::byte> bytes(12 + 40, std::byte(seq));
    wire::write_rtp_header(std::span(bytes).first<12>(),
                           {.marker = marker, .payload_type = 97, .seq = seq, .timestamp = timestamp, .ssrc = ssrc});
    return bytes;
  }
  bool open_destination(FeedKind kind = FeedKind::kRtp) {
    say(command::OpenDestination{.request = RequestId{601},
                                 .stream = StreamIndex{1},
                                 .terms = {.kind = kind, .remote = kTo, .payload_type = 100},
                                 .path = {.remote = kTo, .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
                                 .random = 77});
    breathe();
    return next_event<event::SessionOpened>().has_value();
  }
  static std::vector<std::byte> clock_report(std::uint32_t timestamp, const wire::NtpTime& time) {
    std::vector<std::byte> bytes(128);
    std::size_t written = wire::write_sender_report(bytes, {.ssrc = kSsrc, .time = time, .rtp_timestamp = timestamp});
    written += wire::write_cname(std::span(bytes).subspan(written), kSsrc, "cam@host");
    bytes.resize(written);
    return bytes;
  }
  // What the destination was sent for that datagram.
  wire::RtpHeader relayed(ByteSpan datagram) {
    EXPECT_EQ(judged(kSender, datagram), Verdict::kAccepted);
    const std::vector<Said> said = to(answers, kTo);
    EXPECT_EQ(said.size(), 1u);
    return said.empty() ? wire::RtpHeader{} : wire::parse_rtp(said[0].bytes)->header;
  }

  static constexpr StreamOptions kOptions{.latency_max = seconds(2),
                                          .payload = {.is_transport_stream = false, .clock_rate = 48'000}};
  const Endpoint kTo{IpAddress::v4(198, 51, 100, 9), 5'004};
  const Endpoint kFeedRtcp{kFeed.ip, 5'005};
  Stream media;
};

TEST_F(RelayPayloadFeedsTest, MarkersAndTheSourcesOwnTicksGoOut) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  const wire::RtpHeader first = relayed(opus(1, 1'000'003, true));
  EXPECT_TRUE(first.marker);
  EXPECT_EQ(first.payload_type, 100);
  run_for(millis(17));
  const wire::RtpHeader second = relayed(opus(2, 1'000'003));
  EXPECT_FALSE(second.marker);
  EXPECT_EQ(second.timestamp, first.timestamp) << "of one frame";
  for (std::uint32_t i = 1; i <= 100; ++i)
    EXPECT_EQ(relayed(opus(static_cast<std::uint16_t>(2 + i), 1'000'003 + i * 961)).timestamp,
              first.timestamp + i * 961)
        << "each came a millisecond after the other";
}

TEST_F(RelayPayloadFeedsTest, TicksGoOnWhenAnotherSourceTakesOver) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  const wire::RtpHeader first = relayed(opus(1, 5));
  run_for(millis(498));
  EXPECT_EQ(judged(kSender, opus(900, 0xDEAD'BEEF, false, 99)), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kSender, opus(901, 0xDEAD'BEEF + 960, false, 99)), Verdict::kAccepted) << "both go on here";
  const wire::RtpHeader next = relayed(opus(902, 0xDEAD'BEEF + 1'920, false, 99));
  EXPECT_EQ(next.timestamp - first.timestamp, 24'000u + 1'920) << "half a second, and two packets";
}

TEST_F(RelayPayloadFeedsTest, TicksGoOnWhenTheFeedIsOpenedAnew) {
  const auto feed = next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  const wire::RtpHeader first = relayed(opus(1, 5));
  say(command::CloseSession{.socket = feed->socket});
  run_for(millis(498));
  say(command::OpenFeed{.request = RequestId{602},
                        .stream = StreamIndex{1},
                        .terms = {.local = kFeed, .payload_type = 97},
                        .doors = {},
                        .latency = millis(120)});
  breathe(millis(1));
  EXPECT_NEAR(relayed(opus(900, 0xDEAD'BEEF)).timestamp - first.timestamp, 24'000u, 48);
}

// The sender report names the moment of a timestamp: what left just now has just that.
TEST_F(RelayPayloadFeedsTest, ReportsSpeakOfThePacketsClock) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  std::vector<Said> reports;
  wire::RtpHeader last;
  Instant last_at;
  for (std::uint32_t i = 0; i < 400; ++i) {
    last = relayed(opus(static_cast<std::uint16_t>(i), 77 + i * 960));
    last_at = now;
    for (Said& one : to(run_for(millis(19)), {kTo.ip, 5'005})) reports.push_back(std::move(one));
    if (!reports.empty()) break;
  }
  ASSERT_EQ(reports.size(), 1u);
  const auto report = wire::parse_sender_report(*wire::RtcpReader(reports[0].bytes).next());
  ASSERT_TRUE(report);
  EXPECT_LE(report->rtp_timestamp - last.timestamp, 960u) << "within the 20 ms after it";
}

// Two media of one source come here by ways of different length. What it says of its clock puts them in step again.
TEST_F(RelayPayloadFeedsTest, ReportsAreOnTheSourcesOwnLine) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  relay.set_wall_offset(seconds(1'700'000'000));
  const wire::NtpTime wall{0xE000'0000, 0};
  std::vector<Said> reports;
  std::uint32_t offset = 0;
  for (std::uint32_t i = 0; i < 800 && reports.size() < 2; ++i) {
    offset = relayed(opus(static_cast<std::uint16_t>(i), 77 + i * 960)).timestamp - (77 + i * 960);
    const std::vector<std::byte> said = clock_report(77 + 19'200 + 40 * 960, wall);  // 400 ms ahead.
    if (i == 40) {
      ASSERT_EQ(judged(kSender, said, kFeedRtcp), Verdict::kControl);
    }
    for (Said& one : to(run_for(millis(i == 40 ? 18 : 19)), {kTo.ip, 5'005})) reports.push_back(std::move(one));
  }
  ASSERT_EQ(reports.size(), 2u);
  event::StreamName told;
  while (const auto next = next_event<event::StreamName>()) told = *next;
  for (const Said& one : reports) {
    wire::RtcpReader reader(one.bytes);
    const auto report = wire::parse_sender_report(*reader.next());
    ASSERT_TRUE(report);
    // Both clocks run on from what was said, 48 ticks a millisecond.
    const std::uint32_t ticks = report->rtp_timestamp - offset - (77 + 19'200 + 40 * 960);
    const double since = (report->time.seconds - wall.seconds) + report->time.fraction / 4294967296.0;
    EXPECT_NEAR(since, ticks / 48'000.0, 0.0001);
    const auto name =
        rtp::CanonicalName::of({7, 8}, rtp::CanonicalName::Of::kSource, std::as_bytes(std::span("cam@host", 8))).text();
    EXPECT_EQ(wire::find_cname(*reader.next(), report->ssrc), std::string_view(name.data(), name.size()));
    EXPECT_EQ(told.name, name) << "control hears of it";
  }
}

TEST_F(RelayPayloadFeedsTest, WhatWasSaidLongAgoHoldsNoMore) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  (void)relayed(opus(0, 0));
  EXPECT_EQ(judged(kSender, clock_report(0, {0xE000'0000, 0}), kFeedRtcp), Verdict::kControl);
  breathe();
  EXPECT_EQ(media.report_moment(now, {}).time.seconds, 0xE000'0000);
  EXPECT_EQ(media.report_moment(now + seconds(119), {}).time.seconds, 0xE000'0000 + 119);
  EXPECT_EQ(media.report_moment(now + seconds(121), {5, 0}).time, (wire::NtpTime{5, 0}));
  EXPECT_NE(*media.report_moment(now + seconds(121), {}).name, *media.report_moment(now, {}).name);
  media.begin_publisher();
  EXPECT_EQ(media.report_moment(now, {5, 0}).time, (wire::NtpTime{5, 0}));
}

TEST_F(RelayPayloadFeedsTest, APacketOfTheLargestDatagramIsTaken) {
  std::vector<std::byte> large = opus(1, 0);
  large.resize(kDatagramBytesMax);
  EXPECT_EQ(judged(kSender, large), Verdict::kAccepted);
  large.resize(kDatagramBytesMax + 1);
  EXPECT_EQ(judged(kSender, large), Verdict::kOversized);
}

TEST_F(RelayPayloadFeedsTest, AnEmptyOneLeavesNoHole) {
  next_event<event::SessionOpened>();
  ASSERT_TRUE(open_destination());
  const wire::RtpHeader first = relayed(opus(1, 0));
  EXPECT_EQ(judged(kSender, ByteSpan{opus(2, 0)}.first(12)), Verdict::kAccepted);
  EXPECT_TRUE(to(answers, kTo).empty());
  EXPECT_EQ(relayed(opus(3, 0)).seq, static_cast<std::uint16_t>(first.seq + 1)) << "at once";
}

TEST_F(RelayPayloadFeedsTest, OnlyRtpTakesIt) {
  next_event<event::SessionOpened>();
  EXPECT_FALSE(open_destination(FeedKind::kTransportStream));
  command::OpenSession viewer = opening(Role::kViewer, caller(7'000), SocketId{7'000});
  viewer.stream = StreamIndex{1};
  say(std::move(viewer));
  const std::vector<Said> said = breathe();
  const auto refused = next_event<event::SessionRefused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, wire::Reject::kUnsupportedMedia);
  ASSERT_EQ(to(said, caller(7'000)).size(), 1u);
  EXPECT_EQ(wire::parse_handshake(to(said, caller(7'000))[0].content())->request, 2415);
}

}  // namespace
}  // namespace fanlight
