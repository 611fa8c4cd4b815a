#include "capacity/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CapacityReport report_with(const Bounds& bounds) {
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
