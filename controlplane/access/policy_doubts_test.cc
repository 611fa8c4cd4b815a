#include "access/policy_doubts.h"

#include <gmock/gmock.h>

#include "config/config.h"

namespace fanlight::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<PolicyRule> policies_of(const std::string& toml) {
  std::string issuers;
  for (const char* name : {"shop", "club"})
    issuers += std::string{"[[issuer]]\nname = \""} + name + "\"\nsecret = \"a secret of two and thirty bytes\"\n";
  auto config = parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n" + toml + issuers, "file");
  EXPECT_TRUE(config) << toml;
  return config ? config->policies : std::vector<PolicyRule>{};
}

std::string policy(const std::string& keys) { return "[[policy]]\nthen = \"allow\"\n" + keys + "\n"; }

TEST(PolicyDoubtsTest, APolicyBehindAMoreGeneralOneNeverDecides) {
  const struct {
    const char* first;
    const char* second;
    bool is_shadowed;
  } rows[] = {
      {"", "", true},
      {"", "users = [\"ann\"]", true},
      {"users = [\"ann\"]", "", false},
      {"stream = \"live/*\"", "stream = \"live/main\"", true},
      {"stream = \"live/*\"", "stream = \"live/a*\"", true},
      {"stream = \"live/*\"", "stream = \"other/main\"", false},
      {"stream = \"live/main\"", "stream = \"live/*\"", false},
      {"mode = \"view\"", "mode = \"view\"", true},
      {"mode = \"view\"", "mode = \"publish\"", false},
      {"mode = \"view\"", "", false},
      {"users = [\"ann\", \"bob\"]", "users = [\"bob\"]", true},
      {"users = [\"ann\", \"bob\"]", "users = [\"bob\", \"eve\"]", false},
      {"from = [\"10.0.0.0/8\"]", "from = [\"10.1.0.0/16\", \"10.2.0.1\"]", true},
      {"from = [\"10.0.0.0/8\"]", "from = [\"10.1.0.0/16\", \"11.0.0.0/8\"]", false},
      {"from = [\"10.0.0.0/8\"]", "", false},
      {"from = [\"::/0\"]", "from = [\"10.0.0.0/8\"]", false},
      {"token = \"shop\"", "token = \"shop\"", true},
      {"token = \"shop\"", "token = \"club\"", false},
      {"token = \"shop\"", "", false},
      {"", "token = \"shop\"", true},
      {"days = [\"mon\"]", "", false},
      {"days = [\"mon\"]", "days = [\"mon\"]", true},
      {"", "days = [\"mon\"]", true},
  };
  for (const auto& row : rows) {
    const auto doubts = find_policy_doubts(policies_of(policy(row.first) + policy(row.second)), 0, 0.8);
    EXPECT_EQ(!doubts.empty(), row.is_shadowed) << row.first << " before " << row.second;
    if (!row.is_shadowed) continue;
    EXPECT_THAT(doubts, ElementsAre(HasSubstr("policy 2 (line "))) << row.second;
  }
}

TEST(PolicyDoubtsTest, AShareOfNothingIsDoubted) {
  const auto rules = policies_of(policy("overload_share = 0.5"));
  EXPECT_THAT(find_policy_doubts(rules, 0, 0.8), ElementsAre(HasSubstr("relay.capacity_mbps")));
  EXPECT_THAT(find_policy_doubts(rules, 100, 0.5), ElementsAre(HasSubstr("relay.admission_share")));
  EXPECT_THAT(find_policy_doubts(rules, 100, 0.8), IsEmpty());
}

TEST(PolicyDoubtsTest, APolicyInOneLine) {
  const auto rules = policies_of(policy(
      "stream = \"live/*\"\nmode = \"view\"\nusers = [\"ann\", \"bob\"]\nfrom = [\"10.0.0.0/8\"]\ndays = [\"sat\"]\n"
      "token = \"shop\"\ngroup = \"gold\"\nviewers_max = 3\nlatency_ms = 200\noverload_share = 0.25"));
  EXPECT_EQ(
      policy_text(rules[0], 0),
      "policy 1 (line 3): live/*, view, users ann|bob, from 10.0.0.0/8, sat local time, token of shop: allow, group "
      "gold, viewers_max 3, latency_ms 200, overload_share 0.25");
  EXPECT_EQ(policy_text(policies_of("[[policy]]\nthen = \"deny\"\n")[0], 1), "policy 2 (line 3): *: deny 2403");
}

Config config_of(const std::string& toml) {
  auto config = parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n" + toml, "file");
  EXPECT_TRUE(config) << toml;
  return config ? *std::move(config) : Config{};
}

TEST(PolicyDoubtsTest, AGroupWithoutAKeyNeedsWhatEverybodyNeeds) {
  const std::string gold = policy("group = \"gold\"");
  const std::string key = "[[key]]\nstream = \"live/*\"\ndirection = \"view\"\npassphrase = \"a key of theirs\"\n";
  EXPECT_THAT(find_policy_doubts(config_of(gold)), ElementsAre(HasSubstr("no [[key]] is for group gold")));
  EXPECT_THAT(find_policy_doubts(config_of(gold + key + "group = \"silver\"\n")), ElementsAre(HasSubstr("group gold")));
  EXPECT_THAT(find_policy_doubts(config_of(gold + key + "group = \"gold\"\n")), IsEmpty());
  EXPECT_THAT(find_policy_doubts(config_of(policy(""))), IsEmpty());
}

TEST(PolicyDoubtsTest, ALatencyAboveTheMostOfAStreamIsNotReachedThere) {
  const std::string streams =
      "[[stream]]\nname = \"live/short\"\nlatency_max_ms = 2000\n[[stream]]\nname = \"far/*\"\nlatency_max_ms = 9000\n";
  const auto doubts = [&](const std::string& stream, int latency) {
    return find_policy_doubts(
        config_of(streams + policy("stream = \"" + stream + "\"\nlatency_ms = " + std::to_string(latency))));
  };
  EXPECT_THAT(doubts("live/*", 2001), ElementsAre(HasSubstr("latency_max_ms of stream live/short")));
  EXPECT_THAT(doubts("live/short", 2001), ElementsAre(HasSubstr("latency_max_ms of stream live/short")));
  EXPECT_THAT(doubts("live/*", 2000), IsEmpty());
  EXPECT_THAT(doubts("live/other", 9001), IsEmpty());
  EXPECT_THAT(doubts("far/a", 9001), ElementsAre(HasSubstr("far/*")));
  EXPECT_THAT(doubts("far/a*", 9001), ElementsAre(HasSubstr("far/*")));
  EXPECT_THAT(doubts("f*", 9001), ElementsAre(HasSubstr("far/*")));
}

}  // namespace
}  // namespace fanlight::control
