#include "cmaf/shared_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

namespace fanlight::packager {
namespace {

std::vector<int> all_of(const SharedList<int>& list) { return {list.begin(), list.end()}; }

TEST(SharedList, IsAQueueWhateverComesAndGoes) {
  SharedList<int> list;
  std::deque<int> model;
  std::mt19937 random(1);
  for (int i = 0; i < 5'000; ++i) {
    list.push_back(i);
    model.push_back(i);
    const std::size_t gone = random() % 3 == 0 ? random() % std::min<std::size_t>(model.size() + 1, 40) : 0;
    list.pop_front(gone);
    model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(gone));
    ASSERT_EQ(list.size(), model.size());
    ASSERT_EQ(list.empty(), model.empty());
    if (model.empty()) continue;
    ASSERT_EQ(list.front(), model.front());
    ASSERT_EQ(list.back(), model.back());
    ASSERT_TRUE(std::ranges::equal(list, model));
  }
}

TEST(SharedList, ACopyStaysAsItIs) {
  SharedList<int> list(std::vector<int>(40, 7));
  const SharedList<int> before = list;
  list.back() = 8;
  for (int i = 0; i < 100; ++i) list.push_back(i);
  list.pop_front(39);
  EXPECT_EQ(all_of(before), std::vector<int>(40, 7));
  EXPECT_EQ(list.front(), 8);
}

TEST(SharedList, CopiesShareAllButTheNewest) {
  SharedList<std::shared_ptr<int>> list;
  for (int i = 0; i < 3'600; ++i) list.push_back(std::make_shared<int>(i));
  const SharedList<std::shared_ptr<int>> copy = list;
  std::size_t copied = 0;
  for (const auto& one : copy) copied += one.use_count() > 1 ? 1 : 0;
  EXPECT_LE(copied, 32u);
}

}  // namespace
}  // namespace fanlight::packager
