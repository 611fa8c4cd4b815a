#include "live/late_document.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace fanlight::packager {
namespace {

TEST(LateDocument, IsMadeWhenSomebodyAsksAndOnceForAllWhoDo) {
  std::atomic<int> made = 0;
  const LateDocument document([&made] {
    ++made;
    return std::string(10'000, 'a');
  });
  EXPECT_FALSE(document.is_empty());
  EXPECT_EQ(made, 0);
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < 8; ++i)
      askers.emplace_back([copy = document] {
        EXPECT_EQ(copy.get().plain.size(), 10'000u);
        EXPECT_GT(copy.get().gzip.size(), 0u);
      });
  }
  EXPECT_EQ(made, 1);
}

TEST(LateDocument, LetsGoOfWhatItWasMadeOf) {
  const auto held = std::make_shared<std::string>("text");
  const LateDocument document([held] { return *held; });
  EXPECT_EQ(held.use_count(), 2);
  (void)document.get();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(LateDocument, MayBeMadeAlreadyOrNone) {
  const LateDocument none, empty{Document{}}, made{Document{.plain = SharedBytes::copy_of("x"), .gzip = {}}};
  EXPECT_TRUE(none.is_empty());
  EXPECT_EQ(none.get().plain.size(), 0u);
  EXPECT_TRUE(empty.is_empty());
  EXPECT_EQ(made.get().plain.size(), 1u);
  EXPECT_TRUE(made.is_same_as(LateDocument(made)));
  EXPECT_FALSE(made.is_same_as(none));
}

}  // namespace
}  // namespace fanlight::packager
