#include "daemon/feed_doors.h"

#include <algorithm>
#include <iterator>

#include "config/device_choice.h"

namespace fanlight::control {
namespace {

// Whoever of a door's feeds wants anybody's is to hear them: a socket's filter is all of its feeds'. What each of them
// takes is judged packet by packet.
template <class Membership>
void add_membership(std::vector<Membership>& all, Membership wanted, auto&& is_same_place) {
  const auto covers = [&](const Membership& one) {
    return is_same_place(one, wanted) && (!one.source || one.source == wanted.source);
  };
  if (std::ranges::any_of(all, covers)) return;
  if (!wanted.source) std::erase_if(all, [&](const Membership& one) { return is_same_place(one, wanted); });
  all.push_back(std::move(wanted));
}

// The door's number among `doors`, which gets it when it is new. A group of a link is another one on each link.
std::uint16_t door_at(std::vector<io::FeedDoor>& doors, const Endpoint& address, const std::optional<IpAddress>& source,
                      const std::string& interface) {
  const bool is_of_link = address.ip.is_multicast() && address.ip.is_link_local();
  auto door = std::ranges::find_if(doors, [&](const io::FeedDoor& one) {
    return one.address == address && (!is_of_link || one.groups.front().interface == interface);
  });
  if (door == doors.end()) door = doors.insert(door, {address, {}});
  if (address.ip.is_multicast())
    add_membership(door->groups, io::GroupMembership{source, interface},
                   [](const auto& a, const auto& b) { return a.interface == b.interface; });
  return static_cast<std::uint16_t>(door - doors.begin());
}

void join_on_device(const Config& config, FeedDoorPlan& plan, const FeedLeg& leg, const std::string& interface) {
  const auto device = choose_device(config.ethernet, {.peer = leg.local.ip, .interface = interface});
  if (!leg.local.ip.is_multicast() || !device) return;
  add_membership(plan.joins[*device], io::GroupJoin{leg.local.ip, leg.source},
                 [](const auto& a, const auto& b) { return a.group == b.group; });
}

// On devices a datagram comes to any worker's queue and is handed to the feed's. Feeds are dealt out, all of one
// address to one worker.
void plan_on_devices(const Config& config, FeedDoorPlan& plan, FeedPlace& place) {
  const FeedTerms& terms = place.rule.terms;
  const auto known = std::ranges::find(plan.addresses, terms.local, &FeedAddress::local);
  place.worker = known != plan.addresses.end() ? known->worker : (plan.feeds.size() - 1) % config.relay.workers;
  for (const Endpoint& address : doors_of(terms))
    if (std::ranges::find(plan.addresses, address, &FeedAddress::local) == plan.addresses.end())
      plan.addresses.push_back({address, place.worker});
  join_on_device(config, plan, {terms.local, terms.source}, place.rule.interface);
  if (terms.second) join_on_device(config, plan, *terms.second, place.rule.second_interface);
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
    const FeedTerms& terms = rule.terms;
    const auto door = [&](const Endpoint& address, const std::optional<IpAddress>& source,
                          const std::string& interface) {
      return static_cast<std::uint16_t>(first + door_at(plan.doors, address, source, interface));
    };
    place.doors.data = door(terms.local, terms.source, rule.interface);
    if (terms.has_rtcp_port()) place.doors.control = door(terms.rtcp_endpoint(), terms.source, rule.interface);
    if (terms.second) place.doors.second = door(terms.second->local, terms.second->source, rule.second_interface);
    if (!terms.fec) continue;
    const std::array<Endpoint, 2> endpoints = terms.fec_endpoints();
    for (std::size_t i = 0; i < endpoints.size(); ++i)
      place.doors.fec[i] = door(endpoints[i], terms.source, rule.interface);
  }
  return plan;
}

}  // namespace fanlight::control
