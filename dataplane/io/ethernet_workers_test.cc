// One device, a queue for each of three workers: what comes to the wrong queue, and what everybody must know.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/ethernet_fixture.h"

namespace fanlight::io {
namespace {

constexpr std::uint16_t kWorkers = 3;

class EthernetWorkersTest : public EthernetPortTest {
 protected:
  void SetUp() override {
    EthernetPortTest::SetUp();
    ports_[0] = port_.get();
    for (std::uint16_t worker = 1; worker < kWorkers; ++worker) {
      others_.push_back(open_port(worker));
      ports_[worker] = others_.back().get();
    }
  }
  void TearDown() override {
    for (std::uint16_t worker = 1; worker < kWorkers; ++worker) static_cast<void>(frames_out(wire(worker)));
    others_.clear();
    EthernetPortTest::TearDown();
  }
  [[nodiscard]] std::uint16_t workers() const override { return kWorkers; }

  std::size_t breathe(std::uint16_t worker) { return ports_[worker]->receive(arrivals_); }
  std::size_t feed_to(std::uint16_t worker, std::string_view hex) {
    put(wire(worker), from_hex(hex));
    return breathe(worker);
  }
  // What they all have to say, their questions included.
  std::vector<Bytes> all_say() {
    std::vector<Bytes> all;
    for (std::uint16_t worker = 0; worker < kWorkers; ++worker) {
      static_cast<void>(breathe(worker));
      for (Bytes& frame : frames_out(wire(worker))) all.push_back(std::move(frame));
    }
    return all;
  }
  // Frames that leave when this worker sends a datagram to the neighbour.
  std::size_t sends(std::uint16_t worker, bool v6 = false) {
    Envelope envelope;
    ports_[worker]->address(to_neighbour(v6), envelope);
    depart(envelope, net::test::kPayload);
    EXPECT_EQ(ports_[worker]->transmit(departures_), 1u);
    departures_.clear();
    std::size_t datagrams = 0;
    for (std::uint16_t other = 0; other < kWorkers; ++other)
      for (const Bytes& frame : frames_out(wire(other))) {
        EXPECT_EQ(other, worker) << "each sends through its own queue";
        datagrams += judged_by_neighbour(frame).kind == net::FrameKind::kUdp ? 1 : 0;
      }
    return datagrams;
  }

