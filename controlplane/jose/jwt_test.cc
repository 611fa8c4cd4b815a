#include "jose/jwt.h"

#include <gmock/gmock.h>

#include "jose/text.h"
#include "jose/token_fixture.h"

namespace fanlight::jose {
namespace {

using testing::HasSubstr;

std::string joined(std::string_view header, std::string_view claims, std::string_view signature) {
  return encode_base64url(header) + "." + encode_base64url(claims) + "." + encode_base64url(signature);
}

std::string error_of(std::string_view token) {
  const auto jwt = parse_jwt(token);
  return jwt ? "" : jwt.error().what;
}

TEST(JwtTest, ATokenIsTakenApart) {
  const std::string token =
      joined(R"({"alg":"ES256","kid":"a","typ":"JWT","jku":"https://x"})", R"({"sub":"ann"})", "sig");
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->algorithm, "ES256");
  EXPECT_EQ(jwt->key_id, "a");
  EXPECT_FALSE(jwt->has_critical);
  EXPECT_EQ(jwt->claims.dump(), R"({"sub":"ann"})");
  EXPECT_EQ(jwt->signature, "sig");
  EXPECT_EQ(std::string{jwt->signed_part} + "." + encode_base64url("sig"), token);
  EXPECT_TRUE(parse_jwt(joined(R"({"alg":"none","crit":["b64"]})", "{}", ""))->has_critical);
}

TEST(JwtTest, WhatIsMalformedIsSaidAndNotShown) {
  const std::string header = R"({"alg":"HS256"})";
  const std::string deep = R"({"a":)" + std::string(9, '[') + std::string(9, ']') + "}";
  const struct {
    std::string token;
    const char* says;
  } rows[] = {
      {"", "not three parts"},
      {"..", "its header is no JSON object"},
      {"a.b", "not three parts"},
      {joined(header, "{}", "s") + ".x", "not three parts"},  // Five parts are an encrypted one.
      {joined(header, "{}", "s") + ".x.y", "not three parts"},
      {joined("[]", "{}", "s"), "its header is no JSON object"},
      {joined(R"({"alg":"HS256","alg":"none"})", "{}", "s"), "its header is no JSON object"},
      {joined("{}", "{}", "s"), "its header has no alg"},
      {joined(R"({"alg":7})", "{}", "s"), "its header has no alg"},
      {joined(R"({"alg":null})", "{}", "s"), "its header has no alg"},
      {joined(R"({"alg":["HS256"]})", "{}", "s"), "its header has no alg"},
      {joined(R"({"alg":"HS256","kid":7})", "{}", "s"), "its kid is no text"},
      {joined(header, "[]", "s"), "its claims are no JSON object"},
      {joined(header, "", "s"), "its claims are no JSON object"},
      {joined(header, R"({"exp":1,"exp":9999999999})", "s"), "its claims are no JSON object"},
      {joined(header, R"({"exp":1e999})", "s"), "its claims are no JSON object"},
      {joined(header, deep, "s"), "its claims are no JSON object"},
      {joined(header, "{}{}", "s"), "its claims are no JSON object"},
      {joined(header, "{}", "s") + "=", "its signature is not base64url"},
      {joined(header, "{}", "sig") + "!", "its signature is not base64url"},
      {" " + joined(header, "{}", "s"), "its header is no JSON object"},
      {std::string(kTokenBytesMax + 1, 'A'), "longer than 2048 bytes"},
  };
  for (const auto& row : rows) EXPECT_THAT(error_of(row.token), HasSubstr(row.says)) << row.token;
}

// What the limit on a stream ID leaves of a token.
TEST(JwtTest, ACutTokenIsMalformed) {
  const std::string token = Signer::es256().token(R"({"sub":"ann","exp":2000000000})");
  EXPECT_TRUE(parse_jwt(token));
  for (std::size_t size = 0; size < token.rfind('.'); ++size) EXPECT_FALSE(parse_jwt(token.substr(0, size))) << size;
}

TEST(JwtTest, WordsOfStrangersAreShownInAscii) {
  EXPECT_EQ(shown("a\x1B[2J\xC2\x9B\n"), "\"a?[2J???\"");
  EXPECT_EQ(shown(std::string(100, 'x')), "\"" + std::string(64, 'x') + "…\"");
  EXPECT_TRUE(is_plain("J\xC3\xBCrgen"));
  for (const char* text : {"a\n", "\x7F", "\x1B", "\xC2\x9B"}) EXPECT_FALSE(is_plain(text));
}

}  // namespace
}  // namespace fanlight::jose
