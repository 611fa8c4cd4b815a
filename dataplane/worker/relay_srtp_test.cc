// Feeds whose RTP comes as SRTP: it is read at the door, and what is behind that sees RTP.
#include <gtest/gtest.h>

#include "crypto/test_srtp.h"
#include "wire/rtcp.h"
#include "wire/rtp_feedback.h"
#include "wire/rtp_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using crypto::SrtpSuite;

const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};
const Endpoint kSenderRtcp{IpAddress::v4(198, 51, 100, 1), 40'001};
const Endpoint kOther{IpAddress::v4(198, 51, 100, 2), 40'000};
const Endpoint kFeed{IpAddress::v4(192, 0, 2, 1), 5'004};
const Endpoint kReports{IpAddress::v4(192, 0, 2, 1), 5'005};
constexpr std::uint32_t kSsrc = 0xABCD;
constexpr std::uint32_t kRtxSsrc = 0x7777;
constexpr RequestId kRequest{500};

class RelaySrtpTest : public ::testing::Test, protected RelayFixture {
 protected:
  static Bytes payload(std::uint64_t number) {
    Bytes bytes(2 * 188, std::byte(number));
    bytes[0] = bytes[188] = std::byte{0x47};
    return bytes;
  }
  static Bytes rtp(std::uint64_t index, std::uint32_t ssrc = kSsrc, std::uint8_t payload_type = 33) {
    Bytes bytes(12);
    wire::write_rtp_header(std::span(bytes).first<12>(), {.payload_type = payload_type,
                                                          .seq = static_cast<std::uint16_t>(index),
                                                          .timestamp = static_cast<std::uint32_t>(index) * 900u,
                                                          .ssrc = ssrc});
    const Bytes content = payload(index);
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
  }
  Bytes srtp(std::uint64_t index, std::uint32_t ssrc = kSsrc) const {
    return crypto::protect(*sender, rtp(index, ssrc), index);
  }
  Bytes srtcp_report(std::uint32_t index) const {
    Bytes bytes(28);
    (void)wire::write_sender_report(bytes, {.ssrc = kSsrc, .time = {1, 2}});
    return crypto::protect_control(*sender, bytes, index);
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram, const Endpoint& local = kFeed) {
    hear(from, datagram);
    burst.back().path.local = local;
    const std::vector<Verdict> verdicts = judge(answers, millis(1));
    EXPECT_EQ(verdicts.size(), 1u) << "one verdict for one datagram";
    for (Said& one : answers) said.push_back(std::move(one));
    return verdicts.at(0);
  }
  Verdict judged(std::uint64_t index) { return judged(kSender, srtp(index)); }
  SocketId open_feed(FeedTerms terms = {.local = kFeed},
                     crypto::SrtpMaster master = crypto::some_master(SrtpSuite::kAesCm128HmacSha1Tag80)) {
    sender = std::make_unique<crypto::SrtpKeys>(master);
    say(command::OpenFeed{.request = kRequest,
                          .stream = kStream,
                          .terms = terms,
                          .doors = {},
                          .latency = millis(120),
                          .own_ssrc = 42,
                          .srtp = std::make_unique<crypto::SrtpReader>(master, 9)});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  void open_viewer() {
    ASSERT_NE(open(opening(Role::kViewer, caller(7'000), SocketId{7'000})), SocketId{});
    run_for(millis(20));
  }
  // What the viewer was sent.
  std::vector<Bytes> viewed() {
    std::vector<Bytes> got;
    for (const Said& one : to(said, caller(7'000)))
      if (one.data()) got.push_back({one.bytes.begin() + 16, one.bytes.end()});
    return got;
  }
  // The RTCP that its sender is told, in clear.
  std::vector<Bytes> told(const std::vector<Said>& all) {
    std::vector<Bytes> told;
    for (const Said& one : to(all, kSenderRtcp)) {
      Bytes bytes = one.bytes;
      bytes.resize(sender->unprotect_control(bytes));
      EXPECT_FALSE(bytes.empty()) << "not under the feed's key";
      told.push_back(std::move(bytes));
    }
    return told;
  }

  std::unique_ptr<crypto::SrtpKeys> sender;
  std::vector<Said> answers;
  std::vector<Said> said;
};

class RelaySrtpSuiteTest : public RelaySrtpTest, public ::testing::WithParamInterface<SrtpSuite> {};

TEST_P(RelaySrtpSuiteTest, WhatComesAsSrtpLeavesAsSrtByteForByte) {
  ASSERT_NE(open_feed({.local = kFeed}, crypto::some_master(GetParam())), SocketId{});
  open_viewer();
  for (std::uint64_t index = 65'530; index < 65'545; ++index) ASSERT_EQ(judged(index), Verdict::kAccepted);
  const std::vector<Bytes> got = viewed();
  ASSERT_EQ(got.size(), 15u);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], payload(65'530 + i));
}
INSTANTIATE_TEST_SUITE_P(Suites, RelaySrtpSuiteTest,
                         ::testing::Values(SrtpSuite::kAesCm128HmacSha1Tag80, SrtpSuite::kAesCm128HmacSha1Tag32,
                                           SrtpSuite::kAeadAes128Gcm, SrtpSuite::kAeadAes256Gcm),
                         [](const auto& suite) { return std::string{form_of(suite.param).name}; });

TEST_F(RelaySrtpTest, WhatIsReorderedOverARolloverFillsItsGap) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(65'534), Verdict::kAccepted);
  EXPECT_EQ(judged(65'537), Verdict::kAccepted);
  EXPECT_EQ(judged(65'535), Verdict::kAcceptedLate);
  EXPECT_EQ(judged(65'536), Verdict::kAcceptedLate);
  EXPECT_EQ(judged(65'535), Verdict::kReplayed);
  EXPECT_EQ(stream.packets(), 4u);
}

TEST_F(RelaySrtpTest, AForgedPacketChangesNothing) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(kOther, rtp(1)), Verdict::kUnauthentic) << "clear";
  EXPECT_EQ(judged(kSender, srtp(1)), Verdict::kAccepted) << "nobody took the sender's place";
  Bytes forged = srtp(1'000);
  forged.back() ^= std::byte{1};
  EXPECT_EQ(judged(kSender, forged), Verdict::kUnauthentic);
  EXPECT_EQ(judged(2), Verdict::kAccepted) << "the numbers did not move";
  EXPECT_EQ(judged(1), Verdict::kReplayed);
  EXPECT_EQ(judged(kOther, srtp(3)), Verdict::kForeignSource) << "authentic, from elsewhere";
  EXPECT_EQ(judged(3), Verdict::kAccepted) << "and not used up";
  EXPECT_EQ(judged(kSender, ByteSpan{srtp(4)}.first(21)), Verdict::kMalformed);
  EXPECT_EQ(judged(kSender, ByteSpan{srtp(4)}.first(11)), Verdict::kMalformed);
  EXPECT_EQ(judged(kSender, crypto::protect(*sender, rtp(4, kSsrc, 96), 4)), Verdict::kWrongPayloadType);
  EXPECT_EQ(stream.packets(), 3u);
}

// Neither a search nor a place among the sources is theirs.
TEST_F(RelaySrtpTest, RecordingsOfOtherSourcesAreNotLookedAtWhileOneIsHeard) {
  ASSERT_NE(open_feed(), SocketId{});
  for (std::uint16_t seq = 1; seq <= 2; ++seq) ASSERT_EQ(judged(seq), Verdict::kAccepted);
  for (std::uint32_t ssrc = 1; ssrc < 40; ++ssrc) EXPECT_EQ(judged(kSender, srtp(1, ssrc)), Verdict::kForeignSource);
  EXPECT_EQ(judged(1), Verdict::kReplayed);
  EXPECT_EQ(judged(3), Verdict::kAccepted);
}

TEST_F(RelaySrtpTest, ExtensionsStayClearAndPaddingDoesNot) {
  ASSERT_NE(open_feed(), SocketId{});
  open_viewer();
  Bytes packet = rtp(1);
  packet[0] |= std::byte{0x30};  // X and P.
  const Bytes extension = from_hex("bede0001 10aa0000");
  packet.insert(packet.begin() + 12, extension.begin(), extension.end());
  packet.insert(packet.end(), 4, std::byte{4});
  packet.resize(packet.size() + sender->form().rtp_tag_bytes);
  ASSERT_TRUE(sender->protect(std::array{crypto::SrtpKeys::Packet{packet, 20, kSsrc, 1}}));
  EXPECT_EQ(judged(kSender, packet), Verdict::kAccepted);
  EXPECT_EQ(viewed(), (std::vector<Bytes>{payload(1)}));
}

TEST_F(RelaySrtpTest, AnotherSourceBeginsWithItsCounterAt0) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(65'535), Verdict::kAccepted);
  EXPECT_EQ(judged(65'536), Verdict::kAccepted);
  run_for(millis(300));
  EXPECT_EQ(judged(kOther, srtp(40'000, 1)), Verdict::kOutOfWindow) << "one packet is no source";
  EXPECT_EQ(judged(kOther, srtp(40'001, 1)), Verdict::kAccepted);
  EXPECT_EQ(stream.packets(), 4u);
}

TEST_F(RelaySrtpTest, ALateRelayFindsTheCounter) {
  ASSERT_NE(open_feed(), SocketId{});
  std::uint64_t index = 5 * 65'536 + 17;
  while (judged(index) != Verdict::kAccepted) ASSERT_LT(++index, 5 * 65'536 + 17 + 500);
  EXPECT_EQ(judged(index + 1), Verdict::kAccepted);
}

TEST_F(RelaySrtpTest, WhatIsMissingIsAskedForInSrtcpAndTakenAsItWas) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true}), SocketId{});
  ASSERT_EQ(judged(1), Verdict::kAccepted);
  ASSERT_EQ(judged(3), Verdict::kAccepted);
  const std::vector<Bytes> asked = told(run_for(millis(6)));
  ASSERT_EQ(asked.size(), 1u);
  wire::RtcpReader reader(asked[0]);
  std::optional<wire::Nack> nack;
  while (const auto packet = reader.next()) nack = wire::parse_nack(*packet);
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->at(0).first, 2);
  EXPECT_EQ(judged(2), Verdict::kAcceptedLate);
}

TEST_F(RelaySrtpTest, ARetransmissionHasNumbersOfItsOwn) {
  ASSERT_NE(open_feed({.local = kFeed, .nack = true, .rtx_payload_type = 97, .rtx_ssrc = kRtxSsrc}), SocketId{});
  ASSERT_EQ(judged(1), Verdict::kAccepted);
  ASSERT_EQ(judged(3), Verdict::kAccepted);
  Bytes again = rtp(900, kRtxSsrc, 97);
  again.resize(12);
  const Bytes original = payload(2);
  again.insert(again.end(), {std::byte{0}, std::byte{2}});
  again.insert(again.end(), original.begin(), original.end());
  EXPECT_EQ(judged(kSender, again), Verdict::kUnauthentic);
  EXPECT_EQ(judged(kSender, crypto::protect(*sender, again, 900)), Verdict::kAcceptedLate);
  EXPECT_EQ(judged(kSender, crypto::protect(*sender, again, 900)), Verdict::kReplayed);
}

TEST_F(RelaySrtpTest, ReportsAreSrtcpBothWays) {
  ASSERT_NE(open_feed(), SocketId{});
  EXPECT_EQ(judged(kSenderRtcp, srtcp_report(1), kReports), Verdict::kForeignSource) << "of nobody yet";
  ASSERT_EQ(judged(1), Verdict::kAccepted);
  Bytes clear(28);
  (void)wire::write_sender_report(clear, {.ssrc = kSsrc, .time = {1, 2}});
  EXPECT_NE(judged(kSenderRtcp, clear, kReports), Verdict::kControl);
  Bytes forged = srtcp_report(2);
  forged[9] ^= std::byte{1};
  EXPECT_EQ(judged(kSenderRtcp, forged, kReports), Verdict::kUnauthentic);
  EXPECT_EQ(judged(kSenderRtcp, srtcp_report(1), kReports), Verdict::kControl);
  EXPECT_EQ(judged(kSenderRtcp, srtcp_report(1), kReports), Verdict::kReplayed);
  for (std::uint64_t index = 2; index < 60; ++index) {
    for (Said& one : run_for(millis(100))) said.push_back(std::move(one));
    ASSERT_EQ(judged(index), Verdict::kAccepted);
  }
  std::vector<std::uint32_t> indices;
  for (const Said& one : to(said, kSenderRtcp)) indices.push_back(sender->peek_control_index(one.bytes));
  const std::vector<Bytes> reports = told(said);
  ASSERT_GE(reports.size(), 1u);
  EXPECT_EQ(indices.at(0), 9u);
  EXPECT_TRUE(wire::is_well_formed_rtcp(reports[0]));
  EXPECT_EQ(load_be32(reports[0].data() + 8), kSsrc);
}

TEST_F(RelaySrtpTest, TroubleIsToldAtOnceThenOnceAMinute) {
  ASSERT_NE(open_feed(), SocketId{});
  const auto news = [&] { return next_event<event::FeedRefusal>(); };
  EXPECT_EQ(judged(kOther, rtp(1)), Verdict::kUnauthentic);
  const auto first = news();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->request, kRequest);
  EXPECT_EQ(first->verdict, Verdict::kUnauthentic);
  EXPECT_EQ(first->remote, kOther);
  for (int i = 0; i < 50; ++i) {
    run_for(seconds(1));
    (void)judged(kOther, rtp(1));
    ASSERT_FALSE(news());
  }
  run_for(seconds(10));
  (void)judged(kOther, rtp(1));
  EXPECT_TRUE(news());
  run_for(seconds(61));
  ASSERT_EQ(judged(1), Verdict::kAccepted);
  EXPECT_EQ(judged(kSender, rtp(2)), Verdict::kUnauthentic);
  EXPECT_FALSE(news()) << "something is taken; what is not is somebody else's";
}

TEST_F(RelaySrtpTest, AWornOutKeyEndsTheTaking) {
  crypto::SrtpMaster master = crypto::some_master(SrtpSuite::kAesCm128HmacSha1Tag80);
  master.packets_max = 3;
  ASSERT_NE(open_feed({.local = kFeed}, master), SocketId{});
  for (std::uint64_t index = 1; index < 4; ++index) ASSERT_EQ(judged(index), Verdict::kAccepted);
  EXPECT_EQ(judged(4), Verdict::kKeyWornOut);
  run_for(seconds(1));
  EXPECT_EQ(judged(5), Verdict::kKeyWornOut);
  const auto news = next_event<event::FeedRefusal>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->verdict, Verdict::kKeyWornOut);
  EXPECT_EQ(stream.packets(), 3u);
}

TEST_F(RelaySrtpTest, TheKeysGoBackToWhoMadeThem) {
  const SocketId socket = open_feed();
  ASSERT_NE(socket, SocketId{});
  say(command::OpenFeed{
      .request = RequestId{501},
      .stream = kStream,
      .terms = {.local = kFeed},
      .doors = {},
      .latency = millis(120),
      .own_ssrc = 42,
      .srtp = std::make_unique<crypto::SrtpReader>(crypto::some_master(SrtpSuite::kAesCm128HmacSha1Tag80))});
  breathe();
  const auto refused = next_event<event::SessionRefused>();
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->srtp);
  say(command::CloseSession{socket});
  run_for(millis(100));
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->srtp);
}

}  // namespace
}  // namespace fanlight
