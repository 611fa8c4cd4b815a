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
// Answers how many of its wrong passphrases were looked at.
std::int64_t failed(DerivationBudget& budget, Instant now, const IpAddress& ip, int asked) {
  std::int64_t failed = 0;
  for (int i = 0; i < asked; ++i) {
    if (!budget.take(now, ip)) continue;
    budget.note_failure(now, ip);
    ++failed;
  }
  return failed;
}
// In a network of its own.
IpAddress stranger(int network, int site = 1) {
  return IpAddress::v4(static_cast<std::uint8_t>(100 + network), 0, static_cast<std::uint8_t>(site), 1);
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
  EXPECT_LE(from_flood, DerivationBudget::kSiteBurst + 10 * DerivationBudget::kSitePerSecond);
  EXPECT_GE(from_flood, 10 * DerivationBudget::kSitePerSecond);
  EXPECT_EQ(from_others, 500);
}

TEST(DerivationBudgetTest, AllSitesTogetherAreBounded) {
  DerivationBudget budget;
  std::int64_t taken = 0;
  for (int i = 0; i < 20'000; ++i) taken += budget.take(kStart + micros(500 * i), caller(i % 20'000)) ? 1 : 0;
  constexpr std::int64_t kRate = DerivationBudget::kPerSecond + DerivationBudget::kNewPerSecond;
  EXPECT_LE(taken, DerivationBudget::kBurst + DerivationBudget::kNewBurst + 10 * kRate);
  EXPECT_GE(taken, 10 * kRate);
}

