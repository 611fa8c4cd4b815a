#include "engine/srt/sender.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

using wire::ControlType;

constexpr SeqNo kIsn{100};
constexpr PacketPos kFirst{5000};

// A sender for a viewer that got positions 5000 … 5099 as numbers 100 … 199.
class SenderTest : public ::testing::Test {
 protected:
  Verdict hear(ControlType type, std::uint32_t info = 0, ByteSpan content = {}) {
    return sender.handle_control(now, {.type = type, .info = info}, content, edge, pool);
  }
  Verdict hear_ack(SeqNo first_missing, std::uint32_t number, std::uint32_t window_packets = 8192,
                   Micros rtt = millis(20)) {
    std::array<std::byte, 64> out;
    const std::size_t bytes =
        wire::write_ack(out, {first_missing, wire::AckRtt{rtt, rtt / 4, window_packets}, {}}, number, {}, {});
    return hear(ControlType::kAck, number, std::span(out).subspan(16, bytes - 16));
  }
  Verdict hear_light_ack(SeqNo first_missing) {
    std::array<std::byte, 64> out;
    (void)wire::write_ack(out, {first_missing, {}, {}}, 0, {}, {});
    return hear(ControlType::kAck, 0, std::span(out).subspan(16, 4));
  }
  Verdict hear_nak(std::initializer_list<wire::SeqRange> ranges) {
    std::array<std::byte, 1472> out;
    wire::LossReportWriter writer(out, {}, {});
    for (const wire::SeqRange& range : ranges) EXPECT_TRUE(writer.add(range));
    return hear(ControlType::kNak, 0, std::span(out).subspan(16, writer.written() - 16));
  }
  std::vector<wire::ControlHeader> speak(Micros later = {}) {
    now = now + later;
    sender.handle_timeout(now, edge);
    std::vector<wire::ControlHeader> all;
    while (const std::size_t bytes = sender.poll_control(now, {}, scratch))
      all.push_back(*wire::parse_control_header(std::span(scratch).first(bytes)));
    EXPECT_GT(sender.next_deadline().at, now) << "a deadline that is past makes the worker spin";
    return all;
  }
  std::vector<std::int64_t> repairs() {
    std::vector<std::int64_t> positions;
    while (const auto pos = sender.poll_repair(pool)) positions.push_back(pos->value);
    return positions;
  }
  using Positions = std::vector<std::int64_t>;

  Instant now{1'000'000'000};
  RangePool pool{64};
  std::array<std::byte, 1472> scratch{};
  StreamEdge edge{.next = kFirst + 100, .last_fresh = now};
  Sender sender{{.opened = now, .first_seq = kIsn, .first_pos = kFirst}};
};

// --- ACK

TEST_F(SenderTest, AFullAckIsAnsweredALightOneIsNot) {
  hear_light_ack({110});
  EXPECT_TRUE(speak().empty());
  hear_ack({120}, 7);
  const auto said = speak();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].type, ControlType::kAckAck);
  EXPECT_EQ(said[0].info, 7u);
}

TEST_F(SenderTest, OneAckackPer10msUnlessTheSameNumberComesAgain) {
  hear_ack({110}, 1);
  EXPECT_EQ(speak().size(), 1u);
  hear_ack({111}, 2);
  EXPECT_EQ(speak(millis(5)).size(), 0u);
  hear_ack({110}, 1);
  EXPECT_EQ(speak().size(), 1u) << "its ACKACK was lost";
  hear_ack({112}, 3);
  EXPECT_EQ(speak(millis(10)).size(), 0u) << "when it came, 0 ms had gone by";
  hear_ack({113}, 4);
  EXPECT_EQ(speak().size(), 1u);
}

TEST_F(SenderTest, AnAckBeyondWhatWasSentIsRefused) {
  EXPECT_EQ(hear_ack({201}, 1), Verdict::kOutOfWindow);
  EXPECT_FALSE(sender.is_up());
  EXPECT_EQ(hear_ack({200}, 1), Verdict::kControl);
  EXPECT_EQ(hear_ack({99}, 2), Verdict::kOutOfWindow) << "before its first number";
}

