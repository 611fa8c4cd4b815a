// What strangers, floods and crowds may not do to a relay.
#include <gtest/gtest.h>

#include <set>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kPublisherAt = RelayFixture::caller(5000);

class RelayBoundsTest : public ::testing::Test, protected RelayFixture {
 protected:
  explicit RelayBoundsTest(const StreamOptions& options = {.latency_max = seconds(2)})
      : RelayFixture(4096, 1, nullptr, options) {}
  SocketId open_publisher(SeqNo first_seq = kIsn) {
    return open(opening(Role::kPublisher, kPublisherAt, SocketId{50}, first_seq));
  }
  SocketId open_viewer(std::uint16_t at, std::uint32_t mss = kMssMax) {
    command::OpenSession opened = opening(Role::kViewer, caller(at), SocketId{at}, {30});
    opened.mss = mss;
    const SocketId viewer = open(std::move(opened));
    run_for(millis(6));
    return viewer;
  }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }
  std::uint64_t read(Verdict verdict) const { return mailbox.counters.read(verdict); }
};

TEST_F(RelayBoundsTest, AnAnswerIsNeverARequestForTheNextRelay) {
  wire::Handshake induction{.version = 4, .extension = 2, .request = 1, .socket = SocketId{0}};
  hear(caller(9000), handshake({.handshake = induction}));
  EXPECT_TRUE(breathe().empty()) << "an answer to ID 0 would be taken for a request";
  induction.socket = SocketId{77};
  hear(caller(9000), handshake({.handshake = induction}));
  const auto answer = breathe();
  ASSERT_EQ(answer.size(), 1u);
  hear(caller(9000), answer[0].bytes);
  EXPECT_TRUE(breathe().empty()) << "sent back, it finds nobody";
  induction.extension = wire::kInductionMagic;
  hear(caller(9000), handshake({.handshake = induction}));
  EXPECT_TRUE(breathe().empty());
  EXPECT_EQ(read(Verdict::kMalformed), 2u);
  EXPECT_EQ(read(Verdict::kUnknownSocket), 1u);
}

TEST_F(RelayBoundsTest, AFloodOfReportsDrawsNoMoreThanItsShareAndABurst) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer(6000);
  std::uint32_t seq = kIsn.raw;
  for (int i = 0; i < 100; ++i) hear(kPublisherAt, data(publisher, {seq++}));
  breathe();
  for (int step = 0; step < 1000; ++step) {
    hear(kPublisherAt, data(publisher, {seq++}));
    hear(caller(6000), ack(viewer, {30}, 0 + 1, 8192, millis(0)));
    hear(caller(6000), nak(viewer, {{{30}, {129}}}));
    breathe(millis(6));
  }
  EXPECT_LE(read(Counter::kRepairsSent), 512u + 1100u / 4);
  EXPECT_GT(read(Counter::kRepairsSent), 512u);
  EXPECT_GT(read(Counter::kRepairsLimited), 0u);
}

TEST_F(RelayBoundsTest, RepairsOfOneBreathLeaveRoomForOthers) {
  const SocketId publisher = open_publisher();
  std::vector<SocketId> viewers;
  for (std::uint16_t i = 0; i < 8; ++i) viewers.push_back(open_viewer(static_cast<std::uint16_t>(6000 + i)));
  for (std::uint32_t i = 0; i < 200; ++i) hear(kPublisherAt, data(publisher, {kIsn.raw + i}));
  run_for(millis(5));
  now = now + millis(200);
  port.take_max = 0;
  for (std::uint16_t i = 0; i < 8; ++i)
    hear(caller(static_cast<std::uint16_t>(6000 + i)), nak(viewers[i], {{{30}, {180}}}));
  breathe();
  EXPECT_LE(read(Counter::kRepairsSent), 256u);
  EXPECT_GE(relay.queue().room(), TransmitQueue::kControlReserve);
  port.take_max = SIZE_MAX;
  run_for(millis(50));
  EXPECT_EQ(read(Counter::kRepairsSent), 8u * 151) << "what waited comes in the next breaths";
}

TEST_F(RelayBoundsTest, AViewerThatPayloadsOutgrowIsEndedWithThatReasonAndHonestFigures) {
  const SocketId publisher = open_publisher();
  const SocketId viewer = open_viewer(6000, 1360);
  for (std::uint32_t i = 0; i < 10; ++i) hear(kPublisherAt, data(publisher, {kIsn.raw + i}, 1400));
  breathe();
  hear(caller(6000), bare(viewer, wire::ControlType::kKeepAlive));
  run_for(millis(100));
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->reason, CloseReason::kOutgrown);
  EXPECT_EQ(closed->stats.packets_sent, 0u);
  EXPECT_EQ(closed->stats.bytes_sent, 0u);
}

