// A forecast says what then happens, and changes nothing.
#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;
using Outcome = AccessForecast::Outcome;

class ForecastTest : public DeskTest {
 protected:
  AccessForecast forecast(std::string stream_id, const char* from = "192.0.2.9") {
    return desk().forecast(now_, {.stream_id = std::move(stream_id), .from = {IpAddress::parse(from).value(), 0}});
  }
  static PolicyRule policy(PolicyRule::Then then, int line) {
    PolicyRule rule;
    rule.then = then;
    rule.line = line;
    return rule;
  }
};

TEST_F(ForecastTest, EachPolicyIsToldAndWhichDecides) {
  begin({secret_rule("live/main")});
  PolicyRule publishers = policy(PolicyRule::Then::kAllow, 7);
  publishers.role = Role::kPublisher;
  PolicyRule enemies = policy(PolicyRule::Then::kDeny, 11);
  enemies.users = {"mallory"};
  desk().set_policies(PolicyTable({publishers, enemies, policy(PolicyRule::Then::kAllow, 15)}));

  AccessForecast told = forecast("#!::r=live/main,u=mallory");
  EXPECT_EQ(told.outcome, Outcome::kTurnedAway);
  EXPECT_EQ(told.reason, wire::Reject::kForbidden);
  EXPECT_EQ(told.by, "policy 2 (line 11)");
  ASSERT_EQ(told.policies.size(), 3u);
  EXPECT_EQ(told.policies[0].miss, "it is about mode publish");
  EXPECT_EQ(told.policies[1].miss, "");
  EXPECT_EQ(told.policies[1].policy, "policy 2 (line 11): *, users mallory: deny 2403");

  told = forecast("live/main");
  EXPECT_EQ(told.outcome, Outcome::kLetIn);
  EXPECT_EQ(told.by, "policy 3 (line 15)");
  EXPECT_EQ(told.key, "view_passphrase of live/main");
  EXPECT_EQ(told.stream, "there, without a publisher");
}

TEST_F(ForecastTest, ATokenIsNotGoodThatNobodyLooksAt) {
  begin({rule("live/main")});
  EXPECT_THAT(forecast("#!::r=live/main,jwt=abc").token_fault, HasSubstr("no [[issuer]]"));
  EXPECT_EQ(forecast("live/main").token_fault, "");
}

TEST_F(ForecastTest, WhatStandsInTheWayBehindThePolicies) {
  StreamRule impatient = rule("live/quick");
  impatient.wait = false;
  begin({rule("live/main"), impatient, rule("live/new*")});
  desk().reload_keys(
      {{.place = {.stream = "live/main", .user = "bob"}, .passphrase = "bob's passphrase", .expires = 0}});
  let_in(publisher("live/main"));
  const struct {
    const char* stream_id;
    Outcome outcome;
    wire::Reject reason;
    const char* by;
    const char* stream;
  } rows[] = {
      {"live/main", Outcome::kLetIn, wire::Reject::kUnknown, "", "published, 0 viewers"},
      {"#!::r=live/main,u=bob", Outcome::kTurnedAway, wire::Reject::kLocked, "which has expired", "published"},
      {"publish:live/main", Outcome::kTurnedAway, wire::Reject::kConflict, "the stream", "published"},
      {"live/quick", Outcome::kTurnedAway, wire::Reject::kNotFound, "the stream", "without a publisher"},
      {"live/none", Outcome::kTurnedAway, wire::Reject::kNotFound, "the stream", "no such stream"},
      {"publish:live/new1", Outcome::kLetIn, wire::Reject::kUnknown, "", "would begin under live/new*"},
      {"live//main", Outcome::kTurnedAway, wire::Reject::kBadRequest, "the stream ID", ""},
      {"#!::r=a,m=bidirectional", Outcome::kTurnedAway, wire::Reject::kBadMode, "the stream ID", ""},
      {"", Outcome::kTurnedAway, wire::Reject::kBadRequest, "the stream ID", ""},
  };
  for (const auto& row : rows) {
    const AccessForecast told = forecast(row.stream_id);
    EXPECT_EQ(told.outcome, row.outcome) << row.stream_id;
    EXPECT_EQ(told.reason, row.reason) << row.stream_id;
    EXPECT_THAT(told.by, HasSubstr(row.by)) << row.stream_id;
    EXPECT_THAT(told.stream, HasSubstr(row.stream)) << row.stream_id;
  }
  desk().set_default_stream_ids([](const Path&) { return "live/main"; });
  EXPECT_EQ(forecast("").outcome, Outcome::kLetIn);
}

