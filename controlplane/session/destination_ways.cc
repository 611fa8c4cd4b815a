// SessionDesk's look at the interfaces by which open destinations are sent to.
#include <utility>

#include "session/session_desk.h"

namespace fanlight::control {

// An interface that is made anew has another index: what leaves by the old one is lost, and nobody says so.
void SessionDesk::look_at_ways() {
  if (now_ < ways_look_) return;
  ways_look_ = Instant::never();
  destinations_.for_each([this](DestinationEntry& one) {
    const std::string second = one.rule.second ? one.rule.second_alone().interface : "";
    if (!one.is_open() || (one.rule.interface.empty() && second.empty())) return;
    ways_look_ = now_ + kWaysLookedEvery;
    if (!one.rule.interface.empty()) look_at_way(one, false);
    if (!second.empty() && one.second_socket != SocketId{}) look_at_way(one, true);
  });
}

void SessionDesk::look_at_way(DestinationEntry& one, bool is_second_leg) {
  const Result<Path> path = destination_way_(is_second_leg ? one.rule.second_alone() : one.rule);
  DestinationLegWay& way = is_second_leg ? one.second_way : one.way;
  if (path && way.interface_index != path->interface_index) {
    way.interface_index = path->interface_index;
    const SocketId socket = is_second_leg ? one.second_socket : one.socket;
    say(one.worker, command::MoveDestination{.socket = socket, .path = *path});
  }
  const std::string found = path ? "" : path.error().what;
  if (std::exchange(way.fault, found) == found || one.leader != 0) return;
  note(found.empty() ? Notice::Level::kInfo : Notice::Level::kWarning,
       title_of(one) + (is_second_leg ? ": its second leg" : "") +
           (found.empty() ? " is sent to again" : " is paused: " + found),
       Notice::About::kSession);
}

}  // namespace fanlight::control
