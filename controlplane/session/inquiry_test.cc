// What becomes of a caller whose policy asks a webhook, with the webhook played by the test.
#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;

class InquiryTest : public DeskTest {
 protected:
  void begin_asking(bool fails_open = false) {
    begin({rule("live/main"), rule("live/other")});
    set_asking(fails_open);
  }
  void set_asking(bool fails_open, std::string webhook = "door", PolicyLimits limits = {}) {
    PolicyRule asks;
    asks.stream = "live/main";
    asks.then = PolicyRule::Then::kAsk;
    asks.webhook = std::move(webhook);
    asks.fails_open = fails_open;
    asks.limits = limits;
    asks.line = 31;
    PolicyRule others;
    others.then = PolicyRule::Then::kDeny;
    desk().set_policies(PolicyTable({asks, others}));
  }
  std::uint64_t take_inquiry() {
    const std::optional<Inquiry> inquiry = desk().poll_inquiry();
    EXPECT_TRUE(inquiry);
    return inquiry ? inquiry->id : 0;
  }
  std::int32_t rejection_heard() {
    std::vector<Command> commands = take_commands();
    auto* reply = find<command::SendReply>(commands);
    return reply == nullptr ? 0 : read_answer(*reply).handshake.request;
  }
};

TEST_F(InquiryTest, TheFirstPolicyThatMatchesDecides) {
  begin_asking();
  EXPECT_EQ(rejection_of(publisher("live/other")), 2403);
  EXPECT_THAT(take_notices().back(), HasSubstr("policy 2"));
}

TEST_F(InquiryTest, WithoutPoliciesEverybodyIsLetInAndWithSomeNobodyThatNoneMatches) {
  begin({rule("live/main")});
  EXPECT_EQ(rejection_of(viewer("live/main", 1)), 0);
  PolicyRule publishers;
  publishers.role = Role::kPublisher;
  desk().set_policies(PolicyTable({publishers}));
  EXPECT_EQ(rejection_of(viewer("live/main", 2)), 2403);
  EXPECT_EQ(rejection_of(publisher("live/main")), 0);
}

