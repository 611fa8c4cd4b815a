// What comes to a relay from people it knows or does not know: each datagram leaves with one verdict.
#include "worker/relay.h"

#include <gtest/gtest.h>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using wire::ControlType;

const Endpoint kCaller = RelayFixture::caller(5000);
const Endpoint kStranger = RelayFixture::caller(6000);
constexpr SocketId kPeer{77};

class RelayTest : public ::testing::Test, protected RelayFixture {
 protected:
  explicit RelayTest(std::size_t header_buffers = 256) : RelayFixture(header_buffers) {}

  // Takes one datagram in and answers the one verdict it left with; what was said in that breath is in `answers`.
  Verdict judged(const Endpoint& from, ByteSpan datagram, Micros later = {}) {
    hear(from, datagram);
    const std::vector<Verdict> verdicts = judge(answers, later);
    EXPECT_EQ(verdicts.size(), 1u) << "one verdict for one datagram";
    return verdicts.at(0);
  }
  std::uint32_t cookie(const Endpoint& from, SocketId peer = kPeer) {
    EXPECT_EQ(judged(from, handshake({.handshake = request(4, 1, 0, peer)})), Verdict::kHandshakeAnswered);
    return wire::parse_handshake(answers.at(0).content())->cookie;
  }
  static wire::Handshake request(std::uint32_t version, std::int32_t type, std::uint32_t cookie,
                                 SocketId peer = kPeer) {
    return {.version = version,
            .extension = static_cast<std::uint16_t>(version == 5 ? 1 : 2),
            .first_seq = kIsn,
            .request = type,
            .socket = peer,
            .cookie = cookie,
            .peer_ip = {}};
  }
  std::vector<std::byte> conclusion(std::uint32_t the_cookie, SocketId peer = kPeer) {
    return handshake({.handshake = request(5, -1, the_cookie, peer),
                      .capabilities = wire::HsCapabilities{.flags = 0xBF, .receiver_delay_ms = 120},
                      .stream_id = "live/main"});
  }
  static std::vector<std::byte> cut(std::vector<std::byte> bytes, std::size_t size) {
    bytes.resize(size);
    return bytes;
  }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }

  std::vector<Said> answers;
};

// --- handshakes

TEST_F(RelayTest, AnInductionIsAnsweredIn64BytesWithACookieAndNothingIsRemembered) {
  EXPECT_EQ(judged(kCaller, handshake({.handshake = request(4, 1, 0)})), Verdict::kHandshakeAnswered);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].to, kCaller);
  EXPECT_EQ(answers[0].bytes.size(), 64u);
  EXPECT_EQ(answers[0].control()->destination, kPeer);
  const auto answer = wire::parse_handshake(answers[0].content());
  EXPECT_EQ(answer->version, 5u);
  EXPECT_EQ(answer->extension, wire::kInductionMagic);
  EXPECT_EQ(answer->first_seq, kIsn);
  EXPECT_NE(answer->cookie, 0u);
  EXPECT_FALSE(next_event<event::ConclusionReceived>());
}

TEST_F(RelayTest, AnInductionBehindMoreBytesIsStillAnsweredIn64) {
  auto longer = handshake({.handshake = request(4, 1, 0)});
  longer.resize(1400);
  EXPECT_EQ(judged(kCaller, longer), Verdict::kHandshakeAnswered);
  EXPECT_EQ(answers.at(0).bytes.size(), 64u);
}

TEST_F(RelayTest, AnMssBeyondEthernetIsCutInTheInductionAnswer) {
  wire::Handshake jumbo = request(4, 1, 0);
  jumbo.mss = 9000;
  EXPECT_EQ(judged(kCaller, handshake({.handshake = jumbo})), Verdict::kHandshakeAnswered);
  EXPECT_EQ(wire::parse_handshake(answers.at(0).content())->mss, 1500u);
}

TEST_F(RelayTest, ABadCookieIsNotAnswered) {
  const std::uint32_t right = cookie(kCaller);
  EXPECT_EQ(judged(kCaller, conclusion(right + 1)), Verdict::kBadCookie);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(judged(kStranger, conclusion(right)), Verdict::kBadCookie) << "a cookie belongs to one address";
}

