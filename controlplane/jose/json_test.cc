#include "jose/json.h"

#include <gtest/gtest.h>

#include <string>

namespace fanlight::jose {
namespace {

TEST(StrictJsonTest, ReadsEveryKindOfValue) {
  const auto value = parse_json(R"( {"a":[1,-2,0.5,[true,null]],"b":{"c":"é","d":{}},"e":18446744073709551615} )");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->dump(), R"({"a":[1,-2,0.5,[true,null]],"b":{"c":"é","d":{}},"e":18446744073709551615})");
}

TEST(StrictJsonTest, NoMemberComesTwice) {
  EXPECT_FALSE(parse_json(R"({"exp":1,"exp":2})"));
  EXPECT_FALSE(parse_json(R"({"a":{"b":1,"c":2,"b":1}})"));
  EXPECT_FALSE(parse_json(R"({"alg":"HS256","\u0061lg":"none"})"));
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2}])"));
}

TEST(StrictJsonTest, NothingIsDeeperThanItsBound) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kJsonDepthMax)));
  EXPECT_FALSE(parse_json(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(parse_json(nested(100'000)));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  std::string objects = "1";
  for (std::size_t i = 0; i <= kJsonDepthMax; ++i) objects = R"({"a":)" + objects + "}";
  EXPECT_FALSE(parse_json(objects));
}

TEST(StrictJsonTest, WhatIsNoJsonIsNotRead) {
  for (const char* text :
       {"", " ", "{", "{}{}", "{} x", "{'a':1}", R"({"a":1,})", R"({"a":01})", R"({"a":NaN})", R"({"a":1e400})",
        R"({"a":"\ud800"})", "{\"a\":\"\xFF\"}", "{\"a\":\"\n\"}", "// x\n{}", "\xFE{}"})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json(std::string_view("{}\0", 3)));
}

}  // namespace
}  // namespace fanlight::jose
