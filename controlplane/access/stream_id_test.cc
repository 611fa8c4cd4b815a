#include "access/stream_id.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

using wire::Reject;

TEST(StreamIdTest, WhatItAsksFor) {
  const struct {
    const char* text;
    Role role;
    const char* name;
    const char* user;
  } rows[] = {
      {"live/main", Role::kViewer, "live/main", ""},
      {"live/main?key=value&x", Role::kViewer, "live/main", ""},
      {"publish:live/main", Role::kPublisher, "live/main", ""},
      {"publish:live/main:ann:secret", Role::kPublisher, "live/main", "ann"},
      {"read:live/main", Role::kViewer, "live/main", ""},
      {"#!::r=live/main", Role::kViewer, "live/main", ""},
      {"#!::r=live/main,m=request", Role::kViewer, "live/main", ""},
      {"#!::m=publish,r=a", Role::kPublisher, "a", ""},
      {"#!::u=ann,r=a-b_c.d,m=publish,t=stream,s=1,h=host", Role::kPublisher, "a-b_c.d", "ann"},
      {"#!::r=a,u=", Role::kViewer, "a", ""},
      {"#!::r=a,u=J\xC3\xBCrgen", Role::kViewer, "a", "J\xC3\xBCrgen"},
      {"#!::r=a,bmd_uuid=x=y==,bmd_name=n", Role::kViewer, "a", ""},
  };
  for (const auto& row : rows) {
    const auto request = parse_stream_id(row.text);
    ASSERT_TRUE(request) << row.text;
    EXPECT_EQ(request->role, row.role) << row.text;
    EXPECT_EQ(request->name, row.name) << row.text;
    EXPECT_EQ(request->user, row.user) << row.text;
  }
}

TEST(StreamIdTest, WhatItMayNotSay) {
  const struct {
    const char* text;
    Reject reason;
  } rows[] = {
      {"", Reject::kBadRequest},
      {"#!::", Reject::kBadRequest},
      {"#!", Reject::kBadRequest},
      {"#!:{r=a}", Reject::kBadRequest},
      {"#!{r=a}", Reject::kBadRequest},
      {"#!::m=publish", Reject::kBadRequest},
      {"#!::r=", Reject::kBadRequest},
      {"#!::r", Reject::kBadRequest},
      {"#!::=a", Reject::kBadRequest},
      {"#!::,", Reject::kBadRequest},
      {"#!::r=a,", Reject::kBadRequest},
      {"#!::r=a,,m=publish", Reject::kBadRequest},
      {"#!::,r=a", Reject::kBadRequest},
      {"#!::r=a,m", Reject::kBadRequest},
      {"#!::r=a,r=b", Reject::kBadRequest},
      {"#!::r=a,u=b=c", Reject::kBadRequest},
      {"#!::r=a,u=\x1B[2J", Reject::kBadRequest},
      {"#!::r=a,u=\xC3", Reject::kBadRequest},
      {"#!::r=a,u=\xC0\x80", Reject::kBadRequest},
      {"#!::r=a,u=\xED\xA0\x80", Reject::kBadRequest},
      {"#!::r=a,u=\xC2\x9B", Reject::kBadRequest},
      {"#!::r=a,t=auth", Reject::kBadRequest},
      {"#!::r=a,t=file", Reject::kBadMode},
      {"#!::r=a,m=bidirectional", Reject::kBadMode},
      {"#!::r=a,m=Publish", Reject::kBadMode},
      {"watch:live/main", Reject::kBadRequest},
      {"publish:", Reject::kBadRequest},
      {"publish::ann", Reject::kBadRequest},
      {"live main", Reject::kBadRequest},
  };
  for (const auto& row : rows) {
    const auto request = parse_stream_id(row.text);
    ASSERT_FALSE(request) << row.text;
    EXPECT_EQ(request.error(), row.reason) << row.text;
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