  std::vector<std::unique_ptr<EthernetPort>> others_;
  std::array<EthernetPort*, kWorkers> ports_{};
};

TEST_F(EthernetWorkersTest, WorkerZeroAloneAnnounces) {
  for (std::uint16_t worker = kWorkers; worker-- > 0;) {
    static_cast<void>(breathe(worker));
    EXPECT_EQ(frames_out(wire(worker)).size(), worker == 0 ? 3u : 0u);
  }
}

TEST_F(EthernetWorkersTest, ADatagramArrivesAtTheWorkerWhoseQueueItCameTo) {
  for (std::uint16_t worker = 0; worker < kWorkers; ++worker) {
    put(wire(worker), from_hex(net::test::kUdpV4));
    for (std::uint16_t other = 0; other < kWorkers; ++other) EXPECT_EQ(breathe(other), other == worker ? 1u : 0u);
    put(wire(worker), from_hex(net::test::kUdpV4));
    EXPECT_EQ(breathe(worker), 1u);
    EXPECT_EQ(arrivals_[0].path, to_neighbour(false));
    EXPECT_EQ(ports_[worker]->counters().received, 2u);
  }
}

TEST_F(EthernetWorkersTest, AQuestionIsAnsweredOnceAndTeachesAll) {
  for (const auto& [question, answer, v6] : {std::tuple{net::test::kArpRequest, net::test::kArpAnswer, false},
                                             std::tuple{net::test::kNs, net::test::kNaAnswer, true}}) {
    static_cast<void>(all_say());
    put(wire(2), from_hex(question));
    static_cast<void>(breathe(2));
    EXPECT_EQ(frames_out(wire(2)), std::vector<Bytes>{from_hex(answer)});
    EXPECT_EQ(all_say(), std::vector<Bytes>{});
    for (std::uint16_t worker = 0; worker < kWorkers; ++worker) EXPECT_EQ(sends(worker, v6), 1u) << worker;
  }
}

// Worker 1 asks; the answer comes to queue 0, whose worker has asked nothing.
TEST_F(EthernetWorkersTest, AnAnswerOnTheWrongQueueReachesWhoAsked) {
  static_cast<void>(all_say());
  EXPECT_EQ(sends(1), 0u);
  EXPECT_EQ(all_say(), std::vector<Bytes>{from_hex(net::test::kArpQuestion)});
  EXPECT_EQ(feed_to(0, net::test::kArpReply), 0u);
  static_cast<void>(all_say());
  EXPECT_EQ(sends(1), 1u);
}

TEST_F(EthernetWorkersTest, AMovedNeighbourIsFollowedByAll) {
  static_cast<void>(all_say());
  static_cast<void>(feed_to(0, net::test::kArpRequest));
  static_cast<void>(all_say());
  Bytes moved = from_hex(net::test::kArpRequest);
  moved[11] = moved[27] = std::byte{0x03};
  put(wire(1), moved);
  static_cast<void>(breathe(1));
  static_cast<void>(all_say());
  for (std::uint16_t worker = 0; worker < kWorkers; ++worker) {
    Envelope envelope;
    ports_[worker]->address(to_neighbour(false), envelope);
    depart(envelope, net::test::kPayload);
    ASSERT_EQ(ports_[worker]->transmit(departures_), 1u);
    departures_.clear();
    const std::vector<Bytes> out = frames_out(wire(worker));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(judged_by_neighbour(out[0], {2, 0, 0, 0, 0xBB, 3}).verdict, Verdict::kAccepted);
  }
}

TEST_F(EthernetWorkersTest, NewsThatNobodyTakesIsLostAndCountedAndStopsNobody) {
  static_cast<void>(all_say());
  for (int i = 0; i < 300; ++i) {
    static_cast<void>(feed_to(0, net::test::kArpRequest));
    EXPECT_EQ(frames_out(wire(0)).size(), 1u);
  }
  EXPECT_EQ(ports_[0]->counters().neighbour_news_lost, 2u * (300 - 256));
  static_cast<void>(all_say());
  EXPECT_EQ(sends(1), 1u);
}

TEST_F(EthernetWorkersTest, AFrameTooLongForNewsIsAnsweredAndItsLossCounted) {
  static_cast<void>(all_say());
  // A solicitation with room for a nonce of 56 bytes behind its link-layer address, checksum made good.
  Bytes longer = from_hex(net::test::kNs);
  longer.resize(longer.size() + 64);
  longer[86] = std::byte{14};
  longer[87] = std::byte{8};
  store_be16(longer.data() + 18, static_cast<std::uint16_t>(0x20 + 64));
  net::PayloadSum sum{ByteSpan{longer}.subspan(22, 32)};
  store_be16(longer.data() + 56, 0);
  sum.append(ByteSpan{longer}.subspan(54));
  const std::array<std::byte, 4> tail = {std::byte{0}, std::byte{0x60}, std::byte{0}, std::byte{58}};
  sum.append(ByteSpan{tail});
  store_be16(longer.data() + 56, net::checksum_of(sum.partial()));
  put(wire(1), longer);
  static_cast<void>(breathe(1));
  EXPECT_EQ(frames_out(wire(1)), std::vector<Bytes>{from_hex(net::test::kNaAnswer)});
  EXPECT_EQ(ports_[1]->counters().neighbour_news_lost, kWorkers - 1u);
}

// Questions, answers and datagrams on all queues at once, each worker on a thread of its own.
TEST_F(EthernetWorkersTest, WorkersShareADeviceWithoutWaiting) {
  constexpr int kRounds = 50'000;
  static_cast<void>(all_say());
  std::array<std::atomic<int>, kWorkers> reached{};
  std::vector<std::thread> threads;
  for (std::uint16_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([this, worker, &reached] {
      // As workers are: threads without a cache of the pools spin while another, preempted, holds a pool's ring.
      ASSERT_TRUE(register_worker_thread());
      std::array<Arrival, kReceiveBurst> arrivals;
      std::vector<Departure> departures;
      for (int round = 0; round < kRounds; ++round) {
        if (round % kWorkers == worker) put(wire(worker), from_hex(net::test::kArpRequest));
        static_cast<void>(ports_[worker]->receive(arrivals));
        Envelope envelope;
        ports_[worker]->address(to_neighbour(false), envelope);
        PacketRef body = pool_->take();
        ASSERT_TRUE(body.resize(100));
        departures.push_back({dress(*headers_, body, 16), &envelope});
        ASSERT_EQ(ports_[worker]->transmit(departures), 1u);
        departures.clear();
        for (const Bytes& frame : frames_out(wire(worker)))
          if (judged_by_neighbour(frame).kind == net::FrameKind::kUdp) ++reached[worker];
      }
      arrivals = {};
      unregister_worker_thread();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint16_t worker = 0; worker < kWorkers; ++worker) EXPECT_GT(reached[worker], kRounds * 9 / 10) << worker;
}

// Nobody is behind net_null, so each learns of the neighbour from the other.
TEST_F(EthernetPortTest, TwoWorkersSendIntoNetNullAtOnce) {
  constexpr std::size_t kBursts = 2'000;
  ASSERT_EQ(rte_eal_hotplug_add("vdev", "net_null0", "no-rx=1"), 0);
  const auto device = EthernetDevice::open({.device = "net_null0", .workers = 2, .receive_pool = pool_.get()});
  ASSERT_TRUE(device.has_value()) << device.error().what;
  std::array<std::unique_ptr<EthernetPort>, 2> ports;
  std::vector<std::thread> threads;
  for (std::uint16_t worker = 0; worker < 2; ++worker) {
    auto port = EthernetPort::open({.links = {{.device = device->get(),
                                               .worker = worker,
                                               .receive_pool = pool_.get(),
                                               .header_pool = headers_.get(),
                                               .copy_pool = pool_.get(),
                                               .interface = net::test::our_interface()}}});
    ASSERT_TRUE(port.has_value());
    ports[worker] = *std::move(port);
    ASSERT_EQ((*device)->news().tell(1 - worker, from_hex(net::test::kArpRequest)), 0u);
    threads.emplace_back([this, port = ports[worker].get()] {
      std::array<Arrival, kReceiveBurst> arrivals;
      std::vector<Departure> departures;
      static_cast<void>(port->receive(arrivals));
      Envelope envelope;
      port->address(to_neighbour(false), envelope);
      for (std::size_t burst = 0; burst < kBursts; ++burst) {
        const PacketRef body = pool_->take();
        for (int i = 0; i < 8; ++i) departures.push_back({dress(*headers_, body, 16), &envelope});
        EXPECT_EQ(port->transmit(departures), departures.size());
        departures.clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& port : ports) EXPECT_EQ(port->counters().transmitted, 8 * kBursts);
}

TEST_F(EthernetWorkersTest, ADeviceWithFewerQueuesThanWorkersIsRefusedWithAWayOut) {
  const auto device = EthernetDevice::open({.device = device_, .workers = 17, .receive_pool = pool_.get()});
  ASSERT_FALSE(device.has_value());
  EXPECT_EQ(device.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(device.error().what, "The DPDK device \"" + device_ +
                                     "\" has 16 queues of each direction, and 17 workers want one each: set "
                                     "relay.workers = 16.");
}

}  // namespace
}  // namespace fanlight::io
