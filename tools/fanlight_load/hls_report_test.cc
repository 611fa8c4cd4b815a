#include "fanlight_load/hls_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

HlsLoadReport good() {
  HlsLoadReport report;
  report.viewers = report.up = 10;
  report.renditions = 1;
  report.duration_s = 2;
  report.requests = 200;
  report.bytes = 1'000'000;
  report.tally.parts = report.tally.measured = 100;
  for (std::uint64_t us = 1; us <= 100; ++us) report.tally.arrival_us.record(us);
  return report;
}

TEST(HlsReportTest, WhoPlayedEverythingInTimeHasPassed) {
  EXPECT_THAT(judge({}, good()), ElementsAre());
  EXPECT_THAT(hls_table({}, good()), HasSubstr("passed"));
}

TEST(HlsReportTest, EachFaultIsAReason) {
  HlsLoadReport report = good();
  report.up = 8;
  report.tally.faults.note(HlsFault::kBytes, "/v0/i.m3u8", "s1.2.m4s is another");
  report.tally.faults.note(HlsFault::kBytes, "/v0/i.m3u8", "s1.3.m4s is another");
  report.tally.late = 3;
  report.tally.stalls = 2;
  report.stalled = 1;
  EXPECT_THAT(judge({}, report),
              ElementsAre("2 of 10 viewers never began to play", "bytes (2): /v0/i.m3u8: s1.2.m4s is another",
                          "3 of 100 parts came later than the part target after they were listed, 0 are excused",
                          "2 stalls of 1 viewers, 0 ms in all"));
  HlsSettings lenient;
  lenient.excused_late = 0.03;
  lenient.excuses_stalls = true;
  EXPECT_EQ(judge(lenient, report).size(), 2u);
}

TEST(HlsReportTest, NothingReceivedIsNoSuccess) {
  HlsLoadReport report = good();
  report.tally.measured = 0;
  EXPECT_THAT(judge({}, report), ElementsAre("no part came while it ran"));
}

TEST(HlsReportTest, JsonHasWhatWasMeasured) {
  HlsLoadReport report = good();
  report.tally.faults.note(HlsFault::kStatus, "/x", "404");
  const auto json = nlohmann::json::parse(hls_json({}, report));
  EXPECT_EQ(json["format"], 1);
  EXPECT_FALSE(json["passed"]);
  EXPECT_EQ(json["faults"]["status"]["count"], 1);
  EXPECT_EQ(json["faults"]["status"]["first"], "/x: 404");
  EXPECT_EQ(json["arrival_us"]["max"], 100);
  EXPECT_EQ(json["rate"]["requests_per_s"], 100.0);
  EXPECT_EQ(json["rate"]["bits_per_s"], 4e6);
}

}  // namespace
}  // namespace fanlight::load
