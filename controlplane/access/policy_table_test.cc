// What becomes of a request, for configurations as they are written: the code, and the line that decides.
#include "access/policy_table.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

#include "config/config.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;

// Policies begin on line 7 of the file.
constexpr char kIssuer[] = "[[issuer]]\nname = \"shop\"\nsecret = \"a secret of two and thirty bytes\"\n";
constexpr char kHead[] = "[relay]\nport = \"sockets\"\n[[listen]]\naddress = \"127.0.0.1:9000\"\n\n\n";

constexpr char kDoor[] = "\n[[webhook]]\nname = \"door\"\nurl = \"http://127.0.0.1/\"\n";

PolicyTable table_of(const std::string& toml) {
  auto config = parse_config(kHead + toml + kDoor + kIssuer, "file");
  EXPECT_TRUE(config) << toml << (config ? "" : config.error().lines.front());
  return config ? PolicyTable(config->policies) : PolicyTable();
}

// Seconds since 1970 of a UTC time in the week of Monday, 2 March 2026.
WallTime on(int weekday, int hour, int minute = 0) {
  constexpr std::int64_t kMonday = 1'772'409'600;
  return WallTime{kMonday + weekday * 86'400 + hour * 3'600 + minute * 60};
}

struct Ask {
  const char* stream_id = "live/main";
  const char* from = "192.0.2.9:5000";
  WallTime at = on(0, 12);
  const char* issuer = nullptr;  // Of a good token.
  const char* fault = "";
  bool is_misplaced = false;
  const char* token_user = "";

  [[nodiscard]] AccessRequest request() const {
    AccessRequest out{.wanted = *parse_stream_id(stream_id), .from = Endpoint::parse(from).value()};
    out.at = at;
    if (issuer != nullptr) out.claims = TokenClaims{.issuer = issuer, .user = token_user};
    out.token_fault = fault;
    out.is_token_misplaced = is_misplaced;
    return out;
  }
};

// "allow 7", "ask 7", "deny 2403 7": the line stands last; "none" when no policy matches.
std::string outcome(const PolicyTable& table, const Ask& ask) {
  const AccessRequest request = ask.request();
  const auto line_of = [](const std::string& by) {
    const std::size_t at = by.find("(line ");
    const bool is_none = by.starts_with("no policy matches");
    return is_none ? "none" : at == std::string::npos ? "-" : by.substr(at + 6, by.find(')') - at - 6);
  };
  const Decision decision = table.judge(request);
  if (const auto* denied = std::get_if<Denied>(&decision))
    return "deny " + std::to_string(static_cast<int>(denied->reason)) + " " + line_of(denied->by);
  if (const auto* asked = std::get_if<Asked>(&decision)) return "ask " + line_of(asked->grant.by);
  return "allow " + line_of(std::get<Grant>(decision).by);
}

constexpr char kHouse[] = R"([[policy]]
stream = "live/*"
mode = "publish"
users = ["ann", "cam 1"]
from = ["192.0.2.0/24", "2001:db8::/32"]
then = "allow"
[[policy]]
mode = "publish"
then = "deny"
code = 2409
[[policy]]
stream = "live/paid"
from = ["10.0.0.0/8"]
then = "allow"
[[policy]]
stream = "live/paid"
token = "shop"
then = "allow"
[[policy]]
stream = "live/late"
days = ["fri"]
hours = "22:00-02:00"
time_zone = "utc"
then = "allow"
[[policy]]
stream = "live/office"
days = ["mon-fri"]
hours = "09:00-17:30"
time_zone = "utc"
then = "ask"
webhook = "door"
[[policy]]
stream = "live/main"
users = ["mallory"]
then = "deny"
[[policy]]
stream = "live/main"
mode = "view"
then = "allow"
)";

