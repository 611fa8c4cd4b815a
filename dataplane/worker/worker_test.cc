#include "worker/worker.h"

#include <gtest/gtest.h>

#include "io/sim_port.h"

namespace fanlight {
namespace {

struct HandClock {
  Instant at{1'000'000};
  Micros wall = seconds(1'000);
  [[nodiscard]] Instant now() const noexcept { return at; }
  [[nodiscard]] Micros wall_offset() const noexcept { return wall; }
};

// Reports have the time of day; a host whose clock is set while it runs must not say the old one.
TEST(Worker, AStepOfTheWallClockIsSeenWithinASecond) {
  PacketPool headers(64, kHeaderRoomBytes);
  PacketPool copies(64, kCopyRoomBytes);
  Mailbox mailbox;
  io::SimPort port(copies, 8);
  HandClock clock;
  Worker<io::SimPort, HandClock> worker({.worker = 0, .sessions_max = 2, .publishers_max = 1, .key = {7, 8}},
                                        {headers, copies}, mailbox, port, clock);
  worker.breathe();
  EXPECT_EQ(worker.relay().wall_offset(), seconds(1'000));
  clock.wall = seconds(1'700'000'000);
  clock.at = clock.at + seconds(1);
  worker.breathe();
  EXPECT_EQ(worker.relay().wall_offset(), seconds(1'700'000'000));
}

TEST(Worker, BreathsThatMovedSomethingAreBusyUntilTheNextOne) {
  PacketPool headers(64, kHeaderRoomBytes);
  PacketPool copies(64, kCopyRoomBytes);
  Mailbox mailbox;
  io::SimPort port(copies, 8);
  HandClock clock;
  Worker<io::SimPort, HandClock> worker({.worker = 0, .sessions_max = 2, .publishers_max = 1, .key = {7, 8}},
                                        {headers, copies}, mailbox, port, clock);
  const auto breathe_for = [&](Micros span) {
    const bool had_news = worker.breathe();
    clock.at = clock.at + span;
    return had_news;
  };
  const auto busy_us = [&] { return mailbox.counters.read(Counter::kBusyMicros); };

  EXPECT_FALSE(breathe_for(Micros{500}));
  ASSERT_TRUE(port.deliver({}, std::array<std::byte, 3>{}));
  EXPECT_TRUE(breathe_for(Micros{7}));
  EXPECT_EQ(busy_us(), 0u) << "an idle breath is none, and the busy one has no end yet";
  EXPECT_FALSE(breathe_for(Micros{100}));
  EXPECT_EQ(busy_us(), 7u);
  EXPECT_FALSE(breathe_for(Micros{100}));
  EXPECT_EQ(busy_us(), 7u);
}

}  // namespace
}  // namespace fanlight
