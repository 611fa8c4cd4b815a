#include "access/stream_id.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

using wire::Reject;

TEST(StreamIdTest, WhatItAsksFor) {
  constexpr Role kPublish = Role::kPublisher;
  constexpr Role kView = Role::kViewer;
  const struct {
    const char* text;
    Role role;
    const char* name;
    const char* user = "";
    const char* token = "";
  } rows[] = {
      // A path, with a query or without.
      {"live/main", kView, "live/main"},
      {"/live/main", kView, "live/main"},
      {"live%2Fmain", kView, "live/main"},
      {"%2Flive/main", kView, "live/main"},
      {"live/main?", kView, "live/main"},
      {"live/main?key=value&x", kView, "live/main"},
      {"live/main?&&u=bob&", kView, "live/main", "bob"},
      {"live/main?m=publish&u=ann", kPublish, "live/main", "ann"},
      {"live/main?mode=publish&user=ann", kPublish, "live/main", "ann"},
      {"live/main?mode=request", kView, "live/main"},
      {"live/main?mode=&user=", kView, "live/main"},
      {"live/main?t=stream&s=17&h=10.0.0.1:9000", kView, "live/main"},
      {"live/main?r=other", kView, "live/main"},
      {"live/main?u=J%C3%BCrgen%20K", kView, "live/main", "J\xC3\xBCrgen K"},
      {"live/main?u=a%26b%3Dc", kView, "live/main", "a&b=c"},
      {"live/main?jwt=eyJ0.eyJ1.s-_g", kView, "live/main", "", "eyJ0.eyJ1.s-_g"},
      {"live/main?x?y", kView, "live/main"},
      // Prefixes.
      {"publish:live/main", kPublish, "live/main"},
      {"publish:/live/main", kPublish, "live/main"},
      {"publish:live/main:ann", kPublish, "live/main", "ann"},
      {"publish:live/main:ann:secret", kPublish, "live/main", "ann"},
      {"publish:live/main::secret", kPublish, "live/main"},
      {"publish:live/main:an%3An:secret", kPublish, "live/main", "an:n"},
      {"publish:live/main:ann:eyJ0.eyJ1.sig", kPublish, "live/main", "ann", "eyJ0.eyJ1.sig"},
      {"publish:live/main::eyJ0.eyJ1.sig", kPublish, "live/main", "", "eyJ0.eyJ1.sig"},
      {"publish:live/main:ann:secret:jwt=eyJ0.eyJ1.sig", kPublish, "live/main", "ann", "eyJ0.eyJ1.sig"},
      {"publish:live/main:u=ann&jwt=eyJ0.eyJ1.sig", kPublish, "live/main", "ann", "eyJ0.eyJ1.sig"},
      {"publish:live/main?u=ann", kPublish, "live/main", "ann"},
      {"publish:live/main?m=publish", kPublish, "live/main"},
      {"read:live/main", kView, "live/main"},
      {"read:live/main:bob:secret", kView, "live/main", "bob"},
      {"read:live/main?jwt=abc", kView, "live/main", "", "abc"},
      // Keys.
      {"#!::r=live/main", kView, "live/main"},
      {"#!::r=/live/main", kView, "live/main"},
      {"#!::r=live%2fmain", kView, "live/main"},
      {"#!::r=live/main,m=request", kView, "live/main"},
      {"#!::m=publish,r=a", kPublish, "a"},
      {"#!::u=ann,r=a-b_c.d,m=publish,t=stream,s=1,h=host", kPublish, "a-b_c.d", "ann"},
      {"#!::r=a,u=", kView, "a"},
      {"#!::r=a,m=,t=", kView, "a"},
      {"#!::r=a,", kView, "a"},
      {"#!::,r=a", kView, "a"},
      {"#!::r=a,,m=publish", kPublish, "a"},
      {"#!::r=a,u=J\xC3\xBCrgen", kView, "a", "J\xC3\xBCrgen"},
      {"#!::r=a,u=Smith%2C John%3D", kView, "a", "Smith, John="},
      {"#!::r=a,u=50%25", kView, "a", "50%"},
      {"#!::r=a,bmd_uuid=x=y==,bmd_name=n%", kView, "a"},
      {"#!::r=a,x=,s=", kView, "a"},
      {"#!::r=a,jwt=eyJ0.eyJ1.sig", kView, "a", "", "eyJ0.eyJ1.sig"},
      {"#!::r=a,mode=publish", kView, "a"},  // No key of this form.
      // Escaped as a whole, by who means it for a URL and has a client that does not decode it.
      {"%23!::r=live/main,m=publish", kPublish, "live/main"},
      {"%23%21%3A%3Ar%3Dlive%2Fmain%2Cm%3Dpublish%2Cu%3Dann", kPublish, "live/main", "ann"},
      {"%23%21%3a%3ar%3da,u%3dSmith%252C%20John", kView, "a", "Smith, John"},
      {"publish%3Alive%2Fmain", kPublish, "live/main"},
      {"publish%3alive%2Fmain%3Aann", kPublish, "live/main", "ann"},
      {"read%3Alive%2Fmain%3Fuser%3Dbob", kView, "live/main", "bob"},
  };
  for (const auto& row : rows) {
    const auto request = parse_stream_id(row.text);
    ASSERT_TRUE(request) << row.text;
    EXPECT_EQ(request->role, row.role) << row.text;
    EXPECT_EQ(request->name, row.name) << row.text;
    EXPECT_EQ(request->user, row.user) << row.text;
    EXPECT_EQ(request->token, row.token) << row.text;
  }
}

