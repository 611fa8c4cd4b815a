#include "io/ethernet_port.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "io/clock.h"
#include "io/ethernet_fixture.h"
#include "net/ip_header.h"

namespace fanlight::io {
namespace {

INSTANTIATE_TEST_SUITE_P(, EthernetTransmitTest, testing::Bool(),
                         [](const auto& is_linear) { return is_linear.param ? "Linear" : "Chained"; });

TEST_F(EthernetPortTest, AnnouncesItsAddressesWhenTheLinkIsUp) {
  EXPECT_EQ(port_->receive(arrivals_), 0u);
  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0], from_hex(net::test::kArpGratuitous));
  EXPECT_EQ(out[1], from_hex(net::test::kNaToAll));
  EXPECT_EQ(port_->counters().own_frames, 4u) << "with the groups of its IPv6 addresses";
}

TEST_F(EthernetPortTest, ArpRequestAndSolicitationAreAnswered) {
  settle();
  EXPECT_EQ(feed(net::test::kArpRequest), 0u);
  EXPECT_EQ(frames_out(), std::vector<Bytes>{from_hex(net::test::kArpAnswer)});
  EXPECT_EQ(feed(net::test::kNs), 0u);
  EXPECT_EQ(frames_out(), std::vector<Bytes>{from_hex(net::test::kNaAnswer)});
  EXPECT_EQ(counted(Verdict::kArp), 1u);
  EXPECT_EQ(counted(Verdict::kNdp), 1u);
}

TEST_F(EthernetPortTest, DatagramArrivesStrippedWithItsPath) {
  for (const auto& [hex, path] :
       {std::pair{net::test::kUdpV4, to_neighbour(false)}, std::pair{net::test::kUdpV6, to_neighbour(true)}}) {
    ASSERT_EQ(feed(hex), 1u);
    EXPECT_EQ(arrivals_[0].path, path);
    const ByteSpan bytes = std::as_const(arrivals_[0].packet).bytes();
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), net::test::kPayload);
    static_cast<void>(frames_out());
  }
  EXPECT_EQ(port_->counters().received, 2u);
  EXPECT_EQ(port_->counters().received_bytes, 18u);
}

TEST_F(EthernetPortTest, WhatIsNoDatagramOfOursLeavesByAVerdict) {
  settle();
  Bytes frame = from_hex(net::test::kUdpV4);
  frame.back() ^= std::byte{1};
  EXPECT_EQ(feed(frame), 0u);
  EXPECT_EQ(counted(Verdict::kBadChecksum), 1u);
  frame.resize(20);
  EXPECT_EQ(feed(frame), 0u);
  EXPECT_EQ(counted(Verdict::kMalformed), 1u);
  EXPECT_EQ(port_->counters().received, 0u);
}

TEST_P(EthernetTransmitTest, DepartureIsACompleteFrame) {
  meet_neighbour();
  const Envelope four = envelope_to(to_neighbour(false));
  const Envelope six = envelope_to(to_neighbour(true));
  depart(four, net::test::kPayload);
  depart(six, net::test::kPayload);

  ASSERT_EQ(port_->transmit(departures_), 2u);

  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(segments_seen_, GetParam() ? 1 : 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const net::FrameView view = judged_by_neighbour(out[i]);
    EXPECT_EQ(view.verdict, Verdict::kAccepted);
    EXPECT_EQ(view.local, to_neighbour(i == 1).remote);
    EXPECT_EQ(view.remote, to_neighbour(i == 1).local);
    EXPECT_EQ(view.source_mac, net::test::kOurMac);
    const ByteSpan payload = view.payload_of(out[i]);
    EXPECT_EQ(std::memcmp(payload.data(), net::test::kPayload.data(), payload.size()), 0);
  }
  EXPECT_EQ(port_->counters().transmitted_bytes, 18u);
}

