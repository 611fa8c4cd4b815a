// Which [[listen]] datagrams of the relay's own leave by: answers, receivers' reports and ICMP come to the address that
// they came from, and are heard where a socket is bound to it, or to all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace fanlight::control {

// "[::]" takes IPv4 as well, unless "0.0.0.0" is listed with its port.
[[nodiscard]] bool speaks(const std::vector<ListenOptions>& listen, const Endpoint& from, const IpAddress& to);

// The place of the first from which `to` can be reached, with `source` as its address where there is one; empty when
// there is none.
[[nodiscard]] std::optional<std::size_t> choose_listen(const std::vector<ListenOptions>& listen, const IpAddress& to,
                                                       const std::optional<IpAddress>& source);

// Why nothing that answers packets from `source` would be heard, and what to do; empty when it would be.
[[nodiscard]] std::optional<std::string> source_fault_of(const std::vector<ListenOptions>& listen,
                                                         const std::optional<IpAddress>& source);

}  // namespace fanlight::control
