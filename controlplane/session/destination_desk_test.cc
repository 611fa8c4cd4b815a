// Destinations: the desk against a worker played by the test.
#include "session/destination_fixture.h"

namespace fanlight::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(DestinationDeskTest, ItIsOpenedAtOnceAndListedBesideCalls) {
  add(to("rtp://198.51.100.1:5004?pt=96&ttl=3&source=192.0.2.1"));
  const command::OpenDestination one = opens();
  EXPECT_EQ(one.terms.remote, *Endpoint::parse("198.51.100.1:5004"));
  EXPECT_EQ(one.terms.payload_type, 96);
  EXPECT_EQ(one.path.remote, one.terms.remote);
  EXPECT_EQ(one.path.local.ip, IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(view().state, "sending");
  EXPECT_EQ(view().role, Role::kViewer);
  EXPECT_EQ(view().url, "rtp://198.51.100.1:5004?pt=96&ttl=3&source=192.0.2.1");
  EXPECT_EQ(view().socket, SocketId{4'242});
  EXPECT_THAT(view().sdp, HasSubstr("m=video 5004 RTP/AVP 96"));
  EXPECT_THAT(view().sdp, Not(HasSubstr("a=ssrc:")));
  say_name("000000010000000200000003");
  EXPECT_THAT(view().sdp, HasSubstr("a=ssrc:4242 cname:000000010000000200000003\r\n"));
  EXPECT_EQ(desk().poll_session_event()->kind, SessionEvent::Kind::kConnect);
}

// A route or a source that went while it was sent to is told by its name.
TEST_F(DestinationDeskTest, WhatTheHostWouldNotSendIsAPauseWithItsReason) {
  add(to());
  const command::OpenDestination one = opens();
  desk().set_destination_ways([](const DestinationRule&) -> Result<Path> {
    return Error{ErrorCode::kUnavailable, "no route leads to 198.51.100.1"};
  });
  desk().handle_event(now_, event::DestinationNews{one.request, DestinationPause::kUnreachable});
  EXPECT_EQ(view().state, "paused");
  EXPECT_EQ(view().failure, "no route leads to 198.51.100.1");
  EXPECT_THAT(take_notices(), Contains(HasSubstr("is paused: no route leads to 198.51.100.1")));
  desk().handle_event(now_, event::DestinationNews{one.request, DestinationPause::kNone});
  EXPECT_EQ(view().failure, "");
}

TEST_F(DestinationDeskTest, WhatIsNoTransportStreamIsToldWhileItComes) {
  add(to());
  (void)opens();
  (void)take_notices();
  const auto tell = [&](std::uint16_t bytes) {
    desk().handle_event(now_, event::PayloadUnfit{StreamIndex{0}, bytes});
    return take_notices();
  };
  EXPECT_THAT(tell(1'300),
              Contains("stream live/main: its destinations are not sent payloads of 1300 bytes that are no "
                       "whole TS packets (188 bytes each, 0x47 first); SRT viewers are"));
  EXPECT_EQ(view().state, "sending");
  EXPECT_THAT(view().failure, HasSubstr("not sent: payloads of 1300 bytes"));
  wait(seconds(59));
  EXPECT_TRUE(tell(1'456).empty()) << "of another worker";
  EXPECT_THAT(view().failure, HasSubstr("payloads of 1456 bytes")) << "the newest, all the same";
  wait(seconds(1));
  EXPECT_EQ(tell(1'456).size(), 1u);
  wait(seconds(64));
  EXPECT_NE(view().failure, "");
  wait(seconds(2));
  EXPECT_EQ(view().failure, "") << "it is over";
  desk().handle_event(now_, event::PayloadUnfit{StreamIndex{99}, 1});
}

// One rule, three sessions: the media and its FEC, made over the media's numbers.
TEST_F(DestinationDeskTest, FecHasLegsThatComeAndGoWithTheMedia) {
  const std::uint32_t id = add(to("rtp://198.51.100.1:5004?fec=1"));
  const std::vector<command::OpenDestination> legs = opens_with_fec();
  ASSERT_EQ(legs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(legs[i].terms.leg), i);
    EXPECT_EQ(legs[i].path.remote.port, 5'004 + 2 * i);
  }
  EXPECT_EQ(desk().calls(now_).size(), 1u) << "legs are not listed";
  EXPECT_FALSE(desk().add_destination(now_, to("rtp://198.51.100.1:5008"))) << "the rows' address";
  EXPECT_FALSE(desk().remove_call(id + 1)) << "a leg goes with its media";
  EXPECT_TRUE(desk().remove_call(id));
  std::size_t closed = 0;
  for (const Command& one : take_commands()) closed += std::holds_alternative<command::CloseSession>(one) ? 1 : 0;
  EXPECT_EQ(closed, 3u);
}

TEST_F(DestinationDeskTest, FecPausesAndEndsWithItsMedia) {
  add(to("rtp://198.51.100.1:5004?fec=1"));
  const std::vector<command::OpenDestination> legs = opens_with_fec();
  (void)take_notices();
  EXPECT_EQ(desk().poll_session_event()->kind, SessionEvent::Kind::kConnect);
  desk().handle_event(now_, event::DestinationNews{legs[0].request, DestinationPause::kLeft});
  EXPECT_EQ(closings(), (std::vector{SocketId{1}, SocketId{2}}));
  ends(legs[1], CloseReason::kKicked);
  ends(legs[2], CloseReason::kKicked);
  EXPECT_EQ(take_notices().size(), 1u) << "of the media; its FEC is no viewer that left";
  EXPECT_FALSE(desk().poll_session_event()) << "nor one that came";
  wait(seconds(10));
  EXPECT_FALSE(take_opening()) << "its media is paused";
  desk().handle_event(now_, event::DestinationNews{legs[0].request, DestinationPause::kNone});
  wait({});
  const auto again = take_opening();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->path.remote.port, 5'006);
  ends(legs[0], CloseReason::kKicked);
  desk().handle_event(now_, event::SessionOpened{again->request, SocketId{3}});
  EXPECT_EQ(closings(), std::vector{SocketId{3}}) << "its media ended while it was opened";
}

// An operator counts who watches; what is sent to them is counted by its legs.
TEST_F(DestinationDeskTest, ADestinationIsOneViewerHoweverManyLegsItHas) {
  add(to("rtp://198.51.100.1:5004?fec=1"));
  const std::vector<command::OpenDestination> legs = opens_with_fec();
  add(to("rtp://198.51.100.2:5004?second=198.51.101.2:6004"));
  opens();
  const auto second = take_opening();
  ASSERT_TRUE(second);
  desk().handle_event(now_, event::SessionOpened{second->request, SocketId{4'343}});
  EXPECT_TRUE(is_full_at(2));
  EXPECT_FALSE(is_full_at(3));
  ends(legs[1], CloseReason::kKicked);
  ends(legs[2], CloseReason::kKicked);
  EXPECT_TRUE(is_full_at(2));
  ends(legs[0], CloseReason::kKicked);
  EXPECT_TRUE(is_full_at(1));
  EXPECT_FALSE(is_full_at(2));
}

// FEC is made once, over the numbers and timestamps that follow from it.
TEST_F(DestinationDeskTest, AllWithFecShareTheirRandomNumber) {
  add(to("rtp://198.51.100.1:5004?fec=1"));
  const auto first = take_opening();
  add(to("rtp://198.51.100.2:5004?fec=1"));
  const auto second = take_opening();
  add(to("rtp://198.51.100.3:5004"));
  const auto without = take_opening();
  ASSERT_TRUE(first && second && without);
  EXPECT_EQ(first->random, second->random);
  EXPECT_NE(first->random, without->random);
}

TEST_F(DestinationDeskTest, AGroupLeavesByTheInterfaceItNames) {
  desk().set_destination_ways([](const DestinationRule& rule) -> Result<Path> {
    if (rule.interface == "eth7") return Error{ErrorCode::kUnavailable, "this machine has no interface eth7"};
    if (rule.interface == "eth8") return Error{ErrorCode::kInvalid, "no device is called eth8"};
    return Path{.remote = rule.terms.remote, .local = {}, .interface_index = 5};
  });
  add(to("rtp://239.1.2.3:5004?interface=eth1"));
  EXPECT_EQ(opens().path.interface_index, 5u);
  EXPECT_TRUE(desk().add_destination(now_, to("rtp://239.1.2.4:5004?interface=eth7"))) << "it may come";
  wait({});
  EXPECT_EQ(desk().calls(now_).at(1).failure, "this machine has no interface eth7");
  const Result<std::uint32_t> never = desk().add_destination(now_, to("rtp://239.1.2.6:5004?interface=eth8"));
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().what, "no device is called eth8");
  const Result<std::uint32_t> half =
      desk().add_destination(now_, to("rtp://239.1.2.6:5004?second=239.1.2.8:5004&second_interface=eth8"));
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().what, "second: no device is called eth8");
  EXPECT_EQ(desk().calls(now_).size(), 2u);
}

// Another of its name has another index.
TEST_F(DestinationDeskTest, AnInterfaceThatIsMadeAnewIsFoundByItsName) {
  std::uint32_t index = 5;
  desk().set_destination_ways([&](const DestinationRule& rule) -> Result<Path> {
    if (index == 0) return Error{ErrorCode::kUnavailable, "this machine has no interface eth1"};
    return Path{.remote = rule.terms.remote, .local = {}, .interface_index = index};
  });
  add(to("rtp://239.1.2.3:5004?interface=eth1"));
  opens();
  wait(seconds(1));
  EXPECT_FALSE(take<command::MoveDestination>()) << "it is the same";
  index = 0;
  wait(seconds(1));
  EXPECT_FALSE(take<command::MoveDestination>());
  EXPECT_EQ(view().state, "paused");
  EXPECT_EQ(view().failure, "this machine has no interface eth1");
  EXPECT_THAT(take_notices(), Contains(HasSubstr("is paused: this machine has no interface eth1")));
  index = 9;
  wait(seconds(1));
  const auto move = take<command::MoveDestination>();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->socket, SocketId{4'242});
  EXPECT_EQ(move->path.interface_index, 9u);
  EXPECT_EQ(view().state, "sending");
  EXPECT_EQ(view().failure, "");
  wait(seconds(1));
  EXPECT_FALSE(take<command::MoveDestination>());
}

class DestinationLegsTest : public DestinationDeskTest {
 protected:
  static constexpr const char* kTwoLegs = "rtp://198.51.100.1:5004?second=198.51.101.1:6004&second_ttl=7";
  static constexpr SocketId kSecondSocket{4'343};
};

TEST_F(DestinationLegsTest, TheSecondIsOpenedBehindTheFirstAndBeginsWhereItDid) {
  add(to(kTwoLegs));
  const command::OpenDestination first = opens();
  EXPECT_FALSE(first.ssrc);
  const auto second = take_opening();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->terms.remote, *Endpoint::parse("198.51.101.1:6004"));
  EXPECT_EQ(second->path.remote, second->terms.remote);
  EXPECT_EQ(second->terms.ttl, 7);
  EXPECT_EQ(second->ssrc, 4'242u);
  EXPECT_EQ(second->random, first.random);
  desk().handle_event(now_, event::SessionOpened{second->request, kSecondSocket});
  EXPECT_EQ(desk().calls(now_).size(), 1u);
  EXPECT_EQ(view().url, kTwoLegs);
  EXPECT_THAT(desk().add_destination(now_, to("rtp://198.51.101.1:6004")).error().what, HasSubstr("is destination"));
}

TEST_F(DestinationLegsTest, ThePauseOfEitherIsListed) {
  add(to(kTwoLegs));
  const command::OpenDestination first = opens();
  const auto second = take_opening();
  ASSERT_TRUE(second);
  desk().handle_event(now_, event::SessionOpened{second->request, kSecondSocket});
  desk().handle_event(now_, event::DestinationNews{second->request, DestinationPause::kUnreachable});
  EXPECT_EQ(view().state, "sending");
  EXPECT_EQ(view().failure, "second leg: nothing reaches it (ICMP, or a rule of this host)");
  desk().handle_event(now_, event::DestinationNews{first.request, DestinationPause::kLeft});
  EXPECT_EQ(view().state, "paused");
  EXPECT_EQ(view().failure, "its receiver said BYE; second leg: nothing reaches it (ICMP, or a rule of this host)");
  desk().handle_event(now_, event::DestinationNews{first.request, DestinationPause::kNone});
  desk().handle_event(now_, event::DestinationNews{second->request, DestinationPause::kNone});
  EXPECT_EQ(view().failure, "");
}

TEST_F(DestinationLegsTest, TheyEndTogetherAndComeBackTogether) {
  add(to(kTwoLegs));
  const command::OpenDestination first = opens();
  const auto second = take_opening();
  ASSERT_TRUE(second);
  desk().handle_event(now_, event::SessionOpened{second->request, kSecondSocket});
  ends(*second, CloseReason::kKicked);
  EXPECT_EQ(closings(), std::vector{SocketId{4'242}});
  EXPECT_EQ(view().state, "sending");
  ends(first, CloseReason::kKicked);
  EXPECT_EQ(view().state, "waiting");
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

TEST_F(DestinationLegsTest, TheFirstGoesOnWhileTheSecondsInterfaceIsMadeAnew) {
  std::uint32_t index = 5;
  desk().set_destination_ways([&](const DestinationRule& rule) -> Result<Path> {
    if (rule.interface == "eth2" && index == 0)
      return Error{ErrorCode::kUnavailable, "this machine has no interface eth2"};
    return Path{.remote = rule.terms.remote, .local = {}, .interface_index = rule.interface == "eth2" ? index : 4};
  });
  add(to("rtp://239.1.2.3:5004?interface=eth1&second=239.1.2.4:5004&second_interface=eth2"));
  opens();
  const auto second = take_opening();
  ASSERT_TRUE(second);
  desk().handle_event(now_, event::SessionOpened{second->request, kSecondSocket});
  index = 0;
  wait(seconds(1));
  EXPECT_EQ(view().state, "sending");
  EXPECT_EQ(view().failure, "second leg: this machine has no interface eth2");
  EXPECT_TRUE(closings().empty());
  index = 9;
  wait(seconds(1));
  const auto move = take<command::MoveDestination>();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->socket, kSecondSocket);
  EXPECT_EQ(move->path.remote, second->path.remote);
  EXPECT_EQ(view().failure, "");
}

TEST_F(DestinationLegsTest, RemovedWhileItsSecondOpensItGoesWhole) {
  const std::uint32_t id = add(to(kTwoLegs));
  const command::OpenDestination first = opens();
  const auto second = take_opening();
  ASSERT_TRUE(second);
  EXPECT_TRUE(desk().remove_destination(id));
  EXPECT_EQ(closings(), std::vector{SocketId{4'242}});
  ends(first, CloseReason::kKicked);
  desk().handle_event(now_, event::SessionOpened{second->request, kSecondSocket});
  EXPECT_EQ(closings(), std::vector{kSecondSocket});
  ends(*second, CloseReason::kKicked);
  EXPECT_TRUE(desk().calls(now_).empty());
  EXPECT_TRUE(desk().add_destination(now_, to(kTwoLegs)));
}

TEST_F(DestinationDeskTest, ANumberIsACallsOrADestinations) {
  const std::uint32_t first = add(to());
  const Result<std::uint32_t> call =
      desk().add_call(now_, {.stream = "live/main", .url = {.host = "198.51.100.1", .port = 9000}});
  ASSERT_TRUE(call);
  EXPECT_NE(*call, first);
  EXPECT_EQ(desk().calls(now_).size(), 2u);
}

TEST_F(DestinationDeskTest, AnAddressIsSentOneStream) {
  add(to());
  EXPECT_THAT(desk().add_destination(now_, to("udp://198.51.100.1:5004", "live/b")).error().what,
              HasSubstr("198.51.100.1:5004 is destination"));
  EXPECT_THAT(desk().add_destination(now_, to("udp://198.51.100.1:5005")).error().what, HasSubstr("destination"))
      << "RTCP's";
  EXPECT_THAT(desk().add_destination(now_, to("rtp://198.51.100.2:5004", "nowhere")).error().what,
              HasSubstr("there is no stream nowhere"));
}

TEST_F(DestinationDeskTest, UnderAPatternItWaitsForThePublisher) {
  add(to("rtp://198.51.100.1:5004", "live/other"));
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().state, "waiting");
  EXPECT_EQ(view().failure, "stream live/other is not published");
  EXPECT_THAT(take_notices(), Contains(HasSubstr("waits: stream live/other is not published")));
  wait(seconds(5));
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("waits")))) << "said once";
  DeskTest::opened(let_in(publisher("live/other")), 77);
  wait({});
  EXPECT_TRUE(take_opening()) << "woken, not only looked at each second";
}

TEST_F(DestinationDeskTest, APauseIsToldAndEnds) {
  add(to());
  const command::OpenDestination one = opens();
  desk().handle_event(now_, event::DestinationNews{one.request, DestinationPause::kUnreachable});
  EXPECT_EQ(view().state, "paused");
  EXPECT_EQ(view().failure, "nothing reaches it (ICMP, or a rule of this host)");
  desk().handle_event(now_, event::DestinationNews{one.request, DestinationPause::kNone});
  EXPECT_EQ(view().state, "sending");
  EXPECT_EQ(view().failure, "");
}

TEST_F(DestinationDeskTest, WhenItWasEndedItComesBack) {
  add(to());
  const command::OpenDestination first = opens();
  ends(first, CloseReason::kKicked);
  EXPECT_EQ(view().state, "waiting");
  EXPECT_EQ(view().failure, "kicked");
  EXPECT_FALSE(take_opening());
  wait(seconds(1));
  EXPECT_NE(opens().request, first.request);
  EXPECT_EQ(view().attempts, 2u);
}

TEST_F(DestinationDeskTest, WhatTheWorkerRefusesIsTriedAgain) {
  add(to());
  const auto opening = take_opening();
  ASSERT_TRUE(opening);
  desk().handle_event(now_, event::SessionRefused{opening->request, wire::Reject::kResource, nullptr});
  EXPECT_EQ(view().state, "waiting");
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

TEST_F(DestinationDeskTest, RemovedItIsClosedAndGone) {
  const std::uint32_t id = add(to());
  const command::OpenDestination one = opens();
  EXPECT_FALSE(desk().remove_call(id, Role::kPublisher)) << "it is a viewer";
  EXPECT_TRUE(desk().remove_call(id, Role::kViewer));
  const auto close = take<command::CloseSession>();
  ASSERT_TRUE(close);
  EXPECT_EQ(close->socket, SocketId{4'242});
  EXPECT_TRUE(desk().calls(now_).empty());
  EXPECT_FALSE(desk().remove_call(id)) << "twice";
  EXPECT_TRUE(desk().add_destination(now_, to()));
  wait(seconds(1));
  EXPECT_FALSE(take_opening()) << "its address is free when the worker has let go of it";
  ends(one, CloseReason::kKicked);
  wait({});
  EXPECT_TRUE(take_opening());
}

TEST_F(DestinationDeskTest, RemovedWhileItIsOpenedItIsClosedThen) {
  const std::uint32_t id = add(to());
  const auto opening = take_opening();
  ASSERT_TRUE(opening);
  EXPECT_TRUE(desk().remove_call(id));
  EXPECT_FALSE(take<command::CloseSession>());
  desk().handle_event(now_, event::SessionOpened{opening->request, SocketId{4'242}});
  EXPECT_TRUE(take<command::CloseSession>());
}

TEST_F(DestinationDeskTest, AReloadKeepsWhatStaysTheSame) {
  desk().reload_destinations(now_, {to("rtp://198.51.100.1:5004"), to("rtp://198.51.100.2:5004")});
  wait({});
  std::vector<Command> commands = take_commands();
  std::vector<RequestId> requests;
  for (const Command& command : commands)
    if (const auto* one = std::get_if<command::OpenDestination>(&command)) requests.push_back(one->request);
  ASSERT_EQ(requests.size(), 2u);
  for (std::uint32_t i = 0; i < 2; ++i) desk().handle_event(now_, event::SessionOpened{requests[i], SocketId{100 + i}});
  desk().reload_destinations(now_, {to("rtp://198.51.100.2:5004"), to("rtp://198.51.100.3:5004")});
  wait({});
  commands = take_commands();
  ASSERT_NE(find<command::CloseSession>(commands), nullptr);
  EXPECT_EQ(find<command::CloseSession>(commands)->socket, SocketId{100});
  ASSERT_NE(find<command::OpenDestination>(commands), nullptr);
  EXPECT_EQ(find<command::OpenDestination>(commands)->terms.remote.ip, IpAddress::v4(198, 51, 100, 3));
}

TEST_F(DestinationDeskTest, WhatAReloadChangesIsOpenedWhenTheOldOneHasGone) {
  desk().reload_destinations(now_, {to("rtp://198.51.100.1:5004?fec=1")});
  wait({});
  const std::vector<command::OpenDestination> old = opens_with_fec();
  desk().reload_destinations(now_, {to("rtp://198.51.100.1:5006?ttl=3")});  // Where its columns go.
  desk().reload_destinations(now_, {to("rtp://198.51.100.1:5006?ttl=7")});
  wait({});
  EXPECT_FALSE(take_opening()) << "the worker still has the old one";
  EXPECT_EQ(view().state, "waiting");
  for (const command::OpenDestination& leg : old) ends(leg, CloseReason::kKicked);
  wait({});
  const auto changed = take_opening();
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->terms.ttl, 7);
  EXPECT_EQ(desk().calls(now_).size(), 1u);
}

TEST_F(DestinationDeskTest, WhatIsTakenOutAndPutBackIsOpenedAgain) {
  add(to());
  const command::OpenDestination one = opens();
  desk().reload_destinations(now_, {});
  desk().reload_destinations(now_, {to()});
  (void)take_commands();
  ends(one, CloseReason::kKicked);
  wait({});
  EXPECT_TRUE(take_opening());
}

TEST_F(DestinationDeskTest, ABanKeepsItWaiting) {
  ASSERT_TRUE(desk().ban(now_, {.prefix = *IpPrefix::read("198.51.100.0/24"), .reason = {}}));
  take_commands();
  add(to());
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().failure, "198.51.100.1 is banned");
}

TEST_F(DestinationDeskTest, WhatWasRemovedMayBeAddedAtOnce) {
  const std::uint32_t old = add(to("rtp://198.51.100.1:5004?fec=1"));
  const std::vector<command::OpenDestination> legs = opens_with_fec();
  EXPECT_TRUE(desk().remove_destination(old));
  const auto fresh = desk().add_destination(now_, to("rtp://198.51.100.1:5004?ttl=5"));
  ASSERT_TRUE(fresh) << fresh.error().what;
  EXPECT_EQ(desk().calls(now_).size(), 1u);
  EXPECT_EQ(view().id, *fresh);
  EXPECT_FALSE(desk().add_destination(now_, to("rtp://198.51.100.1:5004"))) << "somebody waits for it";
  wait({});
  EXPECT_FALSE(take_opening()) << "the old one is still there";
  for (const command::OpenDestination& leg : legs) ends(leg, CloseReason::kKicked);
  wait({});
  EXPECT_EQ(opens().terms.ttl, 5);
}

TEST_F(DestinationDeskTest, WhatWaitsForAnAddressMayBeRemovedToo) {
  const std::uint32_t old = add(to());
  const command::OpenDestination first = opens();
  EXPECT_TRUE(desk().remove_destination(old));
  const auto second = desk().add_destination(now_, to());
  ASSERT_TRUE(second);
  EXPECT_TRUE(desk().remove_destination(*second));
  const auto third = desk().add_destination(now_, to());
  ASSERT_TRUE(third);
  ends(first, CloseReason::kKicked);
  wait({});
  opens();
  EXPECT_EQ(view().id, *third);
}

// Buffers to make FEC in are planned at the start.
TEST_F(DestinationDeskTest, FecOfMoreStreamsThanWerePlannedIsRefused) {
  desk().set_fec_streams_max(1);
  const std::uint32_t first = add(to("rtp://198.51.100.1:5004?fec=1"));
  add(to("rtp://198.51.100.2:5004?fec=1"));
  const auto other = desk().add_destination(now_, to("rtp://198.51.100.3:5004?fec=1", "live/b"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().what,
            "buffers for FEC were planned for 1 streams, which have it: name the destination in a [[destination]] and "
            "restart");
  EXPECT_TRUE(desk().add_destination(now_, to("rtp://198.51.100.3:5004", "live/b")));
  EXPECT_TRUE(desk().remove_destination(first));
  EXPECT_FALSE(desk().add_destination(now_, to("rtp://198.51.100.4:5004?fec=1", "live/b"))) << "another one has it";
}

TEST_F(DestinationDeskTest, SecondLegsAndFecHavePlacesAsWell) {
  for (int i = 0; i < 9'999; ++i) {
    const std::string port = std::to_string(10'000 + 2 * i);
    const std::string url = "rtp://198.51.100.1:" + port + "?rtcp=off&second=198.51.100.2:" + port;
    ASSERT_TRUE(desk().add_destination(now_, to(url.c_str())));
  }
  EXPECT_FALSE(desk().add_destination(now_, to("rtp://198.51.100.3:5004?fec=1"))) << "two are left";
  EXPECT_TRUE(desk().add_destination(now_, to("rtp://198.51.100.3:5004?second=198.51.100.4:5004")));
  const auto one_more = desk().add_destination(now_, to("rtp://198.51.100.5:5004"));
  ASSERT_FALSE(one_more);
  EXPECT_THAT(one_more.error().what,
              HasSubstr("there are 20000 sessions of destinations (a second leg is one, FEC two)"));
}

}  // namespace
}  // namespace fanlight::control
