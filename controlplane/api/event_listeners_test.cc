#include "api/event_listeners.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

TEST(EventListenersTest, APatternWantsItsStreamsOnly) {
  EventListeners listeners;
  int woken = 0;
  EventListener live{.stream = "live/*", .wake = [&] { ++woken; }};
  const auto place = listeners.try_add(live);
  ASSERT_TRUE(place);
  listeners.publish("live/main", "a");
  listeners.publish("other/main", "b");
  listeners.publish("", "c");
  EXPECT_EQ(live.unsent, "a\n");
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(listeners.has_unsent());
  listeners.remove(*place);
  EXPECT_FALSE(listeners.has_any());
}

TEST(EventListenersTest, ASlowOneIsCutAtItsBoundAndKeepsWholeLines) {
  EventListeners listeners;
  EventListener slow{.wake = [] {}};
  const auto place = listeners.try_add(slow);
  const std::string line(1'023, 'x');
  for (std::size_t i = 0; i < EventListeners::kUnsentBytesMax / 1'024; ++i) listeners.publish("live/main", line);
  EXPECT_FALSE(slow.is_over);
  listeners.publish("live/main", line);
  EXPECT_TRUE(slow.is_over);
  EXPECT_EQ(slow.unsent.size(), EventListeners::kUnsentBytesMax);
  listeners.publish("live/main", line);
  EXPECT_EQ(listeners.cut(), 1u);
  listeners.remove(*place);
}

}  // namespace
}  // namespace fanlight::control