// Nobody is asked for a group's MAC address: it follows from the group (RFC 1112 §6.4, RFC 2464 §7).
TEST_P(EthernetTransmitTest, AGroupIsSentToAtOnceWithTheTtlAskedFor) {
  settle();
  const auto to = [](const char* group, bool v6) {
    return Path{.remote = *Endpoint::parse(group), .local = {v6 ? net::test::kOurV6 : IpAddress{}, 9000}};
  };
  Envelope four;
  port_->address(to("239.129.2.3:5004", false), four);
  Envelope six;
  six.ttl = 7;
  port_->address(to("[ff15::8:1]:5004", true), six);
  depart(four, net::test::kPayload);
  depart(six, net::test::kPayload);
  ASSERT_EQ(port_->transmit(departures_), 2u);
  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 2u) << "no question is asked";
  EXPECT_EQ(net::load_mac(out[0].data()), (net::MacAddress{1, 0, 0x5E, 1, 2, 3}));
  EXPECT_EQ(net::load_mac(out[1].data()), (net::MacAddress{0x33, 0x33, 0, 8, 0, 1}));
  EXPECT_EQ(out[0][14 + 8], std::byte{1}) << "the link's own, unless somebody says otherwise";
  EXPECT_EQ(out[1][14 + 7], std::byte{7});
  EXPECT_EQ(net::load_ipv4(out[0].data() + 26), net::test::kOurV4) << "the device's, when nobody chose";
  EXPECT_EQ(port_->counters().transmit_unresolved, 0u);
}

TEST_P(EthernetTransmitTest, SharedPayloadHasValidChecksumsForEachViewer) {
  meet_neighbour();
  const Envelope envelope = envelope_to(to_neighbour(false));
  PacketRef body = pool_->take();
  ASSERT_TRUE(body.resize(1316));
  for (std::size_t i = 0; i < 1316; ++i) body.bytes()[i] = std::byte(i * 7);
  for (std::uint8_t viewer = 0; viewer < 5; ++viewer) {
    PacketRef packet = dress(*headers_, body, 16);
    std::memset(packet.bytes().data(), viewer, 16);
    departures_.push_back({std::move(packet), &envelope});
  }
  body.reset();

  ASSERT_EQ(port_->transmit(departures_), 5u);

  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 5u);
  for (const Bytes& frame : out) EXPECT_EQ(judged_by_neighbour(frame).verdict, Verdict::kAccepted);
}

TEST_P(EthernetTransmitTest, BufferUsedAgainIsSummedAgain) {
  meet_neighbour();
  const Envelope envelope = envelope_to(to_neighbour(false));
  PacketRef body = pool_->take();
  ASSERT_TRUE(body.resize(100));
  for (std::uint8_t round = 1; round < 4; ++round) {
    std::memset(body.bytes().data(), round, 100);
    departures_.clear();
    departures_.push_back({dress(*headers_, body, 16), &envelope});
    ASSERT_EQ(port_->transmit(departures_), 1u);
    const std::vector<Bytes> out = frames_out();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(judged_by_neighbour(out[0]).verdict, Verdict::kAccepted);
  }
}

TEST_P(EthernetTransmitTest, FullRingStopsAndGivesTheRestBackUntouched) {
  meet_neighbour();
  const Envelope envelope = envelope_to(to_neighbour(false));
  while (rte_ring_free_count(wire_) > 3) ASSERT_EQ(rte_ring_enqueue(wire_, pool_->take().release()), 0);
  for (int i = 0; i < 5; ++i) depart(envelope, "packet " + std::to_string(i));

  ASSERT_EQ(port_->transmit(departures_), 3u);
  EXPECT_EQ(departures_[3].packet.total_bytes(), 8u);
  static_cast<void>(frames_out());
  ASSERT_EQ(port_->transmit(std::span(departures_).subspan(3)), 2u);

  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(judged_by_neighbour(out[0]).verdict, Verdict::kAccepted);
  EXPECT_EQ(out[1].back(), std::byte{'4'});
  EXPECT_EQ(port_->counters().transmitted, 5u);
}

