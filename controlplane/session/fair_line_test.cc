#include "session/fair_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanlight::control {
namespace {

IpAddress at(const char* text) { return *IpAddress::parse(text); }

class FairLineTest : public testing::Test {
 protected:
  int crowd(const IpAddress& from, int count) {
    int in = 0;
    for (int i = 0; i < count; ++i) in += line.enter(++last, from) ? 1 : 0;
    return in;
  }
  std::vector<std::uint64_t> turns(std::size_t at_a_time) {
    std::vector<std::uint64_t> all;
    while (const auto number = line.next(at_a_time)) all.push_back(*number);
    return all;
  }
  FairLine line{1024};
  std::uint64_t last = 0;
};

TEST_F(FairLineTest, ASiteHasAThirdOfThePlacesANetworkHalfAndOthersTheRest) {
  EXPECT_EQ(crowd(at("198.51.100.1"), 5'000), 342);
  EXPECT_EQ(crowd(at("198.51.100.200"), 1), 0) << "the same site";
  EXPECT_EQ(crowd(at("198.51.7.1"), 5'000), 170) << "another site of the network";
  EXPECT_EQ(crowd(at("203.0.113.5"), 10), 10);
  EXPECT_EQ(crowd(at("2001:db8::1"), 10), 10);
}

TEST_F(FairLineTest, ACrowdLeavesQuestionsForOthers) {
  crowd(at("198.51.100.1"), 300);
  EXPECT_EQ(turns(16).size(), 6u);
  crowd(at("203.0.113.5"), 1);
  EXPECT_EQ(turns(16), (std::vector<std::uint64_t>{301}));
}

TEST_F(FairLineTest, OneAtATimeIsTakenInTurns) {
  crowd(at("198.51.100.1"), 300);
  EXPECT_EQ(turns(1), (std::vector<std::uint64_t>{1}));
  crowd(at("203.0.113.5"), 2);
  line.leave(1);
  EXPECT_EQ(turns(1), (std::vector<std::uint64_t>{301}));
  line.leave(301);
  EXPECT_EQ(turns(1), (std::vector<std::uint64_t>{2}));
  line.leave(2);
  EXPECT_EQ(turns(1), (std::vector<std::uint64_t>{302}));
}

TEST_F(FairLineTest, ASweepThroughTheSitesOfANetworkIsOneCrowd) {
  for (int site = 0; site < 200; ++site) crowd(IpAddress::v4(198, 51, static_cast<std::uint8_t>(site), 1), 2);
  EXPECT_EQ(turns(16).size(), 8u);
  crowd(at("203.0.113.5"), 1);
  EXPECT_EQ(turns(16), (std::vector<std::uint64_t>{401}));
}

TEST_F(FairLineTest, WhatHasLeftIsForgotten) {
  EXPECT_EQ(crowd(at("198.51.100.1"), 400), 342);
  EXPECT_FALSE(turns(16).empty());
  for (std::uint64_t number = 1; number <= last; ++number) line.leave(number);
  EXPECT_TRUE(line.is_empty());
  EXPECT_EQ(crowd(at("198.51.100.1"), 400), 342);
  EXPECT_EQ(turns(16).size(), 6u);
}

}  // namespace
}  // namespace fanlight::control
