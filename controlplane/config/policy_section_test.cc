#include "config/policy_section.h"

#include <gmock/gmock.h>

#include "config/config.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;

Result<Config, ConfigErrors> read(const std::string& keys) {
  return parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n[[policy]]\n" + keys, "file");
}

TEST(PolicySectionTest, EveryMistakeIsToldWithItsLine) {
  const struct {
    const char* keys;
    const char* complaint;
  } rows[] = {
      {"", "file:3: policy.then: found nothing, accepted \"allow\", \"deny\" or \"ask\""},
      {"then = \"maybe\"", "file:4: policy.then: found \"maybe\""},
      {"then = \"allow\"\nstream = \"live/*/x\"", "file:5: policy.stream"},
      // What no stream ID can ask for: the policy would never hold.
      {"then = \"deny\"\nstream = \"/live/*\"", "policy.stream: found \"/live/*\", accepted a stream's name (letters"},
      {"then = \"deny\"\nstream = \"live//main\"", "policy.stream: found \"live//main\""},
      {"then = \"deny\"\nstream = \"../x\"", "policy.stream: found \"../x\""},
      {"then = \"deny\"\nstream = \"live/\"", "policy.stream: found \"live/\""},
      {"then = \"deny\"\nstream = \"live/\u00fc\"", "policy.stream"},
      {"then = \"allow\"\nmode = \"watch\"", "policy.mode"},
      {"then = \"allow\"\nusers = []", "policy.users: found an empty list, accepted a list of strings"},
      {"then = \"allow\"\nusers = [\"\"]", "policy.users: found an empty string in the list"},
      {"then = \"allow\"\nusers = [1]", "policy.users: found a list of integers"},
      {"then = \"allow\"\nusers = \"ann\"", "policy.users: found \"ann\", accepted a list of strings"},
      {"then = \"allow\"\nfrom = [\"10.0.0.1/8\"]", "policy.from: found \"10.0.0.1/8\": bits behind"},
      {"then = \"allow\"\nfrom = [\"10.0.0.0/33\"]", "policy.from"},
      {"then = \"allow\"\nfrom = [\"example.net\"]", "policy.from"},
      {"then = \"allow\"\ntoken = \"\"", "policy.token"},
      {"then = \"allow\"\ndays = [\"monday\"]", "policy.days: found \"monday\""},
      {"then = \"allow\"\nhours = \"9-17\"", "policy.hours: found \"9-17\""},
      {"then = \"allow\"\nhours = \"09:00-09:00\"", "policy.hours"},
      {"then = \"allow\"\nhours = \"09:00-24:01\"", "policy.hours"},
      {"then = \"allow\"\nhours = \"09:60-10:00\"", "policy.hours"},
      {"then = \"allow\"\nhours = \"24:00-10:00\"", "policy.hours"},
      {"then = \"allow\"\nhours = \"09:00-10:00\"\ntime_zone = \"CET\"", "policy.time_zone"},
      {"then = \"allow\"\ntime_zone = \"utc\"", "policy.time_zone"},
      {"then = \"ask\"", "policy.webhook: found nothing"},
      {"then = \"allow\"\nwebhook = \"door\"", "policy.webhook"},
      {"then = \"allow\"\non_failure = \"open\"", "policy.on_failure"},
      {"then = \"allow\"\ncode = 2403", "policy.code"},
      {"then = \"deny\"\ncode = 2300", "policy.code: found 2300, accepted 2400 to 2499"},
      {"then = \"deny\"\ngroup = \"gold\"", "policy.group"},
      {"then = \"deny\"\nviewers_max = 3", "policy.viewers_max"},
      {"then = \"allow\"\nmode = \"publish\"\nviewers_max = 3", "policy.viewers_max"},
      {"then = \"allow\"\nmode = \"publish\"\noverload_share = 0.5", "policy.overload_share"},
      {"then = \"allow\"\nmode = \"view\"\nbitrate_max_mbps = 3", "policy.bitrate_max_mbps"},
      {"then = \"allow\"\noverload_share = 0", "policy.overload_share"},
      {"then = \"allow\"\noverload_share = 1.5", "policy.overload_share"},
      {"then = \"allow\"\nlatency_ms = 500\nlatency_max_ms = 400", "policy.latency_max_ms: found 400"},
      {"then = \"allow\"\nuser = [\"ann\"]", "did you mean users?"},
  };
  for (const auto& row : rows) {
    const auto config = read(row.keys);
    ASSERT_FALSE(config) << row.keys;
    EXPECT_EQ(config.error().lines.size(), 1u) << row.keys << "\n" << config.error().lines.back();
    EXPECT_THAT(config.error().lines.front(), HasSubstr(row.complaint)) << row.keys;
  }
}

TEST(PolicySectionTest, WithoutAnyConditionItIsAboutEverybody) {
  const auto config = read("then = \"deny\"");
  ASSERT_TRUE(config);
  PolicyRule rule;
  rule.then = PolicyRule::Then::kDeny;
  rule.line = 3;
  EXPECT_EQ(config->policies, std::vector{rule});
}

TEST(PolicySectionTest, DaysMayRunOverTheWeeksEnd) {
  EXPECT_EQ(parse_days("mon"), 0b0000001);
  EXPECT_EQ(parse_days("mon-fri"), 0b0011111);
  EXPECT_EQ(parse_days("sat-mon"), 0b1100001);
  EXPECT_EQ(parse_days("sun-sun"), 0b1000000);
  for (const char* wrong : {"", "-", "mon-", "-mon", "Mon", "mon-fri-sat"}) EXPECT_FALSE(parse_days(wrong)) << wrong;
}

TEST(PolicySectionTest, AWindowIsToldAsItIsWritten) {
  const auto config = read("then = \"allow\"\ndays = [\"sat-mon\", \"wed\"]\nhours = \"18:00-24:00\"");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->policies[0].when.text(), "mon,wed,sat-sun 18:00-24:00 local time");
}

}  // namespace
}  // namespace fanlight::control
