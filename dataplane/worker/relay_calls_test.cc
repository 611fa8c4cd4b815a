// Calls of the relay's own, against a listener that the test plays.
#include <gtest/gtest.h>

#include <string>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using wire::ControlType;

const Endpoint kListener{IpAddress::v4(192, 0, 2, 40), 7000};
constexpr SocketId kPeer{0x77};
constexpr std::uint32_t kCookie = 0xC00C1E;

class RelayCallsTest : public ::testing::Test, protected RelayFixture {
 protected:
  static command::OpenCall call(Role role) {
    command::OpenCall open;
    open.request = RequestId{5};
    open.path = {.remote = kListener, .local = {}};
    open.role = role;
    open.stream = kStream;
    open.first_seq = kIsn;
    open.receive_latency = millis(200);
    open.send_latency = millis(200);
    open.latency_max = seconds(1);
    open.kit = std::make_unique<CallKit>();
    open.kit->stream_id = "there";
    return open;
  }
  static wire::HandshakePacket induction() {
    return {.handshake = {.extension = wire::kInductionMagic, .first_seq = kIsn, .request = 1, .cookie = kCookie}};
  }
  static wire::HandshakePacket agreement() {
    return {.handshake = {.extension = wire::kExtHsReq, .first_seq = kIsn, .request = -1, .socket = kPeer},
            .capabilities = wire::HsCapabilities{.flags = 0x3F, .receiver_delay_ms = 300, .sender_delay_ms = 250},
            .is_response = true};
  }
  static wire::Handshake handshake_in(const Said& said) { return *wire::parse_handshake(said.content()); }
  // Our socket, from the first request.
  SocketId begin(Role role) {
    say(call(role));
    const std::vector<Said> said = breathe();
    EXPECT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].to, kListener);
    return handshake_in(said[0]).socket;
  }
  std::vector<Said> answer(SocketId socket, const wire::HandshakePacket& packet, Micros later = millis(10)) {
    hear(kListener, handshake(packet, socket));
    return breathe(later);
  }
  SocketId connect(Role role) {
    const SocketId socket = begin(role);
    answer(socket, induction());
    answer(socket, agreement());
    return socket;
  }
};

TEST_F(RelayCallsTest, AsksForACookieThenForTheSession) {
  const SocketId socket = begin(Role::kViewer);
  const std::vector<Said> said = answer(socket, induction());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(handshake_in(said[0]).request, -1);
  EXPECT_EQ(handshake_in(said[0]).cookie, kCookie);
  EXPECT_EQ(handshake_in(said[0]).socket, socket);
  EXPECT_EQ(wire::parse_handshake_extensions(said[0].content().subspan(48))->stream_id, "there");
  EXPECT_FALSE(next_event<event::CallConnected>());
}

TEST_F(RelayCallsTest, AListenersYesMakesAViewerThatGetsTheStream) {
  const SocketId source = open(opening(Role::kPublisher, caller(1), SocketId{1}));
  hear(caller(1), data(source, kIsn));
  breathe();
  const SocketId socket = connect(Role::kViewer);
  const auto connected = next_event<event::CallConnected>();
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->request, RequestId{5});
  EXPECT_EQ(connected->socket, socket);
  EXPECT_EQ(connected->peer, kPeer);
  EXPECT_TRUE(connected->kit);
  run_for(millis(10));
  hear(caller(1), data(source, {kIsn.raw + 1}));
  const std::vector<Said> said = to(run_for(millis(10)), kListener);
  EXPECT_EQ(sequences(said), std::vector<std::uint32_t>{kIsn.raw});
  EXPECT_EQ(said.back().data()->destination, kPeer);
}

TEST_F(RelayCallsTest, TellsTheListenerAtOnceThatItIsUp) {
  const SocketId socket = begin(Role::kViewer);
  answer(socket, induction());
  const std::vector<Said> said = answer(socket, agreement());
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(said[0].is(ControlType::kKeepAlive));
  EXPECT_EQ(said[0].control()->destination, kPeer);
}

