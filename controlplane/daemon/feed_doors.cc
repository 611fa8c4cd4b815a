#include "daemon/feed_doors.h"

#include <algorithm>
#include <iterator>

#include "config/device_choice.h"

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

// On devices a datagram comes to any worker's queue and is handed to the feed's. Feeds are dealt out, all of one
// address to one worker.
void plan_on_devices(const Config& config, FeedDoorPlan& plan, FeedPlace& place) {
  const FeedTerms& terms = place.rule.terms;
  const auto known = std::ranges::find(plan.addresses, terms.local, &FeedAddress::local);
  place.worker = known != plan.addresses.end() ? known->worker : (plan.feeds.size() - 1) % config.relay.workers;
  std::vector<Endpoint> addresses{terms.local};
  if (terms.has_rtcp_port()) addresses.push_back(terms.rtcp_endpoint());
  if (terms.fec) std::ranges::copy(terms.fec_endpoints(), std::back_inserter(addresses));
  for (const Endpoint& address : addresses)
    if (std::ranges::find(plan.addresses, address, &FeedAddress::local) == plan.addresses.end())
      plan.addresses.push_back({address, place.worker});
  const auto device = choose_device(config.ethernet, {.peer = terms.local.ip, .interface = place.rule.interface});
  if (!terms.local.ip.is_multicast() || !device) return;
  const io::GroupJoin join{terms.local.ip, terms.source};
  if (std::ranges::find(plan.joins[*device], join) == plan.joins[*device].end()) plan.joins[*device].push_back(join);
}

}  // namespace

FeedDoorPlan plan_feed_doors(const Config& config) {
  FeedDoorPlan plan;
  plan.joins.resize(config.ethernet.devices.size());
  const auto first = static_cast<std::uint16_t>(config.listen.size());
  for (const FeedRule& rule : config.feeds) {
    FeedPlace& place = plan.feeds.emplace_back(FeedPlace{.rule = rule});
    if (config.relay.port == PortKind::kEthernet) {
      plan_on_devices(config, plan, place);
      continue;
    }
    place.doors.data = static_cast<std::uint16_t>(first + door_at(plan.doors, rule.terms.local, rule));
    if (rule.terms.has_rtcp_port())
      place.doors.control = static_cast<std::uint16_t>(first + door_at(plan.doors, rule.terms.rtcp_endpoint(), rule));
    if (!rule.terms.fec) continue;
    const std::array<Endpoint, 2> endpoints = rule.terms.fec_endpoints();
    for (std::size_t i = 0; i < endpoints.size(); ++i)
      place.doors.fec[i] = static_cast<std::uint16_t>(first + door_at(plan.doors, endpoints[i], rule));
  }
  return plan;
}

}  // namespace fanlight::control