struct CoalescingRelayTest : RelayBoundsTest {
  CoalescingRelayTest() : RelayBoundsTest({.latency_max = seconds(2), .coalesce = millis(5)}) {}
};

TEST_F(CoalescingRelayTest, AWorkerSleepsUntilWhatWaitsIsToLeave) {
  const SocketId publisher = open_publisher();
  open_viewer(6000);
  run_for(millis(20));
  hear(kPublisherAt, data(publisher, kIsn));
  const Instant due = now + millis(5);
  EXPECT_TRUE(sequences(breathe()).empty());
  EXPECT_GT(relay.next_deadline(now), now);
  EXPECT_LE(relay.next_deadline(now), due);
  EXPECT_EQ(sequences(breathe(millis(5))).size(), 1u);
}

TEST_F(RelayBoundsTest, AClosedWindowKeepsNobodyAwake) {
  const SocketId viewer = open_viewer(6000);
  hear(caller(6000), ack(viewer, {30}, 1, 0));
  run_for(millis(20));  // A timer from before it was heard is over.
  EXPECT_GT(relay.next_deadline(now), now + millis(100));
}

// They rang once; a breath takes some of them, and the next is at once.
TEST_F(RelayBoundsTest, CommandsThatABreathLeftAreNotSleptOver) {
  run_for(millis(20));
  ASSERT_GT(relay.next_deadline(now), now + millis(100));
  for (std::size_t i = 0; i < 3 * kCommandsPerBreath; ++i) say(command::ForgetCaller{});
  const Instant rung = now;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(relay.next_deadline(now), now) << i;
    breathe();
  }
  EXPECT_GT(relay.next_deadline(now), now + millis(100));
  EXPECT_EQ(now, rung);
}

// While control does not read, its commands wait, and nobody spins for them.
TEST_F(RelayBoundsTest, CommandsThatMayNotBeTakenKeepNobodySpinning) {
  run_for(millis(20));
  while (mailbox.events.has_room(1)) CHECK(mailbox.post(Event{event::Stopped{}}));
  say(command::ForgetCaller{});
  EXPECT_EQ(relay.next_deadline(now), now + millis(1));
}

// More sessions than the transmit queue has places.
TEST(RelayCrowdTest, EverybodyHearsTheEnd) {
  constexpr std::uint32_t kViewers = 3000;
  PacketPool headers(4096, kHeaderRoomBytes);
  PacketPool copies(16, kCopyRoomBytes);
  Stream stream(256, kViewers, {.latency_max = seconds(2)});
  Mailbox mailbox;
  KeepingPort port;
  Relay relay({.sessions_max = kViewers, .key = {7, 8}}, {headers, copies}, mailbox, io::AnyPort::of(port));
  Instant now{1'000'000'000};
  std::set<Endpoint> told;
  const auto breathe = [&] {
    relay.take_commands(now);
    relay.fire_due_timers(now);
    relay.service_touched(now);
    relay.fan_out(now);
    relay.queue().flush(port);
    for (const Said& said : std::exchange(port.said, {}))
      if (said.is(wire::ControlType::kShutdown)) told.insert(said.to);
    Event event;
    while (mailbox.events.try_pop(event)) event = {};
    now = now + millis(1);
  };
  Command add{command::AddStream{RelayFixture::kStream, &stream}};
  ASSERT_TRUE(mailbox.commands.try_push(std::move(add)));
  for (std::uint32_t i = 0; i < kViewers; ++i) {
    Command open{RelayFixture::opening(Role::kViewer, RelayFixture::caller(static_cast<std::uint16_t>(10'000 + i)),
                                       SocketId{i + 1})};
    ASSERT_TRUE(mailbox.commands.try_push(std::move(open)));
    if (i % 32 == 31) breathe();
  }
  breathe();
  Command stop{command::Stop{}};
  ASSERT_TRUE(mailbox.commands.try_push(std::move(stop)));
  for (int i = 0; i < 500 && !relay.is_stopped(); ++i) breathe();
  EXPECT_TRUE(relay.is_stopped()) << "within half a second";
  EXPECT_EQ(told.size(), kViewers);
}

}  // namespace
}  // namespace fanlight
