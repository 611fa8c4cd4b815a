#include "config/device_choice.h"

#include <vector>

namespace fanlight::control {
namespace {

std::string_view family_of(const IpAddress& ip) { return ip.is_v4() ? "IPv4" : "IPv6"; }

const std::optional<InterfaceAddress>& address_of(const DeviceOptions& device, const IpAddress& peer) {
  return peer.is_v4() ? device.ipv4 : device.ipv6;
}

std::string names_of(const EthernetOptions& ethernet) {
  std::string names;
  for (const DeviceOptions& device : ethernet.devices) names.append(names.empty() ? "" : ", ").append(name_of(device));
  return names;
}

Result<std::size_t, std::string> choose_for_host(const EthernetOptions& ethernet, const IpAddress& host,
                                                 const std::vector<std::size_t>& candidates) {
  for (const std::size_t i : candidates)
    if (address_of(ethernet.devices[i], host)->is_on_link(host)) return i;
  for (const std::size_t i : candidates)
    if (address_of(ethernet.devices[i], host)->gateway) return i;
  return host.text() + " is on no device's link, and there is no " + (host.is_v4() ? "ipv4_gateway" : "ipv6_gateway");
}

}  // namespace

std::string_view name_of(const DeviceOptions& device) {
  return std::string_view{device.eal}.substr(0, device.eal.find(','));
}

Result<std::size_t, std::string> choose_device(const EthernetOptions& ethernet, const DeviceWish& wish) {
  std::vector<std::size_t> candidates;
  bool has_family = false;
  bool has_name = false;
  for (std::size_t i = 0; i < ethernet.devices.size(); ++i) {
    const std::optional<InterfaceAddress>& ours = address_of(ethernet.devices[i], wish.peer);
    const bool is_named = wish.interface.empty() || wish.interface == name_of(ethernet.devices[i]);
    has_family = has_family || ours.has_value();
    has_name = has_name || is_named;
    if (ours && is_named && (!wish.source || ours->ip == *wish.source)) candidates.push_back(i);
  }
  if (!has_name)
    return "no [[ethernet.device]] is called " + std::string{wish.interface} + "; there are " + names_of(ethernet);
  if (!has_family) return "no [[ethernet.device]] has an address of " + std::string{family_of(wish.peer)};
  if (candidates.empty() && wish.source)
    return "source " + wish.source->text() + " is not the address of " +
           (wish.interface.empty() ? "an [[ethernet.device]]" : std::string{wish.interface});
  if (candidates.empty())
    return std::string{wish.interface} + " has no address of " + std::string{family_of(wish.peer)};
  if (!wish.peer.is_multicast()) return choose_for_host(ethernet, wish.peer, candidates);
  if (candidates.size() > 1)
    return wish.peer.text() + " is a group, and several devices speak " + std::string{family_of(wish.peer)} +
           ": interface must say which (" + names_of(ethernet) + ")";
  return candidates.front();
}

}  // namespace fanlight::control
