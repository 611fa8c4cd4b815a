// What a port needs for the feeds of a configuration: sockets of their own behind those of [[listen]]; on devices,
// which have one door each, groups to join, and for each address the worker whose feeds come there.
#pragma once

#include <vector>

#include "config/config.h"
#include "io/group_join.h"
#include "io/socket_port.h"
#include "session/feed_table.h"

namespace fanlight::control {

struct FeedDoorPlan {
  std::vector<io::FeedDoor> doors;  // Each address once, with every membership that a feed wants of it.
  std::vector<FeedPlace> feeds;
  std::vector<std::vector<io::GroupJoin>> joins;  // By device.
  std::vector<FeedAddress> addresses;             // On devices.
};

[[nodiscard]] FeedDoorPlan plan_feed_doors(const Config& config);

}  // namespace fanlight::control