TEST(StreamIdTest, WhatItMayNotSay) {
  const char* malformed[] = {
      // Nothing to ask for, or no name.
      "", "/", "?m=publish", "//live", "live//main", "live/", "live main", "..", "live/../x", "live/%2e%2e/x",
      "%2F%2Flive", "live%00", "live%", "live%2", "live%zz", "live\\main", "publish:", "publish::ann",
      "read:", "watch:live/main", ":a", "publish:live/ma*", "#!::", "#!::,", "#!::m=publish", "#!::r=", "#!::r",
      "#!::r=/", "#!::r=a%2",
      // Keys.
      "#!::=a", "#!::r=a,=b", "#!::r=a,m", "#!::r=a,x", "#!::r=a,r=b", "#!::r=a,u=x,u=x", "#!::r=a,u=b=c",
      "a?u=x&user=y", "a?u=b=c", "a?m=publish&mode=publish", "publish:a:ann?u=bob", "publish:a?m=request",
      "read:a?m=publish",
      // Users that are no text.
      "#!::r=a,u=\x1B[2J", "#!::r=a,u=%1B[2J", "#!::r=a,u=%0a", "#!::r=a,u=%7f", "#!::r=a,u=\xC3", "#!::r=a,u=%C3",
      "#!::r=a,u=\xC0\x80", "#!::r=a,u=\xED\xA0\x80", "#!::r=a,u=\xC2\x9B", "publish:a:%C2%9B", "a?u=%00",
      "a?u=bob%E2%80%AEnimda", "a?u=bob%E2%80%A8", "a?u=bob%E2%80%8B", "a?u=%EF%BB%BFbob", "a?u=%D8%9C",
      "a?u=%E2%81%A6a", "a?u=%EF%BF%B9", "a?u=%F3%A0%81%81",
      // Escaped as a whole, and malformed then.
      "%23", "%23live", "%23!::r=a%", "%23!::r=..", "%23!:{r=a}", "%23!::r=a,u=%251B", "publish%3A", "publish%3Aa%",
      "%2523!::r=a", "publish%253Aa", "watch%3Aa", "Publish%3Aa",
      // The nested form, and what looks like it.
      "#!:{r=a}", "#!:{r=a,m=publish}", "#!:{", "#!{r=a}", "#!", "#!:", "#!:r=a"};
  for (const char* text : malformed) {
    const auto request = parse_stream_id(text);
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error(), Reject::kBadRequest) << text;
  }
}

TEST(StreamIdTest, ModesAndTypesThatARelayDoesNotServe) {
  for (const char* text :
       {"#!::r=a,t=file", "#!::r=a,t=auth", "#!::r=a,t=Stream", "#!::r=a,m=bidirectional", "#!::r=a,m=Publish",
        "#!::m=bidirectional", "a?m=file", "a?mode=bidirectional", "a?t=file"}) {
    const auto request = parse_stream_id(text);
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error(), Reject::kBadMode) << text;
  }
}

TEST(StreamIdTest, AZeroWithinIsNoEnd) {
  for (const std::string_view text :
       {std::string_view("live/main\0x", 11), std::string_view("#!::r=a,u=b\0c", 14), std::string_view("a?u=b\0", 7)}) {
    const auto request = parse_stream_id(text);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error(), Reject::kBadRequest);
  }
}

TEST(StreamIdTest, NamesCannotLeaveTheirFolder) {
  for (const char* good : {"a", "live/main", "A-1/b_2/c.3", ".hidden"}) EXPECT_TRUE(is_stream_name(good)) << good;
  for (const char* bad : {"", "/a", "a/", "a//b", "..", "a/../b", "a/..", ".", "a/./b", "a b", "a*", "a:b", "\xC3\xBC"})
    EXPECT_FALSE(is_stream_name(bad)) << bad;
  EXPECT_FALSE(is_stream_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_stream_name(std::string(128, 'a')));
  EXPECT_FALSE(is_stream_name(std::string(129, 'a')));
}

TEST(StreamIdTest, PatternsEndInOneStar) {
  for (const char* good : {"*", "live/*", "live/cam-*"}) EXPECT_TRUE(is_stream_pattern(good)) << good;
  for (const char* bad : {"", "live", "**", "*/a", "li*ve/*", "/*", "a//*", "../*"})
    EXPECT_FALSE(is_stream_pattern(bad)) << bad;
}

}  // namespace
}  // namespace fanlight::control
