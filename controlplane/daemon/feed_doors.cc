#include "daemon/feed_doors.h"

#include <algorithm>

namespace fanlight::control {
namespace {

// The door's number among `doors`, which gets it when it is new.
std::uint16_t door_at(std::vector<io::FeedDoor>& doors, const Endpoint& address, const FeedRule& rule) {
  auto door = std::ranges::find(doors, address, &io::FeedDoor::address);
  if (door == doors.end()) door = doors.insert(door, {address, {}});
  if (address.ip.is_multicast()) {
    const io::GroupMembership membership{rule.terms.source, rule.interface};
    if (std::ranges::find(door->groups, membership) == door->groups.end()) door->groups.push_back(membership);
  }
  return static_cast<std::uint16_t>(door - doors.begin());
}

}  // namespace

FeedDoorPlan plan_feed_doors(const Config& config) {
  FeedDoorPlan plan;
  const auto first = static_cast<std::uint16_t>(config.listen.size());
  for (const FeedRule& rule : config.feeds) {
    FeedPlace& place = plan.feeds.emplace_back(FeedPlace{.rule = rule});
    if (config.relay.port == PortKind::kEthernet) continue;
    place.doors.data = static_cast<std::uint16_t>(first + door_at(plan.doors, rule.terms.local, rule));
    if (rule.terms.has_rtcp_port())
      place.doors.control = static_cast<std::uint16_t>(first + door_at(plan.doors, rule.terms.rtcp_endpoint(), rule));
  }
  return plan;
}

}  // namespace fanlight::control