TEST_F(InquiryTest, ACallerHearsNothingUntilTheWebhookHasSpoken) {
  begin_asking();
  Caller caller = viewer("#!::r=live/main,u=bob");
  call(caller);
  call(caller);  // It repeats itself meanwhile.
  EXPECT_TRUE(take_commands().empty());
  const std::optional<Inquiry> inquiry = desk().poll_inquiry();
  ASSERT_TRUE(inquiry);
  EXPECT_EQ(inquiry->hook, "door");
  EXPECT_EQ(inquiry->request.wanted.name, "live/main");
  EXPECT_EQ(inquiry->request.wanted.user, "bob");
  EXPECT_EQ(inquiry->request.from, caller.path().remote);
  EXPECT_FALSE(desk().poll_inquiry());

  Grant grant;
  grant.user = "robert";
  desk().handle_answer(now_, inquiry->id, grant);
  auto opening = take<command::OpenSession>();
  ASSERT_TRUE(opening);
  EXPECT_EQ(read_answer(*opening).header.destination, SocketId{caller.socket});
  desk().handle_answer(now_, inquiry->id, grant);  // Said twice.
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(InquiryTest, TheWebhookChoosesTheCodeAndThePassphrase) {
  begin_asking();
  call(viewer("live/main", 1));
  desk().handle_answer(now_, take_inquiry(), Denied{wire::Reject::kLocked, "door"});
  EXPECT_EQ(rejection_heard(), 2423);

  Caller knowing = viewer("live/main", 2);
  knowing.key_message = KeyMaterial{.passphrase = "of the webhook"}.bytes();
  knowing.extension |= wire::kExtKmReq;
  Grant grant;
  grant.passphrase = Secret("of the webhook");
  call(knowing);
  desk().handle_answer(now_, take_inquiry(), grant);
  EXPECT_TRUE(take<command::OpenSession>());

  call(viewer("live/main", 3));  // A clear caller, where the answer asks for a passphrase.
  desk().handle_answer(now_, take_inquiry(), grant);
  EXPECT_EQ(rejection_heard(), 1011);
}

TEST_F(InquiryTest, WithoutAnAnswerThePolicySaysWhatHappens) {
  for (const bool fails_open : {false, true}) {
    begin_asking(fails_open);
    call(viewer("live/main"));
    desk().handle_answer(now_, take_inquiry(), NoAnswer{"connection refused"});
    EXPECT_EQ(rejection_heard(), fails_open ? 0 : 2502);
    EXPECT_THAT(take_notices().back(), HasSubstr("door: connection refused"));
  }
}

TEST_F(InquiryTest, WhatWasNotTheWebhooksFailureOpensNoDoorAndEndsNoAttempt) {
  begin_asking(true);
  call(viewer("live/main"));
  desk().handle_answer(now_, take_inquiry(), NoAnswer{"the relay was too busy to look", true});
  EXPECT_TRUE(take<command::ForgetCaller>()) << "its next copy is heard";
  call(viewer("live/main"));
  desk().handle_answer(now_, take_inquiry(), Grant{});
  EXPECT_TRUE(take<command::OpenSession>());
}

TEST_F(InquiryTest, APolicyThatSaysNoByNowIsTheLastWord) {
  begin_asking();
  call(viewer("live/main"));
  const std::uint64_t inquiry = take_inquiry();
  PolicyRule denies;
  denies.then = PolicyRule::Then::kDeny;
  desk().set_policies(PolicyTable({denies}));
  desk().handle_answer(now_, inquiry, Grant{});
  EXPECT_EQ(rejection_heard(), 2403);
}

TEST_F(InquiryTest, WhetherItFailsOpenIsForThePolicyOfTheAnswer) {
  for (const bool fails_open : {false, true}) {
    begin_asking(!fails_open);
    call(viewer("live/main"));
    const std::uint64_t inquiry = take_inquiry();
    set_asking(fails_open);
    desk().handle_answer(now_, inquiry, NoAnswer{"no answer in time"});
    EXPECT_EQ(rejection_heard(), fails_open ? 0 : 2502);
  }
}

TEST_F(InquiryTest, TheLimitsOfThePolicyOfTheAnswerHold) {
  begin_asking();
  call(viewer("live/main", 1));
  call(viewer("live/main", 2));
  const std::uint64_t first = take_inquiry();
  const std::uint64_t second = take_inquiry();
  set_asking(false, "door", {.viewers_max = 1});
  desk().handle_answer(now_, first, Grant{});
  desk().handle_answer(now_, second, Grant{});
  std::vector<Command> commands = take_commands();
  EXPECT_NE(find<command::OpenSession>(commands), nullptr);
  auto* reply = find<command::SendReply>(commands);
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(read_answer(*reply).handshake.request, 2402);
}

TEST_F(InquiryTest, AnotherWebhooksAnswerIsNoneAndTheNextCopyAsksTheRightOne) {
  begin_asking(true);
  for (const InquiryAnswer& answer : {InquiryAnswer{Grant{}}, InquiryAnswer{Denied{}}, InquiryAnswer{NoAnswer{}}}) {
    set_asking(true);
    call(viewer("live/main"));
    const std::uint64_t inquiry = take_inquiry();
    set_asking(true, "strict");
    desk().handle_answer(now_, inquiry, answer);
    EXPECT_TRUE(take<command::ForgetCaller>());
    call(viewer("live/main"));
    const std::optional<Inquiry> next = desk().poll_inquiry();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->hook, "strict");
    desk().handle_answer(now_, next->id, NoAnswer{"", true});
    take_commands();
  }
}

TEST_F(InquiryTest, WhomThePolicyLetsInByNowNeedsNoAnswer) {
  begin_asking();
  call(viewer("live/main"));
  const std::uint64_t inquiry = take_inquiry();
  PolicyRule allows;
  allows.then = PolicyRule::Then::kAllow;
  desk().set_policies(PolicyTable({allows}));
  desk().handle_answer(now_, inquiry, Denied{});
  EXPECT_TRUE(take<command::OpenSession>());
}

