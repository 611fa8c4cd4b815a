#include "worker/handshake_budget.h"

#include <gtest/gtest.h>

namespace fanlight {
namespace {

constexpr Instant kStart{5'000'000};

IpAddress v6(std::uint32_t network, std::uint32_t site) {
  IpAddress address;
  store_be32(std::as_writable_bytes(std::span(address.bytes)).data(), network);
  store_be32(std::as_writable_bytes(std::span(address.bytes)).data() + 3, network << 24 | site);
  return address;
}

class HandshakeBudgetTest : public ::testing::Test {
 protected:
  HandshakeBudget budget_{{11, 12}, {.conclusions_per_second = 400, .site_conclusions_per_second = 50}};

  bool asks(Instant now, const IpAddress& caller) { return !budget_.take_conclusion(now, caller); }
};

TEST_F(HandshakeBudgetTest, ByDefaultAThousandASecondComeInFromOneAddress) {
  HandshakeBudget budget({1, 2}, {});
  int taken = 0;
  for (int i = 0; i < 10'000; ++i)
    taken += budget.take_conclusion(kStart + millis(i), IpAddress::v4(127, 0, 0, 1)) ? 0 : 1;
  EXPECT_EQ(taken, 10'000);
}

TEST_F(HandshakeBudgetTest, AFloodOfOneSiteCutsItselfAndNobodyElse) {
  int from_flood = 0, from_others = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = kStart + millis(i);
    from_flood += asks(now, IpAddress::v4(10, 0, 1, static_cast<std::uint8_t>(i))) ? 1 : 0;
    if (i % 50 == 0) from_others += asks(now, IpAddress::v4(192, static_cast<std::uint8_t>(i / 50), 2, 7)) ? 1 : 0;
  }
  EXPECT_GE(from_flood, 10 * 50);
  EXPECT_LE(from_flood, 12 * 50 + 1) << "its rate, and two seconds' worth at once";
  EXPECT_EQ(from_others, 200);
}

// One who has a /32 has 2^24 sites in it, a bucket for each of which he never fills.
TEST_F(HandshakeBudgetTest, ASweepThroughTheSitesOfANetworkLeavesHalfOfAllToOthers) {
  int from_sweep = 0, from_others = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const Instant now = kStart + micros(i * 100);
    from_sweep += asks(now, v6(0x2001'0DB8, i)) ? 1 : 0;
    if (i % 1'000 == 0) from_others += asks(now, v6(0x2A00'0000 + i, 1)) ? 1 : 0;
  }
  EXPECT_GE(from_sweep, 10 * 200);
  EXPECT_LE(from_sweep, 12 * 200 + 1);
  EXPECT_EQ(from_others, 100) << "no bucket of theirs was filled by the sweep";
}

TEST_F(HandshakeBudgetTest, AllTogetherAreBounded) {
  int taken = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i)
    taken += asks(kStart + micros(i * 100), v6(0x2000'0000 + i * 7, 1)) ? 1 : 0;
  EXPECT_GE(taken, 10 * 400);
  EXPECT_LE(taken, 12 * 400 + 1);
}

TEST_F(HandshakeBudgetTest, ARefusalCostsNothing) {
  const IpAddress caller = IpAddress::v4(192, 0, 2, 7);
  int taken = 0;
  for (int i = 0; i < 1'000; ++i) taken += asks(kStart, caller) ? 1 : 0;
  EXPECT_EQ(taken, 100);
  EXPECT_EQ(budget_.take_conclusion(kStart, caller), Verdict::kSiteLimited);
  EXPECT_TRUE(asks(kStart + millis(20), caller)) << "one grows back in a fiftieth of a second";
}

TEST_F(HandshakeBudgetTest, WhatTheTotalRefusedCostsItsSiteAndNetworkNothing) {
  for (std::uint32_t i = 0; i < 800; ++i) ASSERT_TRUE(asks(kStart, v6(0x2000'0000 + i * 7, 1))) << i;
  const IpAddress caller = IpAddress::v4(192, 0, 2, 7);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(budget_.take_conclusion(kStart, caller), Verdict::kConclusionsLimited);
  int taken = 0;
  for (int i = 0; i < 101; ++i) taken += asks(kStart + seconds(1), caller) ? 1 : 0;
  EXPECT_EQ(taken, 100) << "the site's two seconds' worth";
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(asks(kStart + seconds(1), IpAddress::v4(192, 0, 3, 7))) << "a neighbour in the network, " << i;
}

TEST_F(HandshakeBudgetTest, WhichSitesShareABucketFollowsFromTheKey) {
  const auto shared_with = [](const HashKey& key, const IpAddress& victim) {
    HandshakeBudget budget(key, {.conclusions_per_second = 100'000, .site_conclusions_per_second = 1});
    std::vector<std::uint32_t> sharing;
    EXPECT_FALSE(budget.take_conclusion(kStart, victim) || budget.take_conclusion(kStart, victim));
    for (std::uint32_t i = 0; i < 50'000; ++i)
      if (budget.take_conclusion(kStart, v6(0x2000'0000 + i * 97, i))) sharing.push_back(i);
    return sharing;
  };
  const IpAddress victim = IpAddress::v4(192, 0, 2, 7);
  EXPECT_NE(shared_with({1, 2}, victim), shared_with({3, 4}, victim));
}

TEST_F(HandshakeBudgetTest, CookiesAreSaidSoManyTimesASecond) {
  HandshakeBudget budget({1, 2}, {.inductions_per_second = 100});
  int said = 0;
  for (int i = 0; i < 10'000; ++i) said += budget.take_induction(kStart + millis(i)) ? 1 : 0;
  EXPECT_GE(said, 10 * 100);
  EXPECT_LE(said, 12 * 100 + 1);
}

}  // namespace
}  // namespace fanlight
