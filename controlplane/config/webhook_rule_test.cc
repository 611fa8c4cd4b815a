#include "config/webhook_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "config/config.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;

TEST(HttpUrlTest, SaysWhomToAskAndFor) {
  const auto url = parse_http_url("https://door.example.net/ask?v=1");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_EQ(url->host, "door.example.net");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/ask?v=1");
  EXPECT_EQ(url->authority(), "door.example.net");
  EXPECT_EQ(parse_http_url("http://[::1]:8080")->authority(), "[::1]:8080");
  EXPECT_EQ(parse_http_url("http://[::1]:8080")->target, "/");
  EXPECT_EQ(parse_http_url("https://door?x")->target, "/?x");
}

TEST(HttpUrlTest, WhatCouldMeanSomethingElseIsRefused) {
  for (const char* text : {"", "door", "ftp://door", "https://", "https://:443", "https://door:0", "https://door:65536",
                           "https://door:", "https://a b/", "https://door/a b", "https://door/a\r\nX: y",
                           "https://user:pass@door/", "https://door/#x", "https://[::1", "https://[127.0.0.1]/",
                           "https://[::1]x/", "https://do\"or/", "HTTPS://door/"})
    EXPECT_FALSE(parse_http_url(text)) << text;
  EXPECT_FALSE(parse_http_url("https://door/" + std::string(2'048, 'a')));
}

TEST(HttpUrlTest, OnlyThisHostIsLoopback) {
  for (const char* text : {"http://localhost", "http://127.0.0.1", "http://127.9.9.9:80", "http://[::1]"})
    EXPECT_TRUE(parse_http_url(text)->is_loopback()) << text;
  for (const char* text : {"http://127.0.0.1.example.net", "http://localhost.example.net", "http://10.0.0.1",
                           "http://[::2]", "http://127"})
    EXPECT_FALSE(parse_http_url(text)->is_loopback()) << text;
}

class WebhookRuleTest : public testing::Test {
 protected:
  static Result<Config, ConfigErrors> parse(const std::string& more) {
    return parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n" + more, "f.toml");
  }
  static std::string mistakes(const std::string& more) {
    const auto config = parse(more);
    std::string all;
    if (!config)
      for (const std::string& line : config.error().lines) all += line + "\n";
    return all;
  }
};

TEST_F(WebhookRuleTest, HasDefaultsThatFitACallersPatience) {
  const auto config = parse("[[webhook]]\nname = \"door\"\nurl = \"https://door.example.net/ask\"\n");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->webhooks.size(), 1u);
  EXPECT_EQ(config->webhooks[0].timeout, millis(1'000));
  EXPECT_EQ(config->webhooks[0].concurrency, 16u);
  EXPECT_EQ(config->webhooks[0].negative_cache, seconds(5));
  EXPECT_TRUE(config->events.webhook.empty());
}

TEST_F(WebhookRuleTest, IsReadWhole) {
  const auto config = parse(
      "[[webhook]]\nname = \"door\"\nurl = \"http://127.0.0.1:8080/ask\"\ntimeout_ms = 2500\nconcurrency = 4\n"
      "negative_cache_s = 0\ntoken = \"a token of sorts\"\nsigning_key = \"a key to sign with\"\n"
      "[events]\nwebhook = \"door\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->webhooks[0].token.reveal(), "a token of sorts");
  EXPECT_EQ(config->webhooks[0].signing_key.reveal(), "a key to sign with");
  EXPECT_EQ(config->webhooks[0].concurrency, 4u);
  EXPECT_EQ(config->events.webhook, "door");
}

TEST_F(WebhookRuleTest, EveryMistakeIsToldAndNoSecretIs) {
  const std::string hook = "[[webhook]]\nname = \"door\"\nurl = \"https://door/\"\n";
  EXPECT_THAT(mistakes("[[webhook]]\n"), HasSubstr("webhook.name: found nothing"));
  EXPECT_THAT(mistakes("[[webhook]]\nname = \"a b\"\n"), HasSubstr("webhook.url: found nothing"));
  EXPECT_THAT(mistakes(hook + "timeout_ms = 2501\n"), HasSubstr("50 to 2500"));
  EXPECT_THAT(mistakes(hook + "token = \"short\"\n"), HasSubstr("webhook.token: found 5 bytes"));
  EXPECT_THAT(mistakes(hook + "token = \"abcdefghij\\r\\nX-Evil: 1\"\n"), HasSubstr("webhook.token: found one with"));
  EXPECT_THAT(mistakes(hook + "token = \"abcdefghij\u00fc\"\n"), HasSubstr("printable ASCII"));
  EXPECT_THAT(mistakes(hook + "ca_file = \"/nowhere.pem\"\n"), HasSubstr("cannot be read"));
  EXPECT_THAT(mistakes(hook + hook), HasSubstr("\"door\" twice"));
  EXPECT_THAT(mistakes("[[webhook]]\nname = \"door\"\nurl = \"http://10.0.0.1/?key=hidden\"\n"),
              AllOf(HasSubstr("insecure = true"), Not(HasSubstr("hidden"))));
  EXPECT_EQ(mistakes("[[webhook]]\nname = \"door\"\nurl = \"http://10.0.0.1/\"\ninsecure = true\n"), "");
  EXPECT_THAT(mistakes("[events]\nwebhook = \"door\"\n"), HasSubstr("events.webhook: found \"door\""));
  EXPECT_THAT(mistakes("[[policy]]\nthen = \"ask\"\nwebhook = \"door\"\n"),
              HasSubstr("f.toml:3: policy.webhook: found \"door\""));
  EXPECT_EQ(mistakes("[[policy]]\nthen = \"ask\"\nwebhook = \"door\"\n" + hook), "") << "it may stand behind";
  std::string many;
  for (int i = 0; i < 17; ++i) many += "[[webhook]]\nname = \"d" + std::to_string(i) + "\"\nurl = \"https://door/\"\n";
  EXPECT_THAT(mistakes(many), HasSubstr("16 at most"));
}

TEST_F(WebhookRuleTest, AuthoritiesThatTheRelaysUserMayNotReadAreRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
  std::string file = std::filesystem::temp_directory_path() / "fanlight-ca-XXXXXX";
  close(mkstemp(file.data()));
  const std::string hook = "[[webhook]]\nname = \"door\"\nurl = \"https://door/\"\nca_file = \"" + file + "\"\n";
  EXPECT_EQ(mistakes(hook), "");
  EXPECT_THAT(mistakes("[relay]\nuser = \"daemon\"\n" + hook), HasSubstr("relay.user may not read at a reload"));
  chmod(file.c_str(), 0644);
  EXPECT_EQ(mistakes("[relay]\nuser = \"daemon\"\n" + hook), "");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace fanlight::control