TEST_F(RelayTest, AConclusionGoesToControlOnceUntilItIsDecided) {
  const auto datagram = conclusion(cookie(kCaller));
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
  const auto told = next_event<event::ConclusionReceived>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->path.remote, kCaller);
  EXPECT_TRUE(
      std::equal(datagram.begin(), datagram.end(), told->datagram.begin(), told->datagram.begin() + told->bytes));
  EXPECT_EQ(judged(kCaller, datagram, millis(250)), Verdict::kHandshakePending);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(judged(kCaller, datagram, seconds(3)), Verdict::kHandshakeForwarded) << "control forgot; ask again";
}

TEST_F(RelayTest, ARejectionLetsTheCallerConcludeAgain) {
  const auto datagram = conclusion(cookie(kCaller));
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
  const auto rejection = handshake({.handshake = request(5, 2404, 0)}, kPeer);
  command::SendReply reply;
  reply.path.remote = kCaller;
  reply.bytes = static_cast<std::uint16_t>(rejection.size());
  std::copy(rejection.begin(), rejection.end(), reply.datagram.begin());
  say(reply);
  const auto said = breathe();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].bytes, rejection);
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
}

TEST_F(RelayTest, AVersion4ConclusionGetsShutdown) {
  const std::uint32_t right = cookie(kCaller);
  EXPECT_EQ(judged(kCaller, handshake({.handshake = request(4, -1, right)})), Verdict::kLegacyHandshake);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].is(ControlType::kShutdown));
  EXPECT_EQ(answers[0].control()->destination, kPeer);
}

TEST_F(RelayTest, RendezvousIsNotSpoken) {
  for (const std::int32_t type : {0, -2}) {
    EXPECT_EQ(judged(kCaller, handshake({.handshake = request(5, type, 1)})), Verdict::kRendezvous);
    EXPECT_TRUE(answers.empty());
  }
}

TEST_F(RelayTest, ARepeatedConclusionGetsTheSameResponseWithAFreshTimestamp) {
  const auto datagram = conclusion(cookie(kCaller));
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
  say(opening(Role::kViewer, kCaller, kPeer));
  const auto first = breathe();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(judged(kCaller, datagram, millis(9)), Verdict::kHandshakeLimited) << "at most one per 10 ms";
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(judged(kCaller, datagram, millis(241)), Verdict::kHandshakeAnswered);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].control()->time.raw, 250'000u);
  auto again = answers[0].bytes;
  std::copy_n(first[0].bytes.begin() + wire::kTimestampOffset, 4, again.begin() + wire::kTimestampOffset);
  EXPECT_EQ(again, first[0].bytes) << "nothing else may differ, extensions included";
  EXPECT_FALSE(next_event<event::ConclusionReceived>() && next_event<event::ConclusionReceived>());
}

TEST_F(RelayTest, ABriefCopyOfAConclusionDrawsNoResponseThatIsLonger) {
  const auto datagram = conclusion(cookie(kCaller));
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
  say(opening(Role::kViewer, kCaller, kPeer));
  const std::size_t response_bytes = breathe().at(0).bytes.size();
  auto copy = datagram;
  copy.resize(wire::kHeaderBytes + wire::kHandshakeBytes);
  ASSERT_LT(copy.size(), response_bytes);
  EXPECT_EQ(judged(kCaller, copy, millis(250)), Verdict::kMalformed);
  EXPECT_TRUE(answers.empty());
  copy = datagram;
  copy.resize(response_bytes);
  EXPECT_EQ(judged(kCaller, copy, millis(250)), Verdict::kHandshakeAnswered);
}

TEST_F(RelayTest, AResponseWhosePlaceOthersNeededIsNotRepeated) {
  const auto datagram = conclusion(cookie(kCaller));
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kHandshakeForwarded);
  const SocketId first = open(opening(Role::kViewer, kCaller, kPeer));
  hear(kCaller, bare(first, wire::ControlType::kKeepAlive));
  breathe();
  EXPECT_EQ(judged(kCaller, datagram, millis(20)), Verdict::kHandshakeAnswered) << "heard, but still kept";
  const Endpoint others = caller(7000);
  for (std::size_t i = 0; i < Responses::kSearch; ++i) {
    const SocketId other = open(opening(Role::kViewer, others, SocketId{900}));
    hear(others, bare(other, wire::ControlType::kShutdown));
    breathe();
  }
  hear(kCaller, bare(first, wire::ControlType::kKeepAlive));
  breathe();
  EXPECT_EQ(judged(kCaller, datagram, millis(20)), Verdict::kHandshakePending);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(mailbox.counters.read(Counter::kResponsesForgotten), 0u) << "nobody who waited lost one";
  EXPECT_FALSE(next_event<event::ConclusionReceived>() && next_event<event::ConclusionReceived>())
      << "it has a session";
}

