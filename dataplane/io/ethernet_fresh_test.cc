// Fresh runs on an Ethernet device, chained and copied.
#include <gtest/gtest.h>

#include <algorithm>

#include "io/ethernet_fixture.h"
#include "io/test_seals.h"

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

// More viewers than a batch and more packets than a burst, over both families.
TEST_P(EthernetFreshTest, SealedRunIsEncryptedForEachViewer) {
  meet_neighbour();
  std::vector<Envelope> envelopes;
  for (int i = 0; i < 30; ++i) envelopes.push_back(envelope_to(to_neighbour(i % 3 == 1)));
  std::vector<FreshPacket> packets = fresh_packets({1316, 1, 1456 - 20});
  const std::vector<const Envelope*> viewers = identify(envelopes);
  const TestSeals keys(viewers.size());

  ASSERT_EQ(port_->transmit_fresh({packets, viewers, 2, keys.seals()}), 88u);

  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 88u);
  EXPECT_EQ(segments_seen_, 1);
  for (std::size_t i = 2; i < 90; ++i) {
    const Bytes& frame = out[i - 2];
    const net::FrameView view = judged_by_neighbour(frame);
    ASSERT_EQ(view.verdict, Verdict::kAccepted) << "checksums included, frame " << i;
    EXPECT_EQ(view.local, to_neighbour(i / 3 % 3 == 1).remote);
    const Bytes expected = keys.sealed(i / 3, envelopes[i / 3], packets[i % 3]);
    EXPECT_TRUE(std::ranges::equal(view.payload_of(frame), expected)) << i;
  }
  EXPECT_EQ(port_->counters().transmitted, 88u);
  for (const FreshPacket& packet : packets)
    EXPECT_EQ(rte_mbuf_refcnt_read(packet.payload.mbuf()), 1) << "no reference to what is clear";
}

TEST_P(EthernetFreshTest, SealedRunPausesWhenDeviceOrPoolDoes) {
  meet_neighbour();
  std::vector<Envelope> envelopes(100, envelope_to(to_neighbour(false)));
  std::vector<FreshPacket> packets = fresh_packets({100});
  const std::vector<const Envelope*> viewers = identify(envelopes);
  const TestSeals keys(viewers.size());
  while (rte_ring_free_count(wire_) > 3) ASSERT_EQ(rte_ring_enqueue(wire_, pool_->take().release()), 0);
  const std::size_t taken = port_->transmit_fresh({packets, viewers, 0, keys.seals()});
  EXPECT_LT(taken, viewers.size());
  EXPECT_EQ(port_->counters().transmitted, 3u);
  static_cast<void>(frames_out());

  std::vector<PacketRef> held;
  while (PacketRef packet = pool_->take()) held.push_back(std::move(packet));
  const std::span rest = std::span(viewers).subspan(taken);
  const std::span rest_of_keys = std::span(keys.seals()).subspan(taken);
  EXPECT_EQ(port_->transmit_fresh({packets, rest, 0, rest_of_keys}), 0u);
  EXPECT_EQ(port_->counters().transmit_pool_dry, 1u);
  std::vector<Bytes> out = frames_out();
  EXPECT_EQ(out.size(), taken - 3) << "what waited went first";
  held.clear();
  EXPECT_EQ(port_->transmit_fresh({packets, rest, 0, rest_of_keys}), rest.size());
  std::ranges::move(frames_out(), std::back_inserter(out));
  ASSERT_EQ(out.size(), viewers.size() - 3);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const net::FrameView view = judged_by_neighbour(out[i]);
    ASSERT_EQ(view.verdict, Verdict::kAccepted);
    EXPECT_TRUE(std::ranges::equal(view.payload_of(out[i]), keys.sealed(i + 3, envelopes[i + 3], packets[0]))) << i;
  }
}

}  // namespace
}  // namespace fanlight::io
