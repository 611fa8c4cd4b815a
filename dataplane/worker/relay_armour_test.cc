// What strangers can make a worker do: no more than its budgets, nothing to sessions that are not theirs.
#include <gtest/gtest.h>

#include "wire/srt_key_message.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using wire::ControlType;

const Endpoint kCaller = RelayFixture::caller(5000);
const Endpoint kViewerAt = RelayFixture::caller(6000);

class RelayArmourTest : public ::testing::Test, protected RelayFixture {
 protected:
  std::uint64_t read(Verdict verdict) const { return mailbox.counters.read(verdict); }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }
  std::vector<Said> heard(const Endpoint& from, const std::vector<std::byte>& datagram, Micros later = {}) {
    hear(from, datagram);
    return breathe(later);
  }
  static std::vector<std::byte> induction(SocketId peer) {
    return handshake({.handshake = {.version = 4,
                                    .extension = 2,
                                    .first_seq = kIsn,
                                    .request = static_cast<std::int32_t>(wire::RequestType::kInduction),
                                    .socket = peer,
                                    .peer_ip = {}}});
  }
  std::vector<std::byte> conclusion(const Endpoint& from, SocketId peer) {
    const auto answer = to(heard(from, induction(peer)), from);
    const std::uint32_t cookie = answer.empty() ? 0 : wire::parse_handshake(answer[0].content())->cookie;
    return handshake({.handshake = {.version = 5,
                                    .extension = wire::kExtHsReq | wire::kExtConfig,
                                    .first_seq = kIsn,
                                    .request = static_cast<std::int32_t>(wire::RequestType::kConclusion),
                                    .socket = peer,
                                    .cookie = cookie,
                                    .peer_ip = {}},
                      .capabilities = wire::HsCapabilities{.flags = 0xBF, .receiver_delay_ms = 120},
                      .stream_id = "live/main"});
  }
  std::size_t conclusions_told() {
    std::size_t told = 0;
    while (next_event<event::ConclusionReceived>()) ++told;
    return told;
  }
  // As many viewers as come in that have been told to and say nothing.
  std::size_t open_silent(std::uint16_t first_port, std::size_t wanted) {
    std::size_t opened = 0;
    for (std::size_t i = 0; i < wanted; ++i) {
      const auto port_number = static_cast<std::uint16_t>(first_port + i);
      if (open_unheard(opening(Role::kViewer, caller(port_number), SocketId{port_number})) != SocketId{}) ++opened;
    }
    return opened;
  }
};

TEST_F(RelayArmourTest, ConclusionsBeyondASitesBudgetAreNotCopiedAndComeInLater) {
  say(command::SetArmour{{.conclusions_per_second = 100, .site_conclusions_per_second = 5}});
  std::vector<std::vector<std::byte>> datagrams;
  for (std::uint16_t i = 0; i < 30; ++i) datagrams.push_back(conclusion(caller(7000 + i), SocketId{i + 1u}));
  for (std::uint16_t i = 0; i < 30; ++i) EXPECT_TRUE(heard(caller(7000 + i), datagrams[i]).empty());
  EXPECT_EQ(read(Verdict::kHandshakeForwarded), 10u) << "two seconds' worth";
  EXPECT_EQ(read(Verdict::kSiteLimited), 20u);
  EXPECT_EQ(conclusions_told(), 10u);
  heard(caller(7029), datagrams[29], millis(250));
  EXPECT_EQ(read(Verdict::kHandshakeForwarded), 11u) << "its next copy, when there is room";
}

TEST_F(RelayArmourTest, ConclusionsOfAllTogetherAreBounded) {
  say(command::SetArmour{{.conclusions_per_second = 5, .site_conclusions_per_second = 100}});
  for (std::uint8_t i = 0; i < 30; ++i) {
    const Endpoint from{IpAddress::v4(10, i, 0, 1), 5000};
    heard(from, conclusion(from, SocketId{i + 1u}));
  }
  EXPECT_EQ(read(Verdict::kHandshakeForwarded), 10u);
  EXPECT_EQ(read(Verdict::kConclusionsLimited), 20u);
}

TEST_F(RelayArmourTest, AnAudienceThatRepeatsItselfIsChargedOnce) {
  say(command::SetArmour{{.site_conclusions_per_second = 1}});
  const auto datagram = conclusion(kCaller, SocketId{9});
  for (int i = 0; i < 8; ++i) heard(kCaller, datagram);
  EXPECT_EQ(read(Verdict::kHandshakeForwarded), 1u);
  EXPECT_EQ(read(Verdict::kHandshakePending), 7u);
}

