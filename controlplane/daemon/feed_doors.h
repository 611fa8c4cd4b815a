// Which doors of a socket port the feeds of a configuration need. They stand behind those of [[listen]].
#pragma once

#include <vector>

#include "config/config.h"
#include "io/socket_port.h"
#include "session/feed_table.h"

namespace fanlight::control {

struct FeedDoorPlan {
  std::vector<io::FeedDoor> doors;  // Each address once, with every membership that a feed wants of it.
  std::vector<FeedPlace> feeds;
};

// With port = "ethernet" there are none: datagrams are told by their addresses.
[[nodiscard]] FeedDoorPlan plan_feed_doors(const Config& config);

}  // namespace fanlight::control
