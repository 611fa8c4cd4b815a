// Several relays side by side, as the workers of one process: strays, and a stream on all of them.
#include <gtest/gtest.h>

#include "wire/rtcp.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

constexpr SocketId kPublisherPeer{900};
constexpr SocketId kViewerPeer{901};

class RelayWorkersTest : public testing::Test {
 protected:
  explicit RelayWorkersTest(std::size_t workers = 2) : mesh(workers) {
    for (std::size_t i = 0; i < workers; ++i)
      hosts.push_back(std::make_unique<RelayFixture>(256, static_cast<std::uint8_t>(i), &mesh));
    breathe();
  }
  // What waits in the rings belongs to the hosts' pools.
  ~RelayWorkersTest() override {
    Handover left;
    for (std::size_t i = 0; i < hosts.size() * hosts.size(); ++i)
      while (i / hosts.size() != i % hosts.size() && mesh.ring(i / hosts.size(), i % hosts.size()).try_pop(left))
        left.packet.reset();
    for (const auto& host : hosts) host->stream.history().clear();
  }
  // All breathe once, in order; what the first gives, the second has at once.
  std::vector<std::vector<Said>> breathe(Micros later = {}) {
    std::vector<std::vector<Said>> said;
    for (const auto& host : hosts) said.push_back(host->breathe(later));
    return said;
  }
  SocketId publish_on(std::size_t worker, SocketId peer = kPublisherPeer) {
    return hosts[worker]->open(RelayFixture::opening(Role::kPublisher, RelayFixture::caller(7000), peer));
  }
  SocketId view_on(std::size_t worker, SocketId peer = kViewerPeer) {
    const SocketId socket = hosts[worker]->open(RelayFixture::opening(Role::kViewer, RelayFixture::caller(8000), peer));
    hosts[worker]->breathe(millis(6));  // It gets data from 5 ms after its response on.
    return socket;
  }
  [[nodiscard]] std::uint64_t count(std::size_t worker, Counter counter) {
    return hosts[worker]->mailbox.counters.read(counter);
  }
  [[nodiscard]] std::uint64_t count(std::size_t worker, Verdict verdict) {
    return hosts[worker]->mailbox.counters.read(verdict);
  }
  // A publisher's packet arrives, everybody breathes twice; answers the sequence numbers that left worker `at`.
  std::vector<std::uint32_t> numbers_at(std::size_t at, std::size_t publisher_on, SocketId socket,
                                        std::initializer_list<std::uint32_t> numbers) {
    for (const std::uint32_t seq : numbers)
      hosts[publisher_on]->hear(RelayFixture::caller(7000), RelayFixture::data(socket, SeqNo{seq}));
    std::vector<Said> all;
    for (int i = 0; i < 2; ++i) {
      auto said = breathe(micros(100));
      std::move(said[at].begin(), said[at].end(), std::back_inserter(all));
    }
    return RelayFixture::sequences(all);
  }

  Mesh mesh;
  std::vector<std::unique_ptr<RelayFixture>> hosts;
};

TEST_F(RelayWorkersTest, AStrayReachesItsSessionThroughTheRing) {
  const SocketId viewer = view_on(1);
  ASSERT_EQ(worker_of(viewer), 1u);
  hosts[0]->hear(RelayFixture::caller(8000), RelayFixture::bare(viewer, wire::ControlType::kKeepAlive));
  breathe();
  EXPECT_EQ(count(0, Verdict::kHandedOver), 1u);
  EXPECT_EQ(count(1, Counter::kStraysTaken), 1u);
  EXPECT_EQ(count(1, Verdict::kControl), 2u) << "beside its first word";
}

TEST_F(RelayWorkersTest, AStrayFromAnotherAddressIsRefusedByTheOwner) {
  const SocketId viewer = view_on(1);
  hosts[0]->hear(RelayFixture::caller(8001), RelayFixture::bare(viewer, wire::ControlType::kShutdown));
  breathe();
  EXPECT_EQ(count(1, Verdict::kWrongAddress), 1u);
}

TEST_F(RelayWorkersTest, AWorkerThatDoesNotExistIsNobody) {
  hosts[0]->hear(RelayFixture::caller(8000),
                 RelayFixture::bare(SocketId{5u << 24 | 0x10000}, wire::ControlType::kKeepAlive));
  breathe();
  EXPECT_EQ(count(0, Verdict::kUnknownSocket), 1u);
}