TEST_F(InquiryTest, WhoWaitedInVainIsLeftInSilenceAndNeverLetInByThat) {
  begin_asking(true);
  call(viewer("live/main"));
  const std::uint64_t inquiry = take_inquiry();
  EXPECT_EQ(desk().next_deadline(), now_ + InquiryDesk::kWaitMax);
  wait(InquiryDesk::kWaitMax);
  EXPECT_TRUE(take<command::ForgetCaller>());
  EXPECT_EQ(desk().left_unasked(), 1u);
  EXPECT_EQ(desk().next_deadline(), Instant::never());
  desk().handle_answer(now_, inquiry, Grant{});
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(InquiryTest, AFloodOfOneSiteLeavesTurnsToOthers) {
  begin_asking();
  desk().set_hook_hands({{"door", 4}});
  std::uint32_t socket = 0;
  const auto flood = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ++socket;
      Caller one = viewer("#!::r=live/main,u=bot" + std::to_string(socket), socket);
      one.address = IpAddress::v4(198, 51, 100, static_cast<std::uint8_t>(i));
      call(one);
    }
  };
  flood(3'000);
  EXPECT_EQ(take_commands().size(), 3'000u - 342u) << "the others are forgotten at once";
  EXPECT_EQ(desk().left_unasked(), 3'000u - 342u);
  EXPECT_EQ(take_notices().size(), 1u) << "and the log hears of them in one line";
  std::vector<std::uint64_t> asked;
  while (const auto inquiry = desk().poll_inquiry()) asked.push_back(inquiry->id);
  EXPECT_EQ(asked.size(), 2u);

  call(viewer("#!::r=live/main,u=honest", 50'000));
  const std::optional<Inquiry> next = desk().poll_inquiry();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->request.wanted.user, "honest");
  desk().handle_answer(now_, next->id, Grant{});
  EXPECT_TRUE(take<command::OpenSession>());
}

TEST_F(InquiryTest, NoMoreAreAskedThanTheWebhookHasHandsFor) {
  begin_asking();
  desk().set_hook_hands({{"door", 1}});
  call(viewer("live/main", 1));
  call(viewer("live/main", 2));
  const std::uint64_t first = take_inquiry();
  EXPECT_FALSE(desk().poll_inquiry());
  wait(InquiryDesk::kWaitMax);
  take_commands();
  call(viewer("live/main", 3));
  EXPECT_FALSE(desk().poll_inquiry()) << "the first one still has the hand";
  desk().handle_answer(now_, first, Grant{});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_TRUE(desk().poll_inquiry());
}

TEST_F(InquiryTest, TheAnswerGoesToTheWorkerThatHeardTheCaller) {
  begin({rule("live/main")}, 2);
  PolicyRule asks;
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  call(viewer("live/main", 1), 1);
  const std::uint64_t inquiry = take_inquiry();
  desk().handle_event(now_, event::ReportEnd{}, 0);
  desk().handle_answer(now_, inquiry, Denied{});
  EXPECT_TRUE(take_commands_of(0).empty());
  EXPECT_EQ(take_commands_of(1).size(), 1u);
}

TEST_F(InquiryTest, WhoHammersAfterARefusalCostsOneQuestion) {
  begin_asking();
  call(viewer("live/main", 1));
  desk().handle_answer(now_, take_inquiry(), Denied{wire::Reject::kLocked, "door: not before noon", seconds(5)});
  EXPECT_EQ(rejection_heard(), 2423);
  EXPECT_EQ(rejection_of(viewer("live/main", 2)), 2423);
  EXPECT_THAT(take_notices().back(), HasSubstr("door: not before noon a moment ago"));
  EXPECT_FALSE(desk().poll_inquiry());
  EXPECT_EQ(desk().refusals_remembered(), 1u);
  EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=bob", 3)), -1) << "another user is another question";
  (void)take_inquiry();
  wait(seconds(5));
  take_commands();
  EXPECT_EQ(rejection_of(viewer("live/main", 4)), -1) << "its time is over";
  (void)take_inquiry();
}

TEST_F(InquiryTest, NewPoliciesMeanNewQuestions) {
  begin_asking();
  call(viewer("live/main", 1));
  desk().handle_answer(now_, take_inquiry(), Denied{wire::Reject::kLocked, "door", seconds(5)});
  take_commands();
  desk().set_policies(PolicyTable());
  EXPECT_EQ(rejection_of(viewer("live/main", 2)), 0);
}

TEST_F(InquiryTest, TheAnswerGoesOverThePolicyAndLeavesWhatItDoesNotSay) {
  Grant policy;
  policy.group = "gold";
  policy.viewers_max = 10;
  policy.latency = millis(200);
  policy.by = "policy 1";
  Grant answer;
  answer.viewers_max = 20;
  answer.by = "door";
  const Grant both = on_top_of(policy, answer);
  EXPECT_EQ(both.group, "gold");
  EXPECT_EQ(both.viewers_max, 20u);
  EXPECT_EQ(both.latency, millis(200));
  EXPECT_EQ(both.by, "door");
}

}  // namespace
}  // namespace fanlight::control
