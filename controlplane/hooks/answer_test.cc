#include "hooks/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

using testing::HasSubstr;
using wire::Reject;

InquiryAnswer read(std::string body, unsigned status = 200) { return read_answer(status, body); }

Grant granted(const std::string& body) {
  const InquiryAnswer answer = read(body);
  EXPECT_TRUE(std::holds_alternative<Grant>(answer)) << body;
  return std::holds_alternative<Grant>(answer) ? std::get<Grant>(answer) : Grant{};
}

Denied denied(const std::string& body, unsigned status = 200) {
  const InquiryAnswer answer = read(body, status);
  EXPECT_TRUE(std::holds_alternative<Denied>(answer)) << body;
  return std::holds_alternative<Denied>(answer) ? std::get<Denied>(answer) : Denied{Reject::kUnknown, ""};
}

std::string why_not(const std::string& body, unsigned status = 200) {
  const InquiryAnswer answer = read(body, status);
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(answer)) << body;
  return std::holds_alternative<NoAnswer>(answer) ? std::get<NoAnswer>(answer).why : "";
}

TEST(AnswerTest, AYesMaySayNoMore) {
  const Grant grant = granted(R"({"allow": true})");
  EXPECT_TRUE(grant.user.empty() && grant.group.empty() && !grant.passphrase && !grant.latency && !grant.latency_max);
  EXPECT_EQ(grant.viewers_max + grant.sessions_per_address_max + grant.bitrate_bits_max, 0u);
}

TEST(AnswerTest, AYesMaySayUnderWhichTerms) {
  const Grant grant = granted(R"({"allow": true, "user": "ann", "group": "gold", "passphrase": "of the answer",
    "latency_ms": 200, "latency_max_ms": 2000, "viewers_max": 12, "sessions_per_address_max": 3,
    "bitrate_max_mbps": 2.5, "code": "ignored", "new": [1, {"allow": false}]})");
  EXPECT_EQ(grant.user, "ann");
  EXPECT_EQ(grant.group, "gold");
  ASSERT_TRUE(grant.passphrase);
  EXPECT_EQ(grant.passphrase->reveal(), "of the answer");
  EXPECT_EQ(grant.latency, millis(200));
  EXPECT_EQ(grant.latency_max, seconds(2));
  EXPECT_EQ(grant.viewers_max, 12u);
  EXPECT_EQ(grant.sessions_per_address_max, 3u);
  EXPECT_EQ(grant.bitrate_bits_max, 2'500'000u);
}

TEST(AnswerTest, ZeroLiftsWhatThePolicySaysAndAbsenceDoesNot) {
  Grant policy;
  policy.viewers_max = 2;
  policy.sessions_per_address_max = 3;
  policy.bitrate_bits_max = 4;
  const Grant lifted = on_top_of(
      policy, granted(R"({"allow": true, "viewers_max": 0, "sessions_per_address_max": 0, "bitrate_max_mbps": 0})"));
  EXPECT_GT(lifted.viewers_max, 1'000'000u);
  EXPECT_GT(lifted.sessions_per_address_max, 1'000'000u);
  EXPECT_GT(lifted.bitrate_bits_max, 1'000'000'000'000u);
  EXPECT_EQ(granted(R"({"allow": true, "bitrate_max_mbps": 1e-9})").bitrate_bits_max, 1u) << "next to nothing is no 0";
  const Grant kept = on_top_of(policy, granted(R"({"allow": true})"));
  EXPECT_EQ(kept.viewers_max, 2u);
  EXPECT_EQ(kept.sessions_per_address_max, 3u);
  EXPECT_EQ(kept.bitrate_bits_max, 4u);
}

TEST(AnswerTest, NullIsAbsent) {
  EXPECT_FALSE(granted(R"({"allow": true, "passphrase": null, "latency_ms": null})").passphrase);
}

TEST(AnswerTest, ANoHasItsCodeAndItsReason) {
  EXPECT_EQ(denied(R"({"allow": false})").reason, Reject::kForbidden);
  const Denied locked = denied(R"({"allow": false, "code": 2423, "reason": "not before noon"})");
  EXPECT_EQ(locked.reason, Reject::kLocked);
  EXPECT_EQ(locked.by, "not before noon");
  EXPECT_EQ(static_cast<int>(denied(R"({"allow": false, "code": 2599})").reason), 2599);
  EXPECT_EQ(denied("", 403).reason, Reject::kForbidden);
}

TEST(AnswerTest, ACodeThatSaysSomethingElseIsReplacedAndTold) {
  for (const char* code : {"0", "-1", "200", "1", "1000", "1010", "2399", "2600", "2147483647"}) {
    const Denied replaced = denied(std::string{R"({"allow": false, "code": )"} + code + "}");
    EXPECT_EQ(replaced.reason, Reject::kForbidden) << code;
    EXPECT_THAT(replaced.by, HasSubstr(std::string{"code "} + code + " is none of"));
  }
}

