// Whole lives of sessions in a relay, from control's command to the last SHUTDOWN.
#include <gtest/gtest.h>

#include <chrono>

#include "wire/test_ts.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using wire::ControlType;
using Numbers = std::vector<std::uint32_t>;

const Endpoint kPublisherAt = RelayFixture::caller(5000);
const Endpoint kViewerAt = RelayFixture::caller(6000);

class RelaySessionTest : public ::testing::Test, protected RelayFixture {
 protected:
  RelaySessionTest() : RelayFixture(2048) {}  // More than the transmit queue holds.

  SocketId open_publisher(SeqNo first_seq = kIsn) {
    return open(opening(Role::kPublisher, kPublisherAt, SocketId{50}, first_seq));
  }
  // A viewer that gets what is fresh from now on.
  SocketId open_viewer(const Endpoint& at = kViewerAt, SeqNo first_seq = SeqNo{30}) {
    const SocketId viewer = open(opening(Role::kViewer, at, SocketId{at.port}, first_seq));
    run_for(millis(6));
    return viewer;
  }
  std::vector<Said> publish(SocketId publisher, std::uint32_t first, std::uint32_t count, Micros later = {}) {
    for (std::uint32_t i = 0; i < count; ++i) hear(kPublisherAt, data(publisher, {(first + i) & kSeqMask}));
    return breathe(later);
  }
  std::vector<Said> heard_from(const Endpoint& from, const std::vector<std::byte>& datagram, Micros later = {}) {
    hear(from, datagram);
    return breathe(later);
  }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }
  bool is_balanced() const {
    return headers.available() == headers.capacity() && copies.available() == copies.capacity() &&
           received.available() == received.capacity();
  }
};

TEST_F(RelaySessionTest, FromOpenToClose) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer();

  const auto fresh = to(publish(publisher, 1000, 2), kViewerAt);
  EXPECT_EQ(sequences(fresh), (Numbers{30, 31})) << "dense, from the viewer's own number";
  ASSERT_EQ(fresh.size(), 2u);
  EXPECT_EQ(fresh[0].data()->destination, SocketId{kViewerAt.port});
  EXPECT_FALSE(fresh[0].data()->retransmitted);
  EXPECT_EQ(fresh[0].bytes.size(), 16u + 188u);
  EXPECT_TRUE(std::ranges::equal(fresh[0].content(), ts_payload(1000)));

  const auto ackack = to(heard_from(kViewerAt, ack(viewer, {32}, 1), millis(20)), kViewerAt);
  EXPECT_EQ(count(ackack, ControlType::kAckAck), 1u);
  EXPECT_EQ(ackack.at(0).control()->info, 1u);

  const auto repair = to(heard_from(kViewerAt, nak(viewer, {{{30}, {31}}}), millis(30)), kViewerAt);
  EXPECT_EQ(sequences(repair), (Numbers{30, 31}));
  EXPECT_TRUE(repair.at(0).data()->retransmitted);
  EXPECT_EQ(repair.at(0).data()->time, fresh[0].data()->time) << "a repair keeps its time";

  say(command::CloseSession{viewer, CloseReason::kKicked});
  const auto last = to(run_for(millis(100)), kViewerAt);
  EXPECT_EQ(count(last, ControlType::kShutdown), 3u);
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->reason, CloseReason::kKicked);
  EXPECT_EQ(closed->stats.packets_sent_unique, 2u);
  EXPECT_EQ(closed->stats.packets_retransmitted, 2u);
  EXPECT_EQ(sequences(to(publish(publisher, 1002, 1), kViewerAt)), Numbers{});
}

TEST_F(RelaySessionTest, ThePublisherIsAckedAndItsAckackMeasuresTheTrip) {
  const SocketId publisher = open_publisher();
  publish(publisher, 1000, 3);
  const auto said = to(run_for(millis(10)), kPublisherAt);
  ASSERT_EQ(count(said, ControlType::kAck), 1u);
  const auto acked = wire::parse_ack(said.at(0).content());
  EXPECT_EQ(acked->first_missing, SeqNo{1003});
  EXPECT_GT(acked->rtt->window_packets, 0u);
  heard_from(kPublisherAt, bare(publisher, ControlType::kAckAck, said[0].control()->info), millis(15));
  say(command::AskReport{1, publisher});
  breathe();
  EXPECT_EQ(next_event<event::SessionReport>()->stats.rtt, millis(15));
}

