#include "config/srt_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SrtUrlTest, ReadsEveryOption) {
  const auto url = parse_srt_url(
      "srt://cdn.example.net:7000?streamid=%23%21%3A%3Ar%3Dlive%2Fmain&passphrase=a%20secret%20%26%20more"
      "&latency=250&pbkeylen=32&mode=caller");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->host, "cdn.example.net");
  EXPECT_EQ(url->port, 7000);
  EXPECT_EQ(url->stream_id, "#!::r=live/main");
  EXPECT_EQ(url->passphrase, "a secret & more");
  EXPECT_EQ(url->latency, millis(250));
  EXPECT_EQ(url->key_bytes, 32);
}

TEST(SrtUrlTest, HostAndPortAreEnough) {
  const auto url = parse_srt_url("SRT://[2001:db8::1]:9000/");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->key_bytes, 16);
  EXPECT_TRUE(url->stream_id.empty());
}

TEST(SrtUrlTest, SaysWhatIsWrong) {
  const auto fault = [](std::string_view text) {
    const auto url = parse_srt_url(text);
    return url ? "" : url.error();
  };
  EXPECT_THAT(fault("http://a:1"), HasSubstr("not an SRT URL"));
  for (const char* text : {"srt://", "srt://host", "srt://host:0", "srt://host:65536", "srt://host:", "srt://:9000",
                           "srt://2001:db8::1:9000", "srt://user@host:1", "srt://host:9x"})
    EXPECT_THAT(fault(text), HasSubstr("no host and port")) << text;
  EXPECT_THAT(fault("srt://a:1?latency=-1"), HasSubstr("latency"));
  EXPECT_THAT(fault("srt://a:1?latency=60001"), HasSubstr("0 to 60000"));
  EXPECT_THAT(fault("srt://a:1?pbkeylen=17"), HasSubstr("16, 24 or 32"));
  EXPECT_THAT(fault("srt://a:1?streamid="), HasSubstr("512 bytes"));
  EXPECT_THAT(fault("srt://a:1?mode=listener"), HasSubstr("mode"));
  EXPECT_THAT(fault("srt://a:1?pbkeylne=16"), HasSubstr("unknown option"));
  EXPECT_THAT(fault("srt://a:1?streamid=%4"), HasSubstr("percent"));
}

TEST(SrtUrlTest, NeverRepeatsAPassphrase) {
  const auto url = parse_srt_url("srt://a:1?passphrase=short-one");
  ASSERT_FALSE(url);
  EXPECT_THAT(url.error(), HasSubstr("9 bytes"));
  EXPECT_THAT(url.error(), Not(HasSubstr("short-one")));
  const auto good = parse_srt_url("srt://a:1?passphrase=long-enough&streamid=x&pbkeylen=24");
  ASSERT_TRUE(good);
  EXPECT_EQ(public_text(*good), "srt://a:1?streamid=x&pbkeylen=24");
}

TEST(SrtUrlTest, NeverRepeatsAToken) {
  const auto url = parse_srt_url("srt://a:1?streamid=publish:live/main:jwt=eyJ0.a.b%26u=ann%26jwt=eyJ1.c.d");
  ASSERT_TRUE(url);
  EXPECT_THAT(public_text(*url), HasSubstr("ann"));
  EXPECT_THAT(public_text(*url), Not(HasSubstr("eyJ")));
}

TEST(SrtUrlTest, WhatIsShownReadsTheSame) {
  for (const char* text : {"srt://a.b:7000", "srt://[::1]:7000?streamid=publish:live/main&latency=300",
                           "srt://a:1?streamid=%23!::r=live/a%26b,m=publish"}) {
    const auto url = parse_srt_url(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(public_text(*url), text);
    EXPECT_EQ(*parse_srt_url(public_text(*url)), *url);
  }
}

}  // namespace
}  // namespace fanlight::control
