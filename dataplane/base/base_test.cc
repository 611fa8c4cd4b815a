#include <gtest/gtest.h>

#include <thread>

#include "base/ip.h"
#include "base/seq.h"
#include "base/siphash.h"
#include "base/spsc_ring.h"

namespace fanlight {
namespace {

TEST(SeqTest, AnOffsetNamesPositionsAcrossTheWrap) {
  const SeqOffset offset = SeqOffset::between({1'000}, {0x7FFF'FFFE});
  EXPECT_EQ(offset.seq_of({1'001}), SeqNo{0x7FFF'FFFF});
  EXPECT_EQ(offset.seq_of({1'002}), SeqNo{0});
  EXPECT_EQ(unwrap({0}, offset, {1'000}), PacketPos{1'002});
  EXPECT_EQ(unwrap({0x7FFF'FFFF}, offset, {1'500}), PacketPos{1'001});
}

TEST(IpTest, TextAndBytesAgree) {
  EXPECT_EQ(IpAddress::parse("192.0.2.7"), IpAddress::v4(192, 0, 2, 7));
  EXPECT_EQ(IpAddress::parse("192.0.2.7")->text(), "192.0.2.7");
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:9000")->text(), "[2001:db8::1]:9000");
  EXPECT_EQ(Endpoint::parse("127.0.0.1:65535")->port, 65535);
  for (const char* bad : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9000", "[::1]", "host:1", ":1"})
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

// The reference vector of the SipHash paper, appendix A.
TEST(SipHashTest, MatchesThePaper) {
  std::array<std::byte, 15> message;
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = std::byte(i);
  EXPECT_EQ(siphash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, message), 0xa129ca6149be45e5);
}

TEST(SpscRingTest, RefusesWhenFullAndKeepsOrder) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.try_push(int{i}));
  EXPECT_FALSE(ring.try_push(9));
  int out = -1;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.try_pop(out));
    EXPECT_EQ(out, i);
  }
  EXPECT_FALSE(ring.try_pop(out));
}

TEST(SpscRingTest, TwoThreadsSeeEveryValueOnce) {
  constexpr int kCount = 200'000;
  SpscRing<int> ring(64);
  std::thread writer([&] {
    for (int i = 0; i < kCount;)
      if (ring.try_push(int{i}))
        ++i;
      else
        std::this_thread::yield();
  });
  for (int expected = 0; expected < kCount;) {
    int out;
    if (ring.try_pop(out))
      ASSERT_EQ(out, expected++);
    else
      std::this_thread::yield();
  }
  writer.join();
}

}  // namespace
}  // namespace fanlight
