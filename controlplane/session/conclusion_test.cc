// srt-wire §2.2: what each malformed or unwanted CONCLUSION is told, and what a good one gets.
#include "session/conclusion.h"

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using wire::Reject;

class ConclusionTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), secret_rule("live/secret")}); }
};

TEST_F(ConclusionTest, EachFaultHasItsCode) {
  const struct {
    const char* what;
    Reject reason;
    void (*spoil)(Caller&);
  } rows[] = {
      {"version 6", Reject::kVersion, [](Caller& c) { c.version = 6; }},
      {"extension field 0", Reject::kRogue, [](Caller& c) { c.extension = 0; }},
      {"no HSREQ", Reject::kRogue, [](Caller& c) { c.has_capabilities = false; }},
      {"nothing behind the 48 bytes", Reject::kRogue,
       [](Caller& c) { c.has_capabilities = false, c.stream_id.clear(); }},
      {"HSREQ of two words", Reject::kRogue,
       [](Caller& c) {
         c.has_capabilities = false;
         c.tail = {std::byte{0}, std::byte{1}, std::byte{0}, std::byte{2}};
         c.tail.resize(12);
       }},
      {"block longer than the packet", Reject::kRogue,
       [](Caller& c) {
         c.tail = {std::byte{0}, std::byte{5}, std::byte{0}, std::byte{9}};
       }},
      {"SRT 1.2.9", Reject::kRogue, [](Caller& c) { c.capabilities.srt_version = 0x0001'0209; }},
      {"stream mode", Reject::kMessageApi, [](Caller& c) { c.capabilities.flags |= wire::kFlagStream; }},
      {"file congestion control", Reject::kCongestion, [](Caller& c) { c.congestion = "file"; }},
      {"packet filter", Reject::kFilter, [](Caller& c) { c.filter = "fec,cols:10,rows:5"; }},
      {"group", Reject::kGroup,
       [](Caller& c) {
         c.tail = {std::byte{0}, std::byte{8}, std::byte{0}, std::byte{2}};
         c.tail.resize(12);
       }},
      {"empty stream ID block", Reject::kUnknown,
       [](Caller& c) {
         c.tail = {std::byte{0}, std::byte{5}, std::byte{0}, std::byte{0}};
       }},
      {"no stream ID", Reject::kBadRequest, [](Caller& c) { c.stream_id.clear(); }},
      {"nested stream ID", Reject::kBadRequest, [](Caller& c) { c.stream_id = "#!:{r=a}"; }},
      {"bidirectional", Reject::kBadMode, [](Caller& c) { c.stream_id = "#!::r=live/main,m=bidirectional"; }},
      {"unknown stream", Reject::kNotFound, [](Caller& c) { c.stream_id = "live/other"; }},
      {"key where none is wanted", Reject::kUnsecure, [](Caller& c) { c.key_message = KeyMaterial{}.bytes(); }},
      {"no key where one is wanted", Reject::kUnsecure, [](Caller& c) { c.stream_id = "live/secret"; }},
      {"wrong passphrase", Reject::kBadSecret,
       [](Caller& c) {
         c.stream_id = "live/secret";
         c.key_message = KeyMaterial{.passphrase = "another passphrase"}.bytes();
       }},
      {"GCM", Reject::kCrypto,
       [](Caller& c) {
         c.stream_id = "live/secret";
         c.key_message = KeyMaterial{.cipher = wire::Cipher::kAesGcm}.bytes();
       }},
      {"damaged key message", Reject::kRogue,
       [](Caller& c) {
         c.stream_id = "live/secret";
         c.key_message = KeyMaterial{}.bytes();
         c.key_message[0] = std::byte{0};
       }},
  };
  for (const auto& row : rows) {
    Caller caller;
    row.spoil(caller);
    EXPECT_EQ(rejection_of(caller), static_cast<std::int32_t>(row.reason)) << row.what;
  }
  EXPECT_EQ(rejection_of(Caller{}), 0);
}

TEST_F(ConclusionTest, ARejectionEchoesTheRequestIn64Bytes) {
  call(viewer("live/other", 4'711));

  const auto reply = take<command::SendReply>();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->path, Caller{}.path());
  const Answer answer = read_answer(*reply);
  EXPECT_EQ(answer.bytes, 64u);
  EXPECT_EQ(answer.header.destination, SocketId{4'711});
  EXPECT_EQ(answer.handshake.request, 2404);
  EXPECT_EQ(answer.handshake.version, 5u);
  EXPECT_EQ(answer.handshake.first_seq, SeqNo{1'000});
  EXPECT_EQ(answer.handshake.cookie, 0xC00C1Eu);
}

TEST_F(ConclusionTest, EveryCopyOfARejectedConclusionIsAnswered) {
  EXPECT_EQ(rejection_of(viewer("live/other")), 2404);
  EXPECT_EQ(rejection_of(viewer("live/other")), 2404);
}

TEST_F(ConclusionTest, WhatIsNoValidConclusionIsNeverAnswered) {
  void (*const spoils[])(Caller&) = {
      [](Caller& c) { c.version = 3; },
      [](Caller& c) { c.version = 4; },
      [](Caller& c) { c.first_seq = 0x7FFF'FFFF; },
      [](Caller& c) { c.mss = 31; },
      [](Caller& c) { c.socket = 0; },
      [](Caller& c) { c.request = static_cast<std::int32_t>(wire::RequestType::kInduction); },
      [](Caller& c) { c.request = static_cast<std::int32_t>(wire::RequestType::kWaveAHand); },
      [](Caller& c) { c.request = 1'004; },
  };
  for (const auto spoil : spoils) {
    Caller caller;
    spoil(caller);
    call(caller);
    EXPECT_TRUE(take_commands().empty());
  }
}

TEST_F(ConclusionTest, NoTruncationOfAConclusionIsLetIn) {
  Caller caller = publisher("live/secret");
  caller.key_message = KeyMaterial{}.bytes();
  const std::vector<std::byte> whole = caller.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    event::ConclusionReceived event{.path = caller.path(), .received = now_, .bytes = static_cast<std::uint16_t>(size)};
    std::copy_n(whole.begin(), size, event.datagram.begin());
    desk().handle_event(now_, std::move(event));
    std::vector<Command> commands = take_commands();
    EXPECT_EQ(find<command::OpenSession>(commands), nullptr) << size;
  }
}

// Trap 9: Blackmagic sends 0xBD01.
TEST_F(ConclusionTest, UnknownBlocksAndLiveCongestionAreNoFault) {
  Caller caller;
  caller.congestion = "live";
  caller.tail = {std::byte{0xBD}, std::byte{0x01}, std::byte{0}, std::byte{1}};
  caller.tail.resize(8);
  EXPECT_EQ(rejection_of(caller), 0);
}

TEST_F(ConclusionTest, TheResponseIsWholeButForSocketAndTimestamp) {
  Caller caller = viewer("live/main");
  caller.mss = 1'600;
  const command::OpenSession opening = let_in(caller);

  const Answer answer = read_answer(opening);
  EXPECT_EQ(answer.bytes, 80u);
  EXPECT_EQ(answer.header.destination, SocketId{77});
  EXPECT_EQ(answer.header.time, WireTime{});
  EXPECT_EQ(answer.handshake, (wire::Handshake{.version = 5,
                                               .encryption = 0,
                                               .extension = wire::kExtHsReq,
                                               .first_seq = {1'000},
                                               .mss = 1'500,
                                               .window_packets = kFlowWindowPackets,
                                               .request = -1,
                                               .socket = SocketId{},
                                               .cookie = 0xC00C1E,
                                               .peer_ip = IpAddress::v4(192, 0, 2, 9)}));
  ASSERT_TRUE(answer.extensions && answer.extensions->capabilities);
  EXPECT_TRUE(answer.extensions->is_response);
  EXPECT_EQ(answer.extensions->capabilities->srt_version, wire::kSrtVersion);
  EXPECT_EQ(answer.extensions->capabilities->flags, 0x3Fu);
  EXPECT_TRUE(answer.key_message.empty());

  EXPECT_EQ(opening.role, Role::kViewer);
  EXPECT_EQ(opening.peer, SocketId{77});
  EXPECT_EQ(opening.first_seq, SeqNo{1'000});
  EXPECT_EQ(opening.window_packets, 4'096u);
  EXPECT_EQ(opening.mss, 1'500u);
  EXPECT_TRUE(opening.peer_rexmit);
  EXPECT_EQ(opening.ciphers, nullptr);
}

TEST_F(ConclusionTest, ASmallerMssWins) {
  Caller caller = publisher("live/main");
  caller.mss = 1'000;
  const command::OpenSession opening = let_in(caller);
  EXPECT_EQ(opening.mss, 1'000u);
  EXPECT_EQ(read_answer(opening).handshake.mss, 1'000u);
}

TEST_F(ConclusionTest, RexmitIsOnlySaidToThoseWhoKnowIt) {
  Caller caller;
  caller.capabilities.flags = 0xBF & ~wire::kFlagRexmit;
  const command::OpenSession opening = let_in(caller);
  EXPECT_FALSE(opening.peer_rexmit);
  EXPECT_EQ(read_answer(opening).extensions->capabilities->flags, 0x1Fu);
}

// Trap 21: the high half is the sender of the HSREQ/HSRSP as receiver, the low half what it asks of the other.
TEST_F(ConclusionTest, LatencyHalvesAreNotSwapped) {
  StreamRule slow = rule("a");
  slow.latency = millis(200);
  slow.latency_max = millis(1'000);
  const struct {
    std::uint16_t high, low;  // Asked.
    std::uint16_t high_answer, low_answer;
  } rows[] = {
      {0, 0, 200, 200}, {300, 0, 200, 300}, {0, 400, 400, 200}, {5'000, 250, 250, 1'000}, {250, 5'000, 1'000, 250}};
  for (const auto& row : rows) {
    for (Caller caller : {publisher("a"), viewer("a")}) {
      begin({slow});
      caller.capabilities.receiver_delay_ms = row.high;
      caller.capabilities.sender_delay_ms = row.low;
      const command::OpenSession opening = let_in(caller);
      const wire::HsCapabilities answer = *read_answer(opening).extensions->capabilities;
      EXPECT_EQ(answer.receiver_delay_ms, row.high_answer);
      EXPECT_EQ(answer.sender_delay_ms, row.low_answer);
      EXPECT_EQ(opening.receive_latency, millis(row.high_answer));
      EXPECT_EQ(opening.send_latency, millis(row.low_answer));
    }
  }
}

TEST_F(ConclusionTest, AViewerPlaysWithAtLeastItsPublishersLatency) {
  Caller source = publisher("live/main");
  source.capabilities.sender_delay_ms = 800;
  const command::OpenSession publishing = let_in(source);
  EXPECT_EQ(let_in(viewer("live/main", 1)).send_latency, millis(800));

  closed(publishing);
  EXPECT_EQ(let_in(viewer("live/main", 2)).send_latency, millis(120));
}

}  // namespace
}  // namespace fanlight::control
