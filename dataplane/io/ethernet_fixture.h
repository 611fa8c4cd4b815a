// An Ethernet port on a net_ring device, and the neighbour it talks to. For the tests beside the code.
#pragma once

#include <gtest/gtest.h>
#include <rte_dev.h>
#include <rte_ring.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "io/ethernet_port.h"
#include "io/memory_plan.h"
#include "io/test_eal.h"
#include "net/test_frames.h"
#include "packet/packet.h"

namespace fanlight::io {

using net::test::Bytes;
using net::test::from_hex;

// A net_ring device hands out what it is given; taken in between, its ring is the wire.
class EthernetPortTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(need_eal());
    static int made = 0;
    device_ = "net_ring" + std::to_string(made++);
    ASSERT_EQ(rte_eal_hotplug_add("vdev", device_.c_str(), ""), 0);
    pool_ = std::make_unique<PacketPool>(4096, kReceiveRoomBytes);
    headers_ = std::make_unique<PacketPool>(2048, 256);
    open();
  }
  void TearDown() override {
    departures_.clear();
    arrivals_ = {};
    if (port_ != nullptr) static_cast<void>(frames_out());
    port_.reset();
    if (wire_ != nullptr) static_cast<void>(all_frames_out(wire_));  // It says that it leaves its groups.
    ethernet_.reset();
    EXPECT_EQ(pool_->available(), pool_->capacity());
    EXPECT_EQ(headers_->available(), headers_->capacity());
  }
  void open() {
    auto opened = EthernetDevice::open(
        {.device = device_, .workers = workers(), .linear = is_linear(), .receive_pool = pool_.get()});
    ASSERT_TRUE(opened.has_value()) << opened.error().what;
    ethernet_ = *std::move(opened);
    port_ = open_port(0);
    wire_ = wire(0);
    ASSERT_NE(wire_, nullptr);
  }
  std::unique_ptr<EthernetPort> open_port(std::uint16_t worker) {
    EthernetLinkOptions link{.device = ethernet_.get(),
                             .worker = worker,
                             .receive_pool = pool_.get(),
                             .header_pool = headers_.get(),
                             .copy_pool = pool_.get(),
                             .interface = net::test::our_interface(),
                             .joins = joins()};
    link.interface.ipv4_prefix = 16;  // Room for more hosts than a neighbour table.
    auto port = EthernetPort::open({.links = {link}});
    EXPECT_TRUE(port.has_value()) << port.error().what;
    return *std::move(port);
  }
  // Of a worker's queue.
  rte_ring* wire(std::uint16_t worker) {
    return rte_ring_lookup(("ETH_RXTX" + std::to_string(worker) + "_" + device_).c_str());
  }
  [[nodiscard]] virtual std::uint16_t workers() const { return 1; }
  [[nodiscard]] virtual bool is_linear() const { return false; }
  [[nodiscard]] virtual std::vector<GroupJoin> joins() const { return {}; }

  std::size_t feed(const Bytes& frame) {
    put(wire_, frame);
    return port_->receive(arrivals_);
  }
  void put(rte_ring* wire, const Bytes& frame) {
    PacketRef packet = pool_->take();
    EXPECT_TRUE(packet.resize(frame.size()));
    std::memcpy(packet.bytes().data(), frame.data(), frame.size());
    EXPECT_EQ(rte_ring_enqueue(wire, packet.release()), 0);
  }
  std::size_t feed(std::string_view hex) { return feed(from_hex(hex)); }
  std::vector<Bytes> frames_out() { return frames_out(wire_, &segments_seen_); }
  // Without reports of groups, which come by themselves within a second of the start.
  static std::vector<Bytes> frames_out(rte_ring* wire, std::uint16_t* segments = nullptr) {
    std::vector<Bytes> frames = all_frames_out(wire, segments);
    std::erase_if(frames, is_report);
    return frames;
  }
  // IGMPv3's and MLDv2's.
  static bool is_report(const Bytes& frame) {
    if (frame.size() < net::kMacBytes) return false;
    const net::MacAddress to = net::load_mac(frame.data());
    return to == net::MacAddress{1, 0, 0x5E, 0, 0, 0x16} || to == net::MacAddress{0x33, 0x33, 0, 0, 0, 0x16};
  }
  static std::vector<Bytes> all_frames_out(rte_ring* wire, std::uint16_t* segments = nullptr) {
    std::vector<Bytes> frames;
    void* frame = nullptr;
    while (rte_ring_dequeue(wire, &frame) == 0) {
      const PacketRef packet(static_cast<rte_mbuf*>(frame));
      if (segments != nullptr) *segments = packet.mbuf()->nb_segs;
      Bytes& bytes = frames.emplace_back();
      packet.for_each_segment([&](ByteSpan segment) { bytes.insert(bytes.end(), segment.begin(), segment.end()); });
    }
    return frames;
  }
  // Past the announcements of a new port.
  void settle() {
    EXPECT_EQ(port_->receive(arrivals_), 0u);
    EXPECT_EQ(frames_out().size(), 3u);
  }
  // The neighbour asks for us; from then on we know its MAC address.
  void meet_neighbour() {
    settle();
    feed(net::test::kArpRequest);
    feed(net::test::kNs);
    static_cast<void>(frames_out());
  }
  void depart(const Envelope& envelope, std::string_view text) {
    constexpr std::size_t kHeader = 3;
    PacketRef body = pool_->take();
    ASSERT_TRUE(body.resize(text.size() - kHeader));
    std::memcpy(body.bytes().data(), text.data() + kHeader, text.size() - kHeader);
    PacketRef packet = dress(*headers_, body, kHeader);
    std::memcpy(packet.bytes().data(), text.data(), kHeader);
    departures_.push_back({std::move(packet), &envelope});
  }
  Path to_neighbour(bool v6) {
    return {.remote = {v6 ? net::test::kPeerV6 : net::test::kPeerV4, 40000},
            .local = {v6 ? net::test::kOurV6 : net::test::kOurV4, 9000}};
  }
  Envelope envelope_to(const Path& path) {
    Envelope envelope;
    port_->address(path, envelope);
    return envelope;
  }
  // Payloads of these sizes, positions 0 and on.
  std::vector<FreshPacket> fresh_packets(std::initializer_list<std::size_t> sizes) {
    std::vector<FreshPacket> packets;
    for (const std::size_t bytes : sizes) {
      const auto pos = static_cast<std::int64_t>(packets.size());
      FreshPacket& packet = packets.emplace_back(FreshPacket{.payload = pool_->take(), .pos = {pos}, .time = {pos}});
      EXPECT_TRUE(packet.payload.resize(bytes));
      for (std::size_t i = 0; i < bytes; ++i) packet.payload.bytes()[i] = std::byte(i * 7 + bytes);
    }
    return packets;
  }
  // Each viewer has its place as socket ID.
  static std::vector<const Envelope*> identify(std::vector<Envelope>& envelopes) {
    std::vector<const Envelope*> viewers;
    for (Envelope& envelope : envelopes) {
      envelope.peer = SocketId{static_cast<std::uint32_t>(viewers.size())};
      viewers.push_back(&envelope);
    }
    return viewers;
  }
  std::uint64_t counted(Verdict verdict) { return port_->counters().verdicts[static_cast<std::size_t>(verdict)]; }
  // As the other side would judge it.
  static net::FrameView judged_by_neighbour(const Bytes& frame, const net::MacAddress& mac = net::test::kPeerMac) {
    net::Interface peer;
    peer.mac = mac;
    peer.ipv4 = net::test::kPeerV4;
    peer.ipv6 = net::test::kPeerV6;
    peer.udp_ports = {40000};
    return net::judge_frame(peer, frame);
  }

  std::string device_;
  std::unique_ptr<PacketPool> pool_;
  std::unique_ptr<PacketPool> headers_;
  std::unique_ptr<EthernetDevice> ethernet_;
  std::unique_ptr<EthernetPort> port_;
  rte_ring* wire_ = nullptr;
  std::uint16_t segments_seen_ = 0;
  std::array<Arrival, kReceiveBurst> arrivals_;
  std::vector<Departure> departures_;
};

class EthernetTransmitTest : public EthernetPortTest {
 protected:
  [[nodiscard]] bool is_linear() const override { return GetParam(); }
};

}  // namespace fanlight::io
