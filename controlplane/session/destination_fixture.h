// A desk with destinations, against a worker played by the test.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string_view>

#include "session/desk_fixture.h"
#include "session/session_desk.h"

namespace fanlight::control {

class DestinationDeskTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), rule("live/*")}); }

  static DestinationRule to(const char* url = "rtp://198.51.100.1:5004", std::string stream = "live/main") {
    DestinationRule rule = *parse_destination_url(url);
    rule.stream = std::move(stream);
    return rule;
  }
  std::uint32_t add(DestinationRule rule) {
    const Result<std::uint32_t> added = desk().add_destination(now_, std::move(rule));
    EXPECT_TRUE(added) << added.error().what;
    wait({});
    return added ? *added : 0;
  }
  std::optional<command::OpenDestination> take_opening() {
    std::vector<Command> commands = take_commands();
    auto* opening = find<command::OpenDestination>(commands);
    return opening == nullptr ? std::nullopt : std::optional(*opening);
  }
  command::OpenDestination opens() {
    const auto opening = take_opening();
    EXPECT_TRUE(opening);
    if (!opening) return {};
    desk().handle_event(now_, event::SessionOpened{opening->request, SocketId{4'242}});
    return *opening;
  }
  // The media, and behind it its FEC.
  std::vector<command::OpenDestination> opens_with_fec() {
    std::vector<command::OpenDestination> legs{opens()};
    wait({});
    for (const Command& one : take_commands())
      if (const auto* opening = std::get_if<command::OpenDestination>(&one)) legs.push_back(*opening);
    for (std::size_t i = 1; i < legs.size(); ++i)
      desk().handle_event(now_, event::SessionOpened{legs[i].request, SocketId{static_cast<std::uint32_t>(i)}});
    return legs;
  }
  std::vector<SocketId> closings() {
    std::vector<SocketId> sockets;
    for (const Command& one : take_commands())
      if (const auto* close = std::get_if<command::CloseSession>(&one)) sockets.push_back(close->socket);
    return sockets;
  }
  void ends(const command::OpenDestination& one, CloseReason reason) {
    event::SessionClosed event;
    event.request = one.request;
    event.reason = reason;
    desk().handle_event(now_, std::move(event));
  }
  // Of live/main's reports.
  void say_name(std::string_view name) {
    event::StreamName event{.stream = StreamIndex{0}};
    ASSERT_EQ(name.size(), event.name.size());
    std::ranges::copy(name, event.name.begin());
    desk().handle_event(now_, event);
  }
  // Whether another viewer of live/main would be one too many.
  bool is_full_at(std::uint32_t viewers_max) {
    PolicyRule policy;
    policy.then = PolicyRule::Then::kAllow;
    policy.limits = {.viewers_max = viewers_max};
    desk().set_policies(PolicyTable({policy}));
    const AccessForecast told =
        desk().forecast(now_, {.stream_id = "live/main", .from = {IpAddress::v4(192, 0, 2, 9), 0}});
    return told.outcome == AccessForecast::Outcome::kTurnedAway;
  }
  CallView view() { return desk().calls(now_).at(0); }
};

}  // namespace fanlight::control
