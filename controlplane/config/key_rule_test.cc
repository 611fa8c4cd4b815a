#include "config/key_rule.h"

#include <gmock/gmock.h>

#include "config/config.h"
#include "config/moment.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<Config, ConfigErrors> read(const std::string& keys) {
  return parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n[[key]]\n" + keys, "file");
}

TEST(KeyRuleTest, AKeySaysForWhomItIsAndUntilWhen) {
  const auto config = read(
      "stream = \"live/*\"\ndirection = \"view\"\nuser = \"bob\"\npassphrase = \"hush-hush-hush\"\n"
      "expires = \"2026-12-24T18:00:00+01:00\"\n");
  ASSERT_TRUE(config);
  const KeyRule& rule = config->keys.at(0);
  EXPECT_EQ(rule.place, (KeyPlace{.stream = "live/*", .role = Role::kViewer, .user = "bob"}));
  EXPECT_EQ(rule.passphrase, "hush-hush-hush");
  EXPECT_EQ(rule.expires, parse_moment("2026-12-24T17:00:00Z"));
  EXPECT_EQ(rule.source, KeySource::kConfig);
  EXPECT_EQ(rule.line, 3);
  EXPECT_EQ(place_text(rule.place), "view of live/*, user bob");
}

TEST(KeyRuleTest, ADateOfTomlIsAMomentToo) {
  const auto config =
      read("stream = \"a\"\ndirection = \"both\"\npassphrase = \"hush-hush-hush\"\nexpires = 2026-12-24T18:00:00Z\n");
  ASSERT_TRUE(config) << config.error().lines.front();
  EXPECT_EQ(config->keys.at(0).expires, parse_moment("2026-12-24T18:00:00Z"));
}

TEST(KeyRuleTest, EveryMistakeIsToldWithoutThePassphrase) {
  const std::string good = "stream = \"a\"\ndirection = \"view\"\npassphrase = \"hush-hush-hush\"\n";
  const struct {
    std::string keys;
    const char* complaint;
  } rows[] = {
      {"direction = \"view\"\npassphrase = \"hush-hush-hush\"", "key.stream: found nothing"},
      {"stream = \"/live/main\"\ndirection = \"view\"\npassphrase = \"hush-hush-hush\"",
       "key.stream: found \"/live/main\", accepted a stream's name (letters"},
      {"stream = 7\ndirection = \"view\"\npassphrase = \"hush-hush-hush\"", "key.stream: found 7, accepted a string"},
      {good + "user = 7", "key.user: found 7, accepted a string"},
      {good + "group = []", "key.group: found a list of integers, accepted a string"},
      {good + "usr = \"bob\"", "key.usr: found an unknown key, accepted stream, direction, user, group, passphrase"},
      {"stream = \"a\"\npassphrase = \"hush-hush-hush\"", "key.direction: found nothing"},
      {"stream = \"a\"\ndirection = \"up\"\npassphrase = \"hush-hush-hush\"", "key.direction: found \"up\""},
      {"stream = \"a\"\ndirection = \"view\"", "key.passphrase: found nothing"},
      {"stream = \"a\"\ndirection = \"view\"\npassphrase = \"hush\"", "key.passphrase: found 4 bytes"},
      {good + "user = \"\"", "key.user"},
      {good + "user = \"a\\nb\"", R"(key.user: found "a?b")"},
      {good + "group = \"a\\u009bb\"", R"(key.group: found "a??b")"},
      {good + "group = \"" + std::string(129, 'a') + "\"", "key.group"},
      {good + "user = \"ann\"\ngroup = \"gold\"", "key.group"},
      {good + "expires = \"tomorrow\"", "key.expires: found \"tomorrow\""},
      {good + "expires_in_s = 60", "key.expires_in_s: found an unknown key"},
      {good + "[[key]]\n" + good, "key.stream: found a key for view of a again, after line 3"},
  };
  for (const auto& row : rows) {
    const auto config = read(row.keys);
    ASSERT_FALSE(config) << row.keys;
    EXPECT_EQ(config.error().lines.size(), 1u) << row.keys << config.error().lines.back();
    EXPECT_THAT(config.error().lines.front(), HasSubstr(row.complaint)) << row.keys;
    EXPECT_THAT(config.error().lines.front(), Not(HasSubstr("hush")));
  }
}

TEST(MomentTest, RfcThreeThousandThreeHundredAndThirtyNine) {
  const struct {
    const char* text;
    std::int64_t seconds;
  } rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01 00:00:00z", 0},
      {"2026-03-02T00:00:00Z", 1'772'409'600},
      {"2026-03-02T01:30:00+01:30", 1'772'409'600},
      {"2026-03-01T19:00:00-05:00", 1'772'409'600},
      {"2026-03-02T00:00:00.999Z", 1'772'409'600},
      {"2024-02-29T12:00:00Z", 1'709'208'000},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_moment(row.text), row.seconds) << row.text;
  for (const char* wrong :
       {"", "now", "2026-03-02", "2026-03-02T00:00:00", "2026-02-31T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-02T24:00:00Z", "2026-03-02T00:60:00Z", "2026-03-02T00:00:00+1:00", "2026-03-02T00:00:00Zx",
        "2026-03-02T00:00:00.Z", "26-03-02T00:00:00Z", "2026-3-02T00:00:00Z", "2026-03-02T00:00:00+0100"})
    EXPECT_FALSE(parse_moment(wrong)) << wrong;
  EXPECT_EQ(moment_text(1'772'409'600), "2026-03-02T00:00:00Z");
}

}  // namespace
}  // namespace fanlight::control
