#include "io/memory_plan.h"

#include <gtest/gtest.h>
#include <rte_malloc.h>

#include <memory>
#include <vector>

#include "io/test_eal.h"
#include "packet/packet.h"

namespace fanlight::io {
namespace {

std::size_t allocated_bytes() {
  rte_malloc_socket_stats stats;
  rte_malloc_get_socket_stats(0, &stats);
  return stats.heap_allocsz_bytes;
}

TEST(MemoryPlanTest, HoldsWhatPoolsReallyTakeAndLittleMore) {
  ASSERT_NO_FATAL_FAILURE(need_eal());
  for (const PoolPlan plan : {PoolPlan{10'000, kReceiveRoomBytes}, PoolPlan{3'000, 256}, PoolPlan{20'000, 1'456},
                              PoolPlan{10'000, kReceiveRoomBytes, true}, PoolPlan{3'000, 256, true}}) {
    const std::size_t before = allocated_bytes();
    const auto pool = PacketPool::create(plan.buffers, plan.room_bytes, plan.for_devices);
    ASSERT_TRUE(pool.has_value()) << pool.error().what;
    const std::size_t taken = allocated_bytes() - before;
    const std::size_t planned = memory_bytes({&plan, 1}) - memory_bytes({});
    EXPECT_LE(taken, planned) << plan.buffers;
    EXPECT_LE(planned, taken + taken / 20 + (1u << 20)) << plan.buffers;
  }
}

TEST(MemoryPlanTest, APoolForAdoptionTakesWhatItSaysAndNoRoomForBytes) {
  ASSERT_NO_FATAL_FAILURE(need_eal());
  const PoolPlan plan{.buffers = 20'000, .for_adoption = true};
  const std::size_t before = allocated_bytes();
  const auto pool = PacketPool::create_for_adoption(plan.buffers);
  ASSERT_TRUE(pool.has_value()) << pool.error().what;
  const std::size_t taken = allocated_bytes() - before;
  const std::size_t planned = memory_bytes({&plan, 1}) - memory_bytes({});
  EXPECT_LE(taken, planned);
  EXPECT_LE(planned, taken + taken / 20 + (1u << 20));
}

TEST(MemoryPlanTest, SeveralWorkersHaveReferencesOfTheirOwnAndShareTheBytes) {
  const MemoryPlan one = plan_memory({.history_slots = 50'000});
  const MemoryPlan two = plan_memory({.history_slots = 50'000, .workers = 2, .handover_slots = 4'096});
  EXPECT_EQ(one.adopted.buffers, 0u);
  EXPECT_GT(two.adopted.buffers, 50'000u);
  EXPECT_LT(two.receive.buffers, one.receive.buffers + 20'000) << "histories are held once";
}

TEST(MemoryPlanTest, PoolsBeyondTheReservedMemoryAreAnError) {
  ASSERT_NO_FATAL_FAILURE(need_eal());
  const auto pool = PacketPool::create(1'000'000, kReceiveRoomBytes);
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().code, ErrorCode::kNoMemory);
}

TEST(MemoryPlanTest, ReceivePoolHoldsAllHistoriesAndMore) {
  const MemoryPlan plan = plan_memory({.history_slots = 50'000, .workers = 2});
  EXPECT_GT(plan.receive.buffers, 50'000u);
  EXPECT_GT(plan.bytes(), 50'000 * kReceiveRoomBytes);
}

}  // namespace
}  // namespace fanlight::io