TEST_F(RelayArmourTest, CookiesAreSaidSoManyTimesASecondAndNoAnswerIsLongerThanItsRequest) {
  say(command::SetArmour{{.inductions_per_second = 20}});
  std::size_t said = 0;
  for (std::uint16_t i = 0; i < 100; ++i) {
    const auto request = induction(SocketId{i + 1u});
    for (const Said& answer : heard(caller(7000 + i), request)) {
      EXPECT_LE(answer.bytes.size(), request.size());
      ++said;
    }
  }
  EXPECT_EQ(said, 40u);
  EXPECT_EQ(read(Verdict::kInductionsLimited), 60u);
}

TEST_F(RelayArmourTest, NoAnswerToAConclusionThatOpensNothingIsLongerThanIt) {
  const auto request = conclusion(kCaller, SocketId{9});
  heard(kCaller, request);
  auto open = opening(Role::kViewer, kCaller, SocketId{9});
  open.stream = StreamIndex{7};  // Gone meanwhile.
  say(std::move(open));
  const auto answers = breathe();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_LE(answers[0].bytes.size(), request.size());
}

TEST_F(RelayArmourTest, ABannedAddressIsNotAnsweredAndTheDataOfASessionGoesOn) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, SocketId{50}));
  const auto datagram = conclusion(kViewerAt, SocketId{9});
  say(command::Ban{*IpPrefix::parse("192.0.2.0/24")});
  EXPECT_TRUE(heard(kViewerAt, induction(SocketId{8})).empty());
  EXPECT_TRUE(heard(kViewerAt, datagram).empty());
  EXPECT_EQ(read(Verdict::kBanned), 2u);
  EXPECT_EQ(conclusions_told(), 0u);
  heard(kCaller, data(publisher, kIsn));
  EXPECT_EQ(read(Verdict::kAccepted), 1u) << "to close it is control's word";
  const Endpoint other{IpAddress::v4(198, 51, 100, 1), 5000};
  EXPECT_EQ(heard(other, induction(SocketId{8})).size(), 1u);
  say(command::Unban{*IpPrefix::parse("192.0.2.0/24")});
  heard(kViewerAt, datagram);
  EXPECT_EQ(read(Verdict::kHandshakeForwarded), 1u);
}

TEST_F(RelayArmourTest, AMuteCrowdGivesWayToItselfAndNobodyIsTurnedAway) {
  say(command::SetArmour{{.half_open_max = 3}});
  const Endpoint honest{IpAddress::v4(198, 51, 100, 1), 5000};
  const SocketId waiting = open_unheard(opening(Role::kViewer, honest, SocketId{9}));
  std::vector<SocketId> displaced;
  for (std::uint16_t i = 0; i < 8; ++i) {
    say(opening(Role::kViewer, caller(6000 + i), SocketId{6000u + i}));
    const auto said = run_for(millis(60));
    EXPECT_EQ(count(to(said, caller(6000 + i)), ControlType::kHandshake), 1u);
    EXPECT_EQ(count(said, ControlType::kShutdown), i < 2 ? 0u : 3u) << "who goes is told";
  }
  EXPECT_EQ(read(Counter::kHalfOpenDisplaced), 6u);
  EXPECT_EQ(read(Counter::kSessionsRefused), 0u);
  heard(honest, bare(waiting, ControlType::kKeepAlive));
  EXPECT_EQ(read(Verdict::kControl), 1u) << "it is still there";
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->request, RequestId{6000}) << "the oldest of them";
  EXPECT_EQ(closed->reason, CloseReason::kDisplaced);
}

TEST_F(RelayArmourTest, WhoIsHeardOrForgottenNeedsNoPlaceAmongTheUnheard) {
  say(command::SetArmour{{.half_open_max = 2}});
  const SocketId viewer = open_unheard(opening(Role::kViewer, kViewerAt, SocketId{9}));
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, SocketId{50}));
  heard(kViewerAt, bare(viewer, ControlType::kKeepAlive));
  open_silent(7000, 1);
  EXPECT_EQ(read(Counter::kHalfOpenDisplaced), 0u) << "the viewer was heard";
  heard(kCaller, data(publisher, kIsn));
  open_silent(7010, 1);
  EXPECT_EQ(read(Counter::kHalfOpenDisplaced), 0u) << "the publisher was heard";
  for (int i = 0; i < 4; ++i) {
    heard(kViewerAt, bare(viewer, ControlType::kKeepAlive), millis(900));
    heard(kCaller, data(publisher, {kIsn.raw + 1 + static_cast<std::uint32_t>(i)}));
  }
  open_silent(7020, 2);
  EXPECT_EQ(read(Counter::kHalfOpenDisplaced), 0u) << "the silent ones are given up after 3 s";
  open_silent(7030, 1);
  EXPECT_EQ(read(Counter::kHalfOpenDisplaced), 1u);
}

