// Feeds on devices beside several workers: whatever queue a datagram comes to, its feed's worker gets it.
#include <gtest/gtest.h>

#include "crypto/test_srtp.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};
const Endpoint kFeed{IpAddress::v4(239, 1, 2, 3), 5'004};
const Endpoint kReports{IpAddress::v4(239, 1, 2, 3), 5'005};
constexpr std::size_t kWorkers = 3;
constexpr std::size_t kOwner = 2;

class RelayFeedWorkersTest : public testing::Test {
 protected:
  RelayFeedWorkersTest() : mesh(kWorkers) {
    for (std::size_t i = 0; i < kWorkers; ++i)
      hosts.push_back(std::make_unique<RelayFixture>(256, static_cast<std::uint8_t>(i), &mesh,
                                                     StreamOptions{.latency_max = seconds(2)},
                                                     std::vector<FeedAddress>{{kFeed, kOwner}, {kReports, kOwner}}));
    breathe();
  }
  ~RelayFeedWorkersTest() override {
    Handover left;
    for (std::size_t i = 0; i < kWorkers * kWorkers; ++i)
      while (i / kWorkers != i % kWorkers && mesh.ring(i / kWorkers, i % kWorkers).try_pop(left)) left.packet.reset();
    for (const auto& host : hosts) host->stream.history().clear();
  }
  std::vector<Said> breathe() {
    std::vector<Said> all;
    for (const auto& host : hosts)
      for (Said& one : host->breathe(millis(1))) all.push_back(std::move(one));
    return all;
  }
  void open_feed(std::unique_ptr<crypto::SrtpReader> srtp = nullptr) {
    hosts[kOwner]->say(command::OpenFeed{.request = RequestId{500},
                                         .stream = RelayFixture::kStream,
                                         .terms = {.local = kFeed},
                                         .doors = {},
                                         .latency = millis(120),
                                         .own_ssrc = 42,
                                         .srtp = std::move(srtp)});
    breathe();
  }
  void hear_at(std::size_t worker, ByteSpan datagram, const Endpoint& local) {
    hosts[worker]->hear(kSender, datagram);
    hosts[worker]->burst.back().path.local = local;
  }
  static std::vector<std::byte> rtp(std::uint16_t seq) {
    std::vector<std::byte> bytes(12 + 188, std::byte(seq));
    wire::write_rtp_header(std::span(bytes).first<12>(),
                           {.payload_type = 33, .seq = seq, .timestamp = seq * 900u, .ssrc = 7});
    bytes[12] = std::byte{0x47};
    return bytes;
  }
  std::uint64_t count(std::size_t worker, Verdict verdict) { return hosts[worker]->mailbox.counters.read(verdict); }

  Mesh mesh;
  std::vector<std::unique_ptr<RelayFixture>> hosts;
};

TEST_F(RelayFeedWorkersTest, DatagramsOfAnyQueueMakeOneStream) {
  open_feed();
  for (std::uint16_t seq = 0; seq < 30; ++seq) {
    hear_at(seq % kWorkers, rtp(seq), kFeed);
    breathe();
    breathe();
  }
  EXPECT_EQ(count(kOwner, Verdict::kAccepted) + count(kOwner, Verdict::kAcceptedLate), 30u);
  EXPECT_EQ(count(0, Verdict::kHandedOver), 10u);
  EXPECT_EQ(count(1, Verdict::kHandedOver), 10u);
  for (const auto& host : hosts) EXPECT_EQ(host->stream.packets(), 30u) << "each worker's viewers get all";
}

TEST_F(RelayFeedWorkersTest, SrtpIsReadWhereItsFeedIs) {
  const crypto::SrtpMaster master = crypto::some_master(crypto::SrtpSuite::kAeadAes128Gcm);
  const crypto::SrtpKeys sender(master);
  open_feed(std::make_unique<crypto::SrtpReader>(master));
  for (std::uint16_t seq = 0; seq < 30; ++seq) {
    hear_at(seq % kWorkers, crypto::protect(sender, rtp(seq), seq), kFeed);
    breathe();
    breathe();
  }
  EXPECT_EQ(count(kOwner, Verdict::kAccepted) + count(kOwner, Verdict::kAcceptedLate), 30u);
  for (const auto& host : hosts) EXPECT_EQ(host->stream.packets(), 30u);
}

TEST_F(RelayFeedWorkersTest, ReportsReachTheFeedAndItAnswers) {
  open_feed();
  hear_at(0, rtp(1), kFeed);
  breathe();
  std::vector<std::byte> report(28);
  (void)wire::write_sender_report(report, {.ssrc = 7, .time = {1, 2}});
  hear_at(1, report, kReports);
  breathe();
  breathe();
  EXPECT_EQ(count(1, Verdict::kHandedOver), 1u);
  EXPECT_EQ(count(kOwner, Verdict::kControl), 1u);
  std::size_t answers = 0;
  for (int i = 0; i < 8'000; ++i)
    for (const Said& one : breathe()) answers += one.to == kSender && wire::is_rtcp(one.bytes) ? 1 : 0;
  EXPECT_GE(answers, 1u);
}

TEST_F(RelayFeedWorkersTest, WhileItIsNotOpenItsDatagramsAreNobodys) {
  hear_at(0, rtp(1), kFeed);
  breathe();
  breathe();
  EXPECT_EQ(count(0, Verdict::kHandedOver), 1u);
  EXPECT_EQ(count(kOwner, Verdict::kForeignSource), 1u);
}

TEST_F(RelayFeedWorkersTest, OtherPortsOfThatGroupAreNotHandedOverAndNotAnswered) {
  const std::vector<std::byte> induction(64);
  hear_at(0, induction, {kFeed.ip, 9'000});
  EXPECT_TRUE(breathe().empty());
  EXPECT_EQ(count(0, Verdict::kHandedOver), 0u);
  EXPECT_EQ(count(0, Verdict::kForeignSource), 1u);
}

}  // namespace
}  // namespace fanlight
