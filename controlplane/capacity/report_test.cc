#include "capacity/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

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
  EXPECT_THAT(text, HasSubstr("1 Mb/s       4,000       3,200      4,000 Mb/s  sessions_max\n"));
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

TEST(CapacityReportTest, TheShareIsToldWhenItWasAskedFor) {
  CapacityReport report = report_with({.cores = 2, .sessions_max = 65'535});
  EXPECT_THAT(text_of(report), Not(HasSubstr("of each worker's time")));
  report.viewers = 786;
  EXPECT_THAT(text_of(report), HasSubstr("786 viewers of 5 Mb/s take 50 % of each worker's time"));
}

}  // namespace
}  // namespace fanlight::control
