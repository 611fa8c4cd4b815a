#include "fanlight/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fanlight/commands.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

json session(const char* role, json stats) {
  return {{"id", 17u}, {"role", role}, {"stream", "live/main"}, {"age_s", 4.0}, {"stats", std::move(stats)}};
}

TEST(SessionReportTest, AViewersMeanRateIsItsPayloadBitsBySecondsOfAge) {
  EXPECT_THAT(session_report(session("viewer", {{"bytes_sent", 2'500'000u}})),
              ContainsRegex("mean rate +5.0 Mb/s of payload since the session opened, repeats included"));
}

TEST(SessionReportTest, APublishersRateIsToldRightNowAndInTheMean) {
  const std::string report =
      session_report(session("publisher", {{"bytes_received", 1'000'000u}, {"receive_rate_bytes_per_s", 500'000u}}));
  EXPECT_THAT(report, HasSubstr("4.0 Mb/s right now"));
  EXPECT_THAT(report, ContainsRegex("mean rate +2.0 Mb/s"));
}

TEST(SessionReportTest, ASessionWithoutAgeHasNoMeanRate) {
  json young = session("viewer", {{"bytes_sent", 100u}});
  young["age_s"] = 0.0;
  EXPECT_THAT(session_report(young), ContainsRegex("mean rate +not known yet"));
}

TEST(SessionReportTest, LinkCapacityIsInMegabitsOfFullPackets) {
  EXPECT_THAT(session_report(session("publisher", {{"link_capacity_packets_per_s", 1000u}, {"mss_bytes", 1500u}})),
              HasSubstr("12.0 Mb/s in packets of full size"));
}

TEST(VersionTest, OursIsToldWithoutARelay) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(show_version({.api = "/nonexistent/api.sock"}), 1);
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              ContainsRegex("^fanlight [0-9.]+\nrelay: none answers at /nonexistent/api.sock\n$"));
  testing::internal::CaptureStdout();
  EXPECT_EQ(show_version({.api = "/nonexistent/api.sock", .is_json = true}), 1);
  const json both = json::parse(testing::internal::GetCapturedStdout());
  EXPECT_TRUE(both["fanlight"].is_string());
  EXPECT_TRUE(both["fanlightd"].is_null());
}

}  // namespace
}  // namespace fanlight::cli
