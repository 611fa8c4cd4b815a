// What this host has for a relay: cores, and the line behind its addresses.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "base/ip.h"

namespace fanlight::control {

// CPUs that this process may run on.
[[nodiscard]] std::size_t usable_cores();

// Whether an interface has it.
[[nodiscard]] bool is_address_of_host(const IpAddress& address);
// Of all interfaces.
[[nodiscard]] std::set<IpAddress> addresses_of_host();

struct Line {
  std::string interface;  // Empty when none is found.
  double bits = 0;        // What it says of its speed, bits/s; 0 when it says nothing, as loopback does.
};
// The one with the address; of the default route when the address is a wildcard.
[[nodiscard]] Line line_of(const IpAddress& address);

}  // namespace fanlight::control
