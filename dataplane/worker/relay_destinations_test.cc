// Viewers that do not call: RTP and bare transport streams to where an operator said.
#include <gtest/gtest.h>

#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kTo{IpAddress::v4(198, 51, 100, 1), 5'004};
const Endpoint kRtcp{IpAddress::v4(198, 51, 100, 1), 5'005};
const Endpoint kOther{IpAddress::v4(192, 0, 2, 8), 6'001};
const Endpoint kGroup{IpAddress::v4(239, 1, 2, 3), 5'004};
const Endpoint kPublisher{IpAddress::v4(192, 0, 2, 7), 6'000};
constexpr std::uint32_t kReceiver = 0x9ABC'DEF0;
constexpr std::uint32_t kRandom = 0xFFFF'FFFC;

class RelayDestinationsTest : public ::testing::Test, protected RelayFixture {
 protected:
  void SetUp() override { publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'000})); }

  command::OpenDestination opening_to(const Endpoint& remote, FeedKind kind = FeedKind::kRtp) {
    return {.request = RequestId{++requests},
            .stream = kStream,
            .terms = {.kind = kind, .remote = remote},
            .path = {.remote = remote, .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
            .random = kRandom};
  }
  SocketId open_destination(command::OpenDestination opening) {
    say(opening);
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  SocketId open_destination(FeedKind kind = FeedKind::kRtp) { return open_destination(opening_to(kTo, kind)); }

  std::vector<Said> publish(std::uint32_t number, std::size_t payload_bytes = 188) {
    hear(kPublisher, data(publisher, SeqNo{kIsn.raw + number}, payload_bytes));
    return breathe(millis(1));
  }
  static std::vector<std::uint16_t> numbers(const std::vector<Said>& said, const Endpoint& whom = kTo) {
    std::vector<std::uint16_t> numbers;
    for (const Said& one : to(said, whom)) numbers.push_back(wire::parse_rtp(one.bytes)->header.seq);
    return numbers;
  }
  static std::vector<std::byte> report(SocketId about, bool with_bye = false) {
    std::vector<std::byte> bytes(64);
    std::size_t written = wire::write_receiver_report(bytes, kReceiver, {.ssrc = about.raw(), .lost = 3, .jitter = 90});
    if (with_bye) written += wire::write_bye(MutableByteSpan{bytes}.subspan(written), kReceiver);
    bytes.resize(written);
    return bytes;
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram) {
    hear(from, datagram);
    const std::vector<Verdict> verdicts = judge(answers);
    EXPECT_EQ(verdicts.size(), 1u) << "one verdict for one datagram";
    return verdicts.at(0);
  }
  void hear_that_nobody_is_at(const Endpoint& where) {
    hear(where, {});
    burst.back().undelivered = io::Undelivered::kUnreachable;
    const std::vector<Verdict> verdicts = judge(answers);
    EXPECT_EQ(verdicts, std::vector{Verdict::kUnreachable});
  }
  std::uint64_t count_of(Counter counter) { return mailbox.counters.read(counter); }
  DestinationPause news() {
    const auto told = next_event<event::DestinationNews>();
    EXPECT_TRUE(told);
    return told ? told->pause : DestinationPause::kNone;
  }

  SocketId publisher;
  std::uint64_t requests = 700;
  std::vector<Said> answers;
};

TEST_F(RelayDestinationsTest, WhatComesAsSrtLeavesAsRtpByteForByte) {
  const SocketId socket = open_destination();
  ASSERT_NE(socket, SocketId{});
  std::vector<Said> said;
  for (std::uint32_t i = 0; i < 8; ++i)
    for (Said& one : to(publish(i), kTo)) said.push_back(std::move(one));
  ASSERT_EQ(said.size(), 8u) << "each in the breath it came in";
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < 8; ++i) {
    const auto parsed = wire::parse_rtp(said[i].bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->header.payload_type, 33);
    EXPECT_EQ(parsed->header.ssrc, socket.raw());
    EXPECT_EQ(parsed->header.seq, static_cast<std::uint16_t>(0xFFFC + i)) << "over the wrap";
    EXPECT_FALSE(parsed->header.marker);
    EXPECT_EQ(i == 0 ? 90u : parsed->header.timestamp - last, 90u) << "a millisecond";
    last = parsed->header.timestamp;
    EXPECT_EQ(std::vector(said[i].bytes.begin() + 12, said[i].bytes.end()), ts_payload(kIsn.raw + i));
  }
}

TEST_F(RelayDestinationsTest, ABareOneGetsThePayloadAlone) {
  ASSERT_NE(open_destination(FeedKind::kTransportStream), SocketId{});
  const std::vector<Said> said = to(publish(0), kTo);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].bytes, ts_payload(kIsn.raw));
}

TEST_F(RelayDestinationsTest, ALatePacketIsWaitedForAndOrderKept) {
  ASSERT_NE(open_destination(), SocketId{});
  EXPECT_EQ(numbers(publish(0)), (std::vector<std::uint16_t>{0xFFFC}));
  EXPECT_EQ(numbers(publish(2)), (std::vector<std::uint16_t>{}));
  EXPECT_EQ(numbers(publish(1)), (std::vector<std::uint16_t>{0xFFFD, 0xFFFE}));
}

TEST_F(RelayDestinationsTest, WhatThePublisherGivesUpLeavesAGapInTheNumbers) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  publish(2);
  // The publisher's latency is 120 ms; SRT gives up what would be played by then.
  EXPECT_EQ(numbers(run_for(millis(50))), (std::vector<std::uint16_t>{}));
  EXPECT_EQ(numbers(run_for(millis(100))), (std::vector<std::uint16_t>{0xFFFE}));
  EXPECT_EQ(mailbox.counters.read(Counter::kReleaseGivenUp), 1u);
}

TEST_F(RelayDestinationsTest, WhatWaitedForThePortForASecondIsSkippedAndCounted) {
  ASSERT_NE(open_destination(), SocketId{});
  port.take_max = 0;
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(numbers(publish(i)), (std::vector<std::uint16_t>{}));
  EXPECT_EQ(numbers(run_for(millis(1'100))), (std::vector<std::uint16_t>{}));
  port.take_max = SIZE_MAX;
  EXPECT_EQ(numbers(run_for(millis(1))), (std::vector<std::uint16_t>{0xFFFC})) << "whose pass had begun";
  EXPECT_EQ(numbers(publish(3)), (std::vector<std::uint16_t>{0xFFFF}));
  EXPECT_EQ(count_of(Counter::kReleaseSkipped), 2u);
}

// RFC 2250 §2: an integral number of TS packets. Whoever publishes by SRT may send anything.
TEST_F(RelayDestinationsTest, WhatIsNoTransportStreamIsCountedAndToldAndNotSent) {
  const SocketId viewer = open(opening(Role::kViewer, kOther, SocketId{6'001}));
  ASSERT_NE(viewer, SocketId{});
  ASSERT_NE(open_destination(), SocketId{});
  std::size_t viewed = 0;
  const auto numbers_of = [&](const std::vector<Said>& said) {
    for (const Said& one : to(said, kOther)) viewed += one.data() ? 1 : 0;
    return numbers(said);
  };
  EXPECT_EQ(numbers_of(publish(0)), (std::vector<std::uint16_t>{0xFFFC}));
  EXPECT_EQ(numbers_of(publish(1, 1'300)), (std::vector<std::uint16_t>{}));
  EXPECT_EQ(numbers_of(publish(2)), (std::vector<std::uint16_t>{0xFFFE})) << "its number is missing, and nobody waits";
  (void)numbers_of(run_for(millis(10)));
  EXPECT_EQ(viewed, 3u) << "SRT carries what it is given";
  EXPECT_EQ(count_of(Counter::kReleaseNotTs), 1u);
  EXPECT_EQ(count_of(Counter::kReleaseGivenUp), 0u);
  const auto told = next_event<event::PayloadUnfit>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stream, kStream);
  EXPECT_EQ(told->payload_bytes, 1'300);
  publish(3, 1'300);
  EXPECT_FALSE(next_event<event::PayloadUnfit>()) << "not one for each packet";
  EXPECT_EQ(count_of(Counter::kReleaseNotTs), 2u);
}

TEST_F(RelayDestinationsTest, ThatItGoesOnIsToldOnceAMinute) {
  ASSERT_NE(open_destination(FeedKind::kTransportStream), SocketId{});
  std::size_t told = 0;
  for (std::uint32_t i = 0; i < 1'250; ++i) {  // For 125 s.
    EXPECT_EQ(to(publish(i, 189), kTo).size(), 0u);
    run_for(millis(99));
    told += next_event<event::PayloadUnfit>() ? 1 : 0;
  }
  EXPECT_EQ(told, 3u);
}

TEST_F(RelayDestinationsTest, NobodyIsProbedWithWhatItWouldNotGet) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  hear_that_nobody_is_at(kTo);
  run_for(millis(995));
  publish(1, 1'300);
  EXPECT_EQ(to(run_for(millis(400)), kTo).size(), 0u);
  publish(2);
  EXPECT_EQ(numbers(run_for(millis(500))), (std::vector<std::uint16_t>{0xFFFE}));
}

TEST_F(RelayDestinationsTest, NumbersAndTimeGoOnWhenThePublisherRestarts) {
  ASSERT_NE(open_destination(), SocketId{});
  const std::vector<Said> before = to(publish(0), kTo);
  say(command::CloseSession{publisher});
  run_for(millis(500));
  publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'001}, SeqNo{77'000}));
  hear(kPublisher, data(publisher, SeqNo{77'000}));
  const std::vector<Said> after = to(breathe(), kTo);
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(after.size(), 1u);
  const wire::RtpHeader was = wire::parse_rtp(before[0].bytes)->header;
  const wire::RtpHeader is = wire::parse_rtp(after[0].bytes)->header;
  EXPECT_EQ(static_cast<std::uint16_t>(is.seq - was.seq), 1);
  EXPECT_NEAR(is.timestamp - was.timestamp, 45'000, 900) << "half a second";
  EXPECT_EQ(is.ssrc, was.ssrc);
}

TEST_F(RelayDestinationsTest, ReportsGoToThePortBehindAndCountWhatWasSent) {
  const SocketId socket = open_destination();
  std::vector<Said> said;
  for (std::uint32_t i = 0; i < 100; ++i) {
    publish(i);
    for (Said& one : to(run_for(millis(99)), kRtcp)) said.push_back(std::move(one));
  }
  ASSERT_GE(said.size(), 1u);
  wire::RtcpReader reader(said.back().bytes);
  const auto report = wire::parse_sender_report(*reader.next());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, socket.raw());
  EXPECT_GT(report->packets, 0u);
  EXPECT_EQ(report->bytes, report->packets * 188);
  EXPECT_EQ(mailbox.counters.read(Counter::kReportsSent), said.size());
}

TEST_F(RelayDestinationsTest, ControlIsToldTheNameThatReportsHave) {
  open_destination();
  run_for(millis(1));
  const auto told = next_event<event::StreamName>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stream, kStream);
  std::vector<Said> said;
  for (std::uint32_t i = 0; i < 1'000 && said.empty(); ++i) {
    publish(i);
    said = to(run_for(millis(9)), kRtcp);
  }
  ASSERT_EQ(said.size(), 1u);
  wire::RtcpReader reader(said[0].bytes);
  const std::uint32_t ssrc = wire::parse_sender_report(*reader.next())->ssrc;
  EXPECT_EQ(wire::find_cname(*reader.next(), ssrc), std::string_view(told->name.data(), told->name.size()));
  EXPECT_FALSE(next_event<event::StreamName>()) << "once";
}

// A host that boots with a wrong clock, and is set right later.
TEST_F(RelayDestinationsTest, ReportsSayTheTimeOfDayAsItIsWhenTheyAreWritten) {
  open_destination();
  std::uint32_t number = 0;
  for (const Micros wall : {seconds(40), seconds(1'700'000'000)}) {
    relay.set_wall_offset(wall);
    std::vector<Said> said;
    while (said.empty() && number < 1'000) {
      publish(number++);
      said = to(run_for(millis(9)), kRtcp);
    }
    ASSERT_EQ(said.size(), 1u);
    const auto report = wire::parse_sender_report(*wire::RtcpReader(said[0].bytes).next());
    ASSERT_TRUE(report);
    EXPECT_NEAR(report->time.seconds, 2'208'988'800.0 + static_cast<double>((now + wall).us) / 1e6, 1.0);
  }
}

TEST_F(RelayDestinationsTest, OnTheSamePortOrNotAtAll) {
  command::OpenDestination mux = opening_to(kTo);
  mux.terms.rtcp = RtcpWay::kSamePort;
  const SocketId socket = open_destination(mux);
  publish(0);
  say(command::CloseSession{socket});
  std::vector<Said> said = to(run_for(millis(30)), kTo);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(wire::is_rtcp(said[0].bytes)) << "BYE";
  command::OpenDestination off = opening_to(kTo);
  off.terms.rtcp = RtcpWay::kNone;
  const SocketId silent = open_destination(off);
  publish(1);
  say(command::CloseSession{silent});
  said = run_for(millis(30));
  EXPECT_EQ(to(said, kTo).size() + to(said, kRtcp).size(), 0u);
}

TEST_F(RelayDestinationsTest, ClosedItGetsByeAndNothingMore) {
  const SocketId socket = open_destination();
  publish(0);
  say(command::CloseSession{socket});
  const std::vector<Said> said = run_for(millis(30));
  ASSERT_EQ(to(said, kRtcp).size(), 1u);
  EXPECT_EQ(to(said, kTo).size(), 0u);
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->stats.packets_sent, 1u);
  EXPECT_EQ(closed->stats.bytes_sent, 188u);
  EXPECT_EQ(numbers(publish(1)).size(), 0u);
  EXPECT_NE(open_destination(), SocketId{}) << "there is room for it again";
}

// The way alone: numbers, source and what it is owed stay.
TEST_F(RelayDestinationsTest, ItIsSentToByAnotherWayFromThenOn) {
  const SocketId socket = open_destination();
  EXPECT_EQ(numbers(publish(0)).size(), 1u);
  say(command::MoveDestination{
      .socket = socket, .path = {.remote = kTo, .local = {IpAddress::v4(192, 0, 2, 1), 9000}, .interface_index = 7}});
  say(command::MoveDestination{.socket = SocketId{socket.raw() + 1}, .path = {.remote = kTo, .local = {}}});
  say(command::MoveDestination{.socket = publisher, .path = {.remote = kPublisher, .local = {}}});
  breathe();
  EXPECT_EQ(port.addressed.interface_index, 7u);
  EXPECT_EQ(numbers(publish(1)).size(), 1u);
}

TEST_F(RelayDestinationsTest, OneAddressGetsOneStream) {
  ASSERT_NE(open_destination(), SocketId{});
  say(opening_to(kTo));
  breathe();
  const auto refused = next_event<event::SessionRefused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, wire::Reject::kConflict);
}

TEST_F(RelayDestinationsTest, ItsReportsAreHeardWhereSrtComes) {
  const SocketId socket = open_destination();
  publish(0);
  EXPECT_EQ(judged(kRtcp, report(socket)), Verdict::kControl);
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->role, Role::kViewer);
  EXPECT_TRUE(told->is_live);
  EXPECT_EQ(told->stats.packets_lost, 3u);
  EXPECT_EQ(told->stats.jitter, millis(1));
}

TEST_F(RelayDestinationsTest, StrangersReportsAndSrtPacketsDoNothing) {
  const SocketId socket = open_destination();
  publish(0);
  EXPECT_EQ(judged({IpAddress::v4(203, 0, 113, 1), 5'005}, report(socket, true)), Verdict::kWrongAddress);
  EXPECT_EQ(judged(kRtcp, report(SocketId{socket.raw() ^ 1}, true)), Verdict::kForeignSource);
  EXPECT_EQ(judged(kRtcp, report(publisher, true)), Verdict::kForeignSource) << "that is no destination";
  EXPECT_EQ(judged(kRtcp, ByteSpan{report(socket)}.first(20)), Verdict::kMalformed);
  EXPECT_EQ(judged(kTo, bare(socket, wire::ControlType::kShutdown)), Verdict::kWrongAddress);
  EXPECT_EQ(numbers(publish(1)).size(), 1u) << "it goes on";
}

TEST_F(RelayDestinationsTest, ByeStopsItAndAReportStartsItAgain) {
  const SocketId socket = open_destination();
  publish(0);
  EXPECT_EQ(judged(kRtcp, report(socket, true)), Verdict::kControl);
  EXPECT_EQ(news(), DestinationPause::kLeft);
  EXPECT_EQ(numbers(publish(1)).size(), 0u);
  EXPECT_EQ(judged(kRtcp, report(socket)), Verdict::kControl);
  EXPECT_EQ(news(), DestinationPause::kNone);
  EXPECT_EQ(numbers(publish(2)), (std::vector<std::uint16_t>{0xFFFE}));
}

TEST_F(RelayDestinationsTest, WhoIsUnreachableIsProbedASecondLaterAndSentToIfItDoesNotRefuse) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  hear_that_nobody_is_at(kRtcp);
  EXPECT_EQ(numbers(publish(1)).size(), 1u) << "who hears no reports is there nevertheless";
  hear_that_nobody_is_at(kTo);
  EXPECT_EQ(news(), DestinationPause::kUnreachable);
  EXPECT_EQ(mailbox.counters.read(Counter::kDestinationPauses), 1u);
  EXPECT_EQ(numbers(publish(2)).size(), 0u);
  std::uint32_t number = 3;
  const auto publish_for = [&](int ms) {
    std::vector<Said> said;
    for (; ms > 0; ms -= 10, ++number) {
      for (Said& one : publish(number)) said.push_back(std::move(one));
      for (Said& one : run_for(millis(9))) said.push_back(std::move(one));
    }
    return said;
  };
  const std::vector<Said> probe = to(publish_for(1'020), kTo);
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_EQ(wire::parse_rtp(probe[0].bytes)->payload_offset, 12u);
  hear_that_nobody_is_at(kTo);
  EXPECT_EQ(to(publish_for(400), kTo).size(), 0u);
  EXPECT_EQ(numbers(publish_for(1'200)).size(), 1u) << "another probe, refused by nobody";
  EXPECT_FALSE(next_event<event::DestinationNews>());
  EXPECT_GT(numbers(publish_for(1'000)).size(), 10u);
  EXPECT_EQ(news(), DestinationPause::kNone);
}

// The port says so for itself; ICMP to a paused one changes no reason.
TEST_F(RelayDestinationsTest, WhoseNextHopIsSilentIsPausedForThatReason) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  hear(kTo, {});
  burst.back().undelivered = io::Undelivered::kUnresolved;
  EXPECT_EQ(judge(answers), std::vector{Verdict::kUnresolved});
  EXPECT_EQ(news(), DestinationPause::kUnresolved);
  EXPECT_EQ(numbers(publish(1)).size(), 0u);
  hear_that_nobody_is_at(kTo);
  EXPECT_FALSE(next_event<event::DestinationNews>());
  run_for(millis(900));
  EXPECT_EQ(numbers(publish(2)).size(), 0u);
  EXPECT_EQ(to(run_for(millis(200)), kTo).size(), 1u) << "a probe";
  hear(kTo, {});
  burst.back().undelivered = io::Undelivered::kUnresolved;
  EXPECT_EQ(judge(answers), std::vector{Verdict::kUnresolved});
  EXPECT_EQ(to(run_for(millis(490)), kTo).size(), 0u);
}

TEST_F(RelayDestinationsTest, ABareOneIsProbedWithAPacketAsItWouldGetThem) {
  ASSERT_NE(open_destination(FeedKind::kTransportStream), SocketId{});
  publish(0);
  hear_that_nobody_is_at(kTo);
  EXPECT_EQ(to(run_for(millis(995)), kTo).size(), 0u);
  publish(1);
  const std::vector<Said> probe = to(run_for(millis(10)), kTo);
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_EQ(probe[0].bytes, ts_payload(kIsn.raw + 1));
}

// Data now and then, or a publisher that has gone for a while.
TEST_F(RelayDestinationsTest, WhileTheStreamRestsTheProbeWaitsForAPacket) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  hear_that_nobody_is_at(kTo);
  EXPECT_EQ(news(), DestinationPause::kUnreachable);
  EXPECT_EQ(to(run_for(seconds(4)), kTo).size(), 0u);
  EXPECT_FALSE(next_event<event::DestinationNews>());
  std::vector<Said> said = publish(1);
  for (Said& one : run_for(millis(500))) said.push_back(std::move(one));
  EXPECT_EQ(to(said, kTo).size(), 1u);
  run_for(seconds(1));
  EXPECT_EQ(news(), DestinationPause::kNone);
}

TEST_F(RelayDestinationsTest, AGroupIsSentToWhoeverLeaves) {
  const SocketId socket = open_destination(opening_to(kGroup));
  publish(0);
  EXPECT_EQ(judged({IpAddress::v4(203, 0, 113, 1), 5'005}, report(socket, true)), Verdict::kControl);
  EXPECT_EQ(numbers(publish(1), kGroup).size(), 1u);
}

TEST_F(RelayDestinationsTest, SrtViewersAreNotHeldUpByAGap) {
  ASSERT_NE(open_destination(), SocketId{});
  ASSERT_NE(open(opening(Role::kViewer, caller(7'000), SocketId{7'000})), SocketId{});
  run_for(millis(20));
  publish(0);
  const std::vector<Said> said = publish(2);
  EXPECT_EQ(sequences(to(said, caller(7'000))).size(), 1u);
  EXPECT_EQ(to(said, kTo).size(), 0u);
}

TEST_F(RelayDestinationsTest, ItEndsWithItsStream) {
  ASSERT_NE(open_destination(), SocketId{});
  publish(0);
  say(command::RemoveStream{kStream});
  run_for(millis(200));
  bool has_closed = false;
  bool has_retired = false;
  Event event;
  while (mailbox.events.try_pop(event)) {
    has_closed |= std::holds_alternative<event::SessionClosed>(event);
    has_retired |= std::holds_alternative<event::StreamRetired>(event);
  }
  EXPECT_TRUE(has_closed && has_retired);
}

}  // namespace
}  // namespace fanlight