TEST_F(RelayTest, TheResponseCarriesOurSocketIdAndTheCallersNumber) {
  say(opening(Role::kPublisher, kCaller, kPeer));
  const auto said = breathe();
  ASSERT_EQ(said.size(), 1u);
  const auto response = wire::parse_handshake(said[0].content());
  const auto opened = next_event<event::SessionOpened>();
  EXPECT_EQ(response->socket, opened->socket);
  EXPECT_EQ(response->first_seq, kIsn);
  EXPECT_EQ(opened->socket.raw() >> 30, 0u) << "bits 31 and 30 have other meanings";
  EXPECT_EQ(said[0].control()->destination, kPeer);
}

TEST_F(RelayTest, AFullEventRingIsToldAndTheCallerIsHeardLater) {
  const auto datagram = conclusion(cookie(kCaller));
  while (mailbox.events.try_push(Event{event::Stopped{}})) {
  }
  EXPECT_EQ(judged(kCaller, datagram), Verdict::kEventRingFull);
  while (next_event<event::Stopped>()) {
  }
  EXPECT_EQ(judged(kCaller, datagram, millis(250)), Verdict::kHandshakeForwarded);
}

// --- what is refused

TEST_F(RelayTest, WhatIsNoPacketIsMalformed) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  const SocketId viewer = open(opening(Role::kViewer, kStranger, kPeer));
  auto packet = data(publisher, kIsn);
  EXPECT_EQ(judged(kCaller, {}), Verdict::kMalformed);
  EXPECT_EQ(judged(kCaller, cut(packet, 15)), Verdict::kMalformed);
  EXPECT_EQ(judged(kCaller, cut(packet, 16)), Verdict::kMalformed) << "no payload";
  packet[4] |= std::byte{0x18};
  EXPECT_EQ(judged(kCaller, packet), Verdict::kMalformed) << "both key flags";
  EXPECT_EQ(judged(kCaller, bare(publisher, ControlType::kDropRequest)), Verdict::kMalformed);
  EXPECT_EQ(judged(kStranger, cut(ack(viewer, kIsn, 1), 24)), Verdict::kMalformed);
  EXPECT_EQ(judged(kStranger, cut(nak(viewer, {{kIsn, {1001}}}), 20)), Verdict::kMalformed);
  EXPECT_EQ(judged(kCaller, cut(handshake({.handshake = request(4, 1, 0)}), 63)), Verdict::kMalformed);
  EXPECT_EQ(judged(kCaller, handshake({.handshake = request(3, 1, 0)})), Verdict::kMalformed);
  EXPECT_EQ(judged(kCaller, handshake({.handshake = request(5, 1003, 0)})), Verdict::kMalformed) << "a rejection to us";
}

TEST_F(RelayTest, AnOversizedDatagramIsNotLookedAt) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn, kPayloadBytesMax + 1)), Verdict::kOversized);
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn, kPayloadBytesMax)), Verdict::kAccepted);
}

TEST_F(RelayTest, UnknownSocketsFindNobody) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  EXPECT_EQ(judged(kCaller, data(SocketId{publisher.raw() + 1}, kIsn)), Verdict::kUnknownSocket);
  EXPECT_EQ(judged(kCaller, data(SocketId{publisher.raw() | 1u << 31}, kIsn)), Verdict::kUnknownSocket);
  EXPECT_EQ(judged(kCaller, data(SocketId{publisher.raw() ^ 1u << 24}, kIsn)), Verdict::kUnknownSocket)
      << "another worker's";
  EXPECT_EQ(judged(kCaller, data(SocketId{}, kIsn)), Verdict::kUnknownSocket) << "data to the listener";
  EXPECT_EQ(judged(kCaller, bare(SocketId{}, ControlType::kKeepAlive)), Verdict::kUnknownSocket);
}

TEST_F(RelayTest, AStrangersShutdownClosesNobody) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  EXPECT_EQ(judged(kStranger, bare(publisher, ControlType::kShutdown)), Verdict::kWrongAddress);
  EXPECT_EQ(judged(kStranger, data(publisher, kIsn)), Verdict::kWrongAddress);
  EXPECT_FALSE(next_event<event::SessionClosed>());
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn)), Verdict::kAccepted);
}

