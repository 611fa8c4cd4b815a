#include "stream/fan_out.h"

#include <gtest/gtest.h>

#include "stream/stream_fixture.h"
#include "wire/srt_ack.h"

namespace fanlight {
namespace {

using Numbers = std::vector<std::uint32_t>;

class FanOutTest : public ::testing::Test, protected StreamFixture {};

TEST_F(FanOutTest, AFreshRunGoesToEveryLiveViewerSideBySide) {
  Viewer& one = join(8192, {10});
  Viewer& two = join(8192, {0x7FFF'FFFF});
  serve();
  publish_run(0, 2);
  const auto departed = serve();
  EXPECT_EQ(numbers_of(departed, one), (Numbers{10, 11, 12}));
  EXPECT_EQ(numbers_of(departed, two), (Numbers{0x7FFF'FFFF, 0, 1}));
  ASSERT_EQ(departed.size(), 6u);
  EXPECT_EQ(departed[0].envelope, departed[2].envelope) << "one viewer's packets leave side by side";
  EXPECT_EQ(counters.read(Counter::kFreshSent), 6u);
}

TEST_F(FanOutTest, ThePayloadIsSharedAndNotCopied) {
  for (int i = 0; i < 50; ++i) join();
  serve();
  publish(0, 1316);
  fan_out.serve(now, stream);
  EXPECT_EQ(received.available(), received.capacity() - 1);
  EXPECT_EQ(copies.available(), copies.capacity());
  EXPECT_EQ(headers.available(), headers.capacity() - 50);
  queue.flush(port);
  EXPECT_EQ(port.departed.at(0).total_bytes, 16u + 1316u);
}

TEST_F(FanOutTest, AHoleIsNotSentAndItsNumberStaysFree) {
  Viewer& viewer = join();
  serve();
  publish(0);
  publish(2);
  EXPECT_EQ(numbers_of(serve(), viewer), (Numbers{0, 2}));
}

TEST_F(FanOutTest, WhatFillsAHoleGoesOutOnceMarked) {
  Viewer& viewer = join();
  serve();
  publish(0);
  publish(2);
  serve();
  EXPECT_EQ(publish(1), Verdict::kAcceptedLate);
  publish(3);
  const auto departed = serve();
  EXPECT_EQ(numbers_of(departed, viewer), (Numbers{1, 3}));
  EXPECT_TRUE(departed[0].header.retransmitted);
  EXPECT_FALSE(departed[1].header.retransmitted);
  EXPECT_TRUE(serve().empty());
  EXPECT_EQ(stream.packets_sent_to(viewer), 4u);
}

TEST_F(FanOutTest, WhoCameLaterDoesNotGetWhatFillsAHoleBeforeIt) {
  publish(0);
  publish(2);
  serve();
  Viewer& viewer = join();
  serve();
  publish(1);
  EXPECT_EQ(numbers_of(serve(), viewer), Numbers{});
}

TEST_F(FanOutTest, AFullQueuePausesThePassAndDropsNothing) {
  for (int i = 0; i < 1500; ++i) join();
  serve();
  publish(0);
  std::size_t sent = serve().size();
  EXPECT_FALSE(is_done);
  EXPECT_LT(sent, 1500u);
  EXPECT_EQ(counters.read(Counter::kTransmitPaused), 1u);
  sent += serve().size();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(sent, 1500u);
  for (const auto& viewer : viewers) EXPECT_EQ(stream.packets_sent_to(*viewer), 1u);
}

TEST_F(FanOutTest, WhatArrivesDuringAPauseWaitsForTheNextPass) {
  for (int i = 0; i < 1500; ++i) join();
  serve();
  publish(0);
  serve();
  publish(1);
  std::size_t sent = 0;
  while (!is_done) sent += serve().size();
  EXPECT_EQ(stream.served_next(), PacketPos{2});
  for (const auto& viewer : viewers) ASSERT_EQ(stream.packets_sent_to(*viewer), 2u);
}

TEST_F(FanOutTest, WhoLeavesDuringAPauseIsNotServedAndCostsNobodyTheirs) {
  for (int i = 0; i < 1500; ++i) join();
  serve();
  publish(0);
  std::size_t sent = serve().size();
  for (std::size_t i = 0; i < 1500; i += 2) stream.dismiss(*viewers[i]);
  while (!is_done) sent += serve().size();
  std::uint64_t counted = 0;
  for (const auto& viewer : viewers) counted += stream.packets_sent_to(*viewer);
  EXPECT_EQ(counted, sent);
  for (std::size_t i = 1; i < 1500; i += 2) ASSERT_EQ(stream.packets_sent_to(*viewers[i]), 1u);
}

TEST_F(FanOutTest, AFullWindowLeavesTheLiveSetAndIsNoticedByNobodyElse) {
  Viewer& slow = join(5);
  Viewer& other = join();
  serve();
  publish_run(0, 3);
  serve();
  publish_run(4, 9);
  const auto departed = serve();
  EXPECT_EQ(numbers_of(departed, other).size(), 6u);
  EXPECT_EQ(slow.place, Place::kLagging);
  EXPECT_EQ(numbers_of(serve(), slow), (Numbers{4})) << "to the end of its window and not beyond";
  EXPECT_EQ(stream.take_windows_closed(), 1u);
}

TEST_F(FanOutTest, WhatCouldNoLongerBePlayedIsSkippedAndCounted) {
  Viewer& slow = join(2);
  serve();
  publish_run(0, 9);
  serve();
  serve();
  now = now + millis(500);
  publish(10);
  std::array<std::byte, 64> out;
  const std::size_t bytes = wire::write_ack(out, {{2}, wire::AckRtt{millis(20), millis(5), 8192}, {}}, 1, {}, {});
  EXPECT_EQ(slow.sender.handle_control(now, {.type = wire::ControlType::kAck, .info = 1},
                                       std::span(out).subspan(16, bytes - 16), stream.edge_for(slow)),
            Verdict::kControl);
  const auto departed = serve();
  EXPECT_EQ(numbers_of(departed, slow), (Numbers{2})) << "dense";
  EXPECT_EQ(departed.at(0).header.message, 11u) << "position 10, right behind position 1";
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 1u);
  EXPECT_EQ(counters.read(Counter::kPacketsSkipped), 8u);
}

TEST_F(FanOutTest, APayloadLargerThanTheViewersMssIsNotSentToIt) {
  Viewer& small = join();
  small.payload_bytes_max = 1000;
  serve();
  publish(0, 1316);
  EXPECT_EQ(numbers_of(serve(), small), Numbers{});
  EXPECT_EQ(counters.read(Counter::kPayloadTooLarge), 1u);
}

TEST_F(FanOutTest, MessageNumbersAreNeverZeroAndTimesNeverNegative) {
  stream.advance_to({wire::kMessageNumberMask - 1});
  while (stream.has_fresh()) serve();
  Viewer& viewer = join();
  viewer.envelope.time_zero = {now.us + 1'000'000};
  serve();
  publish_run(wire::kMessageNumberMask - 1, wire::kMessageNumberMask);
  const auto departed = serve();
  ASSERT_EQ(departed.size(), 2u);
  EXPECT_EQ(departed[0].header.message, wire::kMessageNumberMask);
  EXPECT_EQ(departed[1].header.message, 1u) << "never 0, which means a filter packet";
  EXPECT_EQ(departed[0].header.time.raw, 0u);
  EXPECT_EQ(departed[0].header.boundary, wire::Boundary::kWhole);
}

}  // namespace
}  // namespace fanlight
