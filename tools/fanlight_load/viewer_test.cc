#include "fanlight_load/viewer.h"

#include <gtest/gtest.h>

#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::load {
namespace {

using wire::ControlType;

// A viewer that joined at 10 s with 100 ms latency; the relay's clock said 0 then. Stamped position = 1000 + number.
class LoadViewerTest : public testing::Test {
 protected:
  static constexpr Instant kUp{10'000'000};
  static constexpr std::uint32_t kFirst = 50;

  LoadViewerTest()
      : viewer_({.peer = SocketId{9},
                 .first_seq = {kFirst},
                 .answered = {0},
                 .opened = kUp - millis(1),
                 .now = kUp,
                 .latency = millis(100)}) {}

  // The packet left the relay at that moment.
  Viewer::Taken receive(std::uint32_t seq, Micros delay = {}) { return receive_stamped(seq, 1000 + seq, delay); }
  Viewer::Taken receive_stamped(std::uint32_t seq, std::int64_t position, Micros delay = {}, std::uint32_t run = 5) {
    const Stamp stamp{.stream = 1, .run = run, .position = position, .sent_ns = 0};
    const WireTime time{static_cast<std::uint32_t>((now_ - kUp).count)};
    return viewer_.handle_data(now_ + delay, {seq}, time, stamp, tally_, [this]() -> Gaps& { return gaps_; });
  }
  // Long enough after the first packet, lateness counts.
  void pass(Micros span) { now_ = now_ + span; }
  // The next control packet; type kUser when there is none.
  ControlType say(Viewer::Occasion occasion) {
    const std::size_t bytes = viewer_.poll_control(now_, occasion, &gaps_, out_);
    if (bytes == 0) return ControlType::kUser;
    content_ = ByteSpan(out_).subspan(16, bytes - 16);
    header_ = *wire::parse_control_header(ByteSpan(out_).first(bytes));
    return header_.type;
  }
  ControlType tick() {
    now_ = now_ + millis(10);
    viewer_.handle_tick(now_, tally_, &gaps_);
    return say(Viewer::Occasion::kTick);
  }
  std::optional<wire::SeqRange> reported() { return wire::LossReportReader(content_).next(); }

