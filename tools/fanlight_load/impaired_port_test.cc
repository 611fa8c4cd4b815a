#include "fanlight_load/impaired_port.h"

#include <gtest/gtest.h>

#include <deque>

#include "fanlight_load/clock.h"

namespace fanlight::load {
namespace {

// What is sent through it lies in `sent`; what lies in `inbox` is received from it.
class FakePort final : public VirtualPort {
 public:
  std::size_t receive(std::span<io::Arrival> arrivals) noexcept override {
    std::size_t n = 0;
    for (; n < arrivals.size() && !inbox.empty(); ++n) {
      arrivals[n] = std::move(inbox.front());
      inbox.pop_front();
    }
    return n;
  }
  std::size_t transmit(std::span<io::Departure> departures) noexcept override {
    if (is_blocked) return 0;
    for (io::Departure& departure : departures) {
      sent.push_back(static_cast<int>(std::as_const(departure.packet).bytes()[0]));
      departure.packet.reset();
    }
    return departures.size();
  }
  void address(const Path&, Envelope&) noexcept override {}
  void wait(Micros) noexcept override {}
  const io::PortCounters& counters() const noexcept override { return counters_; }

  std::deque<io::Arrival> inbox;
  std::vector<int> sent;
  bool is_blocked = false;

 private:
  io::PortCounters counters_;
};

class ImpairedPortTest : public testing::Test {
 protected:
  ImpairedPort& with(const ImpairedPort::Options& options) {
    auto fake = std::make_unique<FakePort>();
    fake_ = fake.get();
    port_ = std::make_unique<ImpairedPort>(std::move(fake), pool_, options);
    return *port_;
  }
  // A datagram for the session of that slot, told by its first byte.
  PacketRef datagram(int mark, std::uint32_t slot = 0) {
    PacketRef packet = pool_.take();
    EXPECT_TRUE(packet && packet.resize(20));
    packet.bytes()[0] = std::byte(mark);
    store_be32(packet.bytes().data() + 12, slot);
    return packet;
  }
  void send(int mark) {
    std::array<io::Departure, 1> one{io::Departure{datagram(mark), &envelope_}};
    EXPECT_EQ(port_->transmit(one), 1u);
  }
  std::vector<int> receive() {
    std::array<io::Arrival, 64> arrivals;
    const std::size_t got = port_->receive(arrivals);
    std::vector<int> marks;
    for (const io::Arrival& arrival : std::span(arrivals).first(got))
      marks.push_back(static_cast<int>(arrival.packet.bytes()[0]));
    return marks;
  }
  static void pass(Micros span) {
    for (const Instant end = clock_now() + span; clock_now() < end;) {
    }
  }

  PacketPool pool_{8'192, 64};
  FakePort* fake_ = nullptr;
  std::unique_ptr<ImpairedPort> port_;
  Envelope envelope_;
};

TEST_F(ImpairedPortTest, DelayHoldsBothDirectionsAndKeepsTheirOrder) {
  with({.up = {.delay = millis(5)}, .down = {.delay = millis(5)}, .seed = 1});
  for (int mark = 1; mark <= 3; ++mark) {
    send(mark);
    fake_->inbox.push_back({datagram(mark), {}});
  }
  EXPECT_TRUE(receive().empty());
  EXPECT_TRUE(fake_->sent.empty());
  pass(millis(6));
  EXPECT_EQ(receive(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(fake_->sent, (std::vector<int>{1, 2, 3}));
}

TEST_F(ImpairedPortTest, LossIsPerDirection) {
  with({.up = {.loss = 1}, .down = {}, .seed = 1});
  send(1);
  fake_->inbox.push_back({datagram(2), {}});
  EXPECT_EQ(receive(), (std::vector<int>{2}));
  EXPECT_TRUE(fake_->sent.empty());
  EXPECT_EQ(port_->up().lost, 1u);
  EXPECT_EQ(port_->down().lost, 0u);
}

TEST_F(ImpairedPortTest, DuplicateIsACopyOfItsOwn) {
  with({.up = {}, .down = {.duplicate = 1}, .seed = 1});
  fake_->inbox.push_back({datagram(7), {}});
  EXPECT_EQ(receive(), (std::vector<int>{7, 7}));
}

TEST_F(ImpairedPortTest, SessionsHaveLinksOfTheirOwnAndTheSeedDecides) {
  const auto fates = [&](std::uint64_t seed) {
    with({.up = {}, .down = {.loss = 0.5}, .seed = seed});
    std::vector<std::vector<int>> by_slot;
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
      for (int mark = 0; mark < 32; ++mark) fake_->inbox.push_back({datagram(mark, slot), {}});
      by_slot.push_back(receive());
    }
    return by_slot;
  };
  const auto first = fates(1);
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[1], first[2]);
  EXPECT_EQ(first, fates(1));
  EXPECT_NE(first, fates(2));
}

TEST_F(ImpairedPortTest, BlockedPortGetsItsPacketsLater) {
  with({.up = {}, .down = {}, .seed = 1});
  fake_->is_blocked = true;
  send(1);
  send(2);
  fake_->is_blocked = false;
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(fake_->sent, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace fanlight::load