// Everything that SRT knows as control, well formed, with the right socket ID.
struct Spoof {
  const char* what;
  std::vector<std::byte> (*make)(SocketId to);
};
const Spoof kSpoofs[] = {
    {"handshake",
     [](SocketId to) {
       return RelayFixture::handshake(
           {.handshake = {.version = 5, .request = -1, .socket = SocketId{9}, .peer_ip = {}}}, to);
     }},
    {"keep-alive", [](SocketId to) { return RelayFixture::bare(to, ControlType::kKeepAlive); }},
    {"ACK", [](SocketId to) { return RelayFixture::ack(to, SeqNo{31}, 1); }},
    {"NAK",
     [](SocketId to) {
       return RelayFixture::nak(to, {{SeqNo{30}, SeqNo{30}}});
     }},
    {"congestion warning", [](SocketId to) { return RelayFixture::bare(to, ControlType{0x0004}); }},
    {"shutdown", [](SocketId to) { return RelayFixture::bare(to, ControlType::kShutdown); }},
    {"ACKACK", [](SocketId to) { return RelayFixture::bare(to, ControlType::kAckAck, 1); }},
    {"drop request", [](SocketId to) { return RelayFixture::bare(to, ControlType{0x0007}, 1); }},
    {"peer error", [](SocketId to) { return RelayFixture::bare(to, ControlType{0x0008}); }},
    {"KMREQ",
     [](SocketId to) {
       std::vector<std::byte> out(128);
       out.resize(wire::write_key_packet(out, wire::kUserKeyRequest, std::vector<std::byte>(56), {}, to));
       return out;
     }},
    {"KMRSP",
     [](SocketId to) {
       std::vector<std::byte> out(128);
       out.resize(wire::write_key_packet(out, wire::kUserKeyResponse, std::vector<std::byte>(56), {}, to));
       return out;
     }},
    {"data", [](SocketId to) { return RelayFixture::data(to, RelayFixture::kIsn); }},
};

TEST_F(RelayArmourTest, NothingFromAnotherAddressOrPortTouchesASession) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, SocketId{50}));
  const SocketId viewer = open(opening(Role::kViewer, kViewerAt, SocketId{9}, SeqNo{30}));
  run_for(millis(6));
  heard(kCaller, data(publisher, kIsn));
  const Endpoint strangers[] = {{IpAddress::v4(198, 51, 100, 1), kCaller.port},
                                {kCaller.ip, static_cast<std::uint16_t>(kCaller.port + 1)},
                                {kCaller.ip, kViewerAt.port == 5000 ? std::uint16_t{1} : std::uint16_t{6001}}};
  std::uint64_t spoofed = 0;
  for (const Endpoint& stranger : strangers) {
    for (const Spoof& spoof : kSpoofs) {
      for (const SocketId target : {publisher, viewer}) {
        EXPECT_TRUE(to(heard(stranger, spoof.make(target)), stranger).empty()) << spoof.what;
        EXPECT_EQ(read(Verdict::kWrongAddress), ++spoofed) << spoof.what;
      }
    }
  }
  EXPECT_EQ(count(run_for(millis(100)), ControlType::kShutdown), 0u);
  EXPECT_FALSE(next_event<event::SessionClosed>());
  EXPECT_EQ(read(Counter::kRepairsSent), 0u);
  const auto fresh = to(heard(kCaller, data(publisher, {kIsn.raw + 1})), kViewerAt);
  EXPECT_EQ(sequences(fresh), (std::vector<std::uint32_t>{31})) << "the next is the next: nothing was admitted";
}

TEST_F(RelayArmourTest, AMuteViewerIsSentNineteenPacketsAndNotTheStream) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, SocketId{50}));
  open_unheard(opening(Role::kViewer, kViewerAt, SocketId{9}));
  run_for(millis(6));
  std::size_t packets = 0, others = 0;
  for (std::uint32_t i = 0; i < 290; ++i) {
    hear(kCaller, data(publisher, {kIsn.raw + i}));
    for (const Said& one : to(run_for(millis(10)), kViewerAt)) {
      packets += one.data() ? 1 : 0;
      others += one.data() ? 0 : one.bytes.size();
    }
  }
  EXPECT_EQ(packets, 19u);
  EXPECT_LE(others, 3 * 20u) << "KEEPALIVE";
}

// The publisher's port says it to the viewer's session, and the other way round.
TEST_F(RelayArmourTest, NobodySpeaksForAnotherSession) {
  const SocketId publisher = open(opening(Role::kPublisher, kCaller, SocketId{50}));
  const SocketId viewer = open(opening(Role::kViewer, kViewerAt, SocketId{9}));
  heard(kCaller, bare(viewer, ControlType::kShutdown));
  heard(kViewerAt, bare(publisher, ControlType::kShutdown));
  EXPECT_EQ(read(Verdict::kWrongAddress), 2u);
  run_for(millis(100));
  EXPECT_FALSE(next_event<event::SessionClosed>());
}

}  // namespace
}  // namespace fanlight
