// The limits that sessions are let in under.
#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;

constexpr std::int32_t kOverload = 2402;

class GrantDeskTest : public DeskTest {
 protected:
  static PolicyRule policy(PolicyLimits limits) {
    PolicyRule rule;
    rule.limits = limits;
    rule.line = 31;
    return rule;
  }
  SessionDesk& begin_under(PolicyLimits limits, Rules rules = {rule("live/main"), rule("live/other")},
                           std::size_t workers = 1) {
    begin(std::move(rules), workers);
    desk().set_policies(PolicyTable({policy(limits)}));
    return desk();
  }
  static Caller from(const char* address, std::uint32_t socket, const char* stream = "live/main") {
    Caller caller = viewer(stream, socket);
    caller.address = IpAddress::parse(address).value();
    return caller;
  }
  void report(double megabytes, std::size_t worker = 0) {
    event::StreamReport event;
    event.bytes = static_cast<std::uint64_t>(megabytes * 1e6);
    desk_->handle_event(now_, std::move(event), worker);
  }
  // Seconds of so many Mb/s; the reasons for which sessions were closed meanwhile.
  std::vector<CloseReason> publish(double megabits, int for_seconds) {
    std::vector<CloseReason> reasons;
    for (int i = 0; i < for_seconds; ++i) {
      wait(seconds(1));
      report(sent_ += megabits / 8);
      for (Command& command : take_commands())
        if (const auto* close = std::get_if<command::CloseSession>(&command)) reasons.push_back(close->reason);
    }
    return reasons;
  }
  double sent_ = 0;
};

TEST_F(GrantDeskTest, OneViewerMoreThanThePolicySaysHearsOverload) {
  begin_under({.viewers_max = 2});
  EXPECT_EQ(rejection_of(publisher("live/main")), 0) << "no viewer";
  const command::OpenSession first = let_in(viewer("live/main", 1));
  let_in(viewer("live/main", 2));
  take_notices();
  EXPECT_EQ(rejection_of(viewer("live/main", 3)), kOverload);
  EXPECT_THAT(take_notices().back(), HasSubstr("overloaded (2402), viewers_max = 2 of policy 1 (line 31)"));
  EXPECT_EQ(rejection_of(viewer("live/other", 4)), 0);
  closed(first);
  EXPECT_EQ(rejection_of(viewer("live/main", 5)), 0);
}

TEST_F(GrantDeskTest, AnAddressHasSoManySessionsOnAllStreams) {
  begin_under({.sessions_per_address_max = 2});
  const command::OpenSession first = let_in(from("192.0.2.9", 1));
  const command::OpenSession second = let_in(from("192.0.2.9", 2, "live/other"));
  take_notices();
  EXPECT_EQ(rejection_of(from("192.0.2.9", 3)), kOverload);
  EXPECT_THAT(take_notices().back(), HasSubstr("sessions_per_address_max = 2 of policy 1 (line 31)"));
  EXPECT_EQ(rejection_of(from("192.0.2.8", 3)), 0);
  closed(first);
  EXPECT_EQ(rejection_of(from("192.0.2.9", 4)), 0);
  EXPECT_EQ(rejection_of(from("192.0.2.9", 5)), kOverload);
  refused(second);
  EXPECT_EQ(rejection_of(from("192.0.2.9", 6)), 0);
}

TEST_F(GrantDeskTest, AHostIsItsWholeSixtyFour) {
  begin_under({.sessions_per_address_max = 2});
  let_in(from("2001:db8:5::1", 1));
  let_in(from("2001:db8:5::2", 2));
  EXPECT_EQ(rejection_of(from("2001:db8:5:0:ffff::3", 3)), kOverload);
  EXPECT_EQ(rejection_of(from("2001:db8:5:1::3", 4)), 0);
}

TEST_F(GrantDeskTest, AnAddressIsCountedBeforeAnyKeyIsDerived) {
  begin_under({.sessions_per_address_max = 1}, {secret_rule("live/main"), rule("live/other")});
  let_in(from("192.0.2.9", 1, "live/other"));
  Caller knowing = from("192.0.2.9", 2);
  knowing.key_message = KeyMaterial{}.bytes();
  knowing.extension |= wire::kExtKmReq;
  EXPECT_EQ(rejection_of(knowing), kOverload);
  EXPECT_EQ(desk().key_derivations(), 0u);
}

TEST_F(GrantDeskTest, BeyondItsShareAPolicysViewersAreTurnedAwayFirst) {
  begin({rule("live/main")});
  desk().limit_egress(80e6, 100e6);
  PolicyRule guests = policy({.overload_share = 0.3});
  guests.users = {"guest"};
  desk().set_policies(PolicyTable({guests, policy({})}));
  for (std::uint32_t socket = 1; socket <= 3; ++socket)  // 10 Mb/s each, as the rule says.
    EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=guest", socket)), 0);
  take_notices();
  EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=guest", 4)), kOverload);
  EXPECT_THAT(take_notices().back(), HasSubstr("overload_share of policy 1 (line 31)"));
  for (std::uint32_t socket = 5; socket <= 9; ++socket)
    EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=bob", socket)), 0);
  take_notices();
  EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=bob", 10)), kOverload) << "admission_share";
  EXPECT_THAT(take_notices().back(), HasSubstr("as much as it may"));
  EXPECT_EQ(desk().admission().refused, 2u);
}