TEST_F(RelaySessionTest, AGapIsAskedForAtOnceAndWhatFillsItGoesToEverybodyMarked) {
  const SocketId publisher = open_publisher();
  open_viewer();
  publish(publisher, 1000, 1);
  const auto said = publish(publisher, 1003, 1);
  EXPECT_EQ(sequences(to(said, kViewerAt)), (Numbers{33})) << "cut through: behind the gap it goes on at once";
  const auto asked = to(said, kPublisherAt);
  ASSERT_EQ(count(asked, ControlType::kNak), 1u);
  wire::LossReportReader reader(asked.at(0).content());
  EXPECT_EQ(reader.next(), (wire::SeqRange{{1001}, {1002}}));
  const auto late = to(publish(publisher, 1001, 1, millis(20)), kViewerAt);
  EXPECT_EQ(sequences(late), (Numbers{31}));
  EXPECT_TRUE(late.at(0).data()->retransmitted);
}

TEST_F(RelaySessionTest, ARepairThatIsStillAskedForUpstreamWaitsAndAnOldOneIsRefused) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer();
  publish(publisher, 1000, 1);
  publish(publisher, 1002, 1);
  auto said = to(heard_from(kViewerAt, nak(viewer, {{{31}, {31}}}), millis(60)), kViewerAt);
  EXPECT_EQ(count(said, ControlType::kDropRequest), 0u);
  EXPECT_EQ(read(Counter::kNakNotHeld), 1u);
  run_for(millis(100));
  said = to(heard_from(kViewerAt, nak(viewer, {{{31}, {31}}})), kViewerAt);
  ASSERT_EQ(count(said, ControlType::kDropRequest), 1u) << "given up: say so, or it asks for ever";
  const auto drop = wire::parse_drop_request(*said.at(0).control(), said.at(0).content());
  EXPECT_EQ(drop->range, (wire::SeqRange{{31}, {31}}));
}

TEST_F(RelaySessionTest, DataWaitsUntilTheResponseIsThere) {
  const SocketId publisher = open_publisher();
  publish(publisher, 1000, 1);
  open(opening(Role::kViewer, kViewerAt, SocketId{60}));
  EXPECT_EQ(sequences(publish(publisher, 1001, 1)), Numbers{});
  EXPECT_EQ(sequences(run_for(millis(6))), (Numbers{kIsn.raw})) << "5 ms later";
}

TEST_F(RelaySessionTest, AClosedWindowLeavesTheLiveSetAndComesBackDense) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer();
  publish(publisher, 1000, 10);
  heard_from(kViewerAt, ack(viewer, {40}, 1, 2), millis(10));
  EXPECT_EQ(sequences(to(publish(publisher, 1010, 5), kViewerAt)), Numbers{});
  EXPECT_EQ(sequences(to(run_for(millis(5)), kViewerAt)), (Numbers{40, 41})) << "two is all it takes";
  run_for(millis(500));
  publish(publisher, 1015, 1);
  const auto said = to(heard_from(kViewerAt, ack(viewer, {42}, 2, 8192), millis(1)), kViewerAt);
  EXPECT_EQ(sequences(said), Numbers{}) << "what it missed is past its play time";
  EXPECT_GE(read(Counter::kViewerSkips), 1u);
  EXPECT_EQ(sequences(to(publish(publisher, 1016, 2), kViewerAt)), (Numbers{42, 43})) << "its numbers stay dense";
}

TEST_F(RelaySessionTest, SilenceOf5SecondsEndsASession) {
  const SocketId publisher = open_publisher();
  publish(publisher, 1000, 1);
  run_for(millis(4900));
  EXPECT_FALSE(next_event<event::SessionClosed>());
  const auto said = run_for(millis(300));
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->reason, CloseReason::kPeerIdle);
  EXPECT_EQ(count(said, ControlType::kShutdown), 3u);
}