TEST(PolicyTableTest, TheFirstThatMatchesDecides) {
  const PolicyTable table = table_of(kHouse);
  const struct {
    Ask ask;
    const char* outcome;
  } rows[] = {
      // Whom it is about: mode, user, prefix of either family.
      {{.stream_id = "#!::r=live/x,m=publish,u=ann"}, "allow 7"},
      {{.stream_id = "#!::r=live/x,m=publish,u=cam 1"}, "allow 7"},
      {{.stream_id = "#!::r=live/x,m=publish,u=ann", .from = "192.0.3.0:1"}, "deny 2409 13"},
      {{.stream_id = "#!::r=live/x,m=publish,u=ann", .from = "192.0.2.255:1"}, "allow 7"},
      {{.stream_id = "#!::r=live/x,m=publish,u=ann", .from = "[2001:db8:ffff::1]:1"}, "allow 7"},
      {{.stream_id = "#!::r=live/x,m=publish,u=ann", .from = "[2001:db9::1]:1"}, "deny 2409 13"},
      {{.stream_id = "#!::r=live/x,m=publish,u=ann", .from = "[::ffff:192.0.2.1]:1"}, "allow 7"},
      {{.stream_id = "#!::r=live/x,m=publish,u=Ann"}, "deny 2409 13"},
      {{.stream_id = "#!::r=live/x,m=publish"}, "deny 2409 13"},
      {{.stream_id = "#!::r=other/x,m=publish,u=ann"}, "deny 2409 13"},
      {{.stream_id = "publish:live/main:ann"}, "allow 7"},
      // A token of the right issuer, none, a bad one, and one for something else.
      {{.stream_id = "live/paid", .from = "10.1.2.3:1"}, "allow 17"},
      {{.stream_id = "live/paid", .issuer = "shop"}, "allow 21"},
      {{.stream_id = "live/paid"}, "deny 2401 none"},
      {{.stream_id = "live/paid", .fault = "expired"}, "deny 2401 none"},
      {{.stream_id = "live/paid", .fault = "for live/free", .is_misplaced = true}, "deny 2403 none"},
      {{.stream_id = "live/paid", .issuer = "club"}, "deny 2403 none"},
      // Hours over midnight belong to the day on which they begin.
      {{.stream_id = "live/late", .at = on(4, 21, 59)}, "deny 2403 none"},
      {{.stream_id = "live/late", .at = on(4, 22)}, "allow 25"},
      {{.stream_id = "live/late", .at = on(4, 23, 59)}, "allow 25"},
      {{.stream_id = "live/late", .at = on(5, 1, 59)}, "allow 25"},
      {{.stream_id = "live/late", .at = on(5, 2)}, "deny 2403 none"},
      {{.stream_id = "live/late", .at = on(4, 1)}, "deny 2403 none"},
      {{.stream_id = "live/late", .at = on(5, 23)}, "deny 2403 none"},
      // Days and hours.
      {{.stream_id = "live/office", .at = on(0, 9)}, "ask 31"},
      {{.stream_id = "live/office", .at = on(4, 17, 29)}, "ask 31"},
      {{.stream_id = "live/office", .at = on(4, 17, 30)}, "deny 2403 none"},
      {{.stream_id = "live/office", .at = on(4, 8, 59)}, "deny 2403 none"},
      {{.stream_id = "live/office", .at = on(5, 12)}, "deny 2403 none"},
      {{.stream_id = "live/office", .at = on(6, 12)}, "deny 2403 none"},
      // Order: the denial stands in front of the general permission. A name is not a beginning of names.
      {{.stream_id = "#!::r=live/main,u=mallory"}, "deny 2403 38"},
      {{.stream_id = "#!::r=live/main,u=bob"}, "allow 42"},
      {{.stream_id = "live/main2"}, "deny 2403 none"},
      {{.stream_id = "live/mai"}, "deny 2403 none"},
      // The token's user counts, whatever the stream ID says.
      {{.stream_id = "#!::r=live/main,u=bob", .issuer = "shop", .token_user = "mallory"}, "deny 2403 38"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(outcome(table, row.ask), row.outcome) << row.ask.stream_id << " from " << row.ask.from;
}

TEST(PolicyTableTest, WithoutPoliciesEverybodyComesInAndATokenStillSaysWho) {
  AccessRequest request = Ask{.issuer = "shop", .token_user = "bob"}.request();
  request.claims->group = "gold";
  request.claims->latency = millis(300);
  const Decision decision = PolicyTable().judge(request);
  const auto* grant = std::get_if<Grant>(&decision);
  ASSERT_NE(grant, nullptr);
  EXPECT_EQ(grant->user, "bob");
  EXPECT_EQ(grant->group, "gold");
  EXPECT_EQ(grant->latency, millis(300));
}

TEST(PolicyTableTest, ADenialBehindAWantedTokenSaysThatItWasMissing) {
  const char* wanting = "[[policy]]\ntoken = \"shop\"\nthen = \"allow\"\n[[policy]]\nthen = \"deny\"\n";
  EXPECT_EQ(outcome(table_of(wanting), {}), "deny 2401 10");
  EXPECT_EQ(outcome(table_of(wanting), {.issuer = "club"}), "deny 2403 10");
  EXPECT_EQ(outcome(table_of(std::string{wanting} + "code = 2404\n"), {}), "deny 2404 10");
  // To be denied with a token is nothing to be missed.
  EXPECT_EQ(outcome(table_of("[[policy]]\ntoken = \"shop\"\nthen = \"deny\"\n"), {}), "deny 2403 none");
  const Decision decision = table_of(wanting).judge(Ask{.fault = "expired 3 s ago"}.request());
  EXPECT_THAT(std::get<Denied>(decision).by, HasSubstr("policy 1 (line 7) wants a token: expired 3 s ago"));
}

TEST(PolicyTableTest, WhatItLetsInWith) {
  const PolicyTable table = table_of(R"([[policy]]
then = "allow"
group = "gold"
viewers_max = 3
sessions_per_address_max = 2
bitrate_max_mbps = 7.5
latency_ms = 200
latency_max_ms = 800
overload_share = 0.5
)");
  AccessRequest request = Ask{.issuer = "shop"}.request();
  request.claims->group = "silver";
  request.claims->latency = millis(100);
  request.claims->latency_max = millis(600);
  const auto grant = std::get<Grant>(table.judge(request));
  EXPECT_EQ(grant.by, "policy 1 (line 7)");
  EXPECT_EQ(grant.group, "gold");
  EXPECT_EQ(grant.viewers_max, 3u);
  EXPECT_EQ(grant.sessions_per_address_max, 2u);
  EXPECT_EQ(grant.bitrate_bits_max, 7'500'000u);
  EXPECT_EQ(grant.latency, millis(200));      // The larger of both floors,
  EXPECT_EQ(grant.latency_max, millis(600));  // the smaller of both caps.
  EXPECT_EQ(grant.share_max, 0.5);
  request.claims->latency_max = millis(900);
  EXPECT_EQ(std::get<Grant>(table.judge(request)).latency_max, millis(800)) << "a token lifts no policy's cap";
}

TEST(PolicyTableTest, AWebhookIsAskedAsThePolicySays) {
  const PolicyTable table =
      table_of("[[policy]]\nthen = \"ask\"\nwebhook = \"door\"\non_failure = \"open\"\ngroup = \"gold\"\n");
  const auto asked = std::get<Asked>(table.judge(Ask{}.request()));
  EXPECT_EQ(asked.hook, "door");
  EXPECT_TRUE(asked.fails_open);
  EXPECT_EQ(asked.grant.group, "gold");
}

TEST(PolicyTableTest, LocalTimeIsTheHosts) {
  const PolicyTable table = table_of("[[policy]]\ndays = [\"tue\"]\nhours = \"01:00-02:00\"\nthen = \"allow\"\n");
  setenv("TZ", "XYZ-3", 1);  // Three hours ahead of UTC.
  tzset();
  EXPECT_EQ(outcome(table, {.at = on(0, 22, 30)}), "allow 7");
  EXPECT_EQ(outcome(table, {.at = on(1, 1, 30)}), "deny 2403 none");
  unsetenv("TZ");
  tzset();
}

TEST(PolicyTableTest, EachSaysWhyItIsNotAboutARequest) {
  const PolicyTable table = table_of(kHouse);
  const std::vector<std::string> misses = table.misses(Ask{.stream_id = "live/paid", .fault = "expired"}.request());
  EXPECT_EQ(misses, (std::vector<std::string>{"it is about mode publish", "it is about mode publish",
                                              "it is about addresses 10.0.0.0/8", "it wants a token of shop: expired",
                                              "it is about stream live/late", "it is about stream live/office",
                                              "it is about stream live/main", "it is about stream live/main"}));
  EXPECT_EQ(table.misses(Ask{.stream_id = "live/late"}.request())[4], "it holds fri 22:00-02:00 utc");
  EXPECT_EQ(table.misses(Ask{.stream_id = "#!::r=live/main,u=bob"}.request())[6], "it is about users mallory");
  EXPECT_EQ(table.misses(Ask{}.request()).back(), "");
}

}  // namespace
}  // namespace fanlight::control
