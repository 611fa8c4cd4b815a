#include "crypto/srtcp_heard.h"

#include <gtest/gtest.h>

namespace fanlight::crypto {
namespace {

TEST(SrtcpHeardTest, WhatWasSaidOnceIsNotNew) {
  SrtcpHeard heard;
  EXPECT_TRUE(heard.is_fresh(7, 3));
  EXPECT_TRUE(heard.try_note(7, 3));
  EXPECT_FALSE(heard.is_fresh(7, 3));
  EXPECT_FALSE(heard.is_fresh(7, 2));
  EXPECT_FALSE(heard.try_note(7, 3));
  EXPECT_TRUE(heard.is_fresh(7, 4));
  EXPECT_TRUE(heard.is_fresh(8, 3));
}

TEST(SrtcpHeardTest, LeastAndGreatestSendersAndIndices) {
  SrtcpHeard heard;
  for (const std::uint32_t sender : {0u, ~0u}) {
    EXPECT_TRUE(heard.try_note(sender, 0));
    EXPECT_FALSE(heard.is_fresh(sender, 0));
    EXPECT_TRUE(heard.try_note(sender, 0x7FFF'FFFF));
    EXPECT_FALSE(heard.is_fresh(sender, 0x7FFF'FFFF));
  }
}

TEST(SrtcpHeardTest, TwentyThousandReceiversHavePlaces) {
  constexpr std::uint32_t kReceivers = 20'000;
  SrtcpHeard heard;
  std::uint32_t sender = 1;
  const auto next = [&] { return sender = sender * 1'664'525 + 1'013'904'223; };
  for (std::uint32_t i = 0; i < kReceivers; ++i) EXPECT_TRUE(heard.try_note(next(), 5));
  sender = 1;
  std::uint32_t known = 0;
  for (std::uint32_t i = 0; i < kReceivers; ++i) known += heard.is_fresh(next(), 5) ? 0 : 1;
  EXPECT_GT(known, kReceivers * 98 / 100);
}

}  // namespace
}  // namespace fanlight::crypto