TEST(DerivationBudgetTest, PassingThroughTheTableForgivesNothing) {
  DerivationBudget budget;
  EXPECT_EQ(taken(budget, kStart, caller(0), 1'000), DerivationBudget::kSiteBurst);
  Instant now = kStart;
  for (int site = 1; site <= 500; ++site) {  // In 2 s: the flood's bucket is half full then.
    now = now + millis(4);
    EXPECT_TRUE(budget.take(now, caller(site)));
  }
  EXPECT_LE(taken(budget, now, caller(0), 1'000), 2 * DerivationBudget::kSitePerSecond + 1);
}

TEST(DerivationBudgetTest, MorePrefixesThanTheTableHoldsAreServed) {
  DerivationBudget budget;
  for (int site = 0; site < 3 * static_cast<int>(DerivationBudget::kSites); ++site)
    ASSERT_TRUE(budget.take(kStart + millis(4 * site), caller(site))) << site;
}

TEST(DerivationBudgetTest, ARefusalIsNotRemembered) {
  DerivationBudget budget;
  taken(budget, kStart, caller(1), 100'000);
  EXPECT_EQ(taken(budget, kStart + seconds(1), caller(1), 1'000), DerivationBudget::kSitePerSecond);
}

TEST(DerivationBudgetTest, AWrongPassphraseCostsItsSiteEight) {
  DerivationBudget budget;
  EXPECT_EQ(failed(budget, kStart, caller(1), 1'000), DerivationBudget::kSiteBurst / DerivationBudget::kFailureCost);
  EXPECT_EQ(failed(budget, kStart + seconds(1), caller(1), 1'000), 32 / DerivationBudget::kFailureCost);
}

// However many they are: what is set aside for them, and one for each that is not known yet.
TEST(DerivationBudgetTest, SitesThatFailedShareTheLittleThatIsSetAsideForThem) {
  DerivationBudget budget;
  constexpr int kFlooding = 100, kSeconds = 30;
  std::int64_t looked_at = 0;
  for (int i = 0; i < 1'000 * kSeconds; ++i)
    looked_at += failed(budget, kStart + millis(i), stranger(i % kFlooding, 1 + i / kFlooding % 2), 1);
  EXPECT_LE(looked_at, 2 * kFlooding + DerivationBudget::kFailuresBurst + 10 * kSeconds);
  EXPECT_GE(looked_at, 10 * kSeconds);
}

TEST(DerivationBudgetTest, WhoDidNotFailFeelsNothingOfThoseWhoDo) {
  DerivationBudget budget;
  for (int i = 0; i < 20'000; ++i) {
    const Instant now = kStart + millis(i);
    failed(budget, now, stranger(i % 12), 1);
    if (i % 100 != 0) continue;
    ASSERT_TRUE(budget.take(now, caller(i / 100))) << i;
    budget.note_success(now, caller(i / 100));
  }
}

TEST(DerivationBudgetTest, ASiteIsSuspectedForAMinuteOrUntilItKnewAPassphrase) {
  DerivationBudget budget;
  const auto others_fail_until = [&](Instant from, Instant end) {
    for (Instant now = from; now <= end; now = now + millis(1))
      failed(budget, now, stranger(static_cast<int>(now.us / 1'000 % 12)), 1);
  };
  failed(budget, kStart, caller(1), 1);
  failed(budget, kStart, caller(2), 1);
  others_fail_until(kStart, kStart + seconds(10));
  EXPECT_FALSE(budget.take(kStart + seconds(10), caller(1)));
  budget.note_success(kStart + seconds(10), caller(1));  // As one of them did before.
  EXPECT_TRUE(budget.take(kStart + seconds(10), caller(1)));
  others_fail_until(kStart + seconds(10), kStart + seconds(60));
  EXPECT_FALSE(budget.take(kStart + seconds(60) - micros(1), caller(2)));
  EXPECT_TRUE(budget.take(kStart + seconds(60), caller(2)));
}

TEST(DerivationBudgetTest, WhatIsNotDerivedCostsThoseAloneWhoFailed) {
  DerivationBudget budget;
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(budget.take_guess(kStart, caller(1)));
  std::int64_t failed = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (!budget.take_guess(kStart, caller(1))) continue;
    budget.note_failure(kStart, caller(1));
    ++failed;
  }
  EXPECT_LE(failed, DerivationBudget::kSiteBurst / (DerivationBudget::kFailureCost - 1));
  EXPECT_TRUE(budget.take_guess(kStart, caller(2)));
}

// Knowing one passphrase makes nobody free to guess another.
TEST(DerivationBudgetTest, ASiteThatKnewOnePaysForItsFailures) {
  DerivationBudget budget;
  std::int64_t guessed = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = kStart + millis(i);
    if (!budget.take_guess(now, caller(1))) continue;
    budget.note_failure(now, caller(1));
    budget.note_success(now, caller(1));
    ++guessed;
  }
  constexpr std::int64_t kTokens = DerivationBudget::kSiteBurst + 10 * DerivationBudget::kSitePerSecond;
  EXPECT_LE(guessed, kTokens / (DerivationBudget::kFailureCost - 1) + 1);
}

TEST(DerivationBudgetTest, ANetworkWhoseSitesFailOneAfterTheOtherIsOneThatFailed) {
  DerivationBudget budget;
  ASSERT_TRUE(budget.take(kStart, stranger(1, 255)));
  budget.note_success(kStart, stranger(1, 255));
  std::int64_t looked_at = 0;
  for (int i = 0; i < 250; ++i) looked_at += failed(budget, kStart + millis(10 * i), stranger(1, i), 1);
  looked_at += failed(budget, kStart + millis(2'500), stranger(1, 251), 5);
  EXPECT_LE(looked_at, DerivationBudget::kNetworkFailuresBurst + 3 + 25);
  EXPECT_FALSE(budget.take(kStart + millis(2'500), stranger(1, 252)));
  EXPECT_TRUE(budget.take(kStart + millis(2'500), stranger(1, 255))) << "it knew a passphrase";
  EXPECT_TRUE(budget.take(kStart + millis(2'500), stranger(2)));
}

TEST(DerivationBudgetTest, ThoseWhoTakeMuchLeaveAShareToThoseWhoTakeLittle) {
  DerivationBudget budget;
  for (int i = 0; i < 20'000; ++i) {
    const Instant now = kStart + millis(i);
    for (int site = 0; site < 12; ++site) (void)budget.take(now, stranger(site));
    if (i % 25 != 0) continue;
    ASSERT_TRUE(budget.take(now, caller(i / 25))) << i;
  }
}

}  // namespace
}  // namespace fanlight::control
