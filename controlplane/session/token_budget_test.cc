#include "session/token_budget.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

constexpr Instant kStart{5'000'000};

IpAddress caller(int network, int site, int host = 1) {
  return IpAddress::v4(10, static_cast<std::uint8_t>(network), static_cast<std::uint8_t>(site),
                       static_cast<std::uint8_t>(host));
}

class TokenBudgetTest : public testing::Test {
 protected:
  bool show_bad(Instant now, const IpAddress& from) {
    if (!budget.may_look(now, from)) return false;
    budget.charge(now, from);
    return true;
  }
  TokenBudget budget;
};

TEST_F(TokenBudgetTest, GoodTokensCostNothing) {
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(budget.may_look(kStart, caller(1, 1)));
}

TEST_F(TokenBudgetTest, AFloodOfOneSiteIsLookedAtSoOftenAndNobodyElseFeelsIt) {
  int looked = 0;
  for (int i = 0; i < 30'000; ++i) {
    const Instant now = kStart + micros(i * 333);
    looked += show_bad(now, caller(1, 1, i % 256)) ? 1 : 0;
    ASSERT_TRUE(budget.may_look(now, caller(2, 7)));
    ASSERT_TRUE(budget.may_look(now, caller(1, 7))) << "another site of its network";
  }
  EXPECT_LE(looked, TokenBudget::kSiteBurst + 10 * TokenBudget::kSitePerSecond);
  EXPECT_GE(looked, 10 * TokenBudget::kSitePerSecond);
}

TEST_F(TokenBudgetTest, ASweepThroughANetworkEndsAtItsBudgetAndAllSitesTogetherAtTheirs) {
  int looked = 0;
  for (int i = 0; i < 30'000; ++i) looked += show_bad(kStart + micros(i * 333), caller(1, i % 256)) ? 1 : 0;
  EXPECT_LE(looked, TokenBudget::kNetworkBurst + 10 * TokenBudget::kNetworkPerSecond);
  EXPECT_TRUE(budget.may_look(kStart + seconds(10), caller(2, 1)));

  looked = 0;
  for (int i = 0; i < 30'000; ++i)
    looked += show_bad(kStart + seconds(60) + micros(i * 333), caller(100 + i % 50, 1)) ? 1 : 0;
  EXPECT_LE(looked, 50 + TokenBudget::kBurst + 10 * TokenBudget::kPerSecond) << "the first of each site is free";
  EXPECT_TRUE(budget.may_look(kStart + seconds(70), caller(2, 1))) << "whose tokens were good";
}

}  // namespace
}  // namespace fanlight::control