TEST_P(EthernetTransmitTest, OneUnsendableDepartureDoesNotStopTheOthers) {
  meet_neighbour();
  const Envelope good = envelope_to(to_neighbour(false));
  Path unknown = to_neighbour(false);
  unknown.remote.ip = IpAddress::v4(192, 0, 2, 99);
  const Envelope unresolved = envelope_to(unknown);
  depart(good, "one");
  depart(unresolved, "lost");
  depart(good, std::string(1473, 'x'));
  depart(good, "two");

  ASSERT_EQ(port_->transmit(departures_), 4u);

  EXPECT_EQ(frames_out().size(), 2u);
  EXPECT_EQ(port_->counters().transmit_unresolved, 1u);
  EXPECT_EQ(port_->counters().transmit_refused, 1u);
  EXPECT_EQ(port_->counters().transmitted, 2u);
}

TEST_F(EthernetPortTest, UnknownNeighbourIsAskedForAndThenReached) {
  settle();
  const Envelope envelope = envelope_to(to_neighbour(false));
  depart(envelope, "early");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(port_->counters().transmit_unresolved, 1u);
  EXPECT_EQ(port_->receive(arrivals_), 0u);
  const std::vector<Bytes> asked = frames_out();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0], from_hex(net::test::kArpQuestion));
  feed(net::test::kArpReply);

  departures_.clear();
  depart(envelope, "later");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(frames_out().size(), 1u);
}

TEST_F(EthernetPortTest, ChangedMacAddressIsFollowedByEnvelopesInUse) {
  meet_neighbour();
  const Envelope envelope = envelope_to(to_neighbour(false));
  Bytes request = from_hex(net::test::kArpRequest);
  request[11] = request[27] = std::byte{0x03};
  feed(request);
  static_cast<void>(frames_out());
  depart(envelope, "moved");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(judged_by_neighbour(out[0], {2, 0, 0, 0, 0xBB, 3}).verdict, Verdict::kAccepted);
}

// More hosts on the link than the table holds: an envelope whose slot went to another must not reach that one.
TEST_F(EthernetPortTest, EnvelopeNeverReachesTheHostThatGotItsSlot) {
  meet_neighbour();
  const Envelope envelope = envelope_to(to_neighbour(false));
  feed(net::test::kArpReply);
  static_cast<void>(frames_out());
  usleep(1'010'000);  // Whoever was just asked for keeps its slot.
  Path other = to_neighbour(false);
  Bytes reply = from_hex(net::test::kArpReply);
  for (std::size_t i = 0; i < net::Neighbours::kCapacity; ++i) {
    other.remote.ip = IpAddress::v4(192, 0, static_cast<std::uint8_t>(3 + i / 256), static_cast<std::uint8_t>(i));
    static_cast<void>(envelope_to(other));
    reply[10] = reply[26] = std::byte{0xCC};
    reply[30] = std::byte(3 + i / 256);
    reply[31] = std::byte(i);
    feed(reply);
    static_cast<void>(frames_out());
  }
  depart(envelope, "to whom?");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(frames_out().size(), 0u);
  EXPECT_EQ(port_->counters().transmit_unresolved, 1u);

  feed(net::test::kArpReply);
  static_cast<void>(frames_out());
  departures_.clear();
  depart(envelope, "found again");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  const std::vector<Bytes> out = frames_out();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(judged_by_neighbour(out[0]).verdict, Verdict::kAccepted);
}

