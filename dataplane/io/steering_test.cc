// Several ports on one address, as several workers have them: the kernel gives a datagram to the one that the socket ID
// names, and to any of them when it names none.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "io/memory_plan.h"
#include "io/socket_port.h"
#include "io/test_eal.h"

namespace fanlight::io {
namespace {

constexpr std::size_t kWorkers = 3;

class SteeringTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(need_eal());
    pool_ = std::make_unique<PacketPool>(512, kReceiveRoomBytes);
    address_ = *Endpoint::parse(GetParam());
    const auto alone = open(0, 1);
    ASSERT_TRUE(alone) << alone.error().what;
    address_ = (*alone)->bound(0);  // Free again when this returns.
  }
  void TearDown() override {
    ports_.clear();
    EXPECT_EQ(pool_->available(), pool_->capacity());
  }
  Result<std::unique_ptr<SocketPort>> open(std::size_t worker, std::size_t workers) {
    return SocketPort::open({.listen = {address_}, .receive_pool = pool_.get(), .workers = workers, .worker = worker});
  }
  void open_all() {
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      auto port = open(worker, kWorkers);
      ASSERT_TRUE(port) << port.error().what;
      ports_.push_back(*std::move(port));
    }
  }
  // One datagram from a socket of its own.
  void say(std::uint32_t socket_id, std::size_t bytes = 64) {
    std::vector<std::byte> datagram(bytes);
    if (bytes >= 16) store_be32(datagram.data() + 12, socket_id);
    SocketAddress to = SocketAddress::of(address_, !address_.ip.is_v4(), 0);
    const int fd = socket(address_.ip.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    EXPECT_EQ(sendto(fd, datagram.data(), bytes, 0, to.raw(), to.size), static_cast<ssize_t>(bytes));
    close(fd);
  }
  // Where nobody listens, on this host.
  [[nodiscard]] Endpoint closed_port() const {
    const int fd = socket(address_.ip.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    SocketAddress own = SocketAddress::of({address_.ip, 0}, !address_.ip.is_v4(), 0);
    EXPECT_EQ(bind(fd, own.raw(), own.size), 0);
    EXPECT_EQ(getsockname(fd, own.raw(), &own.size), 0);
    close(fd);
    return own.endpoint();
  }
  // What each worker has received since it was asked last.
  std::array<std::size_t, kWorkers> received() {
    std::array<std::size_t, kWorkers> counts{};
    std::array<Arrival, 64> arrivals;
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      while (const std::size_t n = ports_[worker]->receive(arrivals)) counts[worker] += n;
      for (Arrival& arrival : arrivals) arrival.packet.reset();
    }
    return counts;
  }

  std::unique_ptr<PacketPool> pool_;
  Endpoint address_;
  std::vector<std::unique_ptr<SocketPort>> ports_;
};

INSTANTIATE_TEST_SUITE_P(Families, SteeringTest, testing::Values("127.0.0.1:0", "[::1]:0"),
                         [](const auto& family) { return family.index == 0 ? "IPv4" : "IPv6"; });

TEST_P(SteeringTest, TheSocketIdNamesTheWorker) {
  open_all();
  for (int i = 0; i < 20; ++i)
    for (std::uint32_t worker = 0; worker < kWorkers; ++worker) say(worker << 24 | (0x0007'0001u + i));
  EXPECT_EQ(received(), (std::array<std::size_t, kWorkers>{20, 20, 20}));
}

TEST_P(SteeringTest, HandshakesAndScrapsSpreadOverAll) {
  open_all();
  for (int i = 0; i < 60; ++i) say(0);
  const auto handshakes = received();
  EXPECT_EQ(handshakes[0] + handshakes[1] + handshakes[2], 60u);
  for (const std::size_t n : handshakes) EXPECT_GT(n, 3u);
  for (int i = 0; i < 60; ++i) say(0, 15);
  for (const std::size_t n : received()) EXPECT_GT(n, 3u);
}

TEST_P(SteeringTest, AWorkerThatDoesNotExistIsAnybody) {
  open_all();
  for (int i = 0; i < 30; ++i) say(7u << 24 | 1);
  const auto counts = received();
  EXPECT_EQ(counts[0] + counts[1] + counts[2], 30u);
}

TEST_P(SteeringTest, NobodyJoinsAPortThatIsInUse) {
  open_all();
  const auto stranger = open(0, kWorkers);
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, ErrorCode::kInUse);
}

// Whose socket the kernel tells of it does not follow from whose datagram it was.
TEST_P(SteeringTest, WhatIcmpSaysOfOneWorkersDatagramsIsHeardByOneOfThem) {
  constexpr std::size_t kDestinations = 24;
  open_all();
  std::vector<Endpoint> sent;
  for (std::size_t i = 0; i < kDestinations; ++i) {
    Envelope envelope;
    envelope.dress = Dress::kPlain;
    sent.push_back(closed_port());
    ports_[0]->address({.remote = sent.back(), .local = {}}, envelope);
    Departure departure{pool_->take(), &envelope};
    ASSERT_TRUE(departure.packet.resize(20));
    ASSERT_EQ(ports_[0]->transmit({&departure, 1}), 1u);
  }
  std::vector<Endpoint> told;
  std::array<Arrival, 64> arrivals;
  for (int i = 0; i < 50 && told.size() < kDestinations; ++i)
    for (const auto& port : ports_) {
      port->wait(millis(10));
      const std::size_t got = port->receive(arrivals);
      for (Arrival& arrival : std::span(arrivals).first(got)) {
        EXPECT_EQ(arrival.undelivered, Undelivered::kUnreachable);
        told.push_back(arrival.path.remote);
        arrival.packet.reset();
      }
    }
  std::ranges::sort(sent);
  std::ranges::sort(told);
  EXPECT_EQ(told, sent);
}

}  // namespace
}  // namespace fanlight::io