// A listener sets its watch by the timestamp of our CONCLUSION, so the data's clock must be the call's.
TEST_F(RelayCallsTest, DataGoesOnWithTheClockOfTheHandshake) {
  const SocketId source = open(opening(Role::kPublisher, caller(1), SocketId{1}));
  hear(caller(1), data(source, kIsn));
  breathe();
  const SocketId socket = begin(Role::kViewer);
  const Instant begun = now;
  const std::vector<Said> conclusion = answer(socket, induction(), millis(400));
  EXPECT_EQ(conclusion[0].control()->time.raw, 400'000u);
  answer(socket, agreement(), millis(300));
  run_for(millis(500));
  // The publisher's packets are as far apart as their timestamps say.
  std::vector<std::byte> packet = data(source, {kIsn.raw + 1});
  store_be32(packet.data() + wire::kTimestampOffset, kIsn.raw * 1000 + static_cast<std::uint32_t>((now - begun).count));
  hear(caller(1), packet);
  const std::vector<Said> said = to(breathe(), kListener);
  ASSERT_FALSE(sequences(said).empty());
  EXPECT_NEAR(static_cast<double>(said.back().data()->time.raw), 1'200'000.0, 5'000.0);
}

TEST_F(RelayCallsTest, AListenersYesMakesAPublisherThatFeedsTheStream) {
  const SocketId viewer = open(opening(Role::kViewer, caller(2), SocketId{2}));
  breathe(millis(10));
  const SocketId socket = begin(Role::kPublisher);
  answer(socket, induction());
  hear(kListener, handshake(agreement(), socket));
  hear(kListener, data(socket, kIsn));  // In the same burst as the answer.
  const std::vector<Said> said = run_for(millis(50));
  EXPECT_EQ(sequences(to(said, caller(2))).size(), 1u);
  EXPECT_EQ(count(to(said, kListener), ControlType::kAck), 1u);
  EXPECT_NE(viewer, SocketId{});
}

TEST_F(RelayCallsTest, DataBeforeTheAnswerIsCountedAndAsksAgain) {
  const SocketId socket = begin(Role::kPublisher);
  answer(socket, induction());
  now = now + millis(10);
  hear(kListener, data(socket, kIsn));
  const std::vector<Said> said = breathe();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(handshake_in(said[0]).request, -1);
  EXPECT_EQ(mailbox.counters.read(Verdict::kUnexpectedData), 1u);
}

TEST_F(RelayCallsTest, NobodyAnswers) {
  begin(Role::kViewer);
  const std::vector<Said> said = run_for(millis(2'990));
  EXPECT_EQ(said.size(), 11u);
  EXPECT_FALSE(next_event<event::CallFailed>());
  run_for(millis(20));
  const auto failed = next_event<event::CallFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, wire::Reject::kTimeout);
  EXPECT_FALSE(failed->is_from_peer);
  EXPECT_TRUE(failed->kit);
  EXPECT_TRUE(run_for(seconds(1)).empty());
}

TEST_F(RelayCallsTest, AListenersNoIsToldWithItsReason) {
  const SocketId socket = begin(Role::kViewer);
  wire::HandshakePacket no = induction();
  no.handshake.request = 2404;
  answer(socket, no);
  const auto failed = next_event<event::CallFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, wire::Reject::kNotFound);
  EXPECT_TRUE(failed->is_from_peer);
}

TEST_F(RelayCallsTest, AStrangerCannotAnswer) {
  const SocketId socket = begin(Role::kViewer);
  hear(caller(9), handshake(induction(), socket));
  EXPECT_TRUE(breathe(millis(1)).empty());
  EXPECT_EQ(mailbox.counters.read(Verdict::kWrongAddress), 1u);
}

// While we called, an encoder came by itself.
TEST_F(RelayCallsTest, HangsUpWhenTheStreamHasAPublisherByThen) {
  const SocketId socket = begin(Role::kPublisher);
  answer(socket, induction());
  EXPECT_NE(open(opening(Role::kPublisher, caller(1), SocketId{1})), SocketId{});
  const std::vector<Said> said = to(answer(socket, agreement()), kListener);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].is(ControlType::kShutdown));
  EXPECT_EQ(said[0].control()->destination, kPeer);
  const auto failed = next_event<event::CallFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, wire::Reject::kConflict);
}

TEST_F(RelayCallsTest, AStreamThatGoesTakesItsCallsWithIt) {
  begin(Role::kViewer);
  say(command::RemoveStream{kStream});
  breathe();
  const auto failed = next_event<event::CallFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, wire::Reject::kNotFound);
  say(call(Role::kViewer));
  breathe();
  EXPECT_EQ(next_event<event::CallFailed>()->reason, wire::Reject::kNotFound);
}

TEST_F(RelayCallsTest, AStopEndsCallsToo) {
  begin(Role::kViewer);
  say(command::Stop{});
  breathe();
  EXPECT_TRUE(next_event<event::CallFailed>());
  breathe(millis(1));
  EXPECT_TRUE(relay.is_stopped());
}

TEST_F(RelayCallsTest, ACalledSessionEndsLikeAnyOther) {
  const SocketId socket = connect(Role::kViewer);
  say(command::CloseSession{socket, CloseReason::kKicked});
  EXPECT_EQ(count(run_for(millis(100)), ControlType::kShutdown), 3u);
  EXPECT_EQ(next_event<event::SessionClosed>()->reason, CloseReason::kKicked);
}

TEST_F(RelayCallsTest, ThereIsRoomForSoManyAtOnce) {
  for (std::size_t i = 0; i <= kSessions; ++i) {
    command::OpenCall open = call(Role::kViewer);
    open.request = RequestId{100 + i};
    say(std::move(open));
  }
  breathe();
  const auto failed = next_event<event::CallFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->request, RequestId{100 + kSessions});
  EXPECT_EQ(failed->reason, wire::Reject::kResource);
  EXPECT_TRUE(failed->kit);
}

// Control does not read: the answer is not taken before it can be told, and no failure is lost.
TEST_F(RelayCallsTest, NewsWaitForRoom) {
  const SocketId socket = begin(Role::kViewer);
  answer(socket, induction());
  while (mailbox.events.has_room(1)) CHECK(mailbox.post(Event{event::Stopped{}}));
  answer(socket, agreement());
  EXPECT_EQ(mailbox.counters.read(Verdict::kEventRingFull), 1u);
  run_for(seconds(4));
  EXPECT_FALSE(next_event<event::CallFailed>());  // Reads the ring empty.
  run_for(millis(2));
  EXPECT_EQ(next_event<event::CallFailed>()->reason, wire::Reject::kTimeout);
}

// Control gives the stream's index away when it hears that the stream retired: a call's end must not come behind that.
TEST_F(RelayCallsTest, AStreamRetiresAfterItsCallsHaveFailed) {
  say(call(Role::kViewer));
  say(call(Role::kViewer));
  breathe();
  while (mailbox.events.has_room(2)) CHECK(mailbox.post(Event{event::Stopped{}}));
  say(command::RemoveStream{kStream});
  breathe();
  std::string order;
  for (int i = 0; i < 5; ++i) {
    Event event;
    while (mailbox.events.try_pop(event)) {
      if (std::holds_alternative<event::CallFailed>(event)) order += "call ";
      if (std::holds_alternative<event::StreamRetired>(event)) order += "stream ";
    }
    breathe(millis(1));
  }
  EXPECT_EQ(order, "call call stream ");
}

}  // namespace
}  // namespace fanlight