TEST_F(SenderTest, TheWindowEndsWhatTheAckSaysBehindItsPosition) {
  EXPECT_EQ(sender.window_end(), kFirst + 8192);
  hear_ack({150}, 1, 60);
  EXPECT_EQ(sender.window_end(), kFirst + 110);
  hear_light_ack({160});
  EXPECT_EQ(sender.window_end(), kFirst + 110) << "a light ACK confirms and frees nothing";
  hear_ack({155}, 1, 9'000);
  EXPECT_EQ(sender.window_end(), kFirst + 110) << "an overtaken ACK knows less";
  hear_ack({160}, 2, 0);
  EXPECT_EQ(sender.window_end(), kFirst + 60);
}

TEST_F(SenderTest, NoWindowIsLargerThanTheRelayCountsTo) {
  Sender greedy{{.opened = now, .first_seq = kIsn, .first_pos = kFirst, .window_packets = 0xFFFF'FFFF}};
  EXPECT_EQ(greedy.window_packets(), 65'536u);
  hear_ack({150}, 1, 0xFFFF'FFFF);
  EXPECT_EQ(sender.window_packets(), 65'536u);
}

TEST_F(SenderTest, TheViewersRttIsTakenOverButItsInitialPairIsNot) {
  hear_ack({110}, 1, 8192, millis(30));
  EXPECT_EQ(sender.rtt().rtt(), millis(30));
  std::array<std::byte, 64> out;
  const std::size_t bytes = wire::write_ack(
      out, {.first_missing = {111}, .rtt = wire::AckRtt{kRttUnknown, kRttVarianceUnknown, 8192}, .rates = {}}, 2, {},
      {});
  EXPECT_EQ(hear(ControlType::kAck, 2, std::span(out).subspan(16, bytes - 16)), Verdict::kControl);
  EXPECT_EQ(sender.rtt().rtt(), millis(30));
}

// --- NAK

TEST_F(SenderTest, ReportedNumbersBecomePositionsInTheirOrder) {
  EXPECT_EQ(hear_nak({{{103}, {105}}, {{110}, {110}}}), Verdict::kControl);
  EXPECT_EQ(sender.waiting_repairs(pool), 4);
  EXPECT_EQ(repairs(), (Positions{5003, 5004, 5005, 5010}));
  EXPECT_EQ(sender.stats().lost, 4u);
}

TEST_F(SenderTest, AReportBeyondWhatWasSentIsRefusedWhole) {
  EXPECT_EQ(hear_nak({{{103}, {103}}, {{200}, {200}}}), Verdict::kOutOfWindow);
  EXPECT_EQ(hear_nak({{{99}, {101}}}), Verdict::kOutOfWindow);
  EXPECT_EQ(hear(ControlType::kNak), Verdict::kMalformed);
  EXPECT_TRUE(repairs().empty());
}

TEST_F(SenderTest, MoreThan16RangesAreCutAndCounted) {
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(hear_nak({{{100 + 2 * i}, {100 + 2 * i}}}), Verdict::kControl);
  EXPECT_EQ(pool.take_overflow(), 4u);
  EXPECT_EQ(repairs().size(), 16u);
}

TEST_F(SenderTest, AReportThatCannotKnowIsStale) {
  hear_ack({110}, 1, 8192, millis(40));  // Variance 10 ms.
  EXPECT_EQ(sender.judge_repair(now, now - millis(19), std::nullopt), Sender::Repair::kStale);
  EXPECT_EQ(sender.judge_repair(now, now - millis(20), std::nullopt), Sender::Repair::kSend);
}

TEST_F(SenderTest, ARepairOnItsWayIsNotSentTwice) {
  hear_ack({110}, 1, 8192, millis(40));
  const Instant long_ago = now - seconds(1);
  EXPECT_EQ(sender.judge_repair(now, long_ago, millis(19)), Sender::Repair::kRepeated);
  EXPECT_EQ(sender.judge_repair(now, long_ago, millis(20)), Sender::Repair::kSend);
  EXPECT_EQ(sender.judge_repair(now, long_ago, std::nullopt), Sender::Repair::kSend);
}

TEST_F(SenderTest, TooOldIsSaidAsOneRange) {
  for (std::int64_t i = 3; i <= 6; ++i) sender.apply_too_old(kFirst + i);
  sender.apply_too_old(kFirst + 50);
  const auto said = speak();
  ASSERT_EQ(said.size(), 1u);
  const auto drop = wire::parse_drop_request(said[0], std::span(scratch).subspan(16, 8));
  EXPECT_EQ(drop->range, (wire::SeqRange{{103}, {106}}));
  EXPECT_EQ(sender.stats().too_old, 5u);
  EXPECT_TRUE(speak().empty());
}

// --- skips

TEST_F(SenderTest, ASkipKeepsTheNumbersDense) {
  sender.apply_skip(kFirst + 100, kFirst + 600, pool);
  EXPECT_EQ(sender.seq_of(kFirst + 99), SeqNo{199});
  EXPECT_EQ(sender.seq_of(kFirst + 600), SeqNo{200});
  EXPECT_FALSE(sender.covers(kFirst + 100));
  EXPECT_FALSE(sender.covers(kFirst + 599));
  EXPECT_TRUE(sender.covers(kFirst + 600));
}

TEST_F(SenderTest, ReportsFromBeforeASkipFindTheirPackets) {
  sender.apply_skip(kFirst + 100, kFirst + 600, pool);
  edge.next = kFirst + 610;
  EXPECT_EQ(hear_nak({{{150}, {150}}, {{205}, {205}}}), Verdict::kControl);
  EXPECT_EQ(repairs(), (Positions{5050, 5605}));
}

TEST_F(SenderTest, WhatIsInFlightStaysInFlightOverASkip) {
  hear_ack({150}, 1, 60);
  sender.apply_skip(kFirst + 100, kFirst + 600, pool);
  EXPECT_EQ(sender.window_end() - (kFirst + 600), 10) << "50 on their way, 60 allowed";
  edge.next = kFirst + 605;
  EXPECT_EQ(hear_ack({200}, 2, 60), Verdict::kControl) << "it has all from before the skip";
  EXPECT_EQ(sender.window_end(), kFirst + 660);
}

TEST_F(SenderTest, AfterTwoSkipsTheNumbersBeforeTheFirstAreNotMistakenForOthers) {
  sender.apply_skip(kFirst + 100, kFirst + 120, pool);
  edge.next = kFirst + 200;
  sender.apply_skip(kFirst + 200, kFirst + 300, pool);
  edge.next = kFirst + 310;
  EXPECT_EQ(hear_nak({{{150}, {150}}, {{250}, {250}}}), Verdict::kControl);
  std::vector<PacketPos> covered;
  while (const auto pos = sender.poll_repair(pool))
    if (sender.covers(*pos)) covered.push_back(*pos);
  EXPECT_EQ(covered, (std::vector<PacketPos>{kFirst + 170})) << "150 was 5050 once, and nobody knows any more";
  EXPECT_EQ(hear_ack({150}, 1), Verdict::kControl) << "it may still acknowledge what is old";
}

// Positions and moments are kept in 32 bits where they are near others: a long life must not show it.
TEST_F(SenderTest, AfterMorePacketsThan32BitsCountEverythingIsStillFound) {
  std::uint32_t number = 0;
  for (std::int64_t sent = 0; sent < std::int64_t{5} << 32; sent += std::int64_t{1} << 29) {
    edge.next = edge.next + (std::int64_t{1} << 29);
    ASSERT_EQ(hear_ack(sender.seq_of(edge.next), ++number), Verdict::kControl);
  }
  ASSERT_EQ(sender.acked(), edge.next);
  EXPECT_EQ(sender.first_pos(), kFirst);
  const PacketPos end = edge.next;
  const PacketPos last = end - 1000;
  EXPECT_TRUE(sender.covers(last));
  sender.apply_skip(end, end + 50, pool);
  edge.next = edge.next + 60;
  EXPECT_TRUE(sender.covers(last) && sender.covers(edge.next - 1));
  EXPECT_FALSE(sender.covers(end) || sender.covers(end + 49));
  const SeqNo lost = sender.seq_of(last);
  EXPECT_EQ(hear_nak({{lost, lost}, {sender.seq_of(edge.next - 2), sender.seq_of(edge.next - 1)}}), Verdict::kControl);
  EXPECT_EQ(repairs(), (Positions{last.value, edge.next.value - 2, edge.next.value - 1}));
  sender.apply_too_old(last);
  EXPECT_EQ(sender.drop_requests_due(), 1u);
  ASSERT_EQ(speak().size(), 1u + 1u) << "ACKACK and DROPREQ";
  EXPECT_EQ(wire::parse_drop_request({.type = ControlType::kDropRequest}, std::span(scratch).subspan(16, 8))->range,
            (wire::SeqRange{lost, lost}));
}

TEST_F(SenderTest, WhoStallsForHoursIsStillStalledAndKeptAlive) {
  hear_ack({150}, 1);
  for (int second = 1; second <= 3 * 3600; ++second) {
    edge.next = edge.next + 1;
    ASSERT_FALSE(speak(seconds(1)).empty()) << "KEEPALIVE, or DROPREQ once the window is full";
    hear(ControlType::kKeepAlive);
    ASSERT_GE(sender.stalled_for(now), std::min(seconds(second), seconds(1800)));
    ASSERT_FALSE(sender.poll_event());
  }
  hear_ack(sender.seq_of(edge.next), 2);
  EXPECT_EQ(sender.stalled_for(now), Micros{});
  EXPECT_EQ(speak().at(0).type, ControlType::kAckAck);
}

// --- clocks and the end

TEST_F(SenderTest, DataOrControlOfOursPutTheKeepAliveOff) {
  EXPECT_TRUE(speak(micros(999'999)).empty());
  edge.last_fresh = now;
  EXPECT_TRUE(speak(micros(999'999)).empty());
  EXPECT_EQ(speak(micros(1)).at(0).type, ControlType::kKeepAlive);
}

TEST_F(SenderTest, AViewerNeverHeardOfIsForgottenAfter3Seconds) {
  sender.handle_timeout(now + micros(2'999'999), edge);
  EXPECT_FALSE(sender.poll_event());
  sender.handle_timeout(now + seconds(3), edge);
  EXPECT_EQ(sender.poll_event(), PeerEvent::kConnectTimeout);
}

TEST_F(SenderTest, AnySignOfLifeMakesItUp) {
  EXPECT_EQ(hear(ControlType::kKeepAlive), Verdict::kControl);
  EXPECT_TRUE(sender.is_up());
  sender.handle_timeout(now + micros(4'999'999), edge);
  EXPECT_FALSE(sender.poll_event());
  sender.handle_timeout(now + seconds(5), edge);
  EXPECT_EQ(sender.poll_event(), PeerEvent::kIdle);
}

TEST_F(SenderTest, WhatIsMalformedOrUnknownIsNoSignOfLife) {
  EXPECT_EQ(hear(ControlType{0x0042}), Verdict::kUnknownType);
  EXPECT_EQ(hear(ControlType::kAck), Verdict::kMalformed);
  EXPECT_FALSE(sender.is_up());
}

TEST_F(SenderTest, AShutdownIsTheEndAtOnce) {
  hear(ControlType::kShutdown);
  EXPECT_EQ(sender.poll_event(), PeerEvent::kShutdown);
  EXPECT_FALSE(sender.poll_event());
}

}  // namespace
}  // namespace fanlight::srt
