#include "crypto/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace fanlight::crypto {
namespace {

TEST(ReplayWindowTest, EachIndexIsNewOnce) {
  ReplayWindow<64> window;
  EXPECT_TRUE(window.is_empty());
  for (const std::uint64_t index : {10u, 12u, 11u, 73u}) {
    EXPECT_TRUE(window.is_new(index)) << index;
    window.note(index);
    EXPECT_FALSE(window.is_new(index)) << index;
  }
  EXPECT_EQ(window.newest(), 73u);
  EXPECT_TRUE(window.is_new(13));
  EXPECT_FALSE(window.is_new(9)) << "older than the window, though it never came";
}

TEST(ReplayWindowTest, ItAgreesWithASetUnderAnyOrder) {
  constexpr std::uint64_t kPackets = 128;
  std::mt19937 random(7);
  ReplayWindow<kPackets> window;
  std::set<std::uint64_t> came;
  std::uint64_t newest = (std::uint64_t{1} << 32) - 500;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t leap = random() % 200 == 0 ? 500 : 4;
    const std::uint64_t index = random() % 3 == 0 ? newest + random() % leap : newest - random() % (kPackets + 20);
    const bool is_old = index + kPackets <= newest && !came.empty();
    ASSERT_EQ(window.is_new(index), !is_old && !came.contains(index)) << index << " at " << newest;
    if (!window.is_new(index)) continue;
    window.note(index);
    came.insert(index);
    newest = *came.rbegin();
    ASSERT_EQ(window.newest(), newest);
  }
}

}  // namespace
}  // namespace fanlight::crypto
