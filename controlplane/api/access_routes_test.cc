#include "api/access_routes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "config/moment.h"

namespace fanlight::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class FakeRelay final : public Relay {
 public:
  RelayFacts facts() const override { return {}; }
  Result<Done> add_stream(const StreamRule&) override { return Done{}; }
  Result<Done> remove_stream(std::string_view) override { return Done{}; }
  Result<Done> kick(SocketId) override { return Done{}; }
  Result<std::size_t> rotate_keys(std::string_view, SocketId) override { return 0u; }
  std::vector<PolicyRule> policies() const override { return rules; }
  Result<AccessForecast> forecast(AccessQuestion question) override {
    asked = question;
    if (!answer) return answer.error();
    return told;
  }
  Result<Done> set_key(const KeyRule& rule) override {
    set = rule;
    return answer;
  }
  std::vector<KeyView> keys() const override { return views; }
  Result<std::size_t> kick_earlier(const KeyPlace& place) override {
    ended = place;
    if (!answer) return answer.error();
    return 3u;
  }
  Result<ExpiredKeys> expire_keys(const KeyPlace& place, std::int64_t in_seconds, bool kicks) override {
    ended = place;
    ended_in = in_seconds;
    kicked = kicks;
    if (!answer) return answer.error();
    return ExpiredKeys{.keys = 2, .sessions = 5};
  }
  Result<std::uint32_t> add_call(const CallRule&) override { return 1u; }
  [[nodiscard]] Result<std::uint32_t> add_destination(const DestinationRule&) override { return 0u; }
  Result<Done> remove_call(std::uint32_t, std::optional<Role>) override { return Done{}; }
  [[nodiscard]] std::vector<FeedView> feeds() const override { return {}; }
  std::vector<CallView> calls(bool) const override { return {}; }
  Result<std::size_t> ban(const BanOrder&) override { return 0u; }
  Result<Done> unban(const IpPrefix&) override { return Done{}; }
  std::vector<BanView> bans() const override { return {}; }
  std::uint64_t ask_report(SocketId) override { return 1; }
  std::optional<Report> take_report(std::uint64_t) override { return std::nullopt; }

  std::vector<PolicyRule> rules;
  AccessQuestion asked;
  AccessForecast told;
  KeyRule set;
  std::vector<KeyView> views;
  KeyPlace ended;
  std::int64_t ended_in = -1;
  bool kicked = false;
  Result<Done> answer = Done{};
};

class AccessRoutesTest : public testing::Test {
 protected:
  Response ask(const char* method, const char* path, std::string body = "") {
    const auto response = AccessRoutes(relay_).start({method, path, std::move(body)}, path);
    return response.value_or(Response{999, "no resource of these", "", ""});
  }
  FakeRelay relay_;
};

