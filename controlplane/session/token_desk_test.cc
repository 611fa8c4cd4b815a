// Callers with tokens, from the stream ID to the session.
#include <gmock/gmock.h>

#include "jose/token_fixture.h"
#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using jose::Signer;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kWallStart = 1'800'000'000;

class TokenDeskTest : public DeskTest {
 protected:
  void begin_with(std::vector<PolicyRule> policies, bool ends_at_expiry = false, std::size_t workers = 1) {
    begin({rule("live/main"), rule("live/other")}, workers);
    IssuerRule issuer{.name = "cms", .ends_at_expiry = ends_at_expiry};
    issuer.keys.push_back(signer_.key());
    desk().set_issuers(IssuerTable({issuer}));
    desk().set_policies(PolicyTable(std::move(policies)));
    desk().set_wall_clock([this] { return WallTime{kWallStart + now_.us / 1'000'000}; });
  }
  static PolicyRule wanting_token() {
    PolicyRule rule;
    rule.token = "cms";
    rule.line = 7;
    return rule;
  }
  // Ends `for_seconds` from now.
  [[nodiscard]] std::string token(const std::string& more = "", std::int64_t for_seconds = 3600) const {
    const std::int64_t at = kWallStart + now_.us / 1'000'000 + for_seconds;
    return signer_.token(R"({"exp":)" + std::to_string(at) + more + "}");
  }
  static Caller with(const std::string& token, std::uint32_t socket = 77, const char* mode = "request") {
    return viewer(std::string{"#!::r=live/main,m="} + mode + ",u=ann,jwt=" + token, socket);
  }
  std::string last_notice() {
    const auto notices = take_notices();
    return notices.empty() ? "" : notices.back();
  }
  std::vector<CloseReason> closes() {
    std::vector<CloseReason> reasons;
    for (Command& command : take_commands())
      if (const auto* close = std::get_if<command::CloseSession>(&command)) reasons.push_back(close->reason);
    return reasons;
  }
  Signer signer_ = Signer::ed25519();
};

TEST_F(TokenDeskTest, WhoeverHasIssuersAndNoPoliciesMeansTokens) {
  begin_with({});
  EXPECT_EQ(rejection_of(with(token())), 0);
  EXPECT_EQ(rejection_of(viewer("live/main?jwt=" + token(), 78)), 0);
  EXPECT_EQ(rejection_of(viewer("live/main", 79)), 2401);
  EXPECT_THAT(last_notice(), HasSubstr("(2401), there is no token"));
  EXPECT_EQ(rejection_of(with(token("", -60), 80)), 2401);
  EXPECT_THAT(last_notice(), HasSubstr("token of cms: expired 60 s ago"));
  EXPECT_EQ(rejection_of(with(token(R"(,"stream":"live/other")"), 81)), 2403);
  EXPECT_THAT(last_notice(), HasSubstr("token of cms is for stream live/other"));
  EXPECT_EQ(rejection_of(with("cut.off", 82)), 2400);
  EXPECT_THAT(last_notice(), HasSubstr("(2400), malformed token"));
}

TEST_F(TokenDeskTest, AWebhooksAnswerIsAboutTheTokenThatItWasTold) {
  PolicyRule asks;
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  begin_with({asks});
  const Caller caller = with(token());
  call(caller);
  const std::optional<Inquiry> inquiry = desk().poll_inquiry();
  ASSERT_TRUE(inquiry && inquiry->request.claims);
  IssuerRule other{.name = "cms"};
  other.keys.push_back(Signer::ed25519().key());
  desk().set_issuers(IssuerTable({other}));  // The key is taken back.
  desk().handle_answer(now_, inquiry->id, Grant{});
  EXPECT_TRUE(take<command::ForgetCaller>()) << "its next copy is another question";
  call(caller);
  const std::optional<Inquiry> next = desk().poll_inquiry();
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->request.claims);
  EXPECT_THAT(next->request.token_fault, HasSubstr("signature"));
}

TEST_F(TokenDeskTest, APolicyAsksForAToken) {
  begin_with({wanting_token()});
  EXPECT_EQ(rejection_of(with(token(), 1)), 0);
  EXPECT_EQ(rejection_of(viewer("live/main", 2)), 2401);
  EXPECT_EQ(rejection_of(with(token(R"(,"mode":"publish")"), 3)), 2403);
  EXPECT_EQ(rejection_of(with(token("", -60), 4)), 2401);
  EXPECT_EQ(rejection_of(with(Signer::ed25519().token(R"({"exp":1900000000})"), 5)), 2401);
  EXPECT_EQ(rejection_of(with("a.b.c", 6)), 2400);
}

TEST_F(TokenDeskTest, ATokenThatIsNoGoodCountsForNothingWherePoliciesAskForNone) {
  PolicyRule everybody;
  everybody.stream = "live/main";
  begin_with({everybody});
  EXPECT_EQ(rejection_of(with(token("", -60), 1)), 0);
  EXPECT_EQ(rejection_of(with("a.b.c", 2)), 2400) << "a malformed one is turned down all the same";
}

TEST_F(TokenDeskTest, WithoutIssuersNobodyReadsTokens) {
  begin({rule("live/main")});
  EXPECT_EQ(rejection_of(with("a.b.c")), 0);
}