TEST_F(ForecastTest, LimitsAreLookedAtAndNothingIsCounted) {
  begin({rule("live/main")});
  PolicyRule few = policy(PolicyRule::Then::kAllow, 7);
  few.limits = {.viewers_max = 1, .sessions_per_address_max = 2};
  desk().set_policies(PolicyTable({few}));
  desk().limit_egress(15e6, 20e6);
  EXPECT_EQ(forecast("live/main").outcome, Outcome::kLetIn);
  EXPECT_EQ(forecast("live/main").outcome, Outcome::kLetIn) << "the first look took no place";
  let_in(viewer("live/main", 1));
  EXPECT_THAT(forecast("live/main").by, HasSubstr("viewers_max = 1 of policy 1 (line 7)"));
  let_in(publisher("live/main"));
  EXPECT_THAT(forecast("live/main").by, HasSubstr("sessions_per_address_max = 2"));
  desk().set_policies(PolicyTable({policy(PolicyRule::Then::kAllow, 7)}));
  EXPECT_THAT(forecast("live/main").by, HasSubstr("as much as it may"));
  EXPECT_EQ(desk().admission().refused, 0u);
  EXPECT_TRUE(take_commands().empty());
  take_notices();
  EXPECT_EQ(rejection_of(viewer("live/main", 3)), 2402) << "as foretold";
}

TEST_F(ForecastTest, WhoIsBannedHearsNothing) {
  begin({rule("live/main")});
  ASSERT_TRUE(desk().ban(now_, {.prefix = *IpPrefix::parse("192.0.2.0/24"),
                                .span = {},
                                .reason = "a\x1b[31m\nb\xC2\x9B"
                                          "c"}));
  EXPECT_EQ(take_notices().at(0).substr(0, 42), "192.0.2.0/24 is banned: a?[31m?b?c; 0 sess");
  const AccessForecast told = forecast("live/main");
  EXPECT_EQ(told.outcome, Outcome::kTurnedAway);
  EXPECT_EQ(told.reason, wire::Reject::kTimeout);
  EXPECT_THAT(told.by, testing::HasSubstr("192.0.2.0/24"));
}

TEST_F(ForecastTest, ABanComesBeforePoliciesAndStreamIds) {
  begin({rule("live/main")});
  desk().set_policies(PolicyTable({policy(PolicyRule::Then::kDeny, 7)}));
  ASSERT_TRUE(desk().ban(now_, {.prefix = *IpPrefix::parse("192.0.2.0/24"), .span = {}, .reason = ""}));
  for (const char* stream_id : {"live/main", "live//main"})
    EXPECT_EQ(forecast(stream_id).reason, wire::Reject::kTimeout) << stream_id;
  EXPECT_EQ(forecast("live/main", "198.51.100.1").reason, wire::Reject::kForbidden);
}

TEST_F(ForecastTest, CallersWithoutAStreamIdAskForWhatTheAddressSaysThatTheyCall) {
  begin({rule("live/main"), rule("live/other")});
  desk().set_default_stream_ids([](const Path& path) { return path.door == 0 ? "live/main" : "live/other"; });
  AccessQuestion question{.stream_id = "", .from = {}};
  EXPECT_EQ(desk().forecast(now_, question).wanted->name, "live/main");
  question.door = 1;
  EXPECT_EQ(desk().forecast(now_, question).wanted->name, "live/other");
}

class PausedForecastTest : public ForecastTest {
 protected:
  // From 192.0.2.9: a pause of a second.
  void guess_five_times() {
    for (std::uint32_t socket = 100; socket < 105; ++socket) {
      Caller caller = viewer("live/main", socket);
      caller.address = IpAddress::v4(192, 0, 2, 9);
      caller.key_message = KeyMaterial{.passphrase = "a wrong passphrase"}.bytes();
      caller.extension |= wire::kExtKmReq;
      EXPECT_EQ(rejection_of(caller), static_cast<std::int32_t>(wire::Reject::kBadSecret));
    }
  }
};

