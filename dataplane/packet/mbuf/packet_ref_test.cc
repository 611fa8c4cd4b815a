#include <gtest/gtest.h>

#include <cstring>

#include "io/test_eal.h"
#include "packet/packet.h"

namespace fanlight {
namespace {

class MbufPacketTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(io::need_eal());
    pool_ = std::make_unique<PacketPool>(64, 1456);
  }
  std::unique_ptr<PacketPool> pool_;
};

TEST_F(MbufPacketTest, ChainCountsBothSegments) {
  PacketRef payload = pool_->take();
  ASSERT_TRUE(payload.resize(1316));
  const PacketRef packet = dress(*pool_, payload, 16);
  EXPECT_EQ(packet.total_bytes(), 1332u);
  EXPECT_EQ(packet.bytes().size(), 16u);
  EXPECT_EQ(packet.mbuf()->nb_segs, 2);
  EXPECT_EQ(rte_mbuf_refcnt_read(payload.mbuf()), 2);
  const char* reason = nullptr;
  EXPECT_EQ(rte_mbuf_check(packet.mbuf(), 1, &reason), 0) << reason;
}

TEST_F(MbufPacketTest, ResetOfAChainDropsEachSegmentsReference) {
  PacketRef payload = pool_->take();
  ASSERT_TRUE(payload.resize(100));
  {
    PacketRef first = dress(*pool_, payload, 16);
    PacketRef second = dress(*pool_, payload, 16);
    EXPECT_EQ(pool_->available(), 61u);
    payload.reset();
    EXPECT_EQ(pool_->available(), 61u);
    first.reset();
    EXPECT_EQ(pool_->available(), 62u);
    std::size_t segments = 0;
    second.for_each_segment([&](ByteSpan) { ++segments; });
    EXPECT_EQ(segments, 2u);
  }
  EXPECT_EQ(pool_->available(), 64u);
}

TEST_F(MbufPacketTest, FrontMovesWithinTheHeadroom) {
  PacketRef packet = pool_->take();
  ASSERT_TRUE(packet.resize(8));
  std::memcpy(packet.bytes().data(), "01234567", 8);
  packet.trim_front(4);
  EXPECT_EQ(packet.total_bytes(), 4u);
  EXPECT_EQ(std::memcmp(packet.bytes().data(), "4567", 4), 0);
  EXPECT_EQ(packet.prepend(PacketPool::kHeadroom + 4).size(), PacketPool::kHeadroom + 4);
  EXPECT_TRUE(packet.prepend(1).empty());
  EXPECT_FALSE(packet.resize(PacketPool::kHeadroom + 1457));
  EXPECT_TRUE(packet.resize(PacketPool::kHeadroom + 1456));
}

TEST_F(MbufPacketTest, DryPoolAnswersAnEmptyPacket) {
  std::vector<PacketRef> all;
  for (int i = 0; i < 64; ++i) all.push_back(pool_->take());
  EXPECT_TRUE(all.back());
  EXPECT_FALSE(pool_->take());
  all.clear();
  EXPECT_EQ(pool_->available(), 64u);
}

}  // namespace
}  // namespace fanlight
