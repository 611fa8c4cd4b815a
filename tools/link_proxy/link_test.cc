#include "link.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanlight::link_proxy {
namespace {

constexpr int kMany = 200'000;

struct Tally {
  int lost = 0;
  int arrived = 0;
  int longest_burst = 0;
};

Tally send_many(Link& link) {
  Tally tally;
  int burst = 0;
  for (int i = 0; i < kMany; ++i) {
    const Fate fate = link.offer(Instant{i * 1'000});
    tally.arrived += fate.copies;
    burst = fate.copies == 0 ? burst + 1 : 0;
    tally.lost += fate.copies == 0 ? 1 : 0;
    tally.longest_burst = std::max(tally.longest_burst, burst);
  }
  return tally;
}

TEST(LinkTest, ACleanLinkDeliversEverythingAtOnce) {
  Link link({}, 1);
  const Fate fate = link.offer(Instant{500});
  ASSERT_EQ(fate.copies, 1);
  EXPECT_EQ(fate.arrivals[0], Instant{500});
}

TEST(LinkTest, LosesTheShareItWasTold) {
  Link link({.loss = 0.05}, 7);
  EXPECT_NEAR(send_many(link).lost, kMany * 0.05, kMany * 0.003);
}

TEST(LinkTest, BurstsLoseTheirShareInRuns) {
  Link link({.burst_loss = 0.05, .burst_length = 10}, 7);
  const Tally tally = send_many(link);
  EXPECT_NEAR(tally.lost, kMany * 0.05, kMany * 0.01);
  EXPECT_GT(tally.longest_burst, 30);  // Independent loss of 5 % would not pass 6 in this many.
}

TEST(LinkTest, TheSameSeedGivesTheSameFates) {
  const Impairment rough{.loss = 0.1, .delay = millis(20), .jitter = millis(5), .reorder = 0.1, .duplicate = 0.1};
  Link one(rough, 3);
  Link two(rough, 3);
  for (int i = 0; i < 1'000; ++i) {
    const Fate a = one.offer(Instant{i});
    const Fate b = two.offer(Instant{i});
    ASSERT_EQ(a.copies, b.copies);
    ASSERT_EQ(a.arrivals, b.arrivals);
  }
}

TEST(LinkTest, TicketDecidesNotTheOrder) {
  const Impairment rough{.loss = 0.1, .burst_loss = 0.1, .delay = millis(20), .jitter = millis(5), .duplicate = 0.1};
  constexpr int kTickets = 2'000;
  for (const std::uint32_t lane : {0u, 3u}) {
    Link forward(rough, 3);
    Link backward(rough, 3);
    std::vector<int> copies;
    for (int i = 0; i < kTickets; ++i) copies.push_back(forward.offer(Instant{0}, {lane, i}).copies);
    for (int i = kTickets - 1; i >= 0; --i) {
      static_cast<void>(backward.offer(Instant{0}, {lane + 1, i}));  // Who travels beside it does not matter.
      ASSERT_EQ(backward.offer(Instant{0}, {lane, i}).copies, copies[static_cast<std::size_t>(i)]) << i;
    }
  }
}

TEST(LinkTest, BurstsKeepTheirShareAndLengthInEachLaneAndForEachLength) {
  for (const double length : {1.0, 1.3, 5.0, 50.0})
    for (const std::uint32_t lane : {0u, 2u}) {
      Link link({.burst_loss = 0.2, .burst_length = length}, 7);
      int lost = 0;
      int bursts = 0;
      bool was_lost = false;
      for (int i = 0; i < kMany; ++i) {
        const bool is_lost = link.offer(Instant{0}, {lane, i}).copies == 0;
        lost += is_lost ? 1 : 0;
        bursts += is_lost && !was_lost ? 1 : 0;
        was_lost = is_lost;
      }
      EXPECT_NEAR(lost, kMany * 0.2, kMany * 0.02) << length;
      EXPECT_NEAR(static_cast<double>(lost) / bursts, length, length * 0.1);
    }
}

TEST(LinkTest, LanesHaveFatesOfTheirOwn) {
  Link link({.loss = 0.5}, 7);
  int same = 0;
  for (int i = 0; i < 1'000; ++i)
    same += link.offer(Instant{0}, {0, i}).copies == link.offer(Instant{0}, {1, i}).copies ? 1 : 0;
  EXPECT_NEAR(same, 500, 80);
}

TEST(LinkTest, JitterStaysInItsBandAndKeepsTheOrder) {
  Link link({.delay = millis(25), .jitter = millis(2)}, 5);
  Instant last{};
  for (int i = 0; i < 10'000; ++i) {
    const Instant now{i * 100};
    const Instant arrival = link.offer(now).arrivals[0];
    EXPECT_GE(arrival - now, millis(23));
    EXPECT_LE(arrival - now, millis(27));
    EXPECT_GE(arrival, last);
    last = arrival;
  }
}

TEST(LinkTest, AReorderedDatagramIsOvertaken) {
  Link link({.delay = millis(10), .reorder = 0.01}, 9);
  Instant highest{};
  int overtaken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Instant arrival = link.offer(Instant{i * 100}).arrivals[0];
    if (arrival > highest)
      highest = arrival;
    else
      ++overtaken;
  }
  EXPECT_GT(link.counters().reordered, 50U);
  EXPECT_GT(overtaken, 50 * 40);  // Each is held 5 ms, while the next ones come every 100 us.
}

TEST(LinkTest, DuplicatesArriveTwiceAndTheBooksBalance) {
  Link link({.loss = 0.02, .burst_loss = 0.02, .duplicate = 0.1}, 11);
  const Tally tally = send_many(link);
  const LinkCounters& c = link.counters();
  EXPECT_EQ(c.offered - c.lost - c.lost_in_burst + c.duplicated, static_cast<std::uint64_t>(tally.arrived));
  EXPECT_NEAR(static_cast<double>(c.duplicated), kMany * 0.096, kMany * 0.005);
}

}  // namespace
}  // namespace fanlight::link_proxy