TEST_F(RelayWorkersTest, AReportAboutSeveralIsHandedOnOnce) {
  std::vector<std::byte> report(128);
  std::size_t bytes = 0;
  for (const std::uint32_t about : {std::uint32_t{1} << 24 | 77, std::uint32_t{77}})  // Nobody's, of either worker.
    bytes += wire::write_receiver_report(MutableByteSpan{report}.subspan(bytes), 5, {.ssrc = about});
  report.resize(bytes);
  hosts[0]->hear(RelayFixture::caller(8000), report);
  for (int i = 0; i < 5; ++i) breathe();
  EXPECT_EQ(count(0, Verdict::kHandedOver), 1u);
  EXPECT_EQ(count(1, Verdict::kHandedOver), 0u);
  EXPECT_EQ(count(1, Verdict::kForeignSource), 1u);
}

class RelayThreeWorkersTest : public RelayWorkersTest {
 protected:
  RelayThreeWorkersTest() : RelayWorkersTest(3) {}
  static constexpr std::uint32_t kReceiver = 5;
  static constexpr Endpoint kTo{IpAddress::v4(192, 0, 2, 8), 5004};

  static std::vector<std::byte> bye() {
    std::vector<std::byte> bytes(8);
    (void)wire::write_bye(bytes, kReceiver);
    return bytes;
  }
  SocketId send_to_it_on(std::size_t worker) {
    hosts[worker]->say(command::OpenDestination{.request = RequestId{700},
                                                .stream = RelayFixture::kStream,
                                                .terms = {.remote = kTo},
                                                .path = {.remote = kTo, .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
                                                .random = 1});
    hosts[worker]->breathe();
    return hosts[worker]->next_event<event::SessionOpened>()->socket;
  }
};

TEST_F(RelayThreeWorkersTest, AByeThatNamesNobodyFindsItsDestinationOnAnyWorker) {
  for (std::size_t heard_on = 0; heard_on < 3; ++heard_on) {
    const std::size_t home = (heard_on + 1) % 3;
    const SocketId socket = send_to_it_on(home);
    std::vector<std::byte> report(64);
    report.resize(wire::write_receiver_report(report, kReceiver, {.ssrc = socket.raw()}));
    const Endpoint rtcp{kTo.ip, 5005};
    hosts[heard_on]->hear(rtcp, report);
    for (int i = 0; i < 3; ++i) breathe();
    hosts[heard_on]->hear(rtcp, bye());
    for (int i = 0; i < 4; ++i) breathe(millis(1));
    const auto news = hosts[home]->next_event<event::DestinationNews>();
    ASSERT_TRUE(news) << heard_on;
    EXPECT_EQ(news->pause, DestinationPause::kLeft);
    hosts[home]->say(command::CloseSession{socket});
    breathe();
  }
}

TEST_F(RelayThreeWorkersTest, WhatIcmpSaysFindsItsDestinationOnAnyWorker) {
  for (std::size_t heard_on = 0; heard_on < 3; ++heard_on)
    for (std::size_t home = 0; home < 3; ++home) {
      const SocketId socket = send_to_it_on(home);
      hosts[heard_on]->hear(kTo, {});
      hosts[heard_on]->burst.back().undelivered = io::Undelivered::kUnreachable;
      for (int i = 0; i < 4; ++i) breathe(millis(1));
      const auto news = hosts[home]->next_event<event::DestinationNews>();
      ASSERT_TRUE(news) << heard_on << " to " << home;
      EXPECT_EQ(news->pause, DestinationPause::kUnreachable);
      hosts[home]->say(command::CloseSession{socket});
      breathe();
    }
}

TEST_F(RelayThreeWorkersTest, WhatIcmpSaysOfAStrangerGoesByEachWorkerAndEnds) {
  hosts[1]->hear(RelayFixture::caller(8000), {});
  hosts[1]->burst.back().undelivered = io::Undelivered::kUnreachable;
  for (int i = 0; i < 9; ++i) breathe();
  EXPECT_EQ(count(0, Verdict::kHandedOver) + count(1, Verdict::kHandedOver) + count(2, Verdict::kHandedOver), 3u);
  EXPECT_EQ(count(2, Verdict::kUnreachable), 1u);
}

TEST_F(RelayThreeWorkersTest, AStrangersByeGoesByEachWorkerAndEnds) {
  hosts[1]->hear(RelayFixture::caller(8000), bye());
  for (int i = 0; i < 9; ++i) breathe();
  EXPECT_EQ(count(0, Verdict::kHandedOver) + count(1, Verdict::kHandedOver) + count(2, Verdict::kHandedOver), 3u);
  EXPECT_EQ(count(2, Verdict::kForeignSource), 1u);
}

TEST_F(RelayWorkersTest, StraysThatFindTheRingFullAreCountedAndGone) {
  const SocketId viewer = view_on(1);
  const std::size_t slots = Mesh::slots_for(2);
  for (std::size_t i = 0; i < slots + 10; ++i) {
    hosts[0]->hear(RelayFixture::caller(8000), RelayFixture::bare(viewer, wire::ControlType::kKeepAlive));
    if (hosts[0]->received.available() < 8) break;
    if (i % 64 == 63) hosts[0]->breathe();
  }
  // The pool is smaller than the ring: fill the rest with empty handovers.
  hosts[0]->breathe();
  while (mesh.ring(0, 1).try_push(Handover{.kind = Handover::Kind::kPosition, .stream = StreamIndex{9}})) {
  }
  const std::uint64_t before = count(0, Verdict::kHandoverFull);
  const std::size_t free_before = hosts[0]->received.available();
  hosts[0]->hear(RelayFixture::caller(8000), RelayFixture::bare(viewer, wire::ControlType::kKeepAlive));
  hosts[0]->breathe();
  EXPECT_EQ(count(0, Verdict::kHandoverFull), before + 1);
  EXPECT_EQ(hosts[0]->received.available(), free_before);
}

TEST_F(RelayWorkersTest, APublishersPacketsReachTheViewersOfEveryWorker) {
  const SocketId publisher = publish_on(0);
  view_on(0, SocketId{910});
  view_on(1, SocketId{911});
  EXPECT_EQ(numbers_at(1, 0, publisher, {1000, 1001, 1002}), (std::vector<std::uint32_t>{1000, 1001, 1002}));
  EXPECT_EQ(count(0, Counter::kFreshSent), 3u);
  EXPECT_EQ(count(1, Counter::kFreshSent), 3u);
  EXPECT_EQ(count(0, Counter::kHandoversGiven), 3u);
  EXPECT_EQ(count(1, Counter::kHandoversTaken), 3u);
  EXPECT_EQ(hosts[0]->stream.history().next(), hosts[1]->stream.history().next());
}

TEST_F(RelayWorkersTest, WhatRtpSaysOfAPacketIsTheSameOnEveryWorker) {
  const SocketId publisher = publish_on(0);
  numbers_at(1, 0, publisher, {1000, 1001});
  for (const PacketPos pos : {PacketPos{0}, PacketPos{1}}) {
    ASSERT_NE(hosts[1]->stream.history().find(pos), nullptr);
    EXPECT_EQ(hosts[1]->stream.history().find(pos)->marks, hosts[0]->stream.history().find(pos)->marks);
    EXPECT_NE(hosts[1]->stream.history().find(pos)->marks.ticks, 0u);
  }
}

TEST_F(RelayWorkersTest, WhatASourceSaysOfItsClockIsKnownToEveryWorkerUntilAnotherComes) {
  const SocketId publisher = publish_on(0);
  numbers_at(1, 0, publisher, {1000});
  const rtp::SourceClock clock{.time = {1, 2}, .ticks = 3, .at = hosts[0]->now, .name = rtp::CanonicalName{{4, 5, 6}}};
  hosts[0]->stream.report_clock().note(clock);
  for (int i = 0; i < 2; ++i) breathe();
  EXPECT_EQ(hosts[1]->stream.report_clock().source(), clock);
  hosts[0]->stream.report_clock().note({});
  for (int i = 0; i < 2; ++i) breathe();
  EXPECT_FALSE(hosts[1]->stream.report_clock().source().is_known());
  hosts[0]->stream.report_clock().note(clock);
  for (int i = 0; i < 2; ++i) breathe();
  hosts[1]->stream.begin_publisher();
  EXPECT_FALSE(hosts[1]->stream.report_clock().source().is_known());
}

TEST_F(RelayWorkersTest, OnlyTheOwnBuffersCountMovesOnAnotherWorker) {
  const SocketId publisher = publish_on(0);
  const std::size_t received = hosts[0]->received.available();
  numbers_at(1, 0, publisher, {1000});
  EXPECT_EQ(hosts[0]->received.available(), received - 1) << "held once";
  EXPECT_EQ(hosts[1]->adopted.available(), hosts[1]->adopted.capacity() - 1);
  hosts[0]->stream.history().clear();
  EXPECT_EQ(hosts[0]->received.available(), received - 1) << "the other worker still holds it";
  hosts[1]->stream.history().clear();
  EXPECT_EQ(hosts[0]->received.available(), received);
  EXPECT_EQ(hosts[1]->adopted.available(), hosts[1]->adopted.capacity());
}

TEST_F(RelayWorkersTest, ARepairIsServedFromTheWorkersOwnHistory) {
  const SocketId publisher = publish_on(0);
  const SocketId viewer = view_on(1);
  numbers_at(1, 0, publisher, {1000, 1001, 1002});
  hosts[1]->hear(RelayFixture::caller(8000), RelayFixture::ack(viewer, SeqNo{1001}, 1, 8192, millis(1)));
  breathe(millis(40));
  hosts[1]->hear(RelayFixture::caller(8000), RelayFixture::nak(viewer, {{SeqNo{1001}, SeqNo{1001}}}));
  breathe(millis(40));
  EXPECT_EQ(count(1, Counter::kRepairsSent), 1u);
}

TEST_F(RelayWorkersTest, AGapThatFillsLateGoesOutOnceOnEveryWorker) {
  const SocketId publisher = publish_on(0);
  view_on(1);
  EXPECT_EQ(numbers_at(1, 0, publisher, {1000, 1002}), (std::vector<std::uint32_t>{1000, 1002}));
  EXPECT_EQ(numbers_at(1, 0, publisher, {1001}), (std::vector<std::uint32_t>{1001}));
}

TEST_F(RelayWorkersTest, WhatThePublisherStillOwesIsKnownEverywhere) {
  const SocketId publisher = publish_on(0);
  const SocketId viewer = view_on(1);
  numbers_at(1, 0, publisher, {1000, 1002});
  hosts[1]->hear(RelayFixture::caller(8000), RelayFixture::nak(viewer, {{SeqNo{1001}, SeqNo{1001}}}));
  breathe(millis(40));
  EXPECT_EQ(count(1, Counter::kNakNotHeld), 1u) << "asked for upstream: its arrival serves everybody";
  for (int i = 0; i < 40; ++i) breathe(millis(10));  // Given up after the publisher's latency.
  hosts[1]->hear(RelayFixture::caller(8000), RelayFixture::nak(viewer, {{SeqNo{1001}, SeqNo{1001}}}));
  breathe(millis(40));
  EXPECT_EQ(count(1, Counter::kNakTooOld), 1u);
}

TEST_F(RelayWorkersTest, AFullRingHoldsAWorkerUpAndLosesNothing) {
  const SocketId publisher = publish_on(0);
  view_on(1);
  numbers_at(1, 0, publisher, {1000});
  while (mesh.ring(0, 1).try_push(Handover{.kind = Handover::Kind::kPosition, .stream = StreamIndex{9}})) {
  }
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(publisher, SeqNo{1001}));
  hosts[0]->breathe();
  EXPECT_EQ(count(0, Counter::kHandoversGiven), 1u);
  EXPECT_LE(hosts[0]->relay.next_deadline(hosts[0]->now), hosts[0]->now + millis(1));
  std::vector<Said> all;
  for (int i = 0; i < 40; ++i) {
    auto said = breathe(micros(100));
    std::move(said[1].begin(), said[1].end(), std::back_inserter(all));
  }
  EXPECT_EQ(RelayFixture::sequences(all), (std::vector<std::uint32_t>{1001}));
  EXPECT_EQ(count(0, Counter::kHandoversLost), 0u);
}

