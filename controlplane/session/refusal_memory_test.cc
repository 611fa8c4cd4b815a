#include "session/refusal_memory.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

const Instant kNow{5'000'000};

AccessRequest request(std::string stream = "live/main", std::string user = "bob", std::string token = "t",
                      Role role = Role::kViewer, const char* from = "192.0.2.9:5000") {
  AccessRequest out;
  out.wanted = {.role = role, .name = std::move(stream), .user = std::move(user), .token = std::move(token)};
  out.from = *Endpoint::parse(from);
  return out;
}

Denied denied(Micros holds = seconds(5)) { return {wire::Reject::kLocked, "door", holds}; }

TEST(RefusalMemoryTest, TheSameRequestFromAnyPortIsRemembered) {
  RefusalMemory memory;
  memory.add(kNow, "door", request(), denied());
  const Denied* found =
      memory.find(kNow + seconds(4), "door", request("live/main", "bob", "t", Role::kViewer, "192.0.2.9:6000"));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->reason, wire::Reject::kLocked);
  EXPECT_EQ(memory.find(kNow + seconds(5), "door", request()), nullptr) << "its time is over";
}

TEST(RefusalMemoryTest, WhoeverDiffersInAnythingIsAskedAbout) {
  RefusalMemory memory;
  memory.add(kNow, "door", request(), denied());
  EXPECT_EQ(memory.find(kNow, "other", request()), nullptr);
  EXPECT_EQ(memory.find(kNow, "door", request("live/other")), nullptr);
  EXPECT_EQ(memory.find(kNow, "door", request("live/main", "ann")), nullptr);
  EXPECT_EQ(memory.find(kNow, "door", request("live/main", "bob", "u")), nullptr);
  EXPECT_EQ(memory.find(kNow, "door", request("live/main", "bob", "t", Role::kPublisher)), nullptr);
  EXPECT_EQ(memory.find(kNow, "door", request("live/main", "bob", "t", Role::kViewer, "192.0.2.8:5000")), nullptr);
}

TEST(RefusalMemoryTest, ARefusalThatDoesNotHoldIsNotKept) {
  RefusalMemory memory;
  memory.add(kNow, "door", request(), denied(Micros{}));
  EXPECT_EQ(memory.find(kNow, "door", request()), nullptr);
}

TEST(RefusalMemoryTest, TheOldestIsForgotten) {
  RefusalMemory memory;
  const auto nth = [](std::size_t i) { return request("live/" + std::to_string(i)); };
  for (std::size_t i = 0; i <= RefusalMemory::kHeldMax; ++i) memory.add(kNow, "door", nth(i), denied());
  EXPECT_EQ(memory.find(kNow, "door", nth(0)), nullptr);
  EXPECT_NE(memory.find(kNow, "door", nth(1)), nullptr);
  EXPECT_NE(memory.find(kNow, "door", nth(RefusalMemory::kHeldMax)), nullptr);
  memory.clear();
  EXPECT_EQ(memory.find(kNow, "door", nth(1)), nullptr);
}

}  // namespace
}  // namespace fanlight::control
