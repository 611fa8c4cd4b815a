// Which numbers of a source are believed: RFC 3550 A.1, and where we differ (ADR 0036).
#include <algorithm>
#include <random>

#include "engine/rtp/receiver_fixture.h"

namespace fanlight::rtp {
namespace {

TEST_F(RtpReceiverTest, OneNumberFarAheadDoesNotStopThoseThatFollow) {
  hear_run(10, 400);
  EXPECT_EQ(hear(400 + 2'900).verdict, Verdict::kOutOfWindow);
  hear_run(401, 600);
  EXPECT_EQ(receiver.stats().lost, 0u);
}

TEST_F(RtpReceiverTest, ANumberAloneLeavesItsPositionToTheNextPacket) {
  hear_run(10, 12);
  EXPECT_EQ(hear(13).pos, kFirst + 3);
  EXPECT_TRUE(receiver.take_back_last());
  EXPECT_EQ(hear(13).verdict, Verdict::kDuplicate);
  EXPECT_EQ(hear(12).verdict, Verdict::kDuplicate);
  EXPECT_EQ(receiver.first_missing(), kFirst + 3);
  EXPECT_EQ(hear(14).pos, kFirst + 3);
  (void)hear_report();
  const auto block = reported(seconds(5));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->highest_seq, 14u);
  EXPECT_EQ(block->lost, -2) << "it came, and two came twice";
  // While something is missing they keep theirs.
  EXPECT_EQ(hear(16).pos, kFirst + 5);
  EXPECT_EQ(hear(17).pos, kFirst + 6);
  EXPECT_FALSE(receiver.take_back_last());
  EXPECT_EQ(hear(15).pos, kFirst + 4);
  EXPECT_EQ(hear(18).pos, kFirst + 7);
  EXPECT_TRUE(receiver.take_back_last());
  EXPECT_EQ(hear(19).pos, kFirst + 7);
}

TEST_F(RtpReceiverTest, ALongLossIsBelievedWhenTheNextNumberFollows) {
  hear_run(10, 12);
  EXPECT_EQ(hear(1'000).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear(1'001).pos, kFirst + 991) << "a gap, no jump";
  EXPECT_EQ(hear(1'000).verdict, Verdict::kAcceptedLate);
  EXPECT_EQ(receiver.stats().splices, 0u);
  EXPECT_EQ(hear(2'000, millis(250)).pos, kFirst + 1'990) << "after a silence at once";
}

// RFC 3550 A.1: by accident, or forged.
TEST_F(RtpReceiverTest, OneStrayPacketInARestOfTheSourceTakesNothing) {
  for (std::uint32_t rest = 0; rest < 5; ++rest) {
    hear_run(10 + 10 * rest, 19 + 10 * rest);
    const Receiver::Placement stray = hear(7 + rest, seconds(2), kOther);
    EXPECT_EQ(stray.verdict, Verdict::kOutOfWindow);
    EXPECT_TRUE(stray.is_doubted);
    EXPECT_TRUE(receiver.is_vacant(now));
    EXPECT_EQ(hear(7 + rest, {}, kOther).verdict, Verdict::kOutOfWindow) << "nor does its copy";
  }
  EXPECT_EQ(hear(60).verdict, Verdict::kAccepted);
  EXPECT_EQ(receiver.stats().splices, 0u);
}

TEST_F(RtpReceiverTest, WhoKeptTheFirstOfANewSourceBringsItWhenTheSecondComes) {
  hear_run(10, 12);
  now = now + millis(300);
  const auto header = [&](std::uint16_t seq) {
    return wire::RtpHeader{.seq = seq, .timestamp = seq * 900u, .ssrc = kOther};
  };
  ASSERT_TRUE(receiver.handle_data(now, header(700)).is_doubted);
  EXPECT_FALSE(receiver.proves(now, header(700)));
  EXPECT_FALSE(receiver.proves(now, header(720))) << "far from it";
  EXPECT_FALSE(receiver.proves(now, {.seq = 701, .ssrc = 3}));
  ASSERT_EQ(receiver.proves(now, header(701)), 700);
  EXPECT_EQ(receiver.handle_proven(now, header(700)).pos, kFirst + 3);
  const Receiver::Placement second = receiver.handle_data(now, header(701));
  EXPECT_EQ(second.verdict, Verdict::kAccepted);
  EXPECT_EQ(second.pos, kFirst + 4);
  EXPECT_EQ(receiver.stats().lost, 0u);
  EXPECT_EQ(receiver.stats().splices, 1u);
}

// Swapped on their way.
TEST_F(RtpReceiverTest, TheFirstOfANewSourceMayBeItsSecond) {
  hear_run(10, 12);
  ASSERT_TRUE(hear(701, millis(300), kOther).is_doubted);
  EXPECT_EQ(hear(700, {}, kOther).pos, kFirst + 3);
  EXPECT_EQ(hear(701, {}, kOther).pos, kFirst + 4);
}

TEST_F(RtpReceiverTest, SourcesThatComeAtTheSameTimeAreToldApart) {
  hear_run(10, 12);
  now = now + millis(300);
  for (const std::uint32_t ssrc : {1u, 2u, 3u}) EXPECT_TRUE(hear(500 * ssrc, {}, ssrc).is_doubted);
  EXPECT_EQ(hear(501, {}, 1).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(1'001, {}, 2).verdict, Verdict::kForeignSource);
}

// Pairs that are swapped: two ways that take turns.
TEST_F(RtpReceiverTest, ALongLossIsBelievedByOneBesideIt) {
  hear_run(10, 12);
  EXPECT_TRUE(hear(1'001).is_doubted);
  EXPECT_EQ(hear(1'001).verdict, Verdict::kOutOfWindow) << "it is no proof of itself";
  EXPECT_EQ(hear(1'000).pos, kFirst + 990);
  EXPECT_EQ(hear(1'001).pos, kFirst + 991);
  EXPECT_EQ(receiver.stats().splices, 0u);
}

TEST_F(RtpReceiverTest, TheFirstBehindALongLossIsBroughtWhenTheSecondComes) {
  hear_run(10, 12);
  const auto header = [&](std::uint16_t seq) {
    return wire::RtpHeader{.seq = seq, .timestamp = static_cast<std::uint32_t>(now.us * 9 / 100), .ssrc = kSource};
  };
  ASSERT_TRUE(receiver.handle_data(now, header(1'000)).is_doubted);
  EXPECT_FALSE(receiver.proves(now, header(13)));
  EXPECT_FALSE(receiver.proves(now, header(1'009)));
  ASSERT_EQ(receiver.proves(now, header(1'002)), 1'000);
  EXPECT_EQ(receiver.handle_proven(now, header(1'000)).pos, kFirst + 990);
  EXPECT_EQ(receiver.handle_data(now, header(1'002)).pos, kFirst + 992);
  EXPECT_EQ(receiver.stats().lost, 988u);
}

TEST_F(RtpReceiverTest, OneFarAheadIsProvenSoonOrNotAtAll) {
  hear_run(10, 12);
  EXPECT_TRUE(hear(500).is_doubted);
  hear_run(13, 29);
  EXPECT_EQ(hear(501).verdict, Verdict::kOutOfWindow);
}

TEST_F(RtpReceiverTest, WhatIsAHundredAheadNeedsNobodyBehindIt) {
  hear_run(10, 12);
  EXPECT_EQ(hear(112).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(213).verdict, Verdict::kOutOfWindow);
}

TEST_F(RtpReceiverTest, AFasterWayIsBelievedBesideTheSlowOne) {
  hear_run(10, 12);
  EXPECT_EQ(hear(150).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear(13).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(151).verdict, Verdict::kAccepted);
  EXPECT_EQ(hear(14).verdict, Verdict::kAcceptedLate);
}

TEST_F(RtpReceiverTest, ASourceThatBeginsAgainIsFollowedAfterASilence) {
  hear_run(0, 499);
  EXPECT_EQ(hear(0, seconds(1)).verdict, Verdict::kDuplicate) << "one packet may be a copy";
  const Receiver::Placement placed = hear(1);
  EXPECT_EQ(placed.verdict, Verdict::kAccepted);
  EXPECT_EQ(placed.pos, kFirst + 500);
  hear_run(2, 700);
  EXPECT_EQ(receiver.stats().splices, 1u);
}

TEST_F(RtpReceiverTest, ASourceThatBeginsAgainAtOnceIsFollowedInBoundedTime) {
  for (const std::uint32_t behind : {1u, 50u, 101u, 2'999u}) {
    hear_run(4'000, 7'050);
    const Instant begun = now;
    std::uint32_t seq = 7'051 - behind;
    while (hear(seq, micros(4'100)).verdict != Verdict::kAccepted) ++seq;
    EXPECT_LE(now - begun, millis(260)) << behind;
    receiver.~Receiver();
    new (&receiver) Receiver({.first_pos = kFirst, .own_ssrc = 99});
  }
}

TEST_F(RtpReceiverTest, CopiesOfWhatCameAreNoBeginning) {
  hear_run(10, 40);
  for (std::uint32_t first = 41; first < 1'000; first += 5) {  // In bursts: each comes twice, as five by five.
    hear_run(first, first + 4);
    for (std::uint32_t seq = first; seq < first + 5; ++seq) EXPECT_EQ(hear(seq).verdict, Verdict::kDuplicate);
  }
  for (std::uint32_t seq = 950; seq < 1'000; ++seq) (void)hear(seq) /* The last ones, once more, within 120 ms. */;
  EXPECT_EQ(receiver.stats().splices, 0u);
}

TEST_F(RtpReceiverTest, CopiesBehindASlowSourceAreNoBeginning) {
  for (std::uint32_t seq = 10; seq < 40; ++seq) {
    EXPECT_EQ(hear(seq, millis(100)).verdict, Verdict::kAccepted);
    EXPECT_EQ(hear(seq, millis(300)).verdict, Verdict::kDuplicate);
  }
  EXPECT_EQ(receiver.stats().splices, 0u);
}

TEST_F(RtpReceiverTest, WhatIsLateForLongerThanTheLatencyBeginsNothingSooner) {
  receiver.~Receiver();
  new (&receiver) Receiver({.first_pos = kFirst, .latency = seconds(1), .own_ssrc = 99});
  hear_run(10, 400);
  for (std::uint32_t seq = 300; seq < 380; ++seq) EXPECT_EQ(hear(seq, millis(12)).verdict, Verdict::kDuplicate);
  hear_run(401, 500);
  EXPECT_EQ(receiver.stats().splices, 0u);
}

// Against a model that knows every number of the source: with loss, copies and single wrong numbers nothing
// that comes is lost; when the source begins again anywhere, that holds again soon behind 250 ms.
TEST_F(RtpReceiverTest, WhateverComesIsHeldAndABeginningAgainIsFollowed) {
  std::minstd_rand random(5);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; };
  for (int round = 0; round < 200; ++round) {
    receiver.~Receiver();
    new (&receiver) Receiver({.first_pos = kFirst, .own_ssrc = 99});
    const Micros apart = micros(200 + below(15'000));
    std::uint32_t number = below(65'536);
    for (int run = 0; run < 3; ++run) {
      const Instant begun = now;
      std::vector<std::uint32_t> sent;
      for (std::uint32_t i = 0; i < 3'000 && now - begun < seconds(3); ++i, ++number) {
        receiver.handle_timeout(now);
        const bool is_followed = run == 0 || now - begun > millis(250) + 30 * apart;
        if (is_followed && !sent.empty() && below(50) == 0)
          (void)hear(number + 200 + below(65'000), {});  // None of its own.
        const auto recent = std::min(static_cast<std::uint32_t>(sent.size()), 20u);
        if (recent > 0 && below(50) == 0) (void)hear(sent[sent.size() - 1 - below(recent)], {});  // A copy.
        if (below(20) == 0) continue;                                                             // Lost.
        const Verdict verdict = hear(number, apart).verdict;
        sent.push_back(number);
        if (is_followed) {
          ASSERT_EQ(verdict, Verdict::kAccepted) << round << ' ' << run << ' ' << i;
        }
      }
      number = number - 1 - below(4'000);
    }
  }
}

TEST_F(RtpReceiverTest, CopiesAndLatePacketsKeepNobodyElseOut) {
  hear_run(10, 12);
  for (int i = 0; i < 25; ++i) (void)hear(12, millis(10));
  EXPECT_TRUE(receiver.is_vacant(now));
  (void)hear(700, {}, kOther);
  EXPECT_EQ(hear(701, {}, kOther).verdict, Verdict::kAccepted);
}

}  // namespace
}  // namespace fanlight::rtp