TEST_F(RelayWorkersTest, TheNextPublisherGoesOnBehindTheLastOneOnAnotherWorker) {
  const SocketId first = publish_on(0);
  view_on(1);
  numbers_at(1, 0, first, {1000, 1001});
  // The last packet and the end of its session in one breath.
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(first, SeqNo{1002}));
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::bare(first, wire::ControlType::kShutdown));
  for (int i = 0; i < 5; ++i) breathe(millis(20));
  ASSERT_TRUE(hosts[0]->next_event<event::SessionClosed>().has_value());

  const SocketId second =
      hosts[1]->open(RelayFixture::opening(Role::kPublisher, RelayFixture::caller(7001), SocketId{77}, SeqNo{50}));
  ASSERT_NE(second, SocketId{});
  hosts[1]->hear(RelayFixture::caller(7001), RelayFixture::data(second, SeqNo{50}));
  breathe();
  breathe();
  EXPECT_EQ(hosts[1]->stream.history().next(), PacketPos{4});
  EXPECT_EQ(hosts[0]->stream.history().next(), PacketPos{4});
  EXPECT_EQ(count(0, Counter::kHandoversTaken), 1u);
}

TEST_F(RelayWorkersTest, APublishersSessionIsNotOverBeforeAllWereGivenItsPackets) {
  const SocketId publisher = publish_on(0);
  numbers_at(1, 0, publisher, {1000});
  while (mesh.ring(0, 1).try_push(Handover{.kind = Handover::Kind::kPosition, .stream = StreamIndex{9}})) {
  }
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(publisher, SeqNo{1001}));
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::bare(publisher, wire::ControlType::kShutdown));
  for (int i = 0; i < 10; ++i) hosts[0]->breathe(millis(20));
  EXPECT_FALSE(hosts[0]->next_event<event::SessionClosed>().has_value());
  for (int i = 0; i < 40; ++i) breathe(millis(20));
  EXPECT_TRUE(hosts[0]->next_event<event::SessionClosed>().has_value());
  EXPECT_EQ(hosts[1]->stream.history().next(), PacketPos{2});
}