// Answers to strangers ask for an address each: on-link strangers take slots, off-link ones share the gateway's.
TEST_F(EthernetPortTest, StrangersNeitherExhaustTheNeighbourTableNorEvictWhomWeServe) {
  meet_neighbour();
  const Envelope served = envelope_to(to_neighbour(false));
  depart(served, "before the flood");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(frames_out().size(), 1u);
  departures_.clear();

  Path stranger = to_neighbour(false);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    stranger.remote.ip = IpAddress::v4(i % 2 == 0 ? 192 : 198, static_cast<std::uint8_t>(i % 2),
                                       static_cast<std::uint8_t>(3 + i / 500), static_cast<std::uint8_t>(i / 2 % 250));
    static_cast<void>(envelope_to(stranger));
  }

  depart(served, "still served");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(frames_out().size(), 1u);
  departures_.clear();
  stranger.remote.ip = IpAddress::v4(192, 0, 250, 7);
  const Envelope newcomer = envelope_to(stranger);
  Bytes reply = from_hex(net::test::kArpReply);
  reply[30] = std::byte{250};
  reply[31] = std::byte{7};
  feed(reply);
  static_cast<void>(frames_out());
  depart(newcomer, "served too");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(frames_out().size(), 1u);
}

// Each gets one frame, so each is pinned; a second later none of them is in use, and others find room.
TEST_F(EthernetPortTest, NeighboursNoLongerSentToGiveTheirPlacesUp) {
  settle();
  Bytes reply = from_hex(net::test::kArpReply);
  Path path = to_neighbour(false);
  const auto is_reached = [&](std::uint8_t net, std::uint8_t host) {
    path.remote.ip = IpAddress::v4(192, 0, net, host);
    const Envelope envelope = envelope_to(path);
    reply[30] = std::byte{net};
    reply[31] = std::byte{host};
    feed(reply);
    static_cast<void>(frames_out());
    departures_.clear();
    depart(envelope, "hello");
    EXPECT_EQ(port_->transmit(departures_), 1u);
    return frames_out().size() == 1;
  };
  for (std::size_t i = 0; i < net::Neighbours::kCapacity; ++i)
    ASSERT_TRUE(is_reached(static_cast<std::uint8_t>(3 + i / 256), static_cast<std::uint8_t>(i)));
  EXPECT_FALSE(is_reached(9, 1));
  for (int look = 0; look < 2; ++look) {
    usleep(1'010'000);
    static_cast<void>(port_->receive(arrivals_));
    static_cast<void>(frames_out());
  }
  EXPECT_TRUE(is_reached(9, 1));
}

TEST_F(EthernetPortTest, LinkDownAndUpIsAnnouncedOnce) {
  settle();
  std::uint16_t id = 0;
  ASSERT_EQ(rte_eth_dev_get_port_by_name(device_.c_str(), &id), 0);
  const auto frames_a_second_later = [&] {
    usleep(1'010'000);
    static_cast<void>(port_->receive(arrivals_));
    return frames_out().size();
  };
  ASSERT_EQ(rte_eth_dev_set_link_down(id), 0);
  EXPECT_EQ(frames_a_second_later(), 0u);
  ASSERT_EQ(rte_eth_dev_set_link_up(id), 0);
  EXPECT_EQ(frames_a_second_later(), 3u);
  EXPECT_EQ(frames_a_second_later(), 0u);
}

TEST_F(EthernetPortTest, MissingDeviceIsOneSentence) {
  const auto device = EthernetDevice::open({.device = "net_af_packet7,iface=none", .receive_pool = pool_.get()});
  ASSERT_FALSE(device.has_value());
  EXPECT_EQ(device.error().code, ErrorCode::kNoDevice);
  EXPECT_NE(device.error().what.find("\"net_af_packet7\""), std::string::npos);
  EXPECT_NE(device.error().what.find(device_), std::string::npos);
}

TEST_F(EthernetPortTest, PollingPortDoesNotSleep) {
  const Instant before = MonotonicClock::now();
  port_->wait(seconds(1));  // idle_sleep is 0: a polling port.
  EXPECT_LT(MonotonicClock::now() - before, millis(100));
}

}  // namespace
}  // namespace fanlight::io
