#include "session/derivation_budget.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

constexpr Instant kStart{5'000'000};

IpAddress caller(int site, int host = 1) {
  return IpAddress::v4(10, static_cast<std::uint8_t>(site >> 8), static_cast<std::uint8_t>(site),
                       static_cast<std::uint8_t>(host));
}
std::int64_t taken(DerivationBudget& budget, Instant now, const IpAddress& ip, int asked) {
  std::int64_t taken = 0;
  for (int i = 0; i < asked; ++i) taken += budget.take(now, ip) ? 1 : 0;
  return taken;
}

TEST(DerivationBudgetTest, AnAudienceBehindOneAddressComesInAtOnce) {
  DerivationBudget budget;
  EXPECT_EQ(taken(budget, kStart, caller(1), 120), 120);
}

TEST(DerivationBudgetTest, AFloodOfOneSiteCutsOnlyItself) {
  DerivationBudget budget;
  std::int64_t from_flood = 0, from_others = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = kStart + millis(i);
    from_flood += budget.take(now, caller(1, i % 256)) ? 1 : 0;
    if (i % 20 == 0) from_others += budget.take(now, caller(2 + i / 20)) ? 1 : 0;
  }
  EXPECT_LE(from_flood, DerivationBudget::kPrefixBurst + 10 * DerivationBudget::kPrefixPerSecond);
  EXPECT_GE(from_flood, 10 * DerivationBudget::kPrefixPerSecond);
  EXPECT_EQ(from_others, 500);
}

TEST(DerivationBudgetTest, AllSitesTogetherAreBounded) {
  DerivationBudget budget;
  std::int64_t taken = 0;
  for (int i = 0; i < 20'000; ++i) taken += budget.take(kStart + micros(500 * i), caller(i % 20'000)) ? 1 : 0;
  EXPECT_LE(taken, DerivationBudget::kBurst + 10 * DerivationBudget::kPerSecond);
  EXPECT_GE(taken, 10 * DerivationBudget::kPerSecond);
}

TEST(DerivationBudgetTest, PassingThroughTheTableForgivesNothing) {
  DerivationBudget budget;
  EXPECT_EQ(taken(budget, kStart, caller(0), 1'000), DerivationBudget::kPrefixBurst);
  Instant now = kStart;
  for (int site = 1; site <= 500; ++site) {  // In 2 s: the flood's bucket is half full then.
    now = now + millis(4);
    EXPECT_TRUE(budget.take(now, caller(site)));
  }
  EXPECT_LE(taken(budget, now, caller(0), 1'000), 2 * DerivationBudget::kPrefixPerSecond + 1);
}

TEST(DerivationBudgetTest, MorePrefixesThanTheTableHoldsAreServed) {
  DerivationBudget budget;
  for (int site = 0; site < 3 * static_cast<int>(DerivationBudget::kPrefixes); ++site)
    ASSERT_TRUE(budget.take(kStart + millis(4 * site), caller(site))) << site;
}

TEST(DerivationBudgetTest, ARefusalIsNotRemembered) {
  DerivationBudget budget;
  taken(budget, kStart, caller(1), 100'000);
  EXPECT_EQ(taken(budget, kStart + seconds(1), caller(1), 1'000), DerivationBudget::kPrefixPerSecond);
}

}  // namespace
}  // namespace fanlight::control