TEST_F(RelayTest, UnknownTypesAreIgnored) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  EXPECT_EQ(judged(kCaller, bare(publisher, ControlType{0x0009})), Verdict::kUnknownType);
  EXPECT_EQ(judged(kCaller, bare(publisher, ControlType::kUser)), Verdict::kUnknownType);
}

TEST_F(RelayTest, ControlPacketsOf16And20BytesAreOne) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  const auto keep_alive = bare(publisher, ControlType::kKeepAlive);
  EXPECT_EQ(judged(kCaller, keep_alive), Verdict::kControl);
  EXPECT_EQ(judged(kCaller, cut(keep_alive, 16)), Verdict::kControl);
}

TEST_F(RelayTest, AViewerHasNothingToSay) {
  const SocketId viewer = open(opening(Role::kViewer, kCaller, kPeer));
  EXPECT_EQ(judged(kCaller, data(viewer, kIsn)), Verdict::kUnexpectedData);
}

TEST_F(RelayTest, PartsOfMessagesAndFilterPacketsAreNotPassedOn) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  auto part = data(publisher, kIsn);
  part[4] &= std::byte{0x7F};
  EXPECT_EQ(judged(kCaller, part), Verdict::kPartialMessage);
  auto parity = data(publisher, kIsn);
  store_be32(parity.data() + 4, 0xC000'0000);
  EXPECT_EQ(judged(kCaller, parity), Verdict::kFilterPacket);
}

TEST_F(RelayTest, AJumpBeyondTheWindowIsRefusedAndLearnsNothing) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn)), Verdict::kAccepted);
  EXPECT_EQ(judged(kCaller, data(publisher, SeqNo{kIsn.raw + 70'000})), Verdict::kOutOfWindow);
  EXPECT_EQ(judged(kCaller, data(publisher, SeqNo{kIsn.raw + 1})), Verdict::kAccepted);
  EXPECT_EQ(judged(kCaller, data(publisher, SeqNo{kIsn.raw + 1})), Verdict::kDuplicate);
}

TEST_F(RelayTest, ClearPacketsOfASecuredPublisherAreRefused) {
  auto secured = opening(Role::kPublisher, kCaller, kPeer);
  secured.ciphers = std::make_unique<crypto::SessionCiphers>();
  const SocketId publisher = open(std::move(secured));
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn)), Verdict::kUnencrypted);
  auto sealed = data(publisher, kIsn);
  sealed[4] |= std::byte{0x08};
  EXPECT_EQ(judged(kCaller, sealed), Verdict::kUndecryptable) << "no key in the even slot";
}

TEST_F(RelayTest, SealedPacketsOfAClearPublisherAreRefused) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  auto sealed = data(publisher, kIsn);
  sealed[4] |= std::byte{0x08};
  EXPECT_EQ(judged(kCaller, sealed), Verdict::kUndecryptable);
}

class DryRelayTest : public RelayTest {
 protected:
  DryRelayTest() : RelayTest(2) {}
};

TEST_F(DryRelayTest, ADryHeaderPoolIsCountedAndTheViewerMayAskAgain) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, kPeer));
  const SocketId viewer = open(opening(Role::kViewer, kStranger, kPeer));
  run_for(millis(10));
  std::vector<PacketRef> held;
  while (PacketRef packet = headers.take()) held.push_back(std::move(packet));
  EXPECT_EQ(judged(kCaller, data(publisher, kIsn)), Verdict::kAccepted);
  EXPECT_EQ(sequences(answers), std::vector<std::uint32_t>{kIsn.raw}) << "the port has buffers of its own";
  EXPECT_EQ(judged(kStranger, nak(viewer, {{kIsn, kIsn}}), millis(100)), Verdict::kControl);
  EXPECT_EQ(sequences(answers), std::vector<std::uint32_t>{});
  EXPECT_EQ(read(Counter::kHeaderPoolDry), 1u);
  held.clear();
  EXPECT_EQ(judged(kStranger, nak(viewer, {{kIsn, kIsn}}), millis(100)), Verdict::kControl);
  EXPECT_EQ(sequences(answers), std::vector<std::uint32_t>{kIsn.raw});
}

TEST_F(DryRelayTest, ARefusedReplyIsCounted) {
  std::vector<PacketRef> held;
  while (PacketRef packet = headers.take()) held.push_back(std::move(packet));
  EXPECT_EQ(judged(kCaller, handshake({.handshake = request(4, 1, 0)})), Verdict::kHandshakeAnswered);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(read(Counter::kRepliesRefused), 1u);
}

}  // namespace
}  // namespace fanlight