TEST_F(GrantDeskTest, LatencyHasAFloorAndACap) {
  const struct {
    PolicyLimits limits;
    std::uint16_t wanted_ms;
    std::int64_t got_ms;
  } rows[] = {{{}, 50, 120},                                   // The stream's.
              {{.latency = millis(400)}, 50, 400},             //
              {{.latency = millis(400)}, 900, 900},            //
              {{.latency_max = millis(300)}, 900, 300},        //
              {{.latency_max = millis(300)}, 200, 200},        //
              {{.latency_max = millis(80)}, 50, 80},           // Below the stream's own: the cap holds,
              {{.latency_max = millis(9'000)}, 9'500, 5'000},  // above what the history is made for: not.
              {{.latency = millis(9'000)}, 50, 5'000},         //
              {{.latency = millis(200), .latency_max = millis(200)}, 900, 200}};  //
  for (const auto& row : rows)
    for (const bool is_publisher : {false, true}) {
      begin_under(row.limits);
      Caller caller = is_publisher ? publisher("live/main") : viewer("live/main");
      caller.capabilities.receiver_delay_ms = is_publisher ? 0 : row.wanted_ms;
      caller.capabilities.sender_delay_ms = is_publisher ? row.wanted_ms : 0;
      const command::OpenSession opening = let_in(caller);
      EXPECT_EQ((is_publisher ? opening.receive_latency : opening.send_latency), millis(row.got_ms)) << is_publisher;
    }
}

TEST_F(GrantDeskTest, APublisherAboveItsBitrateForSecondsIsClosed) {
  begin_under({.bitrate_bits_max = 5'000'000});
  const command::OpenSession opening = let_in(publisher("live/main"));
  opened(opening, 9);
  report(0);
  EXPECT_TRUE(publish(5.4, 20).empty()) << "within a tenth";
  EXPECT_TRUE(publish(20, 4).empty()) << "a busy scene";
  EXPECT_TRUE(publish(5, 1).empty());
  EXPECT_TRUE(publish(5.6, 4).empty());
  take_notices();
  EXPECT_EQ(publish(5.6, 1), std::vector{CloseReason::kOverBitrate});
  EXPECT_THAT(take_notices().back(), HasSubstr("sends 5.6 Mb/s, more than bitrate_max_mbps = 5 of policy 1 (line 31)"));
  Caller other = publisher("live/main", 89);
  other.address = IpAddress::v4(192, 0, 2, 10);
  EXPECT_EQ(rejection_of(other), 0) << "its place is free";
}

TEST_F(GrantDeskTest, WhoWasClosedForItsBitrateIsNotBackAtOnce) {
  begin_under({.bitrate_bits_max = 5'000'000}, {rule("live/main"), rule("live/other")});
  opened(let_in(publisher("live/main")), 9);
  report(0);
  EXPECT_EQ(publish(20, 6), std::vector{CloseReason::kOverBitrate});
  take_notices();
  EXPECT_EQ(rejection_of(publisher("live/main", 89)), kOverload);
  EXPECT_THAT(take_notices().back(), HasSubstr("closed for its bitrate"));
  EXPECT_EQ(rejection_of(viewer("live/main", 90)), 0);
  EXPECT_EQ(rejection_of(publisher("live/other", 91)), 0);
  wait(seconds(25));
  EXPECT_EQ(rejection_of(publisher("live/main", 92)), kOverload);
  wait(seconds(6));
  EXPECT_EQ(rejection_of(publisher("live/main", 93)), 0);
}

TEST_F(GrantDeskTest, PausesDoNotLiftABitrate) {
  for (const int sending : {1, 2, 3}) {
    sent_ = 0;
    begin_under({.bitrate_bits_max = 1'000'000});
    opened(let_in(publisher("live/main")), 9);
    report(0);
    std::vector<CloseReason> closed;
    int seconds_sent = 0;
    for (; closed.empty() && seconds_sent < 60; seconds_sent += sending) {
      closed = publish(8, sending);
      if (closed.empty()) closed = publish(0, 2);
    }
    EXPECT_EQ(closed, std::vector{CloseReason::kOverBitrate}) << sending;
    EXPECT_LE(seconds_sent, 6) << sending;
  }
}

TEST_F(GrantDeskTest, WithoutABoundAPublisherIsNotLookedAt) {
  begin_under({});
  opened(let_in(publisher("live/main")), 9);
  report(0);
  EXPECT_EQ(desk().next_deadline(), Instant::never());
  EXPECT_TRUE(publish(500, 20).empty());
}

TEST_F(GrantDeskTest, TheLooksEndWithThePublisher) {
  begin_under({.bitrate_bits_max = 5'000'000});
  const command::OpenSession opening = let_in(publisher("live/main"));
  opened(opening, 9);
  EXPECT_LE(desk().next_deadline(), now_ + seconds(1));
  closed(opening);
  wait(seconds(1));
  take_commands();
  wait(kRepeatSpan);
  EXPECT_EQ(desk().next_deadline(), Instant::never());
}

TEST_F(GrantDeskTest, WithSeveralWorkersAPublishersSecondsCountOnce) {
  begin_under({.bitrate_bits_max = 5'000'000}, {rule("live/main")}, 2);
  opened(let_in(publisher("live/main")), 9);
  report(0, 0);
  std::size_t closings = 0;
  for (int i = 1; i <= 4; ++i) {
    wait(seconds(1));
    report(1.25 * i, 0);
    report(1.25 * i, 1);
    for (Command& command : take_commands()) closings += std::holds_alternative<command::CloseSession>(command);
  }
  EXPECT_EQ(closings, 0u);
}

}  // namespace
}  // namespace fanlight::control
