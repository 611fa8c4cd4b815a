#include "stream/fan_out.h"

#include <gtest/gtest.h>

#include <map>

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
  EXPECT_EQ(serve().at(0).total_bytes, 16u + 1316u);
  EXPECT_EQ(received.available(), received.capacity() - 1);
  EXPECT_EQ(copies.available(), copies.capacity());
  EXPECT_EQ(headers.available(), headers.capacity()) << "the port stamps clear viewers";
}

TEST_F(FanOutTest, WhatLagsLeavesBeforeWhatIsFresh) {
  Viewer& viewer = join();
  viewer.startable_at = NearInstant::of(now + millis(5));
  publish_run(0, 3);
  EXPECT_TRUE(serve().empty());
  now = viewer.start_at(now);
  publish(4);
  EXPECT_EQ(numbers_of(serve(), viewer), (Numbers{0, 1, 2, 3, 4}));
  EXPECT_EQ(viewer.place, Place::kLive);
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

class CoalescingTest : public ::testing::Test, protected StreamFixture {
 protected:
  CoalescingTest() : StreamFixture({.latency_max = seconds(2), .coalesce = millis(5)}) {}
};

TEST_F(CoalescingTest, PacketsWaitForEachOtherAndLeaveTogether) {
  Viewer& viewer = join();
  serve();
  publish(0);
  const Instant due = now + millis(5);
  EXPECT_TRUE(serve().empty());
  EXPECT_TRUE(is_done()) << "a worker may sleep";
  now = now + millis(3);
  publish(1);
  now = due - micros(1);
  EXPECT_TRUE(serve().empty());
  EXPECT_EQ(stream.pass_due(), due) << "the first one decides";
  now = due;
  EXPECT_EQ(numbers_of(serve(), viewer), (Numbers{0, 1}));
  EXPECT_EQ(stream.pass_due(), Instant::never());
}

TEST_F(CoalescingTest, AFullRunDoesNotWait) {
  Viewer& viewer = join();
  serve();
  publish_run(0, static_cast<std::int64_t>(kFreshMax) - 1);
  EXPECT_EQ(numbers_of(serve(), viewer).size(), kFreshMax);
}

TEST_F(CoalescingTest, WhatFillsAGapDoesNotWait) {
  Viewer& viewer = join();
  serve();
  publish(0);
  publish(2);
  now = now + millis(5);
  serve();
  publish(3);
  EXPECT_TRUE(serve().empty());
  publish(1);
  EXPECT_EQ(numbers_of(serve(), viewer), (Numbers{1, 3}));
}

TEST_F(CoalescingTest, WhatArrivesDuringAPassWaitsFromThenOn) {
  for (int i = 0; i < 600; ++i) join();
  serve();
  publish(0);
  now = now + millis(5);
  EXPECT_EQ(serve().size(), kFreshPerBreath);
  publish(1);
  const Instant due = now + millis(5);
  serve();
  EXPECT_EQ(serve().size(), 600 - 2 * kFreshPerBreath);
  EXPECT_TRUE(is_done());
  EXPECT_EQ(stream.pass_due(), due);
}

TEST_F(FanOutTest, ABreathTakesASliceOfALargeAudience) {
  for (int i = 0; i < 600; ++i) join();
  serve();
  publish(0);
  EXPECT_EQ(serve().size(), kFreshPerBreath);
  EXPECT_EQ(outcome, FanOut::Outcome::kMore);
  EXPECT_EQ(counters.read(Counter::kTransmitPaused), 0u);
  EXPECT_EQ(serve().size(), kFreshPerBreath);
  EXPECT_EQ(serve().size(), 600 - 2 * kFreshPerBreath);
  EXPECT_TRUE(is_done());
}

TEST_F(FanOutTest, AFullPortPausesThePassAndDropsNothing) {
  for (int i = 0; i < 100; ++i) join();
  serve();
  publish_run(0, 2);
  port.take_max = 37;  // Not a multiple of three: a viewer gets a part of the run.
  const auto first = serve();
  EXPECT_EQ(outcome, FanOut::Outcome::kBlocked);
  ASSERT_EQ(first.size(), 37u);
  std::size_t sent = first.size();
  EXPECT_EQ(counters.read(Counter::kTransmitPaused), 1u);
  std::map<const Envelope*, Numbers> had;
  while (!is_done())
    for (const Departed& one : serve()) had[one.envelope].push_back(one.header.seq.raw), ++sent;
  EXPECT_EQ(sent, 300u);
  EXPECT_EQ(had[first.back().envelope], (Numbers{1, 2})) << "it had the first before the pause";
  for (const auto& viewer : viewers) EXPECT_EQ(stream.packets_sent_to(*viewer), 3u);
}

TEST_F(FanOutTest, SealedViewersGetTheirOwnInThePassOfTheClearOnes) {
  for (int i = 0; i < 40; ++i) {
    Viewer& viewer = join();
    if (i % 2 == 0) continue;
    viewer.ciphers = std::make_unique<crypto::SessionCiphers>();
    viewer.ciphers->even.emplace(crypto::Key(std::vector<std::byte>(16, std::byte(i))), wire::Salt{});
  }
  serve();
  publish_run(0, 2);
  port.take_max = 37;
  std::map<const Envelope*, Numbers> had;
  do {
    for (const Departed& one : serve()) {
      had[one.envelope].push_back(one.header.seq.raw);
      EXPECT_EQ(one.total_bytes, 16u + 188u);
      const bool is_sealed = Viewer::of(const_cast<Envelope&>(*one.envelope)).ciphers != nullptr;
      EXPECT_EQ(one.header.key, is_sealed ? wire::KeyFlag::kEven : wire::KeyFlag::kClear);
    }
  } while (!is_done());
  for (const auto& viewer : viewers) {
    EXPECT_EQ(had[&viewer->envelope], (Numbers{0, 1, 2}));
    EXPECT_EQ(stream.packets_sent_to(*viewer), 3u);
  }
  EXPECT_EQ(counters.read(Counter::kFreshSent), 120u);
  EXPECT_EQ(copies.available(), copies.capacity()) << "the port has buffers of its own";
}

TEST_F(FanOutTest, WhoHasNoKeyToSendWithGetsNothing) {
  Viewer& keyless = join();
  keyless.ciphers = std::make_unique<crypto::SessionCiphers>();
  serve();
  publish(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(serve().empty());
    now = now + millis(2);
  }
  EXPECT_NE(keyless.place, Place::kLive);
  EXPECT_GT(counters.read(Counter::kCipherFailed), 0u);
}

TEST_F(FanOutTest, WhatArrivesDuringAPauseWaitsForTheNextPass) {
  for (int i = 0; i < 1500; ++i) join();
  serve();
  publish(0);
  publish(2);
  serve();
  publish(1);
  publish(3);
  std::map<std::uint32_t, std::size_t> sent;
  while (!is_done())
    for (const Departed& one : serve()) ++sent[one.header.seq.raw];
  EXPECT_EQ(stream.served_next(), PacketPos{4});
  EXPECT_EQ(sent[1], 1500u) << "a gap of the run that was filled during it";
  EXPECT_EQ(sent[3], 1500u);
  for (const auto& viewer : viewers) ASSERT_EQ(stream.packets_sent_to(*viewer), 4u);
}

TEST_F(FanOutTest, ThePassKeepsItsPacketsWhenTheRingTurns) {
  for (int i = 0; i < 600; ++i) join();
  serve();
  publish(0);
  serve();
  publish_run(1, kSlots + 5);
  std::size_t zeros = 0;
  for (int i = 0; i < 2; ++i)
    for (const Departed& one : serve()) zeros += one.header.seq.raw == 0;
  EXPECT_EQ(zeros, 600 - kFreshPerBreath);
}

TEST_F(FanOutTest, WhoLeavesDuringAPauseIsNotServedAndCostsNobodyTheirs) {
  for (int i = 0; i < 1500; ++i) join();
  serve();
  publish(0);
  std::size_t sent = serve().size();
  for (std::size_t i = 0; i < 1500; i += 2) stream.dismiss(*viewers[i]);
  while (!is_done()) sent += serve().size();
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
                                       std::span(out).subspan(16, bytes - 16), stream.edge_for(slow), slabs.ranges),
            Verdict::kControl);
  stream.note_window(now, slow);
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
  EXPECT_TRUE(small.is_outgrown);
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
