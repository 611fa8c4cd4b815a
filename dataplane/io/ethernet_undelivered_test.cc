// What becomes of datagrams that nobody takes.
#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "io/ethernet_fixture.h"

namespace fanlight::io {
namespace {

TEST_F(EthernetPortTest, WhatIcmpSaysComesAsWordOfTheDatagramThatItQuotes) {
  settle();
  for (const auto& [hex, path] : {std::pair{net::test::kUnreachableV4, to_neighbour(false)},
                                  std::pair{net::test::kUnreachableV6, to_neighbour(true)}}) {
    ASSERT_EQ(feed(hex), 1u);
    EXPECT_TRUE(arrivals_[0].is_unreachable);
    EXPECT_EQ(arrivals_[0].path, path);
    const ByteSpan bytes = std::as_const(arrivals_[0].packet).bytes();
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), net::test::kPayload);
  }
  ASSERT_EQ(feed(net::test::kUnreachableV4Brief), 1u);
  EXPECT_TRUE(arrivals_[0].is_unreachable);
  EXPECT_EQ(arrivals_[0].packet.total_bytes(), 0u);
  EXPECT_EQ(port_->counters().received, 3u);
  EXPECT_EQ(counted(Verdict::kUnreachable), 0u) << "the worker counts it";
  EXPECT_EQ(frames_out().size(), 0u) << "nobody is answered, or asked for";

  ASSERT_EQ(feed(net::test::kUdpV4), 1u);
  EXPECT_FALSE(arrivals_[0].is_unreachable);
}

}  // namespace
}  // namespace fanlight::io