  Viewer viewer_;
  Tally tally_;
  Gaps gaps_;
  Instant now_ = kUp + millis(900);
  std::array<std::byte, 256> out_{};
  ByteSpan content_;
  wire::ControlHeader header_;
};

TEST_F(LoadViewerTest, PacketsInOrderAreReceivedAndAcknowledgedAtTheTick) {
  for (std::uint32_t seq = kFirst; seq < kFirst + 5; ++seq) EXPECT_TRUE(receive(seq).is_fresh);
  EXPECT_EQ(say(Viewer::Occasion::kAtOnce), ControlType::kUser);
  EXPECT_EQ(tick(), ControlType::kAck);
  EXPECT_EQ(wire::parse_ack(content_)->first_missing, SeqNo{kFirst + 5});
  EXPECT_EQ(say(Viewer::Occasion::kTick), ControlType::kUser);
  EXPECT_EQ(viewer_.received(), 5u);
  EXPECT_EQ(tally_.missed() + tally_.continuity_errors + tally_.duplicate, 0u);
}

TEST_F(LoadViewerTest, LightAckFollowsEachSixtyFourthPacket) {
  for (std::uint32_t seq = kFirst; seq < kFirst + 63; ++seq) EXPECT_FALSE(receive(seq).wants_to_say);
  EXPECT_TRUE(receive(kFirst + 63).wants_to_say);
  EXPECT_EQ(say(Viewer::Occasion::kAtOnce), ControlType::kAck);
  EXPECT_FALSE(wire::parse_ack(content_)->rtt.has_value());
}

TEST_F(LoadViewerTest, GapIsReportedAtOnceAndAgainAndFilledInTimeCountsAsRepaired) {
  receive(kFirst);
  EXPECT_TRUE(receive(kFirst + 3).wants_to_say);
  ASSERT_EQ(say(Viewer::Occasion::kAtOnce), ControlType::kNak);
  EXPECT_EQ(*reported(), (wire::SeqRange{{kFirst + 1}, {kFirst + 2}}));
  EXPECT_EQ(tick(), ControlType::kAck);
  EXPECT_EQ(wire::parse_ack(content_)->first_missing, SeqNo{kFirst + 1});
  EXPECT_TRUE(receive(kFirst + 1).is_fresh);
  EXPECT_TRUE(receive(kFirst + 2).is_fresh);
  EXPECT_EQ(tally_.repaired, 2u);
  EXPECT_EQ(tally_.missed() + tally_.continuity_errors, 0u);
  EXPECT_FALSE(viewer_.has_gaps());
}

TEST_F(LoadViewerTest, GapThatNobodyFillsIsLostAndItsLatecomerIsLate) {
  receive(kFirst);
  pass(millis(600));
  receive(kFirst + 2);
  for (int i = 0; i < 12; ++i) tick();
  EXPECT_EQ(tally_.lost, 1u);
  EXPECT_FALSE(receive(kFirst + 1).is_fresh);
  EXPECT_EQ(tally_.lost, 0u);
  EXPECT_EQ(tally_.late, 1u);
}

TEST_F(LoadViewerTest, SecondCopiesAroundAGapThatWasGivenUpAreNotLate) {
  receive(kFirst);
  pass(millis(600));
  receive(kFirst + 4);
  receive(kFirst + 2);
  for (int i = 0; i < 12; ++i) tick();
  ASSERT_EQ(tally_.lost, 2u);
  receive(kFirst);
  receive(kFirst + 2);
  EXPECT_EQ(tally_.late, 0u);
  EXPECT_EQ(tally_.duplicate, 2u);
  receive(kFirst + 3);
  receive(kFirst + 3);
  EXPECT_EQ(tally_.late, 1u);
  EXPECT_EQ(tally_.lost, 1u);
  EXPECT_EQ(tally_.duplicate, 3u);
}

TEST_F(LoadViewerTest, EachOfARangeThatWasGivenUpIsLateOnce) {
  receive(kFirst);
  pass(millis(600));
  receive(kFirst + 10);
  for (int i = 0; i < 12; ++i) tick();
  ASSERT_EQ(tally_.lost, 9u);
  for (const std::uint32_t ahead : {5u, 1u, 9u, 2u, 8u, 4u, 6u, 3u, 7u, 5u}) receive(kFirst + ahead);
  EXPECT_EQ(tally_.lost, 0u);
  EXPECT_EQ(tally_.late, 9u);
  EXPECT_EQ(tally_.duplicate, 1u);
}

TEST_F(LoadViewerTest, AGapBeyondThoseRememberedStaysLost) {
  receive(kFirst);
  pass(millis(600));
  const std::uint32_t gaps = GivenUp::kRangesMax + 1;
  for (std::uint32_t i = 1; i <= gaps; ++i) receive(kFirst + 2 * i);
  for (int i = 0; i < 12; ++i) tick();
  ASSERT_EQ(tally_.lost, gaps);
  for (std::uint32_t i = 1; i <= gaps; ++i) receive(kFirst + 2 * i - 1);
  EXPECT_EQ(tally_.lost, 1u);
  EXPECT_EQ(tally_.late, gaps - 1);
  EXPECT_EQ(tally_.duplicate, 1u);
}

TEST_F(LoadViewerTest, WhatAFullListGaveUpIsLateWhenItComes) {
  receive(kFirst);
  pass(millis(600));
  const std::uint32_t gaps = SmallLossList::kRangesMax + 1;
  for (std::uint32_t i = 1; i <= gaps; ++i) receive(kFirst + 2 * i);
  EXPECT_EQ(tally_.lost, 1u);
  receive(kFirst + 1);
  EXPECT_EQ(tally_.lost, 0u);
  EXPECT_EQ(tally_.late, 1u);
}

TEST_F(LoadViewerTest, PacketAfterItsPlayTimeIsLate) {
  receive(kFirst);
  pass(millis(600));
  EXPECT_TRUE(receive(kFirst + 1, millis(99)).is_fresh);
  EXPECT_FALSE(receive(kFirst + 2, millis(101)).is_fresh);
  EXPECT_EQ(tally_.late, 1u);
  EXPECT_EQ(viewer_.received(), 2u);
}

TEST_F(LoadViewerTest, NothingIsLateWhileItCatchesUp) {
  EXPECT_TRUE(receive(kFirst, millis(400)).is_fresh);
  EXPECT_TRUE(receive(kFirst + 1, millis(450)).is_fresh);
  EXPECT_EQ(tally_.late, 0u);
}

TEST_F(LoadViewerTest, SecondCopyIsADuplicate) {
  receive(kFirst);
  receive(kFirst + 1);
  EXPECT_FALSE(receive(kFirst).is_fresh);
  EXPECT_EQ(tally_.duplicate, 1u);
  EXPECT_EQ(viewer_.received(), 2u);
}

TEST_F(LoadViewerTest, DenseNumbersOverASkipCountWhatWasLeftOut) {
  receive(kFirst);
  receive_stamped(kFirst + 1, 1000 + kFirst + 101);
  EXPECT_EQ(tally_.skipped, 100u);
  EXPECT_EQ(tally_.lost, 100u);
  EXPECT_EQ(tally_.continuity_errors, 0u);
}

TEST_F(LoadViewerTest, PositionThatGoesBackIsAContinuityError) {
  receive(kFirst);
  receive_stamped(kFirst + 1, 1000 + kFirst);
  EXPECT_EQ(tally_.continuity_errors, 1u);
}

TEST_F(LoadViewerTest, RepairWithTheWrongPayloadIsAContinuityError) {
  receive(kFirst);
  receive(kFirst + 2);
  receive_stamped(kFirst + 1, 4711);
  EXPECT_EQ(tally_.continuity_errors, 1u);
}

TEST_F(LoadViewerTest, AnotherPublisherStartsItsOwnPositions) {
  receive(kFirst);
  EXPECT_TRUE(receive_stamped(kFirst + 1, 0, {}, 6).is_fresh);
  EXPECT_TRUE(receive_stamped(kFirst + 2, 1, {}, 6).is_fresh);
  EXPECT_EQ(tally_.missed() + tally_.continuity_errors, 0u);
}

TEST_F(LoadViewerTest, FirstPacketsThatAreMissingAreAskedForToo) {
  EXPECT_TRUE(receive(kFirst + 2).wants_to_say);
  ASSERT_EQ(say(Viewer::Occasion::kAtOnce), ControlType::kNak);
  EXPECT_EQ(*reported(), (wire::SeqRange{{kFirst}, {kFirst + 1}}));
  receive(kFirst);
  receive(kFirst + 1);
  EXPECT_EQ(tally_.repaired, 2u);
  EXPECT_EQ(tally_.continuity_errors, 0u);
}

TEST_F(LoadViewerTest, NumbersWrap) {
  Viewer viewer({.peer = SocketId{9},
                 .first_seq = {0x7FFF'FFFE},
                 .answered = {0},
                 .opened = kUp,
                 .now = kUp,
                 .latency = millis(100)});
  viewer_ = viewer;
  for (const std::uint32_t seq : {0x7FFF'FFFEu, 0x7FFF'FFFFu, 1u, 0u}) {
    const std::int64_t position = seq < 8 ? 102 + seq : 100 + (seq - 0x7FFF'FFFE);
    receive_stamped(seq, position);
  }
  EXPECT_EQ(viewer_.received(), 4u);
  EXPECT_EQ(tally_.repaired, 1u);
  EXPECT_EQ(tally_.missed() + tally_.continuity_errors + tally_.duplicate, 0u);
}

TEST_F(LoadViewerTest, AckAckGivesARoundTripAndEndsTheAsking) {
  receive(kFirst);
  ASSERT_EQ(tick(), ControlType::kAck);
  viewer_.handle_control(now_ + millis(4), {ControlType::kAckAck, 0, header_.info, {}, {}}, {}, tally_, &gaps_);
  EXPECT_EQ(viewer_.rtt(), millis(4));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(tick(), ControlType::kUser);
}

TEST_F(LoadViewerTest, UnconfirmedAckIsRepeatedAfterARoundTripWithMargin) {
  receive(kFirst);
  ASSERT_EQ(tick(), ControlType::kAck);
  int ticks = 1;
  while (tick() != ControlType::kAck) ++ticks;
  EXPECT_EQ(ticks, 30) << "100 ms and four times 50 ms, not measured yet";
}

TEST_F(LoadViewerTest, DropRequestEndsTheAskingAndPassesOverWhatNeverCame) {
  receive(kFirst);
  receive(kFirst + 2);
  std::array<std::byte, 8> range;
  store_be32(range.data(), kFirst + 1);
  store_be32(range.data() + 4, kFirst + 9);
  viewer_.handle_control(now_, {ControlType::kDropRequest, 0, 0, {}, {}}, range, tally_, &gaps_);
  EXPECT_EQ(tally_.lost, 8u);
  for (const std::uint32_t ahead : {1u, 2u, 9u}) receive(kFirst + ahead);
  EXPECT_EQ(tally_.lost, 6u);
  EXPECT_EQ(tally_.late, 2u);
  EXPECT_EQ(tally_.duplicate, 1u) << "the second was there";
  EXPECT_EQ(tick(), ControlType::kAck);
  EXPECT_EQ(wire::parse_ack(content_)->first_missing, SeqNo{kFirst + 10});
  EXPECT_TRUE(receive(kFirst + 10).is_fresh);
  EXPECT_EQ(tally_.continuity_errors, 0u);
}

TEST_F(LoadViewerTest, WhatWasPublishedBeforeTheEndAndIsMissingIsLost) {
  receive(kFirst);
  receive(kFirst + 2);
  receive(kFirst + 5);
  viewer_.settle(1000 + kFirst + 4, tally_, &gaps_);  // Missing: 1 and 3; 4 was published after the end.
  EXPECT_EQ(tally_.lost, 2u);
}

TEST_F(LoadViewerTest, MissingTailIsLost) {
  receive(kFirst);
  viewer_.settle(1000 + kFirst + 4, tally_, nullptr);
  EXPECT_EQ(tally_.lost, 3u);
}

TEST_F(LoadViewerTest, SilenceOfFiveSecondsIsIdle) {
  receive(kFirst);
  EXPECT_FALSE(viewer_.is_idle(now_ + millis(4'990)));
  EXPECT_TRUE(viewer_.is_idle(now_ + millis(5'010)));
}

}  // namespace
}  // namespace fanlight::load