TEST_F(RelaySessionTest, AViewerThatNeverAnswersIsForgottenAfter3Seconds) {
  open_unheard(opening(Role::kViewer, kViewerAt, SocketId{9}));
  run_for(millis(2900));
  EXPECT_FALSE(next_event<event::SessionClosed>());
  run_for(millis(200));
  EXPECT_EQ(next_event<event::SessionClosed>()->reason, CloseReason::kConnectTimeout);
}

TEST_F(RelaySessionTest, APublisherThatNeverSpeaksIsForgottenAfter3Seconds) {
  open_publisher();
  run_for(millis(2900));
  EXPECT_FALSE(next_event<event::SessionClosed>());
  run_for(millis(200));
  EXPECT_EQ(next_event<event::SessionClosed>()->reason, CloseReason::kConnectTimeout);
}

TEST_F(RelaySessionTest, AQuietSessionIsKeptAliveOnceASecond) {
  const SocketId viewer = open_viewer();
  heard_from(kViewerAt, bare(viewer, ControlType::kKeepAlive));
  const auto said = run_for(seconds(4));
  EXPECT_NEAR(static_cast<double>(count(said, ControlType::kKeepAlive)), 4.0, 1.0);
}

TEST_F(RelaySessionTest, ControlCarriesTheClockOfTheData) {
  const SocketId publisher = open_publisher();
  run_for(seconds(2));
  publish(publisher, 1000, 1);  // Wire times go by milliseconds of the number.
  run_for(millis(40));
  const SocketId viewer = open_viewer();
  const Instant opened = now - millis(6);
  const auto fresh = to(publish(publisher, 1046, 1), kViewerAt);
  ASSERT_EQ(fresh.size(), 1u);
  EXPECT_LT(fresh[0].data()->time.raw, 50'000u) << "near 0 at connection";
  const auto ackack = to(heard_from(kViewerAt, ack(viewer, {30}, 1), millis(30)), kViewerAt);
  ASSERT_EQ(count(ackack, ControlType::kAckAck), 1u);
  EXPECT_NEAR(ackack[0].control()->time.raw, static_cast<double>((now - opened).count), 1'000);
  EXPECT_NEAR(ackack[0].control()->time.raw, fresh[0].data()->time.raw + 30'000, 10'000);
}

TEST_F(RelaySessionTest, AShutdownIsNotAnswered) {
  const SocketId viewer = open_viewer();
  const auto said = heard_from(kViewerAt, bare(viewer, ControlType::kShutdown));
  EXPECT_TRUE(to(said, kViewerAt).empty());
  EXPECT_EQ(next_event<event::SessionClosed>()->reason, CloseReason::kPeerShutdown);
}

TEST_F(RelaySessionTest, ASpliceClosesUp) {
  const SocketId publisher = open_publisher();
  open_viewer();
  publish(publisher, 1000, 2);
  const auto said = publish(publisher, 9000, 2);
  EXPECT_EQ(sequences(to(said, kViewerAt)), (Numbers{32, 33}));
  EXPECT_EQ(count(said, ControlType::kNak), 0u);
}

TEST_F(RelaySessionTest, AReconnectedPublisherContinuesThePositions) {
  const SocketId first = open_publisher();
  open_viewer();
  publish(first, 1000, 2);
  heard_from(kPublisherAt, bare(first, ControlType::kShutdown));
  const SocketId second = open(opening(Role::kPublisher, kPublisherAt, SocketId{51}, SeqNo{0x7FFF'FFFE}));
  ASSERT_NE(second, SocketId{});
  EXPECT_EQ(sequences(to(publish(second, 0x7FFF'FFFE, 3), kViewerAt)), (Numbers{32, 33, 34}));
}

TEST_F(RelaySessionTest, ASecondPublisherIsRefusedAsAConflict) {
  open_publisher();
  const Endpoint other = caller(7000);
  say(opening(Role::kPublisher, other, SocketId{70}));
  const auto said = breathe();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].to, other);
  const auto answer = wire::parse_handshake(said[0].content());
  EXPECT_EQ(answer->request, static_cast<std::int32_t>(wire::Reject::kConflict));
  EXPECT_EQ(said[0].bytes.size(), 64u);
  EXPECT_EQ(said[0].control()->destination, SocketId{70});
  EXPECT_EQ(next_event<event::SessionRefused>()->request, RequestId{70});
}

TEST_F(RelaySessionTest, MoreSessionsThanPlacesAreRefusedForLackOfThem) {
  for (std::uint16_t i = 0; i < kSessions; ++i)
    EXPECT_NE(open(opening(Role::kViewer, caller(8000 + i), SocketId{i + 1u})), SocketId{});
  say(opening(Role::kViewer, caller(9000), SocketId{99}));
  const auto said = to(breathe(), caller(9000));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(wire::parse_handshake(said[0].content())->request, static_cast<std::int32_t>(wire::Reject::kResource));
}

// One address took all places, with a keep-alive each, and nobody could publish.
TEST_F(RelaySessionTest, ViewersLeavePublishersTheirPlaces) {
  Mailbox other_mailbox;
  Stream other_stream(256, kSessions, {.latency_max = seconds(2)});
  Relay other({.sessions_max = 8, .publishers_max = 2, .publisher_places = 2, .key = {7, 8}}, {headers, copies},
              other_mailbox, io::AnyPort::of(port));
  const auto order = [&](Command command) {
    ASSERT_TRUE(other_mailbox.commands.try_push(std::move(command)));
    other.take_commands(now);
  };
  order(command::AddStream{kStream, &other_stream});
  for (std::uint16_t i = 0; i < 8; ++i) order(opening(Role::kViewer, caller(8000 + i), SocketId{i + 1u}));
  order(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
  std::size_t viewers = 0, refused = 0, publishers = 0;
  Event event;
  while (other_mailbox.events.try_pop(event)) {
    if (const auto* opened = std::get_if<event::SessionOpened>(&event))
      ++(opened->request == RequestId{50} ? publishers : viewers);
    if (const auto* one = std::get_if<event::SessionRefused>(&event)) refused += one->reason == wire::Reject::kResource;
  }
  EXPECT_EQ(viewers, 6u);
  EXPECT_EQ(refused, 2u);
  EXPECT_EQ(publishers, 1u);
  other.queue().flush(port);
  other_stream.history().clear();
}

TEST_F(RelaySessionTest, ARemovedStreamEndsItsSessionsAndComesBackEmpty) {
  const SocketId publisher = open_publisher();
  open_viewer();
  publish(publisher, 1000, 5);
  say(command::RemoveStream{kStream});
  const auto said = run_for(millis(100));
  EXPECT_EQ(count(said, ControlType::kShutdown), 6u);
  const auto retired = next_event<event::StreamRetired>();
  ASSERT_TRUE(retired);
  EXPECT_EQ(retired->stream, &stream);
  EXPECT_EQ(stream.viewers(), 0u);
  EXPECT_TRUE(is_balanced()) << "every buffer is back in its pool";
}

TEST_F(RelaySessionTest, StopSaysGoodbyeToEverybodyAndThenStopped) {
  const SocketId publisher = open_publisher();
  open_viewer();
  publish(publisher, 1000, 5);
  say(command::Stop{});
  EXPECT_FALSE(relay.is_stopped());
  const auto said = run_for(millis(100));
  EXPECT_EQ(count(to(said, kViewerAt), ControlType::kShutdown), 3u);
  EXPECT_EQ(count(to(said, kPublisherAt), ControlType::kShutdown), 3u);
  EXPECT_TRUE(relay.is_stopped());
  EXPECT_TRUE(next_event<event::Stopped>());
}

TEST_F(RelaySessionTest, AnEndIsToldToControlEvenWhenItsRingWasFull) {
  const SocketId viewer = open_viewer();
  while (mailbox.events.try_push(Event{event::ReportEnd{}})) {
  }
  heard_from(kViewerAt, bare(viewer, ControlType::kShutdown));
  run_for(millis(100));
  EXPECT_GE(read(Counter::kEventsRefused), 1u);
  while (next_event<event::ReportEnd>()) {
  }
  run_for(millis(50));
  EXPECT_TRUE(next_event<event::SessionClosed>());
}

// --- the transmit queue outlives what it was filled for

TEST_F(RelaySessionTest, WhatWaitsForTheDeviceGoesWhereItWasMeantToGo) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer();
  publish(publisher, 1000, 3);
  run_for(millis(200));
  port.take_max = 0;
  heard_from(kViewerAt, nak(viewer, {{{30}, {32}}}));  // Three repairs wait.
  heard_from(kViewerAt, bare(viewer, ControlType::kShutdown), millis(1));
  // Its slot and every other one find new owners before the device takes a packet again.
  for (std::uint16_t i = 0; i < kSessions; ++i) say(opening(Role::kViewer, caller(8000 + i), SocketId{800u + i}));
  for (int i = 0; i < 5; ++i) breathe(millis(20));
  port.take_max = SIZE_MAX;
  std::size_t theirs = 0;
  for (const Said& one : run_for(millis(50))) {
    if (!one.data() || one.data()->destination != SocketId{kViewerAt.port}) continue;
    EXPECT_EQ(one.to, kViewerAt) << "sent to " << one.to.text();
    ++theirs;
  }
  EXPECT_EQ(theirs, 3u);
}

TEST_F(RelaySessionTest, EveryShutdownOfAReplacedPublisherGoesToIt) {
  const SocketId first = open_publisher();
  say(command::CloseSession{first, CloseReason::kKicked});
  breathe();
  breathe(millis(20));
  const auto third = breathe(millis(20));
  ASSERT_EQ(count(third, ControlType::kShutdown), 1u);
  EXPECT_EQ(third[0].to, kPublisherAt);
}

TEST_F(RelaySessionTest, RepliesThatFindNoRoomLeaveThoseThatWaitAlone) {
  const auto induction = handshake({.handshake = {.version = 4, .request = 1, .socket = SocketId{1}, .peer_ip = {}}});
  port.take_max = 0;
  hear(kViewerAt, induction);
  breathe();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 64; ++i) hear(caller(9000), induction);
    breathe();
  }
  port.take_max = SIZE_MAX;
  EXPECT_EQ(run_for(millis(5)).at(0).to, kViewerAt);
}

// Another viewer needs it then. The stream has 100 packets a second and its picture right at the beginning.
TEST_F(RelaySessionTest, WhatAViewerBorrowedToCatchUpIsGivenBack) {
  const SocketId publisher = open_publisher();
  std::uint32_t next = 1000;
  const auto go_on = [&](Micros span, const Bytes& payload) {
    for (const Instant end = now + span; now < end;) {
      std::vector<std::byte> datagram = data(publisher, {next++}, payload.size());
      std::copy(payload.begin(), payload.end(), datagram.begin() + wire::kHeaderBytes);
      hear(kPublisherAt, datagram);
      breathe();
      run_for(millis(10));
    }
  };
  go_on(millis(10), ts_datagram({pat_packet(), pmt_packet()}));
  go_on(millis(10), idr_packet());
  go_on(millis(1000), filler_packet());
  const SocketId viewer = open(opening(Role::kViewer, kViewerAt, SocketId{kViewerAt.port}, SeqNo{30}));
  go_on(millis(1000), filler_packet());
  EXPECT_EQ(read(Counter::kJoinsAtPicture), 1u);
  EXPECT_EQ(relay.slabs().runs.lent(), 1u) << "it is live, but what it was sent may be repaired";
  hear(kViewerAt, bare(viewer, ControlType::kKeepAlive));
  go_on(millis(500), filler_packet());
  hear(kViewerAt, bare(viewer, ControlType::kKeepAlive));
  breathe();
  EXPECT_EQ(relay.slabs().runs.lent(), 0u);
  EXPECT_EQ(read(Counter::kViewerSkips), 0u);
}

TEST_F(RelaySessionTest, ALongListOfOldLossesDoesNotHoldTheBreathUp) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer();
  for (std::uint32_t i = 0; i < 200; ++i) publish(publisher, 1000 + i * 4000, 1, millis(1));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < 60; ++i) {
    for (std::uint32_t k = 0; k < 16; ++k) hear(kViewerAt, nak(viewer, {{{30 + k}, {30 + 790'000 - k}}}));
    breathe();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace fanlight
