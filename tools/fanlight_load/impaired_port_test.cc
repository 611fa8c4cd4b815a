#include "fanlight_load/impaired_port.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <tuple>

#include "fanlight_load/clock.h"
#include "wire/srt_header.h"

namespace fanlight::load {
namespace {

using link_proxy::Impairment;

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
  static constexpr std::uint32_t kSlots = 3;
  static constexpr std::uint32_t kPackets = 200;
  void arrive_data(std::uint32_t slot, std::uint32_t at, std::uint32_t first, bool is_repeated = false) {
    PacketRef packet = datagram(0, slot);
    wire::write_data_header(
        packet.bytes().first<wire::kHeaderBytes>(),
        {.seq = {(first + at) & kSeqMask}, .retransmitted = is_repeated, .destination = SocketId{slot}});
    fake_->inbox.push_back({std::move(packet), {}});
  }
  void arrive_control(std::uint32_t slot, wire::ControlType type) {
    PacketRef packet = datagram(0, slot);
    wire::write_control_header(packet.bytes().first<wire::kHeaderBytes>(),
                               {.type = type, .destination = SocketId{slot}});
    fake_->inbox.push_back({std::move(packet), {}});
  }
  // Which data packets came through, in order: slot, distance from the first, whether repeated.
  using Came = std::tuple<std::uint32_t, std::uint32_t, bool>;
  std::vector<Came> came(std::uint32_t first) {
    std::vector<Came> all;
    std::array<io::Arrival, kReceiveBurst> arrivals;
    while (const std::size_t got = port_->receive(arrivals))
      for (const io::Arrival& arrival : std::span(arrivals).first(got))
        if (const auto header = wire::parse_data_header(std::as_const(arrival.packet).bytes()))
          all.emplace_back(header->destination.raw(), (header->seq.raw - first) & kSeqMask, header->retransmitted);
    std::ranges::sort(all);
    return all;
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

// Three viewers' packets in two runs: in one a viewer after the other and no control, in the other all in turns between
// ACKs and NAKs that nobody counted, from sequence numbers of their own, with the repairs at the end.
TEST_F(ImpairedPortTest, SameDataPacketsAreLostWhateverTravelsBetweenThem) {
  for (const Impairment& down : {Impairment{.loss = 0.3}, Impairment{.burst_loss = 0.3, .burst_length = 4}}) {
    with({.up = {}, .down = down, .seed = 5});
    for (std::uint32_t slot = 0; slot < kSlots; ++slot)
      for (std::uint32_t at = 0; at < kPackets; ++at) {
        arrive_data(slot, at, 1'000);
        if (at % 3 == 0) arrive_data(slot, at, 1'000, true);
      }
    const std::vector<Came> one = came(1'000);
    with({.up = {}, .down = down, .seed = 5});
    for (std::uint32_t at = 0; at < kPackets; ++at)
      for (std::uint32_t slot = kSlots; slot-- > 0;) {
        for (std::uint32_t i = 0; i < (at + slot) % 3; ++i) arrive_control(slot, wire::ControlType::kAck);
        arrive_data(slot, at, 0x7FFF'FFF0);
        if (at % 7 == 0) arrive_control(slot, wire::ControlType::kNak);
      }
    for (std::uint32_t at = 0; at < kPackets; at += 3)
      for (std::uint32_t slot = 0; slot < kSlots; ++slot) arrive_data(slot, at, 0x7FFF'FFF0, true);
    EXPECT_EQ(came(0x7FFF'FFF0), one);
    EXPECT_LT(one.size(), std::size_t{kSlots} * kPackets);
    EXPECT_GT(one.size(), std::size_t{kSlots} * kPackets / 2);
  }
}

TEST_F(ImpairedPortTest, SessionsThatSendAreKnownByTheOrderInWhichTheyWereAddressed) {
  const auto sent = [&](bool is_second_first) {
    with({.up = {.loss = 0.5}, .down = {}, .seed = 5});
    std::array<Envelope, 2> envelopes;
    for (Envelope& envelope : envelopes) port_->address({}, envelope);
    for (std::uint32_t i = 0; i < 2; ++i) {
      Envelope& envelope = envelopes[is_second_first ? 1 - i : i];
      for (int mark = 0; mark < 32; ++mark) {
        std::array<io::Departure, 1> one{io::Departure{datagram(mark), &envelope}};
        EXPECT_EQ(port_->transmit(one), 1u);
      }
    }
    return fake_->sent;
  };
  const std::vector<int> forward = sent(false);
  const std::vector<int> backward = sent(true);
  const auto second = std::ranges::is_sorted_until(forward);  // Marks begin again with the second session.
  std::vector<int> turned(second, forward.end());
  turned.insert(turned.end(), forward.begin(), second);
  EXPECT_NE(forward, backward);
  EXPECT_EQ(turned, backward);
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

TEST_F(ImpairedPortTest, ManyThatAreDueAtOnceAllLeave) {
  with({.up = {.delay = millis(1)}, .down = {}, .seed = 1});
  for (int i = 0; i < 6000; ++i) send(i % 200);
  pass(millis(2));
  EXPECT_TRUE(receive().empty());
  ASSERT_EQ(fake_->sent.size(), 6000u);
  for (std::size_t i = 0; i < 6000; ++i) ASSERT_EQ(fake_->sent[i], static_cast<int>(i % 200));
}

}  // namespace
}  // namespace fanlight::load
