#include "capacity/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

namespace fanlight::control {
namespace {

// Empty: it is of another kind.
std::optional<IpAddress> address_of(const sockaddr* held) {
  char text[INET6_ADDRSTRLEN] = "";
  if (held == nullptr) return std::nullopt;
  if (held->sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(held)->sin_addr, text, sizeof text);
  if (held->sa_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(held)->sin6_addr, text, sizeof text);
  return IpAddress::parse(text);
}

// Visits name and address of each, until `visit` answers true.
template <class Visit>
void find_interface(Visit visit) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next)
    if (const std::optional<IpAddress> address = address_of(one->ifa_addr); address && visit(one->ifa_name, *address))
      return;
}

std::string interface_with(const IpAddress& address) {
  std::string found;
  find_interface([&](const char* name, const IpAddress& held) {
    if (held == address) found = name;
    return held == address;
  });
  return found;
}

// Iface Destination Gateway …, one route a line.
std::string default_interface() {
  std::ifstream routes("/proc/net/route");
  std::string line;
  while (std::getline(routes, line)) {
    std::istringstream words(line);
    std::string name, destination;
    if (words >> name >> destination && destination == "00000000") return name;
  }
  return {};
}

}  // namespace

std::size_t usable_cores() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&cpus)));
}

bool is_address_of_host(const IpAddress& address) { return !interface_with(address).empty(); }

std::set<IpAddress> addresses_of_host() {
  std::set<IpAddress> all;
  find_interface([&](const char*, const IpAddress& held) {
    all.insert(held);
    return false;
  });
  return all;
}

Line line_of(const IpAddress& address) {
  Line line{address.is_unspecified() ? default_interface() : interface_with(address), 0};
  double megabits = 0;
  if (!line.interface.empty() && (std::ifstream("/sys/class/net/" + line.interface + "/speed") >> megabits) &&
      megabits > 0)
    line.bits = megabits * 1e6;
  return line;
}

}  // namespace fanlight::control
