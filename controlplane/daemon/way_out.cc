#include "daemon/way_out.h"

#include <net/if.h>

#include <algorithm>

#include "capacity/host.h"
#include "config/device_choice.h"
#include "config/listen_choice.h"
#include "daemon/route_probe.h"

namespace fanlight::control {
namespace {

std::optional<Path> way_through_sockets(const std::vector<ListenOptions>& listen, const Endpoint& to,
                                        const std::optional<IpAddress>& source) {
  const std::optional<std::size_t> door = choose_listen(listen, to.ip, source);
  if (!door) return std::nullopt;
  const Endpoint& from = listen[*door].address;
  return Path{.remote = to, .local = {source.value_or(from.ip), from.port}, .door = static_cast<std::uint16_t>(*door)};
}

Result<Path, std::string> way_through_devices(const EthernetOptions& ethernet, const Endpoint& to,
                                              const std::optional<IpAddress>& source, std::string_view interface) {
  const Result<std::size_t, std::string> door =
      choose_device(ethernet, {.peer = to.ip, .source = source, .interface = interface});
  if (!door) return door.error();
  const DeviceOptions& device = ethernet.devices[*door];
  return Path{.remote = to,
              .local = {to.ip.is_v4() ? device.ipv4->ip : device.ipv6->ip, ethernet.udp_ports.front()},
              .door = static_cast<std::uint16_t>(*door)};
}

std::optional<std::string> fault_of_door(const Endpoint& local, const std::string& interface) {
  const IpAddress& ip = local.ip;
  if (ip.is_multicast() && interface.empty()) return route_fault_of({.remote = local, .local = {}});
  if (ip.is_multicast()) {
    if (if_nametoindex(interface.c_str()) != 0) return std::nullopt;
    return "this machine has no interface " + interface;
  }
  if (ip.is_unspecified() || ip.is_loopback() || is_address_of_host(ip)) return std::nullopt;
  return ip.text() + " is no address of this host";
}

}  // namespace

std::optional<Path> way_out(const Config& config, const Endpoint& to) {
  if (config.relay.port == PortKind::kSockets) return way_through_sockets(config.listen, to, std::nullopt);
  const Result<Path, std::string> way = way_through_devices(config.ethernet, to, std::nullopt, "");
  return way ? std::optional(*way) : std::nullopt;
}

Result<Path> way_to(const Config& config, const DestinationRule& rule) {
  const Endpoint& to = rule.terms.remote;
  if (config.relay.port == PortKind::kEthernet) {
    Result<Path, std::string> way = way_through_devices(config.ethernet, to, rule.source, rule.interface);
    if (!way) return Error{ErrorCode::kInvalid, way.error()};
    return *way;
  }
  if (auto fault = source_fault_of(config.listen, rule.source)) return Error{ErrorCode::kInvalid, *std::move(fault)};
  std::optional<Path> way = way_through_sockets(config.listen, to, rule.source);
  if (!way) return Error{ErrorCode::kUnavailable, "no address that the relay listens on can reach " + to.ip.text()};
  if (!rule.interface.empty()) {
    way->interface_index = if_nametoindex(rule.interface.c_str());
    if (way->interface_index == 0)
      return Error{ErrorCode::kUnavailable, "this machine has no interface " + rule.interface};
  }
  if (auto fault = route_fault_of(*way)) return Error{ErrorCode::kUnavailable, *std::move(fault)};
  return *way;
}

std::optional<FeedObstacle> fault_of(const Config& config, const FeedRule& rule) {
  if (config.relay.port == PortKind::kEthernet) return std::nullopt;  // Its devices are there, or it would not run.
  const std::optional<std::string> first = fault_of_door(rule.terms.local, rule.interface);
  if (!rule.terms.second) return first ? std::optional(FeedObstacle{*first}) : std::nullopt;
  const std::optional<std::string> second = fault_of_door(rule.terms.second->local, rule.second_interface);
  if (first && second) return FeedObstacle{"first leg: " + *first + "; second leg: " + *second};
  if (first) return FeedObstacle{"first leg: " + *first, true};
  if (second) return FeedObstacle{"second leg: " + *second, true};
  return std::nullopt;
}

bool is_own(const Config& config, const Endpoint& to) {
  if (config.relay.port == PortKind::kSockets)
    return std::ranges::any_of(config.listen, [&](const ListenOptions& one) {
      if (one.address.port != to.port) return false;
      if (!one.address.ip.is_unspecified()) return one.address.ip == to.ip;
      // To the wildcard address means to this host.
      return speaks(config.listen, one.address, to.ip) &&
             (to.ip.is_unspecified() || to.ip.is_loopback() || is_address_of_host(to.ip));
    });
  return std::ranges::find(config.ethernet.udp_ports, to.port) != config.ethernet.udp_ports.end() &&
         std::ranges::any_of(config.ethernet.devices, [&](const DeviceOptions& device) {
           return (device.ipv4 && device.ipv4->ip == to.ip) || (device.ipv6 && device.ipv6->ip == to.ip);
         });
}

bool comes_to_feed(const Config& config, const Endpoint& to) {
  const auto is_ours = [&](const IpAddress& ip) {
    const auto has_it = [&](const DeviceOptions& one) {
      return (one.ipv4 && one.ipv4->ip == ip) || (one.ipv6 && one.ipv6->ip == ip);
    };
    return ip.is_loopback() || is_address_of_host(ip) || std::ranges::any_of(config.ethernet.devices, has_it);
  };
  return std::ranges::any_of(config.feeds, [&](const FeedRule& feed) { return is_own_door(feed.terms, to, is_ours); });
}

std::optional<Endpoint> find_own_call(const Config& config) {
  for (const CallRule& call : config.calls)
    if (const auto address = IpAddress::parse(call.url.host))
      if (const Endpoint to{*address, call.url.port}; is_own(config, to)) return to;
  return std::nullopt;
}

}  // namespace fanlight::control
