#include "stream/repair.h"

#include <gtest/gtest.h>

#include "stream/stream_fixture.h"
#include "wire/srt_nak.h"

namespace fanlight {
namespace {

using Numbers = std::vector<std::uint32_t>;

// A viewer that was sent positions 0 … 9 (without 5, which never came) as numbers 100 … 109.
class RepairTest : public ::testing::Test, protected StreamFixture {
 protected:
  RepairTest() {
    viewer = &join(8192, {100});
    serve();
    publish_run(0, 4);
    publish_run(6, 9);
    serve();
    now = now + millis(200);
  }
  // Reports the numbers missing and answers what was sent for it.
  std::vector<Departed> report(SeqNo first, SeqNo last, PacketPos publisher_missing = {10}) {
    std::array<std::byte, 64> out;
    wire::LossReportWriter writer(out, {}, {});
    EXPECT_TRUE(writer.add({first, last}));
    EXPECT_EQ(viewer->sender.handle_control(now, {.type = wire::ControlType::kNak},
                                            std::span(out).subspan(16, writer.written() - 16), stream.edge_for(*viewer),
                                            slabs.ranges),
              Verdict::kControl);
    repair.serve(now, stream, *viewer, publisher_missing);
    queue.flush(port);
    return std::exchange(port.departed, {});
  }
  Viewer* viewer = nullptr;
};

TEST_F(RepairTest, WhatIsHeldIsSentAgainMarkedWithItsTime) {
  const auto sent = report({101}, {103});
  EXPECT_EQ(numbers_of(sent, *viewer), (Numbers{101, 102, 103}));
  EXPECT_TRUE(sent[0].header.retransmitted);
  EXPECT_EQ(sent[0].header.message, 2u);
  EXPECT_EQ(counters.read(Counter::kRepairsSent), 3u);
}

TEST_F(RepairTest, WhoDoesNotKnowTheMarkDoesNotGetIt) {
  viewer->peer_rexmit = false;
  EXPECT_FALSE(report({101}, {101}).at(0).header.retransmitted);
}

TEST_F(RepairTest, WhatIsStillAskedForUpstreamIsLeftToItsArrival) {
  EXPECT_EQ(numbers_of(report({104}, {106}, {5}), *viewer), (Numbers{104, 106}));
  EXPECT_EQ(counters.read(Counter::kNakNotHeld), 1u);
  EXPECT_EQ(viewer->sender.stats().too_old, 0u);
}

// Every viewer names the publisher's lost burst: one look each, no answer, and its arrival serves each once.
TEST_F(RepairTest, ALostBurstOfThePublisherCostsEachViewerOneLook) {
  for (int i = 0; i < 1000; ++i) join();
  serve();
  publish_run(110, 119);
  while (stream.has_fresh()) serve();
  queue.flush(port);
  port.departed.clear();
  for (int repeat = 0; repeat < 3; ++repeat) {
    repair.begin_breath();
    for (std::size_t i = 1; i < viewers.size(); ++i) {
      viewer = viewers[i].get();
      EXPECT_TRUE(repair.admit_report(now, stream, *viewer));
      EXPECT_EQ(report({0}, {99}, {10}).size(), 0u);
    }
    now = now + millis(30);
  }
  EXPECT_EQ(counters.read(Counter::kNakNotHeld), 3u * 1000 * 100);
  EXPECT_EQ(counters.read(Counter::kNakTooOld), 0u) << "no DROPREQ";
  EXPECT_EQ(counters.read(Counter::kRepairsLimited), 0u);
  EXPECT_EQ(publish(50), Verdict::kAcceptedLate);
  std::size_t sent = serve().size();
  while (outcome != FanOut::Outcome::kDone) sent += serve().size();
  EXPECT_EQ(sent, viewers.size());
  repair.begin_breath();
  viewer = viewers[1].get();
  std::array<std::byte, 64> out;
  const std::size_t bytes = wire::write_ack(out, {{0}, wire::AckRtt{millis(50), {}, 8192}, {}}, 1, {}, {});
  (void)viewer->sender.handle_control(now, {.type = wire::ControlType::kAck, .info = 1},
                                      std::span(out).subspan(16, bytes - 16), stream.edge_for(*viewer), slabs.ranges);
  EXPECT_EQ(report({40}, {40}).size(), 0u) << "a report that crossed it";
  EXPECT_EQ(counters.read(Counter::kNakStale), 1u);
}

TEST_F(RepairTest, WhatLiesBehindAHoleIsServed) {
  EXPECT_EQ(numbers_of(report({103}, {108}, {5}), *viewer), (Numbers{103, 104, 106, 107, 108}));
}

TEST_F(RepairTest, WhatWasGivenUpIsRefused) {
  report({105}, {105});
  EXPECT_EQ(viewer->sender.stats().too_old, 1u);
  EXPECT_EQ(counters.read(Counter::kNakTooOld), 1u);
}

TEST_F(RepairTest, WhatIsOlderThanASecondIsRefused) {
  now = now + millis(820);
  EXPECT_EQ(report({101}, {101}).size(), 1u) << "1,020 ms";
  now = now + micros(1);
  EXPECT_EQ(report({102}, {102}).size(), 0u);
  EXPECT_EQ(viewer->sender.stats().too_old, 1u);
}

TEST_F(RepairTest, TheSameLossTwiceWithinARoundTripIsServedOnce) {
  std::array<std::byte, 64> out;
  const std::size_t bytes = wire::write_ack(out, {{101}, wire::AckRtt{millis(50), {}, 8192}, {}}, 1, {}, {});
  (void)viewer->sender.handle_control(now, {.type = wire::ControlType::kAck, .info = 1},
                                      std::span(out).subspan(16, bytes - 16), stream.edge_for(*viewer), slabs.ranges);
  EXPECT_EQ(report({101}, {101}).size(), 1u);
  now = now + millis(49);
  EXPECT_EQ(report({101}, {101}).size(), 0u);
  EXPECT_EQ(counters.read(Counter::kNakRepeated), 1u);
  now = now + millis(1);
  EXPECT_EQ(report({101}, {101}).size(), 1u);
}

TEST_F(RepairTest, ThousandsOfPositionsAreNotLookedAtInOneBreath) {
  stream.advance_to({8'000});
  while (stream.has_fresh()) serve();
  report({100}, {100 + 7'999}, {8'000});
  EXPECT_EQ(counters.read(Counter::kNakTooOld), 512u);
}

}  // namespace
}  // namespace fanlight