TEST_F(PausedForecastTest, APauseIsToldWithItsEnd) {
  begin({secret_rule("live/main"), rule("live/clear")});
  desk().set_wall_clock([] { return WallTime{1'772'409'600}; });
  guess_five_times();
  const AccessForecast told = forecast("live/main");
  EXPECT_EQ(told.outcome, Outcome::kTurnedAway);
  EXPECT_EQ(told.reason, wire::Reject::kOverload);
  EXPECT_EQ(told.by, "wrong passphrases from there: a pause until 2026-03-02T00:00:01Z");
  EXPECT_EQ(told.key, "view_passphrase of live/main");
  EXPECT_EQ(forecast("live/clear").outcome, Outcome::kLetIn) << "which has no passphrase";
  EXPECT_EQ(forecast("live/main", "192.0.2.10").outcome, Outcome::kLetIn);
  EXPECT_EQ(desk().armour().passphrases_paused, 0u) << "a question is no attempt";
  const AccessQuestion later{
      .stream_id = "live/main", .from = {IpAddress::v4(192, 0, 2, 9), 0}, .at = WallTime{1'772'409'601}};
  EXPECT_EQ(desk().forecast(now_, later).outcome, Outcome::kLetIn);
  EXPECT_EQ(desk().forecast(now_ + seconds(1), {.stream_id = "live/main", .from = later.from}).outcome,
            Outcome::kLetIn);
}

TEST_F(PausedForecastTest, AWebhookMayBringAPassphraseThatDoesNotPause) {
  begin({secret_rule("live/main")});
  guess_five_times();
  PolicyRule asks = policy(PolicyRule::Then::kAsk, 7);
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  const AccessForecast told = forecast("live/main");
  EXPECT_EQ(told.outcome, Outcome::kAsked);
  EXPECT_THAT(told.key, HasSubstr("a pause until"));
  EXPECT_THAT(told.key, HasSubstr("the webhook may bring another"));
}

TEST_F(ForecastTest, WhomAWebhookRefusedAMomentAgoItIsNotAskedAbout) {
  begin({rule("live/main")});
  PolicyRule asks = policy(PolicyRule::Then::kAsk, 7);
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  call(viewer("live/main", 7));
  const auto inquiry = desk().poll_inquiry();
  ASSERT_TRUE(inquiry);
  desk().handle_answer(now_, inquiry->id, Denied{wire::Reject::kForbidden, "door: no", seconds(5)});
  const std::string from = inquiry->request.from.ip.text();
  EXPECT_EQ(forecast("live/main", from.c_str()).by, "door: no a moment ago");
  wait(seconds(5));
  EXPECT_EQ(forecast("live/main", from.c_str()).outcome, Outcome::kAsked);
}

TEST_F(ForecastTest, AWebhookIsNamedAndNotAsked) {
  begin({rule("live/main")});
  PolicyRule asks = policy(PolicyRule::Then::kAsk, 7);
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  const AccessForecast told = forecast("live/main");
  EXPECT_EQ(told.outcome, Outcome::kAsked);
  EXPECT_EQ(told.webhook, "door");
  EXPECT_FALSE(desk().poll_inquiry());
}

TEST_F(ForecastTest, AtAnotherTime) {
  begin({rule("live/main")});
  PolicyRule mornings = policy(PolicyRule::Then::kAllow, 7);
  mornings.when = {.begin = 6 * 60, .end = 9 * 60, .is_utc = true};
  desk().set_policies(PolicyTable({mornings}));
  AccessQuestion question{.stream_id = "live/main", .from = {}, .at = WallTime{7 * 3'600}};
  EXPECT_EQ(desk().forecast(now_, question).outcome, Outcome::kLetIn);
  question.at = WallTime{9 * 3'600};
  EXPECT_EQ(desk().forecast(now_, question).outcome, Outcome::kTurnedAway);
}

}  // namespace
}  // namespace fanlight::control
