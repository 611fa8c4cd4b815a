// Fresh runs on an Ethernet device, chained and copied.
#include <gtest/gtest.h>

#include <algorithm>

#include "io/ethernet_fixture.h"

namespace fanlight::io {
namespace {

class EthernetFreshTest : public EthernetTransmitTest {};
INSTANTIATE_TEST_SUITE_P(, EthernetFreshTest, testing::Bool(),
                         [](const auto& is_linear) { return is_linear.param ? "Linear" : "Chained"; });

TEST_P(EthernetFreshTest, FreshRunIsStampedForEachViewer) {
  meet_neighbour();
  std::vector<Envelope> envelopes = {envelope_to(to_neighbour(false)), envelope_to(to_neighbour(true))};
  std::vector<FreshPacket> packets = fresh_packets({1316, 33});
  const std::vector<const Envelope*> viewers = identify(envelopes);

  ASSERT_EQ(port_->transmit_fresh({packets, viewers}), 4u);

  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(segments_seen_, GetParam() ? 1 : 2);
  for (std::size_t i = 0; i < 4; ++i) {
    const FreshPacket& packet = packets[i % 2];
    const net::FrameView view = judged_by_neighbour(out[i]);
    ASSERT_EQ(view.verdict, Verdict::kAccepted) << "checksums included, frame " << i;
    EXPECT_EQ(view.local, to_neighbour(i >= 2).remote);
    std::array<std::byte, kFreshHeaderBytes> header;
    stamp_fresh(header.data(), envelopes[i / 2], packet);
    EXPECT_TRUE(std::ranges::equal(view.payload_of(out[i]).first(kFreshHeaderBytes), header));
    EXPECT_TRUE(std::ranges::equal(view.payload_of(out[i]).subspan(kFreshHeaderBytes), packet.payload.bytes()));
  }
  EXPECT_EQ(port_->counters().transmitted, 4u);
  EXPECT_EQ(port_->counters().transmitted_bytes, 2u * (16 + 1316 + 16 + 33));
}

TEST_P(EthernetFreshTest, FreshPacketsTheDeviceDoesNotTakeWaitAndComeFirst) {
  meet_neighbour();
  std::vector<Envelope> envelopes(100, envelope_to(to_neighbour(false)));
  std::vector<FreshPacket> packets = fresh_packets({100});
  const std::vector<const Envelope*> viewers = identify(envelopes);
  while (rte_ring_free_count(wire_) > 3) ASSERT_EQ(rte_ring_enqueue(wire_, pool_->take().release()), 0);

  const std::size_t taken = port_->transmit_fresh({packets, viewers});
  EXPECT_LT(taken, viewers.size());
  EXPECT_EQ(port_->counters().transmitted, 3u);
  depart(envelopes[0], "packet after");
  EXPECT_EQ(port_->transmit(departures_), 0u) << "the device is full";
  static_cast<void>(frames_out());
  EXPECT_EQ(port_->transmit_fresh({packets, std::span(viewers).subspan(taken)}), viewers.size() - taken);
  const std::vector<Bytes> rest = frames_out();
  ASSERT_EQ(rest.size(), viewers.size() - 3) << "what waited is among them";
  EXPECT_EQ(judged_by_neighbour(rest.front()).payload_of(rest.front())[15], std::byte{3}) << "and came first";
  EXPECT_EQ(judged_by_neighbour(rest.back()).payload_of(rest.back())[15], std::byte{99}) << "the last viewer's";
}

TEST_P(EthernetFreshTest, FreshPacketsForAnUnknownNeighbourAreCountedAndStopNobody) {
  meet_neighbour();
  Path unknown = to_neighbour(false);
  unknown.remote.ip = IpAddress::v4(192, 0, 2, 99);
  std::vector<Envelope> envelopes = {envelope_to(unknown), envelope_to(to_neighbour(false))};
  std::vector<FreshPacket> packets = fresh_packets({100, 100, 1480});
  const std::vector<const Envelope*> viewers = identify(envelopes);
  static_cast<void>(frames_out());

  EXPECT_EQ(port_->transmit_fresh({packets, viewers, 1}), 5u) << "all but the first's first";

  EXPECT_EQ(frames_out().size(), 2u);
  EXPECT_EQ(port_->counters().transmit_unresolved, 2u);
  EXPECT_EQ(port_->counters().transmit_refused, 1u) << "longer than the MTU";
}

// As when both joined while the neighbour table was full: "no hop" is the same word in both envelopes and no common
// hop.
TEST_P(EthernetFreshTest, ViewersWithoutAHopYetDoNotShareOneNeighboursAddress) {
  meet_neighbour();
  Bytes from_another = from_hex(net::test::kArpRequest);
  from_another[11] = from_another[27] = std::byte{0x77};
  from_another[31] = std::byte{21};
  feed(from_another);
  static_cast<void>(frames_out());
  Path other = to_neighbour(false);
  other.remote.ip = IpAddress::v4(192, 0, 2, 21);
  std::vector<Envelope> envelopes = {envelope_to(to_neighbour(false)), envelope_to(other), envelope_to(other)};
  for (Envelope& envelope : envelopes) envelope.neighbour = 0;
  std::vector<FreshPacket> packets = fresh_packets({100, 200});
  const std::vector<const Envelope*> viewers = identify(envelopes);

  ASSERT_EQ(port_->transmit_fresh({packets, viewers}), 6u);
  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 6u);
  for (std::size_t i = 0; i < out.size(); ++i)
    EXPECT_EQ(out[i][5], std::byte(i < 2 ? net::test::kPeerMac[5] : 0x77)) << "frame " << i;
}

TEST_P(EthernetFreshTest, FreshRunWithoutBuffersPauses) {
  meet_neighbour();
  std::vector<Envelope> envelopes(3, envelope_to(to_neighbour(false)));
  std::vector<FreshPacket> packets = fresh_packets({100});
  const std::vector<const Envelope*> viewers = identify(envelopes);
  std::vector<PacketRef> held;
  PacketPool& pool = GetParam() ? *pool_ : *headers_;
  while (PacketRef packet = pool.take()) held.push_back(std::move(packet));

  EXPECT_EQ(port_->transmit_fresh({packets, viewers}), 0u);
  EXPECT_EQ(port_->counters().transmit_pool_dry, 1u);
  held.clear();
  EXPECT_EQ(port_->transmit_fresh({packets, viewers}), 3u);
  EXPECT_EQ(frames_out().size(), 3u);
}

}  // namespace
}  // namespace fanlight::io
