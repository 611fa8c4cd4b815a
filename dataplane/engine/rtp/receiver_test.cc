#include "engine/rtp/receiver_fixture.h"

#include <array>
#include <vector>

#include "wire/rtp_feedback.h"

namespace fanlight::rtp {
namespace {

TEST_F(RtpReceiverTest, TheFirstPacketTakesTheFirstPosition) {
  EXPECT_EQ(hear(65'000).pos, kFirst);
  EXPECT_EQ(hear(65'001).pos, kFirst + 1);
  EXPECT_EQ(receiver.first_missing(), kFirst + 2);
}

TEST_F(RtpReceiverTest, SixteenBitsWrapAndPositionsDoNot) {
  for (std::int64_t i = 0; i < 200'000; ++i) {
    const Receiver::Placement placed = hear(static_cast<std::uint32_t>(60'000 + i), micros(100));
    ASSERT_EQ(placed.verdict, Verdict::kAccepted) << i;
    ASSERT_EQ(placed.pos, kFirst + i);
  }
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(receiver.stats().lost, 0u);
}

TEST_F(RtpReceiverTest, AGapIsFilledByWhatComesLate) {
  hear_run(10, 12);
  EXPECT_EQ(hear(15).pos, kFirst + 5);
  EXPECT_EQ(receiver.stats().lost, 2u);
  EXPECT_EQ(receiver.first_missing(), kFirst + 3);
  const Receiver::Placement late = hear(14);
  EXPECT_EQ(late.verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(late.pos, kFirst + 4);
  EXPECT_EQ(hear(14).verdict, Verdict::kDuplicate);
  EXPECT_EQ(receiver.stats().repaired, 1u);
  EXPECT_EQ(receiver.missing_packets(), 1);
}

TEST_F(RtpReceiverTest, AGapIsGivenUpWhenItsLatencyIsOver) {
  hear_run(10, 12);
  (void)hear(14);
  EXPECT_EQ(receiver.next_deadline().at, now + millis(120));
  (void)speak(millis(119));
  EXPECT_EQ(receiver.first_missing(), kFirst + 3);
  (void)speak(millis(1));
  EXPECT_EQ(receiver.first_missing(), kFirst + 5);
  EXPECT_EQ(receiver.stats().given_up, 1u);
  EXPECT_EQ(hear(13).verdict, Verdict::kTooLate);
}

TEST_F(RtpReceiverTest, WhatWasThereBeforeTheFirstIsTooLate) {
  hear_run(10, 12);
  EXPECT_EQ(hear(9).verdict, Verdict::kTooLate);
}

TEST_F(RtpReceiverTest, AnotherSourceWaitsForASilence) {
  hear_run(10, 12);
  EXPECT_EQ(hear(700, millis(249), kOther).verdict, Verdict::kForeignSource);
  EXPECT_EQ(receiver.source(), kSource);
  EXPECT_EQ(hear(701, millis(1), kOther).verdict, Verdict::kOutOfWindow) << "one packet is no source";
  const Receiver::Placement taken = hear(702, millis(1), kOther);
  EXPECT_EQ(taken.verdict, Verdict::kAccepted);
  EXPECT_EQ(taken.pos, kFirst + 3) << "positions close up";
  EXPECT_EQ(receiver.stats().splices, 1u);
  EXPECT_EQ(hear(13).verdict, Verdict::kForeignSource) << "the old one is now the other";
}

TEST_F(RtpReceiverTest, WhoSaidByeIsFollowedAtOnce) {
  hear_run(10, 12);
  EXPECT_EQ(hear_bye(kOther), Verdict::kForeignSource);
  EXPECT_EQ(hear(700, {}, kOther).verdict, Verdict::kForeignSource);
  EXPECT_EQ(hear_bye(), Verdict::kControl);
  EXPECT_EQ(hear(700, {}, kOther).pos, kFirst + 3);
}

TEST_F(RtpReceiverTest, WhoComesBackAfterItsByeIsThereAgain) {
  hear_run(10, 12);
  (void)hear_bye();
  EXPECT_EQ(hear(13).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(700, {}, kOther).verdict, Verdict::kForeignSource);
  EXPECT_EQ(hear(13 + 20'000).verdict, Verdict::kOutOfWindow) << "one packet is no jump";
  EXPECT_EQ(hear(14).verdict, Verdict::kAccepted);
}

TEST_F(RtpReceiverTest, OnlyTheSourceThatWasNamedCounts) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .ssrc = kOther});
  EXPECT_EQ(hear(1).verdict, Verdict::kForeignSource);
  EXPECT_EQ(hear(1, {}, kOther).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(1, seconds(10)).verdict, Verdict::kForeignSource);
}

TEST_F(RtpReceiverTest, AJumpIsBelievedWhenTheNextNumberFollows) {
  hear_run(10, 12);
  EXPECT_EQ(hear(30'000).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear(13).verdict, Verdict::kAccepted) << "one stray packet changes nothing";
  EXPECT_EQ(hear(30'001).verdict, Verdict::kOutOfWindow);
  const Receiver::Placement placed = hear(30'002);
  EXPECT_EQ(placed.verdict, Verdict::kAccepted);
  EXPECT_EQ(placed.pos, kFirst + 4);
  EXPECT_EQ(receiver.stats().splices, 1u);
}

TEST_F(RtpReceiverTest, AfterASilenceAJumpIsBelievedAtOnce) {
  hear_run(10, 12);
  EXPECT_EQ(hear(30'000, millis(250)).pos, kFirst + 3);
}

TEST_F(RtpReceiverTest, WhatWasMissingBeforeAJumpIsGivenUp) {
  hear_run(10, 12);
  (void)hear(14);
  (void)hear(30'000, millis(300));
  EXPECT_EQ(receiver.stats().given_up, 1u);
  EXPECT_EQ(receiver.first_missing(), kFirst + 6);
}

TEST_F(RtpReceiverTest, TimeGoesOnAcrossSources) {
  const auto time_at = [&](std::uint32_t timestamp, std::uint32_t ssrc, std::uint16_t seq) {
    return receiver.handle_data(now, {.seq = seq, .timestamp = timestamp, .ssrc = ssrc}).time.raw;
  };
  EXPECT_EQ(time_at(900, kSource, 1), 0u);
  now = now + millis(400);
  (void)time_at(0x8000'0000, kOther, 1);
  EXPECT_EQ(time_at(0x8000'0000, kOther, 2), 400'000u);
  now = now + millis(10);
  EXPECT_EQ(time_at(0x8000'0000 + 900, kOther, 3), 410'000u);
}

TEST_F(RtpReceiverTest, WhatComesLateHasItsOwnTimeAndMovesNobodysElse) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .latency = seconds(4), .own_ssrc = 99});
  const auto placed = [&](std::uint16_t seq) {
    return receiver.handle_data(now, {.seq = seq, .timestamp = seq * 9'000u, .ssrc = kSource});
  };
  for (std::uint16_t seq = 0; seq <= 30; ++seq, now = now + millis(100))
    if (seq != 5) {
      ASSERT_EQ(placed(seq).time.raw, seq * 100'000u);
    }
  now = now + millis(500);
  const Receiver::Placement late = placed(5);
  EXPECT_EQ(late.verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(late.time.raw, 500'000u);
  EXPECT_EQ(late.ticks, 45'000u);
  EXPECT_EQ(placed(31).time.raw, 3'100'000u);
}

TEST_F(RtpReceiverTest, WhatIsBroughtBackFitsBetweenItsNeighbours) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .latency = seconds(4), .own_ssrc = 99});
  for (std::uint16_t seq = 0; seq <= 30; ++seq, now = now + millis(100))
    if (seq != 5) (void)receiver.handle_data(now, {.seq = seq, .timestamp = seq * 9'000u, .ssrc = kSource});
  const auto repaired = [&](std::uint32_t timestamp) {
    return receiver.handle_repaired(now, {.seq = 5, .timestamp = timestamp}, {.before = 4 * 9'000, .after = 6 * 9'000});
  };
  EXPECT_EQ(repaired(16 * 9'000 + 1).verdict, Verdict::kMalformed);
  EXPECT_EQ(repaired(0u - 6 * 9'000 - 1).verdict, Verdict::kMalformed);
  const Receiver::Placement placed = repaired(5 * 9'000);
  EXPECT_EQ(placed.verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(placed.time.raw, 500'000u);
  EXPECT_EQ(repaired(5 * 9'000).verdict, Verdict::kTooLate);
}

TEST_F(RtpReceiverTest, ReportsAnswerASenderThatReports) {
  hear_run(10, 19);
  EXPECT_EQ(receiver.next_deadline().at, Instant::never());
  EXPECT_EQ(hear_report(), Verdict::kControl);
  EXPECT_TRUE(speak(micros(-1)).empty());
  const auto block = reported(seconds(5));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->highest_seq, 19u);
  EXPECT_EQ(block->lost, 0);
  EXPECT_EQ(block->last_report, 0x2345'6789u);
  EXPECT_EQ(block->report_delay, 5u * 65'536 - 1) << "4,999,999 microseconds";
  EXPECT_TRUE(speak(millis(2'499)).empty()) << "not sooner than half the interval";
  EXPECT_FALSE(speak(seconds(5)).empty()) << "nor later than one and a half";
}

TEST_F(RtpReceiverTest, ReportsAreAboutWhoWasHeardSinceTheLastAndEndWithTheSender) {
  hear_run(10, 19);
  (void)hear_report();
  ASSERT_TRUE(reported(seconds(5)));
  for (Micros silence = seconds(5); silence < seconds(25);) {
    const Micros later = receiver.next_deadline().at - now;
    if ((silence = silence + later) >= seconds(25)) break;
    const std::vector<std::byte> said = speak(later);
    ASSERT_FALSE(said.empty()) << silence.count;
    EXPECT_FALSE(wire::find_report_block(*wire::RtcpReader(said).next(), kSource)) << "nothing of it came";
  }
  EXPECT_TRUE(speak(seconds(8)).empty());
  EXPECT_EQ(receiver.next_deadline().at, Instant::never());
  hear_run(20, 29);
  (void)hear_report();
  EXPECT_TRUE(reported(seconds(5)));
  for (int i = 0; i < 20; ++i) {  // Its reports alone keep it a member.
    (void)hear_report();
    EXPECT_FALSE(reported(seconds(8)));
  }
  EXPECT_NE(receiver.next_deadline().at, Instant::never());
}

TEST_F(RtpReceiverTest, ReportsCountFromOneToTheNext) {
  hear_run(10, 13);
  (void)hear_report();
  (void)hear(20);  // 6 of 11 did not come.
  auto block = reported(seconds(5));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->lost, 6);
  EXPECT_EQ(block->fraction_lost, 6 * 256 / 11);
  hear_run(21, 30);
  block = reported(seconds(8));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->lost, 6);
  EXPECT_EQ(block->fraction_lost, 0);
}

// RFC 3550 §6.4.1: what came late or twice was received.
TEST_F(RtpReceiverTest, CopiesAndLatePacketsCountInReports) {
  hear_run(10, 13);
  (void)hear_report();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(hear(13).verdict, Verdict::kDuplicate);
  EXPECT_EQ(reported(seconds(5))->lost, -3);
  (void)hear(15);
  (void)speak(millis(120));
  EXPECT_EQ(hear(14, {}).verdict, Verdict::kTooLate);
  const auto block = reported(seconds(8));
  EXPECT_EQ(block->lost, -3);
  EXPECT_EQ(block->fraction_lost, 0);
}

TEST_F(RtpReceiverTest, WhoHeardReportsHearsABye) {
  std::array<std::byte, 128> out;
  hear_run(10, 13);
  EXPECT_EQ(receiver.write_farewell(now, out), 0u) << "nothing was ever said";
  (void)hear_report();
  ASSERT_FALSE(speak(seconds(5)).empty());
  const std::size_t bytes = receiver.write_farewell(now, out);
  const ByteSpan said = std::span(out).first(bytes);
  ASSERT_TRUE(wire::is_well_formed_rtcp(said));
  wire::RtcpReader reader(said);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kReceiverReport);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kSourceDescription);
  EXPECT_TRUE(wire::says_bye(*reader.next(), 99));
  EXPECT_EQ(receiver.write_farewell(now, std::span(out).first(20)), 0u) << "no room";
  EXPECT_EQ(receiver.write_farewell(now + seconds(26), out), 0u) << "it has gone (RFC 3550 §6.3.5)";
  (void)hear_bye();
  EXPECT_EQ(receiver.write_farewell(now, out), 0u);
}

TEST_F(RtpReceiverTest, WrapsAreCountedInReports) {
  hear_run(65'530, 65'545);
  (void)hear_report();
  EXPECT_EQ(reported(seconds(5))->highest_seq, 0x1'0009u);
}

TEST_F(RtpReceiverTest, BehindAJumpReportsNameTheNumbersThatCome) {
  hear_run(10, 19);
  (void)hear_report();
  EXPECT_EQ(hear(30'000).verdict, Verdict::kOutOfWindow);
  hear_run(30'001, 30'004);
  const auto block = reported(seconds(5));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->highest_seq, 30'004u);
  EXPECT_EQ(block->lost, 0);
  EXPECT_EQ(block->last_report, 0x2345'6789u);
}

TEST_F(RtpReceiverTest, WhoNeverReportsHearsNothing) {
  hear_run(10, 19);
  EXPECT_EQ(hear_report(kOther), Verdict::kForeignSource);
  EXPECT_TRUE(speak(seconds(60)).empty());
  EXPECT_EQ(receiver.handle_control(now, {}), Verdict::kMalformed);
}

class RtpReceiverNackTest : public RtpReceiverTest {
 protected:
  static constexpr std::uint32_t kRtx = 0x7777;
  RtpReceiverNackTest() {
    begin({.first_pos = kFirst, .own_ssrc = 99, .nack = true, .is_sender_named = true, .rtx_ssrc = kRtx});
    receiver.credit(1'000'000);
  }
  void begin(const Receiver::Options& options) {
    receiver.~Receiver();
    new (&receiver) Receiver(options);
  }
  // What it asks for by `later`.
  std::vector<std::uint16_t> asks(Micros later = {}) {
    std::vector<std::uint16_t> numbers;
    const std::vector<std::byte> said = speak(later);
    wire::RtcpReader reader(said);
    while (const auto packet = reader.next()) {
      const auto nack = wire::parse_nack(*packet);
      if (!nack) continue;
      EXPECT_EQ(nack->sender, 99u);
      EXPECT_EQ(nack->source, kSource);
      for (std::size_t i = 0; i < nack->size(); ++i) {
        numbers.push_back(nack->at(i).first);
        for (int bit = 0; bit < 16; ++bit)
          if ((nack->at(i).following >> bit & 1) != 0)
            numbers.push_back(static_cast<std::uint16_t>(nack->at(i).first + bit + 1));
      }
    }
    return numbers;
  }
  Receiver::Placement hear_again(std::uint16_t original, std::uint32_t ssrc = kRtx) {
    return receiver.handle_retransmission(
        now, {.seq = rtx_seq++, .timestamp = static_cast<std::uint32_t>(now.us * 9 / 100), .ssrc = ssrc}, original);
  }
  std::uint16_t rtx_seq = 40'000;
  using Numbers = std::vector<std::uint16_t>;
};

TEST_F(RtpReceiverNackTest, AGapIsAskedForAfterAShortWait) {
  hear_run(65'530, 65'534);
  (void)hear(65'539);  // Over the wrap: 65,535 and 0 to 2 are missing.
  EXPECT_EQ(receiver.next_deadline().at, now + millis(5));
  EXPECT_EQ(asks(millis(4)), Numbers{});
  EXPECT_EQ(asks(millis(1)), (Numbers{65'535, 0, 1, 2}));
  EXPECT_EQ(receiver.stats().nacks_sent, 1u);
}

TEST_F(RtpReceiverNackTest, WhatWasOnlyReorderedIsNotAskedFor) {
  hear_run(10, 12);
  (void)hear(14);
  (void)hear(13);
  EXPECT_EQ(asks(millis(50)), Numbers{});
}

TEST_F(RtpReceiverNackTest, ItIsAskedForAgainUntilItIsGivenUp) {
  hear_run(10, 12);
  (void)hear(14);
  const Instant noticed = now;
  std::vector<std::int64_t> at;
  while (receiver.missing_packets() > 0) {
    const Instant due = receiver.next_deadline().at;
    ASSERT_GT(due, now);
    if (!asks(due - now).empty()) at.push_back((now - noticed).count / 1'000);
  }
  EXPECT_EQ(at, (std::vector<std::int64_t>{5, 45, 85}));
  EXPECT_EQ(now - noticed, millis(120));
}

TEST_F(RtpReceiverNackTest, WhatFindsNoRoomComesWithTheNext) {
  begin({.first_pos = kFirst, .latency = seconds(3), .own_ssrc = 99, .nack = true, .is_sender_named = true});
  receiver.credit(1'000'000);
  for (std::uint32_t seq = 0; seq < 18 * 400; seq += 18) (void)hear(seq, micros(5));  // A NACK has room for 347 gaps.
  const std::size_t first = asks(millis(6)).size();
  ASSERT_GT(first, 300u * 17);
  EXPECT_EQ(first + asks(millis(6)).size(), 399u * 17);
}

TEST_F(RtpReceiverNackTest, NobodyIsAskedMoreThanTenTimesForOne) {
  begin({.first_pos = kFirst, .latency = seconds(3), .own_ssrc = 99, .nack = true, .is_sender_named = true});
  receiver.credit(1'000'000);
  hear_run(10, 12);
  (void)hear(14);
  std::size_t times = 0;
  for (int i = 0; i < 250; ++i) times += asks(millis(10)).size();
  EXPECT_EQ(times, 10u);
  EXPECT_EQ(receiver.missing_packets(), 1) << "it may still come";
}

TEST_F(RtpReceiverNackTest, WhatIsAskedForStaysASmallPartOfWhatCame) {
  begin({.first_pos = kFirst, .latency = seconds(3), .own_ssrc = 99, .nack = true, .is_sender_named = true});
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
  for (std::uint32_t seq = 0; seq < 60'000; seq += 40) {
    (void)hear(seq, millis(2));
    receiver.credit(200);
    bytes_in += 200;
    bytes_out += speak(millis(6)).size();
  }
  EXPECT_LE(bytes_out, bytes_in / 20 + 128);
  EXPECT_GT(bytes_out, bytes_in / 20 / 2);
}

TEST_F(RtpReceiverNackTest, WhoNeitherTheOperatorNorRtcpNamedIsAskedOnceASecond) {
  begin({.first_pos = kFirst, .latency = seconds(3), .own_ssrc = 99, .nack = true});
  receiver.credit(1'000'000);
  const auto count_asks = [&](std::uint32_t first) {
    std::size_t count = 0;
    for (std::uint32_t seq = first; seq < first + 200; seq += 2) {
      (void)hear(seq, millis(10));
      if (!asks(millis(10)).empty()) ++count;
    }
    return count;
  };
  EXPECT_EQ(count_asks(0), 2u) << "of two seconds";
  EXPECT_EQ(hear_report(), Verdict::kControl);
  EXPECT_GT(count_asks(200), 50u);
}

TEST_F(RtpReceiverNackTest, TheTimeARepairTakesDecidesWhenItIsAskedForAgain) {
  hear_run(10, 12);
  (void)hear(14);
  EXPECT_EQ(asks(millis(5)), Numbers{13});
  now = now + millis(60);
  EXPECT_EQ(hear_again(13).verdict, Verdict::kAcceptedLate);
  (void)hear(16, {});
  EXPECT_EQ(asks(millis(5)), Numbers{15});
  EXPECT_EQ(asks(millis(89)), Numbers{});
  EXPECT_EQ(asks(millis(1)), Numbers{15});
}

TEST_F(RtpReceiverNackTest, ARetransmissionTakesThePlaceOfItsOriginal) {
  hear_run(10, 12);
  (void)hear(15);
  const Receiver::Placement placed = hear_again(14);
  EXPECT_EQ(placed.verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(placed.pos, kFirst + 4);
  EXPECT_EQ(hear_again(14).verdict, Verdict::kDuplicate);
  EXPECT_EQ(hear_again(16).verdict, Verdict::kOutOfWindow) << "nobody missed it yet";
  EXPECT_EQ(hear_again(13, kOther).verdict, Verdict::kForeignSource);
  EXPECT_EQ(receiver.missing_packets(), 1);
  EXPECT_EQ(receiver.source(), kSource);
  (void)speak(millis(120));
  EXPECT_EQ(hear_again(13).verdict, Verdict::kTooLate);
}

TEST_F(RtpReceiverNackTest, WhoLeftIsNotAsked) {
  hear_run(10, 12);
  (void)hear(14);
  (void)hear_bye();
  EXPECT_EQ(asks(millis(50)), Numbers{});
  (void)hear(15);
  EXPECT_EQ(asks(millis(50)), Numbers{13}) << "it is back";
}

TEST_F(RtpReceiverNackTest, AsksGoWithAReportAndAName) {
  hear_run(10, 12);
  (void)hear(14);
  const std::vector<std::byte> said = speak(millis(5));
  wire::RtcpReader reader(said);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kReceiverReport);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kSourceDescription);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kTransportFeedback);
  EXPECT_FALSE(reader.next());
}

// Slides, or speech that is silent: a packet each 400 ms, and a hot standby on the same port between them.
TEST_F(RtpReceiverTest, ASlowSourceIsNotTakenForGoneBetweenItsPackets) {
  ASSERT_EQ(hear(1, seconds(1)).verdict, Verdict::kAccepted);
  ASSERT_EQ(hear(2, millis(400)).verdict, Verdict::kAccepted);
  for (std::uint32_t i = 3; i < 20; ++i) {
    EXPECT_EQ(hear(i, millis(300), kOther).verdict, Verdict::kForeignSource);
    EXPECT_EQ(hear(i, millis(100)).verdict, Verdict::kAccepted);
  }
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(hear(20, millis(799), kOther).verdict, Verdict::kForeignSource);
  (void)hear(21, millis(1), kOther);
  EXPECT_EQ(hear(22, {}, kOther).verdict, Verdict::kAccepted) << "it has gone";
  EXPECT_EQ(hear(22, millis(249)).verdict, Verdict::kForeignSource);
  (void)hear(22, millis(1));
  EXPECT_EQ(hear(23, {}).verdict, Verdict::kAccepted) << "of the other nothing is known yet";
}

TEST_F(RtpReceiverTest, OneLongPauseIsForgottenAndCountsForTwoSecondsAtMost) {
  ASSERT_EQ(hear(1).verdict, Verdict::kAccepted);
  ASSERT_EQ(hear(2, seconds(9)).verdict, Verdict::kAccepted);
  EXPECT_FALSE(receiver.is_vacant(now + millis(1'999)));
  EXPECT_TRUE(receiver.is_vacant(now + seconds(2)));
  for (std::uint32_t i = 3; i < 2'100; ++i) (void)hear(i, millis(10));
  EXPECT_TRUE(receiver.is_vacant(now + millis(250)));
}

TEST_F(RtpReceiverTest, AFullListGivesUpTheOldest) {
  (void)hear(0, micros(1));
  for (std::uint32_t i = 1; i <= LossList::kRangesMax + 1; ++i)
    ASSERT_EQ(hear(2 * i, micros(1)).verdict, Verdict::kAccepted);
  EXPECT_EQ(receiver.stats().given_up, 1u);
  EXPECT_EQ(hear(1, micros(1)).verdict, Verdict::kTooLate);
  EXPECT_EQ(hear(3, micros(1)).verdict, Verdict::kAcceptedLate);
}

}  // namespace
}  // namespace fanlight::rtp
