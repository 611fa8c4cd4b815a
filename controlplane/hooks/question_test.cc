#include "hooks/question.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

using nlohmann::json;

Inquiry inquiry() {
  Inquiry out;
  out.id = 7;
  out.request.wanted = {.role = Role::kPublisher,
                        .name = "live/main",
                        .user =
                            "b\xC3\xB6"
                            "b",
                        .token = ""};
  out.request.from = *Endpoint::parse("[2001:db8::1]:5000");
  out.request.srt_version = 0x0001'0501;
  out.request.at = WallTime{1'795'000'000};
  return out;
}

TEST(QuestionTest, SaysWhatIsKnownOfTheCaller) {
  EXPECT_EQ(write_question(inquiry()),
            R"({"address":"2001:db8::1","at":"2026-11-18T11:06:40.000Z","encrypted":false,"event":"request","id":7,)"
            R"("mode":"publish","port":5000,"srt_version":"1.5.1","stream":"live/main","user":"böb"})");
}

TEST(QuestionTest, ATokenGoesAlongWithWhatIsThoughtOfIt) {
  Inquiry asked = inquiry();
  asked.request.wanted.token = "abc";
  asked.request.token_fault = "it has expired";
  const json told = json::parse(write_question(asked));
  EXPECT_EQ(told["token"], "abc");
  EXPECT_EQ(told["token_fault"], "it has expired");
  EXPECT_FALSE(told.contains("claims"));
  asked.request.claims = TokenClaims{.issuer = "shop", .user = "ann", .group = "gold"};
  EXPECT_EQ(json::parse(write_question(asked))["claims"]["user"], "ann");
}

// RFC 4231, test case 2.
TEST(QuestionTest, TheSignatureIsHmacSha256) {
  EXPECT_EQ(signature_of("what do ya want for nothing?", "Jefe"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace fanlight::control
