#include "engine/srt/receiver.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

using wire::ControlType;

constexpr SeqNo kIsn{100};
constexpr PacketPos kFirst{5000};

// A receiver whose first packet, number 100, takes position 5000.
class ReceiverTest : public ::testing::Test {
 protected:
  Receiver::Placement hear(std::uint32_t seq, Micros later = {}) {
    now = now + later;
    return receiver.handle_data(now, {.seq = {seq & kSeqMask}}, 1316);
  }
  void hear_run(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t seq = first; seq <= last; ++seq) ASSERT_EQ(hear(seq).verdict, Verdict::kAccepted);
  }
  Verdict hear_control(ControlType type, std::uint32_t info = 0, Micros later = {}) {
    now = now + later;
    return receiver.handle_control(now, {.type = type, .info = info}, {});
  }
  Verdict hear_drop(SeqNo first, SeqNo last) {
    std::array<std::byte, 24> datagram;
    (void)wire::write_drop_request(datagram, {0, {first, last}}, {}, {});
    return receiver.handle_control(now, *wire::parse_control_header(datagram), std::span(datagram).subspan(16));
  }
  struct Spoken {
    ControlType type;
    std::uint32_t info;
    std::vector<std::byte> content;
  };
  // Polls until empty, as the worker does after a breath.
  std::vector<Spoken> speak(Micros later = {}) {
    now = now + later;
    receiver.handle_timeout(now);
    std::vector<Spoken> all;
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = receiver.poll_control(now, {}, scratch)) {
      const auto header = wire::parse_control_header(std::span(scratch).first(bytes));
      all.push_back({header->type, header->info, {scratch.begin() + 16, scratch.begin() + bytes}});
    }
    EXPECT_GT(receiver.next_deadline().at, now) << "a deadline that is past makes the worker spin";
    return all;
  }
  std::optional<wire::Ack> acked(Micros later = {}) {
    for (const Spoken& one : speak(later))
      if (one.type == ControlType::kAck) return wire::parse_ack(one.content);
    return std::nullopt;
  }
  std::vector<wire::SeqRange> asked(Micros later = {}) {
    std::vector<wire::SeqRange> ranges;
    for (const Spoken& one : speak(later)) {
      if (one.type != ControlType::kNak) continue;
      wire::LossReportReader reader(one.content);
      while (const auto range = reader.next()) ranges.push_back(*range);
    }
    return ranges;
  }
  using Ranges = std::vector<wire::SeqRange>;

  Instant now{1'000'000'000};
  Receiver receiver{{.opened = now, .first_seq = kIsn, .first_pos = kFirst, .latency = millis(120)}};
};

TEST_F(ReceiverTest, TheIsnTakesTheFirstPosition) {
  EXPECT_EQ(hear(100).pos, kFirst);
  EXPECT_EQ(hear(101).pos, kFirst + 1);
}