// Nor is the stream's index free: what is left in a ring would enter the next stream under it.
TEST_F(RelayWorkersTest, NeitherAPublisherNorItsStreamIsOverBeforeAllHaveTakenWhatTheyWereGiven) {
  const SocketId publisher = publish_on(0);
  breathe();
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(publisher, SeqNo{1000}));
  hosts[0]->say(command::RemoveStream{RelayFixture::kStream});
  for (int i = 0; i < 20; ++i) hosts[0]->breathe(millis(20));
  EXPECT_TRUE(hosts[0]->mailbox.events.is_empty()) << "neither the session's end nor the stream's";
  EXPECT_FALSE(mesh.ring(0, 1).is_empty());

  hosts[1]->breathe();
  hosts[0]->breathe(millis(20));
  EXPECT_TRUE(hosts[0]->next_event<event::SessionClosed>().has_value());
  hosts[0]->breathe();
  EXPECT_TRUE(hosts[0]->next_event<event::StreamRetired>().has_value());
}

TEST_F(RelayWorkersTest, AWorkerWithoutABufferHasAHoleAndGoesOn) {
  const SocketId publisher = publish_on(0);
  view_on(1);
  std::vector<PacketRef> all;
  while (PacketRef one = hosts[1]->adopted.take()) all.push_back(std::move(one));
  EXPECT_EQ(numbers_at(1, 0, publisher, {1000}), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(count(1, Counter::kAdoptionPoolDry), 1u);
  all.clear();
  EXPECT_EQ(numbers_at(1, 0, publisher, {1001}), (std::vector<std::uint32_t>{1001}));
}

TEST_F(RelayWorkersTest, WhoSleepsIsRungForAndWhoHasMailDoesNotSleep) {
  Exchange& one = hosts[1]->relay.exchange();
  EXPECT_TRUE(one.fall_asleep());
  one.wake_up();
  ASSERT_TRUE(mesh.ring(0, 1).try_push(Handover{.kind = Handover::Kind::kPosition}));
  EXPECT_FALSE(one.fall_asleep());
}

// Control tells worker 1 of a stream, then lets worker 0 have its publisher; worker 1 has taken its commands of this
// breath already, and the next time they are more than a breath takes.
TEST_F(RelayWorkersTest, WhatComesBeforeTheCommandForItsStreamWaitsForIt) {
  constexpr StreamIndex kNew{3};
  Stream here(256, RelayFixture::kSessions, {.latency_max = seconds(2)});
  Stream there(256, RelayFixture::kSessions, {.latency_max = seconds(2)});
  for (std::size_t i = 0; i < 2 * kCommandsPerBreath; ++i) hosts[1]->say(command::ForgetCaller{});
  hosts[1]->say(command::AddStream{kNew, &there});
  hosts[0]->say(command::AddStream{kNew, &here});
  command::OpenSession opening = RelayFixture::opening(Role::kPublisher, RelayFixture::caller(7000), kPublisherPeer);
  opening.stream = kNew;
  const SocketId publisher = hosts[0]->open(std::move(opening));
  for (std::uint32_t n = 0; n < 3; ++n)
    hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(publisher, SeqNo{1000 + n}));
  hosts[0]->breathe(millis(1));
  hosts[1]->relay.take_handovers(hosts[1]->now);
  EXPECT_EQ(count(1, Counter::kHandoversTaken), 0u);
  for (int i = 0; i < 3; ++i) hosts[1]->breathe(micros(100));
  EXPECT_EQ(count(1, Counter::kHandoversTaken), 3u);
  EXPECT_EQ(count(1, Counter::kHandoversUnplaced), 0u);
  EXPECT_EQ(there.history().next(), PacketPos{3});
  EXPECT_NE(there.history().find(PacketPos{0}), nullptr);
  here.history().clear();
  there.history().clear();
}

