// A receiver whose packets come by two legs. SMPTE ST 2022-7
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <vector>

#include "contract/limits.h"
#include "engine/rtp/receiver.h"

namespace fanlight::rtp {
namespace {

constexpr PacketPos kFirst{5000};
constexpr std::uint32_t kSource = 0xABCD;

class RtpLegsTest : public ::testing::Test {
 protected:
  Receiver::Placement hear(std::size_t leg, std::int64_t number, Micros later = {}) {
    now = now + later;
    return receiver.handle_data(now,
                                {.seq = static_cast<std::uint16_t>(number),
                                 .timestamp = static_cast<std::uint32_t>(number * 180),
                                 .ssrc = kSource},
                                leg);
  }
  Instant now{1'000'000'000};
  Receiver receiver{{.first_pos = kFirst, .own_ssrc = 99}};
};

TEST_F(RtpLegsTest, WhicheverIsFirstCountsAndTheOtherIsADuplicate) {
  EXPECT_EQ(hear(0, 10).verdict, Verdict::kAccepted);
  const Receiver::Placement twice = hear(1, 10, millis(3));
  EXPECT_EQ(twice.verdict, Verdict::kDuplicate);
  EXPECT_EQ(twice.pos, kFirst) << "so that its arrival can be looked up";
  EXPECT_EQ(hear(1, 11).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(0, 11).verdict, Verdict::kDuplicate);
}

TEST_F(RtpLegsTest, OnlyWhatTheOtherBroughtBeforeIsBehind) {
  EXPECT_FALSE(hear(0, 10).is_behind_leg);
  EXPECT_FALSE(hear(0, 10).is_behind_leg) << "twice on one leg";
  EXPECT_TRUE(hear(1, 10).is_behind_leg);
  EXPECT_FALSE(hear(1, 10).is_behind_leg);
  (void)hear(1, 12);
  EXPECT_TRUE(hear(0, 12).is_behind_leg);
}

// It is behind by more than the latency: what the first lost, nobody waits for any more.
TEST_F(RtpLegsTest, WhatComesLaterThanGapsAreWaitedForIsBehindToo) {
  for (const std::int64_t number : {10, 11, 13}) (void)hear(0, number);
  now = now + seconds(30);
  receiver.handle_timeout(now);
  ASSERT_EQ(receiver.stats().given_up, 1u);
  const Receiver::Placement late = hear(1, 11);
  EXPECT_EQ(late.verdict, Verdict::kTooLate);
  EXPECT_TRUE(late.is_behind_leg);
  EXPECT_EQ(late.pos, kFirst + 1);
  EXPECT_FALSE(hear(1, 11).is_behind_leg);
}

TEST_F(RtpLegsTest, WhatOneLosesTheOtherBrings) {
  std::minstd_rand random(7);
  std::int64_t held = 0;
  for (std::int64_t number = 65'000; number < 66'000; ++number) {
    const bool is_edge = number == 65'000 || number == 65'999;  // What lies beyond, nobody misses.
    const bool on_first = is_edge || random() % 20 != 0;
    const bool on_second = !on_first || random() % 20 != 0;
    for (const auto& [leg, there, of] : {std::tuple{0, on_first, number}, std::tuple{1, on_second, number}})
      if (there) held += hear(static_cast<std::size_t>(leg), of, micros(500)).verdict == Verdict::kAccepted ? 1 : 0;
  }
  EXPECT_EQ(held, 1'000);
  EXPECT_EQ(receiver.stats().lost, 0u);
  EXPECT_GT(receiver.leg(0).stats().lost, 20u);
  EXPECT_EQ(receiver.leg(0).stats().packets + receiver.leg(0).stats().lost, 1'000u);
}

// The second is 30 ms behind. What nobody but it brings is later for its sake, and no step of the source's clock.
TEST_F(RtpLegsTest, TimeStaysWhereItIsWhileTheQuickerOneIsAway) {
  constexpr std::int64_t kBehind = 15;  // Packets of 2 ms.
  std::optional<std::uint32_t> begun;
  for (std::int64_t number = 0; number < 8'000; ++number) {
    now = now + millis(2);
    const bool is_away = number >= 2'000 && number < 6'000;
    const Receiver::Placement quick = is_away ? Receiver::Placement{} : hear(0, number);
    const Receiver::Placement slow = number < kBehind ? Receiver::Placement{} : hear(1, number - kBehind);
    if (!begun) begun = quick.time.raw;
    if (quick.verdict == Verdict::kAccepted) {
      ASSERT_EQ(quick.time.raw - *begun, number * 2'000) << number;
    }
    if (slow.verdict == Verdict::kAccepted) {
      ASSERT_EQ(slow.time.raw - *begun, (number - kBehind) * 2'000) << number;
    }
  }
}

// The second brings copies alone, and is of use all the same: what both show is the source's.
TEST_F(RtpLegsTest, AStepBackOfTheSourceIsTakenOut) {
  std::optional<std::uint32_t> begun;
  Receiver::Placement quick;
  for (std::int64_t number = 0; number < 6'000; ++number) {
    now = now + millis(2);
    const auto header = [&](std::int64_t of) {
      const std::int64_t step = of < 3'000 ? 0 : 72'000;  // 800 ms.
      return wire::RtpHeader{.seq = static_cast<std::uint16_t>(of),
                             .timestamp = static_cast<std::uint32_t>(of * 180 - step),
                             .ssrc = kSource};
    };
    quick = receiver.handle_data(now, header(number), 0);
    if (number >= 15) (void)receiver.handle_data(now, header(number - 15), 1);
    if (!begun) begun = quick.time.raw;
  }
  EXPECT_EQ(quick.time.raw - *begun, 5'999 * 2'000);
}

TEST_F(RtpLegsTest, ALegThatIsFarBehindDoesNotMoveTheStreamBack) {
  for (std::int64_t number = 0; number < 8'000; ++number) {
    ASSERT_EQ(hear(0, number, micros(50)).pos, kFirst + number);
    if (number < 4'000) continue;
    ASSERT_NE(hear(1, number - 4'000).verdict, Verdict::kAccepted) << number;
  }
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(receiver.leg(1).stats().packets, 4'000u);
  for (std::int64_t number = 4'000; number < 8'000; ++number) (void)hear(1, number, millis(1));
  EXPECT_EQ(receiver.stats().splices, 1u) << "when the first has died, it is the source";
}

TEST_F(RtpLegsTest, AJumpIsFollowedOnceAlthoughTheLegsMakeItOneAfterTheOther) {
  for (std::int64_t number = 0; number < 100; ++number) {
    (void)hear(0, number, micros(500));
    if (number >= 10) (void)hear(1, number - 10);
  }
  for (std::int64_t i = 0; i < 100; ++i) {
    (void)hear(0, 30'000 + i, micros(500));
    (void)hear(1, i < 10 ? 90 + i : 30'000 + i - 10);
  }
  EXPECT_EQ(receiver.stats().splices, 1u);
  EXPECT_EQ(receiver.first_missing(), kFirst + 100 + 99) << "the first packet of a jump is not believed";
}

TEST_F(RtpLegsTest, OnlyWhatBothLackIsAskedFor) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .own_ssrc = 99, .nack = true, .is_sender_named = true});
  receiver.credit(1'000'000);
  const auto asks = [&](Micros later) {
    now = now + later;
    std::array<std::byte, kDatagramBytesMax> scratch;
    const std::uint64_t before = receiver.stats().nacks_sent;
    (void)receiver.poll_control(now, {}, scratch);
    EXPECT_GT(receiver.next_deadline().at, now);
    return receiver.stats().nacks_sent - before;
  };
  // The second leg is 20 packets, 20 ms, behind.
  const auto hear_both = [&](std::int64_t number, std::int64_t lost_first, std::int64_t lost_second) {
    if (number != lost_first) (void)hear(0, number);
    if (number >= 20 && number - 20 != lost_second) (void)hear(1, number - 20);
    return asks(millis(1));
  };
  std::uint64_t count = 0;
  for (std::int64_t number = 0; number < 300; ++number) count += hear_both(number, 100, -1);
  EXPECT_EQ(count, 0u) << "the second brought it";
  std::int64_t asked_at = 0;
  for (std::int64_t number = 300; number < 350; ++number)
    if (hear_both(number, 310, 310) > 0 && asked_at == 0) asked_at = number;
  EXPECT_GE(asked_at, 331) << "when the second has passed it as well";
  EXPECT_LE(asked_at, 336);
}

TEST_F(RtpLegsTest, ALegThatIsTooFarBehindIsNotWaitedFor) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .own_ssrc = 99, .nack = true, .is_sender_named = true});
  receiver.credit(1'000'000);
  std::array<std::byte, kDatagramBytesMax> scratch;
  std::int64_t asked_at = 0;
  for (std::int64_t number = 0; number < 400; ++number) {
    if (number != 200) (void)hear(0, number, millis(1));
    if (number >= 100) (void)hear(1, number - 100);
    if (receiver.poll_control(now, {}, scratch) > 0 && asked_at == 0) asked_at = number;
  }
  EXPECT_GE(asked_at, 201 + 59);
  EXPECT_LE(asked_at, 201 + 66) << "half of 120 ms";
}

TEST_F(RtpLegsTest, ALegThatComesUpFarAheadIsBelievedAmongTheOthersPackets) {
  for (std::int64_t number = 0; number < 100; ++number) (void)hear(0, number, micros(200));
  EXPECT_EQ(hear(1, 400).verdict, Verdict::kOutOfWindow);
  for (std::int64_t number = 100; number < 1'000; ++number) {
    ASSERT_EQ(hear(1, number + 301, micros(200)).verdict, Verdict::kAccepted) << number;
    (void)hear(0, number);
  }
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(receiver.missing_packets(), 0) << "the other brought them all";
}

// As a relay does that keeps it, before the one that proves it or behind.
TEST_F(RtpLegsTest, WhatWasDoubtedAndThenTakenCountsOnce) {
  for (std::int64_t number = 0; number < 100; ++number) (void)hear(0, number);
  ASSERT_TRUE(hear(0, 400).is_doubted);
  EXPECT_EQ(receiver.handle_proven(now, {.seq = 400, .timestamp = 400 * 180, .ssrc = kSource}).pos, kFirst + 400);
  EXPECT_EQ(hear(0, 401).verdict, Verdict::kAccepted);
  EXPECT_EQ(receiver.leg(0).stats().packets, 102u);
  EXPECT_EQ(receiver.leg(0).stats().lost, 300u);
  ASSERT_TRUE(hear(0, 702).is_doubted);
  EXPECT_FALSE(receiver.is_leg_vacant(now, 0));
  EXPECT_EQ(hear(0, 701).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(0, 702).verdict, Verdict::kAccepted);
  EXPECT_EQ(receiver.leg(0).stats().packets, 104u);
  EXPECT_EQ(receiver.leg(0).stats().lost, 599u);
}

TEST_F(RtpLegsTest, ASourceThatBeginsAgainIsFollowedOnceOnBothLegs) {
  for (std::int64_t number = 0; number < 2'000; ++number) {
    (void)hear(0, number, micros(500));
    if (number >= 60) (void)hear(1, number - 60);
  }
  std::int64_t held = 0;
  for (std::int64_t number = 0; number < 2'000; ++number) {
    const Verdict verdict = hear(0, number, micros(500)).verdict;
    held += verdict == Verdict::kAccepted ? 1 : 0;
    EXPECT_NE(hear(1, number < 60 ? 1'940 + number : number - 60).verdict, Verdict::kAccepted) << number;
  }
  EXPECT_EQ(receiver.stats().splices, 1u);
  EXPECT_NEAR(static_cast<double>(held), 1'500, 2) << "all but the first 250 ms";
}

// Of both legs: what the other one brings too hides no loss.
TEST_F(RtpLegsTest, ReportsCountWhatNeitherBrought) {
  for (std::int64_t number = 0; number < 100; ++number) {
    if (number != 50) (void)hear(0, number, micros(500));
    if (number != 50 && number != 60) (void)hear(1, number);
  }
  (void)hear(1, 99);  // Twice.
  (void)hear(1, 99);
  (void)hear(1, 99);
  std::array<std::byte, kDatagramBytesMax> out;
  ASSERT_EQ(receiver.handle_control(now, std::span(out).first(wire::write_sender_report(out, {.ssrc = kSource}))),
            Verdict::kControl);
  const ByteSpan said = std::span(out).first(receiver.poll_control(now + seconds(8), {}, out));
  wire::RtcpReader reader(said);
  EXPECT_EQ(wire::find_report_block(*reader.next(), kSource)->lost, 1 - 3);
}

TEST_F(RtpLegsTest, EitherMayDie) {
  for (std::int64_t number = 0; number < 100; ++number) {
    (void)hear(0, number, millis(1));
    (void)hear(1, number);
  }
  for (std::int64_t number = 100; number < 1'000; ++number) ASSERT_EQ(hear(1, number, millis(1)).pos, kFirst + number);
  EXPECT_TRUE(receiver.is_leg_vacant(now, 0));
  EXPECT_FALSE(receiver.is_leg_vacant(now, 1));
  EXPECT_FALSE(receiver.is_vacant(now));
  for (std::int64_t number = 1'000; number < 1'100; ++number)
    ASSERT_EQ(hear(0, number, millis(1)).pos, kFirst + number) << "and come back";
}

TEST(RtpLegTest, WhatComesTwiceHidesNoLoss) {
  Leg leg;
  const Instant now{1'000'000};
  for (int seq = 65'000; seq < 65'000 + 10'000; ++seq)
    if (seq % 10 != 0) {
      ASSERT_TRUE(leg.note(now, static_cast<std::uint16_t>(seq)));
      ASSERT_FALSE(leg.note(now, static_cast<std::uint16_t>(seq)));
    }
  EXPECT_EQ(leg.stats().lost, 999u) << "but for the first, before which nothing was";
  EXPECT_EQ(leg.stats().packets, 18'000u);
  EXPECT_TRUE(leg.note(now, static_cast<std::uint16_t>(74'990))) << "late";
  EXPECT_EQ(leg.stats().lost, 998u);
}

TEST(RtpLegTest, CountsWhatItShouldHaveBroughtAcrossWrapsAndJumps) {
  Leg leg;
  const Instant now{1'000'000};
  for (const int seq : {65'534, 65'535, 1, 0, 5}) leg.note(now, static_cast<std::uint16_t>(seq));
  EXPECT_EQ(leg.stats().lost, 3u);
  for (const int seq : {30'000, 30'002}) leg.note(now, static_cast<std::uint16_t>(seq));
  EXPECT_EQ(leg.stats().lost, 4u) << "a jump loses nothing";
  EXPECT_EQ(leg.stats().packets, 7u);
  leg.note_behind(millis(16));
  leg.note_behind(millis(32));
  EXPECT_EQ(leg.stats().behind, millis(17));
  EXPECT_EQ(leg.stats().behind_max, millis(32));
}

}  // namespace
}  // namespace fanlight::rtp
