#include "fanlight/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "fanlight/ask.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;

TEST(AccessReportTest, AForecastSaysWhichPolicyDecides) {
  const json forecast = json::parse(R"x({"outcome":"deny","by":"policy 2 (line 11)","code":2403,"libsrt_code":1403,
    "reason":"forbidden","webhook":null,"from":"203.0.113.7","at":"2026-03-02T00:00:00Z","mode":"view",
    "stream":"live/main","user":"bob","token":false,"token_fault":null,"key":null,"stream_state":null,
    "policies":[{"policy":"policy 1 (line 7): *","matches":false,"why_not":"it is about mode publish"},
                {"policy":"policy 2 (line 11): *","matches":true,"why_not":null},
                {"policy":"policy 3 (line 15): *","matches":true,"why_not":null}]})x");
  EXPECT_EQ(forecast_report(forecast),
            "view live/main, user bob, from 203.0.113.7, at 2026-03-02T00:00:00Z\n"
            "  policy 1 (line 7): *\n      no: it is about mode publish\n"
            "  policy 2 (line 11): *\n      decides\n"
            "  policy 3 (line 15): *\n      comes too late\n"
            "turned away with 2403 (libsrt: 1403), forbidden: policy 2 (line 11)\n");
}

TEST(AccessReportTest, WhoIsLetInIsToldWhatItMustKnow) {
  const json forecast = json::parse(R"x({"outcome":"allow","by":null,"code":null,"from":"::1","at":"t","mode":"publish",
    "stream":"a","user":"","token":true,"token_fault":"expired","key":"publish_passphrase of a",
    "stream_state":"published, 2 viewers","policies":[]})x");
  EXPECT_EQ(forecast_report(forecast),
            "publish a, from ::1, at t\ntoken   expired\nkey     publish_passphrase of a\n"
            "stream  published, 2 viewers\nlet in (there are no policies)\n");
}

TEST(AccessReportTest, AnUnreadableStreamIdHasAVerdictAlone) {
  EXPECT_EQ(forecast_report(json::parse(R"x({"outcome":"deny","by":"the stream ID","code":2400,"libsrt_code":1400,
    "reason":"bad request","stream":null,"mode":null,"policies":[]})x")),
            "turned away with 2400 (libsrt: 1400), bad request: the stream ID\n");
}

TEST(SecretFileTest, AKeyThatOthersMayReadIsNoSecret) {
  const std::string path = ::testing::TempDir() + "fanlight-key-" + std::to_string(getpid());
  std::ofstream(path) << "key";
  for (const mode_t mode : {0644u, 0640u, 0602u, 0600u, 0400u}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_EQ(is_open_to_others(path), mode != 0600 && mode != 0400) << std::oct << mode;
  }
  std::remove(path.c_str());
  EXPECT_FALSE(is_open_to_others(""));
}

TEST(AccessReportTest, KeysAreListedWithoutNames) {
  EXPECT_EQ(
      keys_report(json::parse(R"x({"keys":[{"stream":"live/*","direction":"view","user":"bob\u001b","group":null,
    "source":"api","set_at":"2026-03-02T00:00:00Z","expires":"2026-03-03T00:00:00Z","expired":true,"sessions":3,"earlier_sessions":1},
    {"stream":"a","direction":"publish","user":null,"group":null,"source":"stream","set_at":null,"expires":null,
     "expired":false,"sessions":0,"earlier_sessions":0}]})x")),
      "STREAM  DIRECTION  USER  GROUP  SOURCE  SET                   EXPIRES                       SESSIONS  EARLIER\n"
      "live/*  view       bob?  -      api     2026-03-02T00:00:00Z  expired 2026-03-03T00:00:00Z         3        1\n"
      "a       publish    -     -      stream  -                     -                                    0        "
      "0\n");
  EXPECT_EQ(keys_report(json::parse(R"x({"keys":[]})x")), "no keys: every stream is clear\n");
}

}  // namespace
}  // namespace fanlight::cli
