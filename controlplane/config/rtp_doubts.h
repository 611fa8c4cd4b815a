// What is valid in feeds and destinations and will hardly work, as sentences for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace fanlight::control {

// A group for named sources alone (RFC 4607) that a leg joins without one: routers ignore that.
[[nodiscard]] std::optional<std::string> doubt_of(const FeedRule& rule);
// Packets that no frame of its Ethernet device holds. `format`: of its stream.
[[nodiscard]] std::optional<std::string> doubt_of(const DestinationRule& rule, const MediaFormat& format,
                                                  PortKind port);
// Of all that a file has: 'feed rtp://232.1.2.3:5004 of live/main (line 7): ...'
[[nodiscard]] std::vector<std::string> find_rtp_doubts(const Config& config);

}  // namespace fanlight::control
