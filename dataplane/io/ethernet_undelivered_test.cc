// What becomes of datagrams that nobody takes, and of those that have no way to their next hop.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "io/ethernet_fixture.h"

namespace fanlight::io {
namespace {

constexpr Instant kStart{1'000'000'000};

TEST_F(EthernetPortTest, WhatIcmpSaysComesAsWordOfTheDatagramThatItQuotes) {
  settle();
  for (const auto& [hex, path] : {std::pair{net::test::kUnreachableV4, to_neighbour(false)},
                                  std::pair{net::test::kUnreachableV6, to_neighbour(true)}}) {
    ASSERT_EQ(feed(hex), 1u);
    EXPECT_EQ(arrivals_[0].undelivered, Undelivered::kUnreachable);
    EXPECT_EQ(arrivals_[0].path, path);
    const ByteSpan bytes = std::as_const(arrivals_[0].packet).bytes();
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), net::test::kPayload);
  }
  ASSERT_EQ(feed(net::test::kUnreachableV4Brief), 1u);
  EXPECT_EQ(arrivals_[0].undelivered, Undelivered::kUnreachable);
  EXPECT_EQ(arrivals_[0].packet.total_bytes(), 0u);
  EXPECT_EQ(port_->counters().received, 3u);
  EXPECT_EQ(counted(Verdict::kUnreachable), 0u) << "the worker counts it";
  EXPECT_EQ(frames_out().size(), 0u) << "nobody is answered, or asked for";

  ASSERT_EQ(feed(net::test::kUdpV4), 1u);
  EXPECT_EQ(arrivals_[0].undelivered, Undelivered::kNo);
}

// A link by itself, so that seconds pass without waiting.
class EthernetUndeliveredTest : public EthernetPortTest {
 protected:
  void SetUp() override {
    EthernetPortTest::SetUp();
    port_.reset();
    EthernetLinkOptions options{.device = ethernet_.get(),
                                .receive_pool = pool_.get(),
                                .header_pool = headers_.get(),
                                .copy_pool = pool_.get(),
                                .interface = net::test::our_interface()};
    auto link = EthernetLink::open(options, 0, counters_);
    ASSERT_TRUE(link.has_value()) << link.error().what;
    link_ = *std::move(link);
    turn();
  }
  void TearDown() override {
    arrivals_ = {};
    static_cast<void>(all_frames_out(wire_));
    link_.reset();
    EthernetPortTest::TearDown();
  }
  // Answers whom it is told about.
  std::vector<Endpoint> turn() {
    std::vector<Endpoint> told;
    const std::size_t filled = link_->receive(now_, arrivals_);
    for (Arrival& arrival : std::span(arrivals_).first(filled)) {
      EXPECT_EQ(arrival.undelivered, Undelivered::kUnresolved);
      EXPECT_EQ(arrival.packet.total_bytes(), 0u);
      told.push_back(arrival.path.remote);
      arrival.packet.reset();
    }
    link_->keep_house(now_);
    last_said_ = frames_out();
    return told;
  }
  Envelope rtp_to(const Endpoint& remote) {
    Envelope envelope;
    envelope.dress = Dress::kRtp;
    link_->address(now_, {.remote = remote, .local = {{}, 9000}}, envelope);
    return envelope;
  }
  void send(const Envelope& envelope) {
    departures_.clear();
    depart(envelope, "hello");
    EXPECT_EQ(link_->transmit(now_, departures_).left, 1u);
  }
  void send_fresh(std::vector<Envelope>& envelopes) {
    std::vector<FreshPacket> packets = fresh_packets({188, 188});
    const std::vector<const Envelope*> viewers = identify(envelopes);
    EXPECT_EQ(link_->transmit_fresh(now_, FreshRun{.packets = packets, .viewers = viewers}, 0).left,
              2 * envelopes.size());
  }
  // So long that it was asked for three times, and had a second for the last.
  void ask_in_vain(const Envelope& envelope) {
    for (int i = 0; i < 4; ++i) {
      now_ = now_ + seconds(i == 0 ? 0 : 1);
      send(envelope);
      EXPECT_EQ(turn(), std::vector<Endpoint>{}) << i;
    }
  }

