#include "fanlight_load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanlight_load/freshness.h"

namespace fanlight::load {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Ten viewers for 10 s, all well.
class LoadReportTest : public testing::Test {
 protected:
  LoadReportTest() {
    report_.figures = std::make_unique<std::array<Figures, kManners>>();
    report_.duration_s = 10;
    good().viewers = good().connected = good().up = 10;
    good().received = 1'000;
  }
  Figures& good() { return report_.figures->front(); }
  std::vector<std::string> reasons() { return judge(settings_, report_); }

  Settings settings_;
  Report report_;
};

TEST_F(LoadReportTest, EverythingInTimePasses) { EXPECT_THAT(reasons(), IsEmpty()); }

TEST_F(LoadReportTest, ViewersThatStandStillAtTheEndFailTheRun) {
  good().stale.add(millis(1'500));
  good().stale.add(millis(2'200));
  EXPECT_THAT(reasons(), ElementsAre("2 of 10 viewers: nothing new for 2.2 s at the end"));
  settings_.excused_loss = 0.03;  // They stood still for 3.7 of 100 seconds.
  EXPECT_FALSE(reasons().empty());
  settings_.excused_loss = 0.04;
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_F(LoadReportTest, PacketsThatTheRelayNeverAcknowledgedFailTheRun) {
  report_.publishers.sent = 1'000;
  report_.publishers.unacknowledged = 20;
  EXPECT_THAT(reasons(), ElementsAre("20 published packets were never acknowledged"));
  settings_.excused_loss = 0.02;
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_F(LoadReportTest, LossOfManyViewersForLongDoesNotWrap) {
  Tally one;
  one.lost = 3'000'000'000;
  good().tally += one;
  good().tally += one;
  EXPECT_EQ(good().expected(), 6'000'001'000u);
}

TEST_F(LoadReportTest, InterruptedRunHasNotPassed) {
  report_.is_interrupted = true;
  report_.duration_s = 2.84;
  EXPECT_THAT(reasons(), ElementsAre("interrupted after 2.8 s of 10 s"));
}

TEST(LoadFreshnessTest, AgeCountsFromTheLastStepForward) {
  Freshness freshness;
  EXPECT_EQ(freshness.age(Instant{9'000'000}), Micros{0});
  freshness.note(Instant{1'000'000}, 7, 5);
  freshness.note(Instant{2'000'000}, 7, 6);
  freshness.note(Instant{3'000'000}, 7, 6);
  EXPECT_EQ(freshness.age(Instant{3'500'000}), millis(1'500));
  freshness.note(Instant{4'000'000}, 8, 6);  // Another publisher.
  EXPECT_EQ(freshness.age(Instant{4'000'000}), Micros{0});
}

}  // namespace
}  // namespace fanlight::load