TEST_F(TokenDeskTest, BadTokensOfOneSiteAreLookedAtSoOftenAndItsCallersMayComeAgain) {
  begin_with({wanting_token()});
  const std::string bad = token("", -60);
  int judged = 0;
  for (std::uint32_t i = 0; i < 200; ++i) judged += rejection_of(with(bad, 1'000 + i)) == 2401 ? 1 : 0;
  EXPECT_EQ(judged, TokenBudget::kSiteBurst);
  EXPECT_EQ(desk().tokens_unread(), 200u - TokenBudget::kSiteBurst);
  call(with(token(), 1));
  EXPECT_TRUE(take<command::ForgetCaller>()) << "its next copy is heard";
  Caller elsewhere = with(token(), 2);
  elsewhere.address = IpAddress::v4(203, 0, 113, 5);
  EXPECT_EQ(rejection_of(elsewhere), 0);
  wait(millis(250));
  take_commands();
  EXPECT_EQ(rejection_of(with(token(), 1)), 0) << "with the next copy";
}

TEST_F(TokenDeskTest, AnAudienceWithGoodTokensMeetsNoBudget) {
  begin_with({wanting_token()});
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_EQ(rejection_of(with(token(), 1'000 + i)), 0) << i;
  EXPECT_EQ(desk().tokens_unread(), 0u);
}

TEST_F(TokenDeskTest, AGoodTokenForSomethingElseCostsNothing) {
  begin_with({wanting_token()});
  const std::string elsewhere = token(R"(,"stream":"live/other")");
  for (std::uint32_t i = 0; i < 200; ++i) ASSERT_EQ(rejection_of(with(elsewhere, 1'000 + i)), 2403) << i;
  EXPECT_EQ(desk().tokens_unread(), 0u);
}

TEST_F(TokenDeskTest, ATokenNeverStandsInALog) {
  begin_with({});
  const std::string good = token();
  const std::string bad = token("", -60);
  opened(let_in(with(good, 1)), 100);
  EXPECT_EQ(rejection_of(with(bad, 2)), 2401);
  EXPECT_EQ(rejection_of(with(bad + "x", 3)), 2400);
  for (const std::string& notice : take_notices()) {
    EXPECT_THAT(notice, Not(HasSubstr(good.substr(0, 30))));
    EXPECT_THAT(notice, Not(HasSubstr(bad.substr(good.rfind('.') + 1, 20))));
  }
}

TEST_F(TokenDeskTest, ASessionOutlivesItsTokenUnlessTheIssuerSaysOtherwise) {
  begin_with({}, false);
  opened(let_in(with(token("", 60))), 100);
  wait(seconds(3600));
  EXPECT_TRUE(closes().empty());

  begin_with({}, true);
  opened(let_in(with(token("", 60))), 100);
  wait(seconds(69));
  EXPECT_TRUE(closes().empty());
  EXPECT_EQ(desk().next_deadline(), now_ + seconds(1)) << "with the leeway of 10 s";
  wait(seconds(1));
  EXPECT_THAT(closes(), testing::ElementsAre(CloseReason::kTokenExpired));
  wait(seconds(60));
  EXPECT_TRUE(closes().empty()) << "once";
}

TEST_F(TokenDeskTest, AWebhooksAnswerDoesNotPutOffTheEnd) {
  PolicyRule asks = wanting_token();
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  begin_with({asks}, true);
  call(with(token("", 60)));
  const std::optional<Inquiry> inquiry = desk().poll_inquiry();
  ASSERT_TRUE(inquiry);
  desk().handle_answer(now_, inquiry->id, Grant{});
  const auto opening = take<command::OpenSession>();
  ASSERT_TRUE(opening);
  opened(*opening, 100);
  wait(seconds(70));
  EXPECT_THAT(closes(), testing::ElementsAre(CloseReason::kTokenExpired));
}

TEST_F(TokenDeskTest, ASessionThatIsGoneIsNotEndedAgain) {
  begin_with({}, true);
  const command::OpenSession opening = let_in(with(token("", 60)));
  opened(opening, 100);
  closed(opening);
  wait(seconds(100));
  EXPECT_TRUE(closes().empty());
  EXPECT_EQ(desk().next_deadline(), Instant::never());
}

TEST_F(TokenDeskTest, ASessionThatOpensLateIsEndedThen) {
  begin_with({}, true);
  const command::OpenSession opening = let_in(with(token("", 1)));
  wait(seconds(20));
  EXPECT_TRUE(closes().empty());
  opened(opening, 100);
  wait(millis(100));
  EXPECT_THAT(closes(), testing::ElementsAre(CloseReason::kTokenExpired));
}

TEST_F(TokenDeskTest, APublishersPlaceIsFreeWhenItsTokenEnds) {
  begin_with({}, true);
  opened(let_in(with(token("", 60), 1, "publish")), 100);
  EXPECT_EQ(rejection_of(with(token(), 2, "publish")), 2409);
  wait(seconds(70));
  EXPECT_THAT(closes(), testing::ElementsAre(CloseReason::kTokenExpired));
  EXPECT_EQ(rejection_of(with(token(), 3, "publish")), 0);
}

TEST_F(TokenDeskTest, ATokenFloorsAndCapsTheLatency) {
  begin_with({});
  const command::OpenSession longer = let_in(with(token(R"(,"latency_ms":700)"), 1));
  EXPECT_EQ(longer.send_latency, millis(700));
  Caller greedy = with(token(R"(,"latency_max_ms":300)"), 2);
  greedy.capabilities.receiver_delay_ms = 2'000;
  EXPECT_EQ(let_in(greedy).send_latency, millis(300));
}

TEST_F(TokenDeskTest, ANewSetOfKeysHoldsFromTheNextCallerOn) {
  begin_with({});
  opened(let_in(with(token(), 1)), 100);
  desk().set_issuers(IssuerTable({IssuerRule{.name = "cms", .keys = {Signer::ed25519().key()}}}));
  EXPECT_EQ(rejection_of(with(token(), 2)), 2401);
  EXPECT_TRUE(closes().empty());
}

}  // namespace
}  // namespace fanlight::control