TEST_F(AccessRoutesTest, ACheckIsAskedAndTold) {
  relay_.told = {.wanted = StreamRequest{.role = Role::kViewer, .name = "live/main", .user = "bob", .token = {}},
                 .from = Endpoint::parse("203.0.113.7:1").value(),
                 .at = WallTime{1'772'409'600},
                 .policies = {{"policy 1 (line 7): *", "it is about mode publish"}, {"policy 2 (line 11): *", ""}},
                 .reason = wire::Reject::kForbidden,
                 .by = "policy 2 (line 11)"};
  const Response response = ask("POST", "/v1/policies/check",
                                R"({"stream_id":"live/main","from":"203.0.113.7","at":"2026-03-02T00:00:00Z"})");
  ASSERT_EQ(response.status, 200u) << response.body;
  EXPECT_EQ(relay_.asked.stream_id, "live/main");
  EXPECT_EQ(relay_.asked.from.ip, IpAddress::v4(203, 0, 113, 7));
  EXPECT_EQ(relay_.asked.at, WallTime{1'772'409'600});
  const json told = json::parse(response.body);
  EXPECT_EQ(told["outcome"], "deny");
  EXPECT_EQ(told["code"], 2403);
  EXPECT_EQ(told["libsrt_code"], 1403);
  EXPECT_EQ(told["by"], "policy 2 (line 11)");
  EXPECT_EQ(told["mode"], "view");
  EXPECT_EQ(told["policies"][0]["why_not"], "it is about mode publish");
  EXPECT_EQ(told["policies"][1]["matches"], true);
  EXPECT_EQ(told["at"], "2026-03-02T00:00:00Z");

  relay_.told.outcome = AccessForecast::Outcome::kLetIn;
  const json in = json::parse(ask("POST", "/v1/policies/check", R"({"stream_id":"","from":"[::1]:9"})").body);
  EXPECT_EQ(in["outcome"], "allow");
  EXPECT_TRUE(in["code"].is_null());
  EXPECT_FALSE(relay_.asked.at);
  EXPECT_FALSE(relay_.asked.listen);
}

TEST_F(AccessRoutesTest, ACheckMayNameTheAddressThatIsCalled) {
  const char* body = R"({"stream_id":"","from":"::1","listen":"[::]:9000"})";
  EXPECT_EQ(ask("POST", "/v1/policies/check", body).status, 200u);
  EXPECT_EQ(relay_.asked.listen, Endpoint::parse("[::]:9000"));
  relay_.answer = Error{ErrorCode::kInvalid, "listen: found [::]:9000, accepted one of 0.0.0.0:9001"};
  const Response response = ask("POST", "/v1/policies/check", body);
  EXPECT_EQ(response.status, 400u);
  EXPECT_THAT(response.body, HasSubstr("accepted one of 0.0.0.0:9001"));
}

TEST_F(AccessRoutesTest, ACheckSaysWhatIsWrongWithIt) {
  for (const char* body :
       {"", "[]", "{}", R"({"stream_id":"a"})", R"({"from":"::1"})", R"({"stream_id":"a","from":"x"})",
        R"({"stream_id":"a","from":"::1","at":"noon"})", R"({"stream_id":"a","from":"::1","listen":"::1"})",
        R"({"stream_id":"a","from":"::1","who":"b"})"})
    EXPECT_EQ(ask("POST", "/v1/policies/check", body).status, 400u) << body;
  const std::string longer = R"({"from":"::1","stream_id":")" + std::string(513, 'a') + "\"}";
  EXPECT_EQ(ask("POST", "/v1/policies/check", longer).status, 400u);
  EXPECT_EQ(ask("GET", "/v1/policies/check").status, 405u);
}

TEST_F(AccessRoutesTest, PoliciesAreListedInTheirOrder) {
  PolicyRule rule;
  rule.line = 7;
  relay_.rules = {rule, rule};
  EXPECT_EQ(
      ask("GET", "/v1/policies").body,
      R"({"policies":[{"line":7,"policy":"policy 1 (line 7): *: allow"},{"line":7,"policy":"policy 2 (line 7): *: allow"}]})");
  EXPECT_EQ(ask("POST", "/v1/policies").status, 405u);
}

TEST_F(AccessRoutesTest, AKeyIsSetAndNothingSaysWhatItIs) {
  const Response response =
      ask("POST", "/v1/keys",
          R"({"stream":"live/*","direction":"view","user":"bob","passphrase":"hush-hush-hush","expires_in_s":7200})");
  EXPECT_EQ(response.status, 201u) << response.body;
  EXPECT_THAT(response.body, Not(HasSubstr("hush")));
  EXPECT_EQ(relay_.set.place, (KeyPlace{.stream = "live/*", .role = Role::kViewer, .user = "bob"}));
  EXPECT_EQ(relay_.set.passphrase, "hush-hush-hush");
  EXPECT_EQ(relay_.set.expires_in, 7'200);
  EXPECT_EQ(relay_.set.source, KeySource::kApi);
}

TEST_F(AccessRoutesTest, AKeysMistakesAreToldWithoutIt) {
  for (const char* body :
       {"", "{}", R"({"stream":"a","direction":"view"})", R"({"stream":"a","passphrase":"hush-hush-hush"})",
        R"({"stream":"a","direction":"view","passphrase":"hush"})",
        R"({"stream":"a","direction":"view","passphrase_file":"/etc/hush"})",
        R"({"stream":"a","direction":"view","passphrase":"hush-hush-hush","expires_in_s":0})",
        R"({"stream":"a","direction":"view","passphrase":"hush-hush-hush","user":"b","group":"c"})"}) {
    const Response response = ask("POST", "/v1/keys", body);
    EXPECT_EQ(response.status, 400u) << body;
    EXPECT_THAT(response.body, Not(HasSubstr("hush-hush")));
  }
}

TEST_F(AccessRoutesTest, AMemberThatComesTwiceIsNoBody) {
  const Response response =
      ask("POST", "/v1/keys",
          R"({"stream":"a","direction":"view","passphrase":"hush-hush-hush","user":"ann","user":"bob"})");
  EXPECT_EQ(response.status, 400u) << "two readers would set it for two users";
  EXPECT_THAT(response.body, Not(HasSubstr("hush-hush")));
  EXPECT_EQ(relay_.set.place, KeyPlace{});
}

TEST_F(AccessRoutesTest, AKeyForWhichThereIsNoRoomIsRefused) {
  relay_.answer = Error{ErrorCode::kNoMemory, "there are 4096 keys"};
  const Response response =
      ask("POST", "/v1/keys", R"({"stream":"a","direction":"view","passphrase":"hush-hush-hush"})");
  EXPECT_EQ(response.status, 507u);
  EXPECT_THAT(response.body, HasSubstr("there are 4096 keys"));
}

TEST_F(AccessRoutesTest, KeysAreListed) {
  relay_.views = {{.place = {.stream = "a", .role = Role::kViewer, .user = "bob"},
                   .source = KeySource::kFile,
                   .set_at = WallTime{1'772'409'600},
                   .expires = WallTime{1'772'409'601},
                   .is_expired = true,
                   .sessions = 3,
                   .earlier = 1},
                  {.place = {.stream = "a"}, .source = KeySource::kStream}};
  const json keys = json::parse(ask("GET", "/v1/keys").body)["keys"];
  EXPECT_EQ(keys[0], json::parse(R"({"stream":"a","direction":"view","user":"bob","group":null,"source":"file",
    "set_at":"2026-03-02T00:00:00Z","expires":"2026-03-02T00:00:01Z","expired":true,"sessions":3,
    "earlier_sessions":1})"));
  EXPECT_EQ(keys[1]["direction"], "both");
  EXPECT_TRUE(keys[1]["set_at"].is_null());
}

TEST_F(AccessRoutesTest, SessionsOfEarlierKeysAreEndedAlone) {
  EXPECT_EQ(ask("POST", "/v1/keys/kick", R"({"stream":"a","direction":"view","user":"bob"})").body,
            R"({"sessions":3})");
  EXPECT_EQ(relay_.ended, (KeyPlace{.stream = "a", .role = Role::kViewer, .user = "bob"}));
  EXPECT_EQ(ask("POST", "/v1/keys/kick", R"({"stream":"a","in_s":4})").status, 400u);
  EXPECT_EQ(ask("GET", "/v1/keys/kick").status, 405u);
  EXPECT_EQ(
      ask("POST", "/v1/keys", R"({"stream":"b","direction":"both","passphrase":"hush-hush-hush","kick":true})").body,
      R"({"key":"publish and view of b","sessions":3})");
  EXPECT_EQ(relay_.ended, KeyPlace{.stream = "b"});
  relay_.answer = Error{ErrorCode::kNotFound, "there is no key"};
  EXPECT_EQ(ask("POST", "/v1/keys/kick", R"({"stream":"a"})").status, 404u);
}

TEST_F(AccessRoutesTest, KeysExpireNowOrLater) {
  EXPECT_EQ(ask("POST", "/v1/keys/expire", R"({"stream":"a"})").body, R"({"keys":2,"sessions":5})");
  EXPECT_EQ(relay_.ended, KeyPlace{.stream = "a"});
  EXPECT_EQ(relay_.ended_in, 0);
  EXPECT_FALSE(relay_.kicked);
  EXPECT_EQ(ask("POST", "/v1/keys/expire", R"({"stream":"a","direction":"publish","group":"g","in_s":600,"kick":true})")
                .status,
            200u);
  EXPECT_EQ(relay_.ended, (KeyPlace{.stream = "a", .role = Role::kPublisher, .group = "g"}));
  EXPECT_EQ(relay_.ended_in, 600);
  EXPECT_TRUE(relay_.kicked);
  for (const char* body : {"{}", R"({"stream":"a","in_s":-1})", R"({"stream":"a","kick":"yes"})"})
    EXPECT_EQ(ask("POST", "/v1/keys/expire", body).status, 400u) << body;
  relay_.answer = Error{ErrorCode::kNotFound, "there is no key"};
  EXPECT_EQ(ask("POST", "/v1/keys/expire", R"({"stream":"a"})").status, 404u);
  EXPECT_EQ(ask("GET", "/v1/keys/expire").status, 405u);
}

TEST_F(AccessRoutesTest, OtherPathsAreOthersAffair) { EXPECT_EQ(ask("GET", "/v1/keys/rotate").status, 999u); }

}  // namespace
}  // namespace fanlight::control
