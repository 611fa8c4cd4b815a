#include "engine/srt/caller.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "wire/test_bytes.h"

namespace fanlight::srt {
namespace {

using wire::ControlType;
using wire::Reject;

// What a libsrt 1.5.1 caller with a 16-byte key and 200 ms latency sent on loopback. Ours differs in three places: its
// flags have no packet filter (3F), and the encryption field names the key length, which libsrt leaves 0 by default.
constexpr const char* kInductionRequest =
    "80000000 00000000 0000015a 00000000"
    "00000004 00000002 6c988fc5 000005dc 00002000 00000001 2121b801 00000000 0100007f 00000000 00000000 00000000";
constexpr const char* kConclusionRequest =
    "80000000 00000000 00001671 00000000"
    "00000005 00020003 6c988fc5 000005dc 00002000 ffffffff 2121b801 72c77d0d 0100007f 00000000 00000000 00000000"
    "00010003 00010501 0000003f 00c800c8 0003000e 12202901 00000000 02000200 00000404"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 2bb3c3b3408c3b90b2a302cc418a548b6a1a16173edd6d73";
const Bytes kKeyMessage = from_hex(
    "12202901 00000000 02000200 00000404 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "2bb3c3b3408c3b90b2a302cc418a548b6a1a16173edd6d73");
constexpr SocketId kListener{0x1234567};

Caller::Options options() {
  return {.opened = Instant{1'000'000},
          .socket = SocketId{0x2121B801},
          .first_seq = {0x6C988FC5},
          .receive_latency = millis(200),
          .send_latency = millis(200),
          .listener = IpAddress::v4(127, 0, 0, 1)};
}
Caller::Options sealed() {
  Caller::Options all = options();
  all.key_message = kKeyMessage;
  all.key_bytes = 16;
  return all;
}

// What a listener answers to an INDUCTION and to a CONCLUSION; each test spoils one field.
wire::Handshake offer() {
  return {.version = 5,
          .extension = wire::kInductionMagic,
          .first_seq = {0x6C988FC5},
          .request = static_cast<std::int32_t>(wire::RequestType::kInduction),
          .socket = SocketId{0x2121B801},
          .cookie = 0x72C77D0D};
}
wire::HandshakePacket agreement() {
  return {.handshake = {.version = 5,
                        .extension = wire::kExtHsReq,
                        .first_seq = {0x6C988FC5},
                        .mss = 1400,
                        .window_packets = 25600,
                        .request = static_cast<std::int32_t>(wire::RequestType::kConclusion),
                        .socket = kListener},
          .capabilities = wire::HsCapabilities{.flags = 0xBF, .receiver_delay_ms = 300, .sender_delay_ms = 50},
          .is_response = true};
}

class CallerTest : public ::testing::Test {
 protected:
  Verdict hear(Caller& caller, const wire::HandshakePacket& packet) {
    std::array<std::byte, 1472> out;
    const std::size_t bytes = wire::write_handshake_packet(out, packet, {5000}, SocketId{0x2121B801});
    const ByteSpan datagram = std::span(out).first(bytes);
    return caller.handle_control(now, *wire::parse_control_header(datagram), datagram.subspan(wire::kHeaderBytes));
  }
  Bytes speak(Caller& caller, WireTime time = {}) {
    std::array<std::byte, 1472> out;
    caller.handle_timeout(now);
    const std::size_t bytes = caller.poll_control(now, {time, {}}, out);
    EXPECT_EQ(caller.poll_control(now, {time, {}}, scratch), 0u) << "one request is said once";
    EXPECT_GT(caller.next_deadline().at, now) << "a deadline that is past makes the worker spin";
    return copy(std::span(out).first(bytes));
  }
  // A caller that has the cookie and has said its CONCLUSION.
  Caller concluding(const Caller::Options& all) {
    Caller caller(all);
    (void)speak(caller);
    EXPECT_EQ(hear(caller, {.handshake = offer()}), Verdict::kControl);
    (void)speak(caller);
    return caller;
  }
  Reject refusal_of(const Caller::Options& all, const wire::HandshakePacket& packet) {
    Caller caller = concluding(all);
    EXPECT_EQ(hear(caller, packet), Verdict::kControl);
    EXPECT_EQ(caller.poll_event(), PeerEvent::kRejected);
    EXPECT_FALSE(caller.failure().is_from_peer);
    return caller.failure().reason;
  }

  Instant now{1'000'000};
  std::array<std::byte, 1472> scratch{};
};

TEST_F(CallerTest, SaysWhatLibsrtSays) {
  Caller caller(sealed());
  EXPECT_EQ(speak(caller, {0x15A}), from_hex(kInductionRequest));
  EXPECT_EQ(hear(caller, {.handshake = offer()}), Verdict::kControl);
  EXPECT_EQ(speak(caller, {0x1671}), from_hex(kConclusionRequest));
}

TEST_F(CallerTest, RepeatsEachRequestEvery250Milliseconds) {
  Caller caller(options());
  EXPECT_FALSE(speak(caller).empty());
  now = now + millis(249);
  EXPECT_TRUE(speak(caller).empty());
  now = now + millis(1);
  EXPECT_EQ(speak(caller, {0x15A}), from_hex(kInductionRequest));
  EXPECT_EQ(hear(caller, {.handshake = offer()}), Verdict::kControl);
  const Bytes conclusion = speak(caller);
  EXPECT_FALSE(conclusion.empty()) << "the conclusion does not wait for the next turn";
  now = now + millis(250);
  EXPECT_EQ(speak(caller), conclusion);
}

TEST_F(CallerTest, GivesUpAfterItsTimeout) {
  Caller caller(options());
  for (; now < Instant{1'000'000} + millis(2999); now = now + millis(1)) (void)speak(caller);
  EXPECT_TRUE(caller.is_calling());
  now = now + millis(1);
  EXPECT_TRUE(speak(caller).empty());
  EXPECT_EQ(caller.poll_event(), PeerEvent::kConnectTimeout);
  EXPECT_EQ(caller.failure().reason, Reject::kTimeout);
  EXPECT_EQ(caller.next_deadline().at, Instant::never());
}

TEST_F(CallerTest, SendsTheStreamIdInReversedGroups) {
  Caller::Options all = options();
  all.stream_id = "abcde";
  Caller caller(all);
  (void)speak(caller);
  ASSERT_EQ(hear(caller, {.handshake = offer()}), Verdict::kControl);
  const Bytes said = speak(caller);
  ASSERT_EQ(said.size(), 16u + 48 + 16 + 12);
  EXPECT_EQ(copy(std::span(said).subspan(20, 4)), from_hex("00000005")) << "HSREQ and CONFIG";
  EXPECT_EQ(copy(std::span(said).subspan(80)), from_hex("00050002 64636261 00000065"));
}

TEST_F(CallerTest, TakesWhatTheListenerAgreesTo) {
  Caller caller = concluding(options());
  EXPECT_EQ(hear(caller, agreement()), Verdict::kControl);
  EXPECT_EQ(caller.poll_event(), PeerEvent::kConnected);
  EXPECT_EQ(caller.poll_event(), std::nullopt);
  EXPECT_EQ(caller.state(), Caller::State::kConnected);
  const Caller::Answer& answer = caller.answer();
  EXPECT_EQ(answer.peer, kListener);
  EXPECT_EQ(answer.first_seq, SeqNo{0x6C988FC5});
  EXPECT_EQ(answer.time, WireTime{5000});
  EXPECT_EQ(answer.receive_latency, millis(50)) << "the low half, without a maximum";
  EXPECT_EQ(answer.send_latency, millis(300)) << "the high half";
  EXPECT_EQ(answer.mss, 1400u);
  EXPECT_EQ(answer.window_packets, 25600u);
  EXPECT_TRUE(answer.knows_retransmit_flag);
  EXPECT_EQ(answer.keys, wire::KeyState::kUnsecured);
}

TEST_F(CallerTest, TellsTheListenerThatItIsUp) {
  Caller caller = concluding(options());
  (void)hear(caller, agreement());
  const Bytes said = speak(caller, {77});
  ASSERT_EQ(said.size(), 20u);
  const auto header = wire::parse_control_header(said);
  EXPECT_EQ(header->type, ControlType::kKeepAlive);
  EXPECT_EQ(header->destination, kListener);
  EXPECT_EQ(header->time, WireTime{77});
  (void)hear(caller, agreement());  // Repeated by the listener.
  EXPECT_TRUE(speak(caller).empty());
  EXPECT_EQ(caller.poll_event(), PeerEvent::kConnected);
  EXPECT_EQ(caller.poll_event(), std::nullopt);
}

TEST_F(CallerTest, AcceptsAnIsnThatIsNotItsOwn) {
  Caller caller = concluding(options());
  wire::HandshakePacket packet = agreement();
  packet.handshake.first_seq = {7};
  (void)hear(caller, packet);
  EXPECT_EQ(caller.answer().first_seq, SeqNo{7});
}

TEST_F(CallerTest, LearnsThatThePeerDoesNotKnowR) {
  Caller caller = concluding(options());
  wire::HandshakePacket packet = agreement();
  packet.capabilities->flags = 0x1F;
  (void)hear(caller, packet);
  EXPECT_FALSE(caller.answer().knows_retransmit_flag);
}

TEST_F(CallerTest, KeepsItsOwnLatencyWhenThePeerSendsWithoutTimestamps) {
  Caller caller = concluding(options());
  wire::HandshakePacket packet = agreement();
  packet.capabilities->flags &= ~(wire::kFlagTsbpdSend | wire::kFlagTsbpdReceive);
  (void)hear(caller, packet);
  EXPECT_EQ(caller.answer().receive_latency, millis(200));
  EXPECT_EQ(caller.answer().send_latency, Micros{});
}

TEST_F(CallerTest, IsSecuredByItsOwnKeyMessageOnly) {
  Caller caller = concluding(sealed());
  wire::HandshakePacket packet = agreement();
  packet.key_message = kKeyMessage;
  (void)hear(caller, packet);
  EXPECT_EQ(caller.poll_event(), PeerEvent::kConnected);
  EXPECT_EQ(caller.answer().keys, wire::KeyState::kSecured);

  Bytes other = kKeyMessage;
  other.back() ^= std::byte{1};
  packet.key_message = other;
  EXPECT_EQ(refusal_of(sealed(), packet), Reject::kBadSecret);
}

TEST_F(CallerTest, ReadsWhyTheKeysWereNotTaken) {
  wire::HandshakePacket packet = agreement();
  EXPECT_EQ(refusal_of(sealed(), packet), Reject::kUnsecure) << "no KMRSP";
  const Bytes bad_secret = from_hex("04000000");
  packet.key_message = bad_secret;
  EXPECT_EQ(refusal_of(sealed(), packet), Reject::kBadSecret);
  const Bytes no_secret = from_hex("03000000");
  packet.key_message = no_secret;
  EXPECT_EQ(refusal_of(sealed(), packet), Reject::kUnsecure);
  EXPECT_EQ(refusal_of(options(), packet), Reject::kUnsecure) << "nobody asked for keys";
  const Bytes bad_mode = from_hex("05000000");
  packet.key_message = bad_mode;
  EXPECT_EQ(refusal_of(sealed(), packet), Reject::kCrypto);
}

TEST_F(CallerTest, EndsTheSessionThatAnAnswerOpenedInVain) {
  Caller caller = concluding(sealed());
  (void)hear(caller, agreement());
  const Bytes said = speak(caller);
  ASSERT_EQ(said.size(), 20u);
  EXPECT_EQ(wire::parse_control_header(said)->type, ControlType::kShutdown);
  EXPECT_EQ(wire::parse_control_header(said)->destination, kListener);
  EXPECT_TRUE(speak(caller).empty());
}

TEST_F(CallerTest, StopsAtARejection) {
  Caller caller = concluding(options());
  wire::HandshakePacket packet{.handshake = offer()};
  packet.handshake.version = 0;  // Whatever else stands there.
  packet.handshake.request = 2404;
  EXPECT_EQ(hear(caller, packet), Verdict::kControl);
  EXPECT_EQ(caller.poll_event(), PeerEvent::kRejected);
  EXPECT_EQ(caller.failure().reason, Reject::kNotFound);
  EXPECT_TRUE(caller.failure().is_from_peer);
  EXPECT_TRUE(speak(caller).empty());
  EXPECT_EQ(hear(caller, agreement()), Verdict::kControl);
  EXPECT_EQ(caller.state(), Caller::State::kFailed) << "a late answer changes nothing";
}

TEST_F(CallerTest, RefusesAListenerOfVersion4) {
  Caller caller(options());
  wire::Handshake answer = offer();
  answer.version = 4;
  answer.extension = 2;
  (void)hear(caller, {.handshake = answer});
  EXPECT_EQ(caller.failure().reason, Reject::kVersion);
}

TEST_F(CallerTest, RefusesAnInductionWithoutTheMagicOrWithAnMssNobodyHas) {
  Caller caller(options());
  wire::Handshake answer = offer();
  answer.extension = 2;
  (void)hear(caller, {.handshake = answer});
  EXPECT_EQ(caller.failure().reason, Reject::kRogue);

  Caller another(options());
  answer = offer();
  answer.mss = 1501;
  (void)hear(another, {.handshake = answer});
  EXPECT_EQ(another.failure().reason, Reject::kRogue);
}

TEST_F(CallerTest, RefusesAConclusionThatLacksWhatItNeeds) {
  wire::HandshakePacket packet = agreement();
  packet.capabilities.reset();
  EXPECT_EQ(refusal_of(options(), packet), Reject::kRogue) << "no HSRSP";
  packet = agreement();
  packet.is_response = false;
  EXPECT_EQ(refusal_of(options(), packet), Reject::kRogue) << "HSREQ is a request";
  packet = agreement();
  packet.handshake.socket = SocketId{};
  EXPECT_EQ(refusal_of(options(), packet), Reject::kRogue) << "nobody to talk to";
  packet = agreement();
  packet.handshake.mss = 1501;
  EXPECT_EQ(refusal_of(options(), packet), Reject::kRogue);
  packet = agreement();
  packet.handshake.version = 4;
  EXPECT_EQ(refusal_of(options(), packet), Reject::kVersion);
  packet = agreement();
  packet.capabilities->flags |= wire::kFlagStream;
  EXPECT_EQ(refusal_of(options(), packet), Reject::kMessageApi);
}

TEST_F(CallerTest, MalformedBytesChangeNothing) {
  Caller caller(options());
  (void)speak(caller);
  const Bytes offered = from_hex(kInductionRequest);
  EXPECT_EQ(caller.handle_control(now, {.type = ControlType::kHandshake}, std::span(offered).subspan(16, 47)),
            Verdict::kMalformed);
  wire::Handshake answer = offer();
  answer.window_packets = 1;
  EXPECT_EQ(hear(caller, {.handshake = answer}), Verdict::kMalformed);
  EXPECT_EQ(hear(caller, agreement()), Verdict::kMalformed) << "a conclusion before the cookie";
  EXPECT_EQ(caller.state(), Caller::State::kInduction);
  EXPECT_TRUE(speak(caller).empty());
}

TEST_F(CallerTest, ARepeatedInductionDoesNotChangeTheCookie) {
  Caller caller = concluding(options());
  wire::Handshake answer = offer();
  answer.cookie = 1;
  EXPECT_EQ(hear(caller, {.handshake = answer}), Verdict::kControl);
  EXPECT_TRUE(speak(caller).empty());
  now = now + millis(250);
  const Bytes said = speak(caller);
  EXPECT_EQ(copy(std::span(said).subspan(44, 4)), from_hex("72c77d0d"));
}

// The listener's answer was lost, its data was not: asking again beats waiting for the next turn.
TEST_F(CallerTest, DataBeforeTheAnswerAsksAgainOnceIn10Milliseconds) {
  Caller caller = concluding(options());
  for (int i = 0; i < 20; ++i) caller.handle_early_packet(now);
  EXPECT_TRUE(speak(caller).empty());
  now = now + millis(10);
  EXPECT_FALSE(speak(caller).empty());
  EXPECT_EQ(caller.handle_control(now, {.type = ControlType::kKeepAlive}, {}), Verdict::kControl);
  EXPECT_TRUE(speak(caller).empty());
  now = now + millis(10);
  EXPECT_FALSE(speak(caller).empty());
}

}  // namespace
}  // namespace fanlight::srt