  PortCounters counters_;
  std::unique_ptr<EthernetLink> link_;
  Instant now_ = kStart;
  std::vector<Bytes> last_said_;
};

TEST_F(EthernetUndeliveredTest, WhoseNextHopIsSilentForSecondsIsToldOf) {
  const Endpoint nobody{net::test::kPeerV4, 5004};
  const Envelope envelope = rtp_to(nobody);
  ask_in_vain(envelope);
  send(envelope);
  send(envelope);
  EXPECT_EQ(turn(), std::vector{nobody}) << "once";
  EXPECT_EQ(turn(), std::vector<Endpoint>{}) << "nothing was sent there since";
  EXPECT_EQ(counters_.received, 1u);
  EXPECT_EQ(counters_.transmit_unresolved, 6u);

  put(wire_, from_hex(net::test::kArpReply));
  EXPECT_EQ(turn(), std::vector<Endpoint>{});
  send(envelope);
  EXPECT_EQ(frames_out().size(), 1u) << "it is there, and gets its packet";
  EXPECT_EQ(turn(), std::vector<Endpoint>{});
}

// Asked with a packet a second or so, as the worker does, it is asked for once a second and not more.
TEST_F(EthernetUndeliveredTest, EachPacketToASilentOneIsToldAndBringsNoFloodOfQuestions) {
  const Endpoint nobody{net::test::kPeerV6, 5004};
  const Envelope envelope = rtp_to(nobody);
  ask_in_vain(envelope);
  std::size_t asked = 0;
  for (int i = 0; i < 60; ++i) {
    now_ = now_ + seconds(1);
    send(envelope);
    EXPECT_EQ(turn(), std::vector{nobody}) << i;
    asked += last_said_.size();
  }
  EXPECT_EQ(asked, 60u);
}

TEST_F(EthernetUndeliveredTest, OfARunEachSilentDestinationIsToldAndNoSrtViewerAndNoGroup) {
  std::vector<Envelope> envelopes{rtp_to({net::test::kPeerV4, 5004}), rtp_to({net::test::kPeerV4, 5006}),
                                  rtp_to({net::test::kPeerV4, 5008}), rtp_to(*Endpoint::parse("239.1.2.3:5004"))};
  envelopes[1].dress = Dress::kSrt;
  envelopes[2].dress = Dress::kPlain;
  ask_in_vain(envelopes[0]);
  for (Envelope& envelope : envelopes) {
    std::vector<Envelope> alone{envelope};
    send_fresh(alone);
  }
  std::vector<Endpoint> told = turn();
  std::ranges::sort(told);
  EXPECT_EQ(told, (std::vector<Endpoint>{{net::test::kPeerV4, 5004}, {net::test::kPeerV4, 5008}}));
}

// A silent gateway is the next hop of many.
TEST_F(EthernetUndeliveredTest, ManyAreToldOfTurnByTurn) {
  std::vector<Envelope> envelopes;
  for (std::uint16_t port = 0; port < 100; ++port)
    envelopes.push_back(rtp_to({IpAddress::v4(198, 51, 100, 1), static_cast<std::uint16_t>(5000 + port)}));
  ask_in_vain(envelopes[0]);
  std::vector<Endpoint> told;
  while (!envelopes.empty()) {
    send_fresh(envelopes);
    const std::vector<Endpoint> some = turn();
    ASSERT_EQ(some.size(), std::min<std::size_t>(16, envelopes.size()));
    told.insert(told.end(), some.begin(), some.end());
    envelopes.erase(envelopes.begin(), envelopes.begin() + static_cast<std::ptrdiff_t>(some.size()));  // They rest.
  }
  std::ranges::sort(told);
  EXPECT_EQ(std::ranges::unique(told).begin(), told.end());
  EXPECT_EQ(told.size(), 100u);
}

TEST_F(EthernetUndeliveredTest, WhereNoWayLeadsItIsToldAtOnce) {
  Envelope envelope = rtp_to({net::test::kPeerV4, 5004});
  store_be32(envelope.head.data() + 16, 0xC000020A);  // To ourselves.
  send(envelope);
  EXPECT_EQ(turn(), (std::vector<Endpoint>{{net::test::kOurV4, 5004}}));
}

}  // namespace
}  // namespace fanlight::io
