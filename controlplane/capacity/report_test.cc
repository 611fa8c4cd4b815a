#include "capacity/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CapacityReport report_with(Bounds bounds) {
  bounds.delay_max = millis(30);  // A viewer of 5 Mb/s gets runs of 7.
  CapacityReport report{
      .port = "sockets", .costs = {.runs = {{1, 1000}, {8, 300}}, .ns_per_ack = 1500}, .bounds = bounds};
  for (const double bits : {1e6, 5e6}) report.predictions.push_back(predict(report.costs, bounds, bits));
  return report;
}

TEST(CapacityReportTest, EachBitrateHasARowWithItsLimit) {
  const std::string text = text_of(report_with({.cores = 2, .sessions_max = 4001}));
  EXPECT_THAT(text, HasSubstr("1 Mb/s            4,000       3,200      4,000 Mb/s  sessions_max\n"));
  EXPECT_THAT(text, HasSubstr("5 Mb/s"));
  EXPECT_THAT(text, HasSubstr("Mb/s  worker\n"));
}

TEST(CapacityReportTest, WhatLimitsNothingIsNotAdvisedAbout) {
  const auto roomy = ways_up(report_with({.workers = 2, .cores = 2, .sessions_max = 65'535}));
  ASSERT_EQ(roomy.size(), 2u);
  EXPECT_THAT(roomy[0], HasSubstr("every core has one"));
  EXPECT_THAT(roomy[1], HasSubstr("ethernet"));
  EXPECT_THAT(ways_up(report_with({.cores = 2, .sessions_max = 10})),
              ElementsAre(HasSubstr("relay.sessions_max, 10 now")));
}

TEST(CapacityReportTest, MoreWorkersAreAdvisedWhereThereAreCores) {
  EXPECT_THAT(ways_up(report_with({.cores = 4, .sessions_max = 65'535})).front(), HasSubstr("relay.workers up to 4"));
  EXPECT_THAT(ways_up(report_with({.workers = 4, .cores = 2, .sessions_max = 65'535})).front(),
              HasSubstr("4 workers share 2 cores"));
}

TEST(CapacityReportTest, EveryOtherLimitSaysHowToRaiseIt) {
  EXPECT_THAT(
      ways_up(report_with({.sessions_max = 65'535, .receive_buffer_bytes = 50'000, .receive_buffer_asked = 8 << 20})),
      ElementsAre(HasSubstr("receive_buffer: a buffer of 50000 bytes was granted, 8388608 were asked for: sysctl -w "
                            "net.core.rmem_max=8388608")));
  EXPECT_THAT(
      ways_up(report_with({.sessions_max = 65'535, .receive_buffer_bytes = 50'000, .receive_buffer_asked = 50'000})),
      ElementsAre(HasSubstr("raise listen.receive_buffer_kb")));
  EXPECT_THAT(ways_up(report_with({.sessions_max = 65'535, .send_buffer_bytes = 5'000, .send_buffer_asked = 4 << 20})),
              ElementsAre(HasSubstr("send_buffer: ")));
  EXPECT_THAT(ways_up(report_with({.sessions_max = 65'535, .history_packets = 1, .history_span = millis(120)})),
              ElementsAre(HasSubstr("history: 1 packets are held")));
  EXPECT_THAT(ways_up(report_with({.sessions_max = 65'535, .caps = {{Limit::kMemory, 1, "add memory"}}})),
              ElementsAre("memory: add memory"));
}

TEST(CapacityReportTest, JsonHasTheFiguresThatTheTextRounds) {
  CapacityReport report = report_with({.cores = 2, .sessions_max = 3001});
  report.viewers = 100;
  const auto json = nlohmann::json::parse(json_of(report));
  EXPECT_EQ(json["predictions"][0]["viewers"], 3000);
  EXPECT_EQ(json["predictions"][0]["limit"], "sessions_max");
  EXPECT_EQ(json["predictions"][1]["viewers"], report.predictions[1].viewers);
  EXPECT_NEAR(json["predictions"][1]["share"].get<double>(), 100 * (475 * 1000.0 + 107.4 * 1500) / 1e9, 0.001);
  EXPECT_EQ(json["measured"]["runs"][1]["packets"], 8);
}

TEST(CapacityReportTest, PassesFarApartAreToldAsARange) {
  const std::vector<WorkerCosts> passes = {{.runs = {{1, 1000}}, .ns_per_ack = 1500},
                                           {.runs = {{1, 1000}}, .ns_per_ack = 1500},
                                           {.runs = {{1, 2000}}, .ns_per_ack = 3000}};
  CapacityReport report{.port = "sockets", .costs = middle_of(passes), .passes = 3};
  const Bounds bounds{.sessions_max = 65'535};
  report.predictions = {predict(passes, bounds, 1e6)};
  EXPECT_THAT(text_of(report), HasSubstr("1 Mb/s      3,396-6,792       2,716      3,396 Mb/s  worker\n"));
  EXPECT_THAT(text_of(report), HasSubstr("ADVISED and EGRESS are of the lesser"));
  const auto json = nlohmann::json::parse(json_of(report))["predictions"][0];
  EXPECT_EQ(json["viewers"], 6792);
  EXPECT_EQ(json["viewers_least"], 3396);
  EXPECT_EQ(json["viewers_most"], 6792);
  EXPECT_EQ(json["advised"], 2716);
  report.predictions = {predict(report.costs, bounds, 1e6)};
  EXPECT_THAT(text_of(report), Not(HasSubstr("of the lesser")));
}

TEST(CapacityReportTest, FullRingsAreToldAsTheLesserEnd) {
  const std::vector<WorkerCosts> passes = {{.runs = {{1, 30}}, .ns_per_ack = 10, .ns_per_packet_full = 100}};
  CapacityReport report{.port = "ethernet", .costs = middle_of(passes), .viewers = 1000};
  report.predictions = {predict(passes, {.sessions_max = 10'000'000}, 5e6)};
  EXPECT_THAT(text_of(report), HasSubstr("0.03 µs on a packet sent alone, 0.10 µs when its rings are full"));
  EXPECT_THAT(text_of(report), HasSubstr("from: with rings that are always full"));
  EXPECT_THAT(text_of(report),
              HasSubstr("1,000 viewers of 5 Mb/s take 2 % of each worker's time, 5 % with full rings"));
  const auto json = nlohmann::json::parse(json_of(report));
  EXPECT_EQ(json["measured"]["ns_per_packet_full"], 100);
  EXPECT_GT(json["predictions"][0]["share_full"], json["predictions"][0]["share"]);
}

TEST(CapacityReportTest, WhatIsAssumedIsToldApartFromWhatWasMeasured) {
  CapacityReport report = report_with({.sessions_max = 65'535, .receive_buffer_bytes = 50'000});
  EXPECT_THAT(assumed_here(report), Contains(HasSubstr("4 ms wait in the receive buffer")));
  EXPECT_THAT(assumed_here(report), Not(Contains(HasSubstr("send buffer"))));
  EXPECT_THAT(assumed_here(report), Not(Contains(HasSubstr("further worker"))));
  EXPECT_THAT(text_of(report), HasSubstr("Mb/s  receive_buffer (assumed)\n"));
  EXPECT_THAT(text_of(report),
              HasSubstr("\nassumed\n  libsrt's ACKs: 100 a second at most, and one each 64 packets\n  30 ms"));
  EXPECT_EQ(nlohmann::json::parse(json_of(report))["predictions"][0]["limit_is_assumed"], true);
  report.bounds = {.workers = 2, .send_buffer_bytes = 50'000};
  EXPECT_THAT(assumed_here(report), Contains("a further worker counts 0.91"));
  EXPECT_THAT(assumed_here(report), Contains(HasSubstr("send buffer 0.25 ms")));
  report.port = "ethernet";
  EXPECT_THAT(assumed_here(report), Contains(HasSubstr("rings in memory")));
}

TEST(CapacityReportTest, TheShareIsToldWhenItWasAskedFor) {
  CapacityReport report = report_with({.cores = 2, .sessions_max = 65'535});
  EXPECT_THAT(text_of(report), Not(HasSubstr("of each worker's time")));
  report.viewers = 786;
  EXPECT_THAT(text_of(report), HasSubstr("786 viewers of 5 Mb/s take 50 % of each worker's time"));
}

}  // namespace
}  // namespace fanlight::control
