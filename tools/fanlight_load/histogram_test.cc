#include "fanlight_load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace fanlight::load {
namespace {

TEST(HistogramTest, SmallValuesAreExact) {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 1; value <= 100; ++value) histogram->record(value);
  EXPECT_EQ(histogram->quantile(0.5), 50u);
  EXPECT_EQ(histogram->quantile(0.99), 99u);
  EXPECT_EQ(histogram->quantile(1), 100u);
  EXPECT_EQ(histogram->max(), 100u);
}

TEST(HistogramTest, QuantilesAreWithinOnePercentOfTheSortedSamples) {
  const auto histogram = std::make_unique<Histogram>();
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(std::uint64_t{1} << random() % 36 | random() % 1'000);
    histogram->record(all.back());
  }
  std::ranges::sort(all);
  for (const double share : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(all[static_cast<std::size_t>(share * 100'000) - 1]);
    EXPECT_GE(static_cast<double>(histogram->quantile(share)), exact) << share;
    EXPECT_LE(static_cast<double>(histogram->quantile(share)), exact * 1.01 + 1) << share;
  }
}

TEST(HistogramTest, WhatIsTooLargeCountsInTheLastBucketAndKeepsItsMaximum) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(~std::uint64_t{0});
  EXPECT_EQ(histogram->samples(), 1u);
  EXPECT_EQ(histogram->max(), ~std::uint64_t{0});
  EXPECT_GE(histogram->quantile(0.5), std::uint64_t{1} << 39);
}

TEST(HistogramTest, SumOfTwoIsBoth) {
  const auto one = std::make_unique<Histogram>();
  const auto other = std::make_unique<Histogram>();
  one->record(10);
  other->record(30);
  one->add(*other);
  EXPECT_EQ(one->samples(), 2u);
  EXPECT_EQ(one->quantile(0.5), 10u);
  EXPECT_EQ(one->quantile(1), 30u);
}

TEST(HistogramTest, EmptyAnswersZero) { EXPECT_EQ(std::make_unique<Histogram>()->quantile(0.5), 0u); }

}  // namespace
}  // namespace fanlight::load