TEST(AnswerTest, AReasonCannotWriteTheLog) {
  EXPECT_EQ(denied(R"({"allow": false, "reason": "a\nb\u001b[31m"})").by, R"(a\nb\u001b[31m)");
  EXPECT_EQ(denied("{\"allow\": false, \"reason\": \"a\x7F\xC2\x9B"
                   "b\"}")
                .by,
            R"(a\u007f\u009bb)");
  EXPECT_LE(denied(R"({"allow": false, "reason": ")" + std::string(5'000, 'x') + "\"}").by.size(), 200u);
  EXPECT_EQ(denied(R"({"allow": false, "reason": 7})").by, "");
}

TEST(AnswerTest, WhateverIsNotUnderstoodWholeIsNoAnswer) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no JSON object"},
      {"<html>no</html>", "no JSON object"},
      {"true", "no JSON object"},
      {"[{\"allow\":true}]", "no JSON object"},
      {R"({"allow": true)", "no JSON object"},
      {R"({"allow": true} {"allow": false})", "no JSON object"},
      {"{\"allow\": true, \"user\": \"\xFF\"}", "no JSON object"},
      {"{}", "\"allow\""},
      {R"({"allow": "true"})", "\"allow\""},
      {R"({"allow": 1})", "\"allow\""},
      {R"({"allow": null})", "\"allow\""},
      {R"({"Allow": true})", "\"allow\""},
      {R"({"allow": false, "allow": true})", "twice"},
      {R"({"allow": true, "user": "a", "user": "a"})", "twice"},
      {R"({"allow": true, "user": 7})", "\"user\""},
      {R"({"allow": true, "user": "a\nb"})", "\"user\""},
      {R"({"allow": true, "user": "a\u009bb"})", "\"user\""},
      {R"({"allow": true, "group": {}})", "\"group\""},
      {R"({"allow": true, "passphrase": "short"})", "\"passphrase\""},
      {R"({"allow": true, "passphrase": ""})", "\"passphrase\""},
      {R"({"allow": true, "passphrase": 1234567890})", "\"passphrase\""},
      {R"({"allow": true, "latency_ms": -1})", "\"latency_ms\""},
      {R"({"allow": true, "latency_ms": 1.5})", "\"latency_ms\""},
      {R"({"allow": true, "latency_ms": "200"})", "\"latency_ms\""},
      {R"({"allow": true, "latency_ms": 18446744073709551615})", "\"latency_ms\""},
      {R"({"allow": true, "latency_ms": 300, "latency_max_ms": 200})", "more than"},
      {R"({"allow": true, "latency_ms": 60001})", "\"latency_ms\""},
      {R"({"allow": true, "viewers_max": -1})", "\"viewers_max\""},
      {R"({"allow": true, "viewers_max": 65536})", "\"viewers_max\""},
      {R"({"allow": true, "sessions_per_address_max": 65536})", "\"sessions_per_address_max\""},
      {R"({"allow": true, "bitrate_max_mbps": -0.5})", "\"bitrate_max_mbps\""},
      {R"({"allow": true, "bitrate_max_mbps": "0"})", "\"bitrate_max_mbps\""},
      {R"({"allow": true, "bitrate_max_mbps": 1e300})", "\"bitrate_max_mbps\""},
      {R"({"allow": false, "code": "2403"})", "\"code\""},
  };
  for (const auto& [body, why] : cases) EXPECT_THAT(why_not(body), HasSubstr(why)) << body;
  EXPECT_THAT(why_not(std::string(10'000, '[')), HasSubstr("no JSON object"));
}

TEST(AnswerTest, OnlyTwoHundredIsAnAnswerAndOnlyFourHundredAndThreeARefusal) {
  for (const unsigned status : {201u, 204u, 301u, 302u, 400u, 401u, 404u, 429u, 500u, 503u})
    EXPECT_THAT(why_not(R"({"allow": true})", status), HasSubstr("HTTP " + std::to_string(status)));
}

TEST(AnswerTest, TheBodyIsWipedAndNoWordOfItIsRepeated) {
  std::string body = R"({"allow": true, "passphrase": "tiny", "padding": "that does not fit a string's own room"})";
  const char* const place = body.data();
  const InquiryAnswer answer = read_answer(200, body);
  EXPECT_TRUE(body.empty());
  EXPECT_EQ(place[0], '\0');
  EXPECT_EQ(place[40], '\0');
  EXPECT_THAT(std::get<NoAnswer>(answer).why, testing::Not(HasSubstr("tiny")));
}

}  // namespace
}  // namespace fanlight::control