// Its command is not among those that wait: no other stream is held up.
TEST_F(RelayWorkersTest, WhatComesForAStreamThatHasGoneIsCounted) {
  const SocketId publisher = publish_on(0);
  hosts[1]->say(command::RemoveStream{RelayFixture::kStream});
  hosts[1]->breathe();
  hosts[0]->hear(RelayFixture::caller(7000), RelayFixture::data(publisher, SeqNo{1000}));
  breathe();
  EXPECT_EQ(count(1, Counter::kHandoversUnplaced), 1u);
  EXPECT_TRUE(mesh.ring(0, 1).is_empty());
}

class ThreeWorkersTest : public RelayWorkersTest {
 protected:
  ThreeWorkersTest() : RelayWorkersTest(3) {}
};

// The second publisher is on the worker into whose ring worker 2 looks first, and the first one's end is behind more
// than a breath takes.
TEST_F(ThreeWorkersTest, APublisherThatMovesIsHeardInOrderByAThirdWorker) {
  const SocketId first = publish_on(1);
  const SocketId viewer = view_on(2);
  breathe();
  for (int i = 0; i < 600; ++i)
    ASSERT_TRUE(mesh.ring(1, 2).try_push(Handover{.kind = Handover::Kind::kPosition, .stream = StreamIndex{9}}));
  hosts[1]->hear(RelayFixture::caller(7000), RelayFixture::data(first, SeqNo{1000}));
  hosts[1]->hear(RelayFixture::caller(7000), RelayFixture::bare(first, wire::ControlType::kShutdown));
  std::vector<Said> to_viewer;
  const auto breathe_and_watch = [&](Micros later) {
    auto said = breathe(later);
    std::move(said[2].begin(), said[2].end(), std::back_inserter(to_viewer));
  };
  for (int i = 0; i < 12 && !hosts[1]->next_event<event::SessionClosed>(); ++i) breathe_and_watch(millis(20));
  const SocketId second =
      hosts[0]->open(RelayFixture::opening(Role::kPublisher, RelayFixture::caller(7001), SocketId{77}, SeqNo{50}));
  ASSERT_NE(second, SocketId{});
  hosts[0]->hear(RelayFixture::caller(7001), RelayFixture::data(second, SeqNo{50}));
  hosts[0]->hear(RelayFixture::caller(7001), RelayFixture::data(second, SeqNo{52}));
  for (int i = 0; i < 4; ++i) breathe_and_watch(millis(1));
  EXPECT_EQ(RelayFixture::sequences(to_viewer), (std::vector<std::uint32_t>{1000, 1001, 1003}));

  hosts[2]->hear(RelayFixture::caller(8000), RelayFixture::nak(viewer, {{SeqNo{1002}, SeqNo{1002}}}));
  breathe(millis(1));
  EXPECT_EQ(count(2, Counter::kNakNotHeld), 1u) << "the second publisher still owes 51";
  EXPECT_EQ(count(2, Counter::kNakTooOld), 0u);
}

}  // namespace
}  // namespace fanlight