TEST_F(ReceiverTest, PositionsRunOnAcrossTheWrap) {
  receiver.~Receiver();
  new (&receiver) Receiver({.opened = now, .first_seq = {0x7FFF'FFFE}, .first_pos = kFirst});
  EXPECT_EQ(hear(0x7FFF'FFFE).pos, kFirst);
  EXPECT_EQ(hear(0).pos, kFirst + 2);
  EXPECT_EQ(hear(0x7FFF'FFFF).verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(acked(millis(10))->first_missing, SeqNo{1});
}

TEST_F(ReceiverTest, APacketTwiceIsADuplicate) {
  hear(100);
  EXPECT_EQ(hear(100).verdict, Verdict::kDuplicate);
  hear(102);
  EXPECT_EQ(hear(101).verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(hear(101).verdict, Verdict::kDuplicate);
}

TEST_F(ReceiverTest, WhatWasBeforeTheIsnIsTooLate) { EXPECT_EQ(hear(99).verdict, Verdict::kTooLate); }

TEST_F(ReceiverTest, ALateOriginalAndARetransmissionFillTheGapAlike) {
  hear(100);
  hear(103);
  const wire::DataHeader again{.seq = {101}, .retransmitted = true};
  EXPECT_EQ(receiver.handle_data(now, again, 1316).pos, kFirst + 1);
  EXPECT_EQ(hear(102).pos, kFirst + 2);
  EXPECT_EQ(receiver.stats().repaired, 2u);
  EXPECT_EQ(receiver.first_missing(), kFirst + 4);
}

// --- ACK

TEST_F(ReceiverTest, AcksWhatIsNewAfter10ms) {
  hear(100);
  EXPECT_FALSE(acked(micros(9'999)));
  EXPECT_EQ(acked(micros(1))->first_missing, SeqNo{101});
}

TEST_F(ReceiverTest, SaysNothingWithoutNews) {
  EXPECT_TRUE(speak(millis(500)).empty());
  hear(100);
  ASSERT_TRUE(acked(millis(10)));
  hear_control(ControlType::kAckAck, 1, millis(5));
  EXPECT_TRUE(speak(millis(900)).empty()) << "an ACK that was confirmed is not repeated";
}

TEST_F(ReceiverTest, AnUnconfirmedAckIsRepeatedAfterARoundTrip) {
  hear(100);
  ASSERT_TRUE(acked(millis(10)));
  EXPECT_FALSE(acked(millis(299)));
  EXPECT_TRUE(acked(millis(1))) << "100 ms + 4 × 50 ms while nothing is known";
}

TEST_F(ReceiverTest, ThePositionStopsAtTheFirstGapAndNeverGoesBack) {
  hear_run(100, 104);
  hear(107);
  EXPECT_EQ(acked(millis(10))->first_missing, SeqNo{105});
  hear(106);
  EXPECT_EQ(receiver.first_missing(), kFirst + 5);
  hear(105);
  EXPECT_EQ(acked(millis(10))->first_missing, SeqNo{108});
}

TEST_F(ReceiverTest, ALightAckComesWithEach64Packets) {
  hear_run(100, 162);
  EXPECT_TRUE(speak().empty());
  hear(163);
  const auto light = speak();
  ASSERT_EQ(light.size(), 1u);
  EXPECT_EQ(light[0].content.size(), 4u);
  EXPECT_EQ(light[0].info, 0u) << "gets no ACKACK";
}

TEST_F(ReceiverTest, AFullAckAdvertisesTheFreeWindow) {
  hear_run(100, 109);
  hear(120);
  const auto ack = acked(millis(10));
  EXPECT_EQ(ack->rtt->window_packets, 8192u - 11u) << "10 missing and the one behind them";
  ASSERT_TRUE(ack->rates);
}

TEST_F(ReceiverTest, AckNumbersStartAtOneAndGrow) {
  for (std::uint32_t i = 1; i <= 3; ++i) {
    hear(99 + i);
    EXPECT_EQ(speak(millis(10)).at(0).info, i);
  }
}

TEST_F(ReceiverTest, TheFirstSampleIsTakenWholeLaterOnesAreSmoothed) {
  hear(100);
  acked(millis(10));
  hear_control(ControlType::kAckAck, 1, millis(20));
  EXPECT_EQ(receiver.rtt().rtt(), millis(20));
  EXPECT_EQ(receiver.rtt().variance(), millis(10));
  hear(101);
  acked(millis(10));
  hear_control(ControlType::kAckAck, 2, millis(28));
  EXPECT_EQ(receiver.rtt().variance(), micros(9'500)) << "variance first: (3·10 + 8)/4";
  EXPECT_EQ(receiver.rtt().rtt(), millis(21));
}

TEST_F(ReceiverTest, ARepeatedOrInventedAckackMeasuresNothing) {
  hear(100);
  acked(millis(10));
  hear_control(ControlType::kAckAck, 1, millis(20));
  hear_control(ControlType::kAckAck, 1, millis(500));
  hear_control(ControlType::kAckAck, 257);
  hear_control(ControlType::kAckAck, 0);
  EXPECT_EQ(receiver.rtt().rtt(), millis(20));
}

// --- NAK

TEST_F(ReceiverTest, EveryGapIsAskedForAtOnceNotOnlyTheFirst) {
  hear(100);
  hear(103);
  hear(105);
  EXPECT_EQ(asked(), (Ranges{{{101}, {102}}, {{104}, {104}}}));
  EXPECT_EQ(receiver.stats().lost, 3u);
}

TEST_F(ReceiverTest, AGapIsAskedForAgainEachPeriodUntilItIsTooLate) {
  hear(100);
  acked(millis(10));
  hear_control(ControlType::kAckAck, 1, millis(8));  // RTT 8, variance 4: (8 + 16)/2 is under the floor of 20 ms.
  hear(102);
  EXPECT_EQ(asked().size(), 1u);
  EXPECT_EQ(asked(micros(19'999)).size(), 0u);
  EXPECT_EQ(asked(micros(1)).size(), 1u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked(millis(20)).size(), 1u);
  EXPECT_EQ(asked(millis(20)).size(), 0u) << "120 ms: no longer worth asking for";
  EXPECT_EQ(receiver.stats().given_up, 1u);
  EXPECT_EQ(hear(101).verdict, Verdict::kTooLate);
}

TEST_F(ReceiverTest, WhatIsGivenUpIsAcked) {
  hear(100);
  hear(105);
  speak(millis(119));
  EXPECT_EQ(receiver.first_missing(), kFirst + 1);
  EXPECT_EQ(acked(millis(10))->first_missing, SeqNo{106});
  EXPECT_EQ(receiver.missing_packets(), 0);
}

TEST_F(ReceiverTest, MoreGapsThanOneReportHoldsAreAskedInTwo) {
  for (std::uint32_t i = 0; i < 400; ++i) hear(100 + 2 * i);
  EXPECT_EQ(asked().size(), 399u);
  EXPECT_EQ(receiver.stats().naks_sent, 2u);
}

TEST_F(ReceiverTest, AnOverfullListGivesUpItsOldestAndTheBooksBalance) {
  for (std::uint32_t i = 0; i < 600; ++i) hear(100 + 2 * i);
  EXPECT_EQ(receiver.stats().lost, 599u);
  EXPECT_EQ(receiver.stats().given_up, 599u - 512u);
  EXPECT_EQ(hear(101).verdict, Verdict::kTooLate);
  EXPECT_EQ(receiver.missing_packets(), 512);
}

TEST_F(ReceiverTest, ASplitThatFindsNoRoomIsCountedAsGivenUp) {
  hear(100);
  hear(104);
  for (std::uint32_t i = 1; i < 512; ++i) hear(104 + 2 * i);
  EXPECT_EQ(hear(102).verdict, Verdict::kAcceptedLate);
  const Receiver::Stats& stats = receiver.stats();
  EXPECT_EQ(stats.given_up, 1u);
  EXPECT_EQ(stats.lost, stats.repaired + stats.given_up + static_cast<std::uint64_t>(receiver.missing_packets()));
}

// --- windows and splices

TEST_F(ReceiverTest, AGapOf4095IsAGapOneMoreIsASplice) {
  hear(100);
  EXPECT_EQ(hear(4196).pos, kFirst + 4096);
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(hear(4196 + 4097).pos, kFirst + 4097) << "positions close up";
  EXPECT_EQ(receiver.stats().splices, 1u);
  EXPECT_EQ(receiver.missing_packets(), 0) << "nothing before it can be named any more";
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(acked(millis(10))->first_missing, SeqNo{4196 + 4098});
  EXPECT_EQ(hear(4196).verdict, Verdict::kTooLate);
}

TEST_F(ReceiverTest, BeyondTheWindowNothingIsLearned) {
  hear(100);
  EXPECT_EQ(hear(100 + 65'537).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear(100u - 65'537u).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear(101).pos, kFirst + 1);
}

TEST_F(ReceiverTest, ADropRequestOnlyStopsTheAsking) {
  hear(100);
  hear(105);
  EXPECT_EQ(hear_drop({101}, {102}), Verdict::kControl);
  EXPECT_EQ(asked(), (Ranges{{{103}, {104}}}));
  EXPECT_EQ(hear_drop({106}, {107}), Verdict::kControl);
  EXPECT_EQ(hear(108).pos, kFirst + 8) << "the numbers moved on without packets";
  EXPECT_EQ(receiver.stats().lost, 4u);
}

TEST_F(ReceiverTest, ADropRequestCannotTearAHoleLargerThanASplice) {
  hear(100);
  EXPECT_EQ(hear_drop({101}, {101 + 4096}), Verdict::kOutOfWindow);
  EXPECT_EQ(hear_drop({105}, {104}), Verdict::kOutOfWindow);
  EXPECT_EQ(receiver.first_missing(), kFirst + 1);
}

// --- the end

TEST_F(ReceiverTest, KeepsAliveOnceASecondWhenItHasNothingToSay) {
  EXPECT_TRUE(speak(micros(999'999)).empty());
  EXPECT_EQ(speak(micros(1)).at(0).type, ControlType::kKeepAlive);
  EXPECT_TRUE(speak(micros(999'999)).empty());
}

TEST_F(ReceiverTest, SilenceOf5SecondsIsTheEnd) {
  hear_control(ControlType::kKeepAlive, 0, seconds(2));
  speak(micros(4'999'999));
  EXPECT_FALSE(receiver.poll_event());
  receiver.handle_timeout(now + micros(1));
  EXPECT_EQ(receiver.poll_event(), PeerEvent::kIdle);
  receiver.handle_timeout(now + seconds(10));
  EXPECT_FALSE(receiver.poll_event()) << "it ends once";
}

TEST_F(ReceiverTest, AShutdownIsTheEndAtOnce) {
  EXPECT_EQ(hear_control(ControlType::kShutdown), Verdict::kControl);
  EXPECT_EQ(receiver.poll_event(), PeerEvent::kShutdown);
}

TEST_F(ReceiverTest, UnknownTypesAreNoSignOfLife) {
  EXPECT_EQ(hear_control(ControlType{0x0042}, 0, seconds(4)), Verdict::kUnknownType);
  receiver.handle_timeout(now + seconds(1));
  EXPECT_EQ(receiver.poll_event(), PeerEvent::kIdle);
}

}  // namespace
}  // namespace fanlight::srt
