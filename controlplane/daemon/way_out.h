// Where a call of the relay's own leaves: through an address that it listens on already, so that it needs no socket of
// its own, works on a DPDK device as on kernel sockets, and passes the same firewall rule as everybody who calls in.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "session/feed_table.h"

namespace fanlight::control {

// The first address of the configuration from which `to` can be reached; empty when there is none.
[[nodiscard]] std::optional<Path> way_out(const Config& config, const Endpoint& to);

// Where a destination's packets leave. kInvalid: never, whatever becomes of this machine's interfaces.
[[nodiscard]] Result<Path> way_to(const Config& config, const DestinationRule& rule);

// What keeps a feed, or one of its legs, from being heard now: an interface, address or route that this machine does
// not have. Empty: nothing that is known.
[[nodiscard]] std::optional<FeedObstacle> fault_of(const Config& config, const FeedRule& rule);

// Whether the relay itself listens at `to`.
[[nodiscard]] bool is_own(const Config& config, const Endpoint& to);

// Whether what is sent there comes in at one of its feeds.
[[nodiscard]] bool comes_to_feed(const Config& config, const Endpoint& to);

// The first configured call to an address of the relay's own. Names are judged when they have been resolved.
[[nodiscard]] std::optional<Endpoint> find_own_call(const Config& config);

}  // namespace fanlight::control
