#include "engine/rtp/sender.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace fanlight::rtp {
namespace {

constexpr std::uint32_t kSsrc = 0x1234'5678;
constexpr std::uint32_t kReceiver = 0x9ABC'DEF0;
constexpr CanonicalName kName{{1, 2, 3}};
constexpr Instant kStart{1'000'000'000};
constexpr Micros kWall = seconds(1'700'000'000);  // 2023-11-14 22:13:20 and what kStart is, in UTC.

class RtpSenderTest : public ::testing::Test {
 protected:
  void begin(Sender::Options options) { sender.emplace(options); }
  RtpSenderTest() { begin({.opened = kStart, .ssrc = kSsrc, .reports = true}); }

  // What it says until then, while it sends a packet each 10 ms; probes go, and nobody refuses them.
  std::vector<std::vector<std::byte>> run_until(Instant end) {
    std::vector<std::vector<std::byte>> said;
    for (; now < end; now = now + millis(10)) {
      sender->handle_timeout(now);
      if (sender->is_probe_due(now)) sender->note_probe(now);
      if (!sender->is_paused()) ++packets;
      const auto sent = static_cast<std::uint32_t>(packets);
      sender->handle_progress({.packets = sent,
                               .bytes = sent * 1'316,
                               .timestamp = 7'000,
                               .time = wire::kUnixEpoch.later(now + wall - Instant{}),
                               .name = &kName});
      std::array<std::byte, 256> scratch;
      if (const std::size_t bytes = sender->poll_control(now, {}, scratch))
        said.emplace_back(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(bytes));
    }
    return said;
  }
  static std::vector<std::byte> report(wire::ReportBlock block, bool with_bye = false) {
    std::vector<std::byte> bytes(64);
    block.ssrc = block.ssrc == 0 ? kSsrc : block.ssrc;
    std::size_t written = wire::write_receiver_report(bytes, kReceiver, block);
    if (with_bye) written += wire::write_bye(MutableByteSpan{bytes}.subspan(written), kReceiver);
    bytes.resize(written);
    return bytes;
  }
  static wire::SenderReport report_in(ByteSpan said) {
    wire::RtcpReader reader(said);
    return *wire::parse_sender_report(*reader.next());
  }

  std::optional<Sender> sender;
  Instant now = kStart;
  std::uint64_t packets = 0;
  Micros wall = kWall;
};

TEST_F(RtpSenderTest, ReportsWhatItSentEveryFewSecondsWithBothClocks) {
  const auto said = run_until(kStart + seconds(60));
  ASSERT_GE(said.size(), 8u);  // At most 7.5 s apart.
  ASSERT_LE(said.size(), 24u);
  wire::RtcpReader reader(said.at(1));
  const auto report = wire::parse_sender_report(*reader.next());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, kSsrc);
  EXPECT_EQ(report->rtp_timestamp, 7'000u);
  EXPECT_EQ(report->bytes, report->packets * 1'316);
  // A packet each 10 ms from the start on: the count is the clock.
  const std::uint64_t ntp_us = std::uint64_t{report->time.seconds - 2'208'988'800u} * 1'000'000 +
                               (std::uint64_t{report->time.fraction} * 1'000'000 >> 32);
  const auto sent_at = static_cast<std::uint64_t>((kStart + kWall).us) + (report->packets - 1) * 10'000;
  EXPECT_NEAR(static_cast<double>(ntp_us), static_cast<double>(sent_at), 1.0);
  const auto name = reader.next();
  ASSERT_TRUE(name);
  EXPECT_EQ(wire::find_cname(*name, kSsrc), "000000010000000200000003");
}

TEST_F(RtpSenderTest, SaysNothingWhileNothingIsSent) {
  run_until(kStart + seconds(10));
  const std::uint64_t reports = sender->stats().reports_sent;
  ASSERT_GT(reports, 0u);
  std::array<std::byte, 256> scratch;
  for (int s = 0; s < 60; ++s) (void)sender->poll_control(now = now + seconds(1), {}, scratch);
  EXPECT_LE(sender->stats().reports_sent, reports + 1) << "one for what was sent before";
}

TEST_F(RtpSenderTest, WithoutReportsItNeitherSaysNorHears) {
  begin({.opened = kStart, .ssrc = kSsrc, .reports = false});
  EXPECT_TRUE(run_until(kStart + seconds(30)).empty());
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kForeignSource);
  EXPECT_EQ(sender->next_deadline().at, Instant::never());
}

TEST_F(RtpSenderTest, AReportTellsLossJitterAndTheWayThereAndBack) {
  const auto said = run_until(kStart + seconds(8));
  ASSERT_FALSE(said.empty());
  const wire::SenderReport last = report_in(said.back());
  const auto sent_at = static_cast<std::int64_t>(last.packets - 1) * 10'000;
  // It was heard, kept for 1.5 s, and 40 ms passed on the way there and back.
  const Verdict verdict = sender->handle_control(
      kStart + micros(sent_at) + millis(1'540),
      report(
          {.fraction_lost = 64, .lost = 17, .jitter = 900, .last_report = last.time.middle(), .report_delay = 98'304}));
  EXPECT_EQ(verdict, Verdict::kControl);
  EXPECT_EQ(sender->stats().lost, 17);
  EXPECT_EQ(sender->stats().fraction_lost, 64);
  EXPECT_EQ(sender->stats().jitter, millis(10));
  EXPECT_NEAR(static_cast<double>(sender->stats().rtt.count), 40'000, 50);
}

// The time that a report says may be its source's, hours from ours, and run otherwise.
TEST_F(RtpSenderTest, TheWayIsMeasuredByOurOwnClock) {
  wall = seconds(-3'600);
  const auto said = run_until(kStart + seconds(8));
  ASSERT_FALSE(said.empty());
  const wire::SenderReport last = report_in(said.back());
  const Instant sent_at = kStart + static_cast<std::int64_t>(last.packets - 1) * millis(10);
  wall = seconds(5);
  (void)run_until(sent_at + millis(490));
  EXPECT_EQ(sender->handle_control(sent_at + millis(540),
                                   report({.last_report = last.time.middle(), .report_delay = 32'768})),
            Verdict::kControl);
  EXPECT_EQ(sender->stats().rtt, millis(40));
}

TEST_F(RtpSenderTest, ATimeThatIsNoReportsOfOursIsNotTaken) {
  const auto said = run_until(kStart + seconds(30));
  ASSERT_GE(said.size(), 3u);
  const wire::NtpTime last = report_in(said.back()).time;
  const std::uint32_t before = report_in(said.at(said.size() - 2)).time.middle();
  for (const std::uint32_t made_up : {last.middle() - 1, last.middle() - (20u << 16), before}) {
    EXPECT_EQ(sender->handle_control(now, report({.last_report = made_up})), Verdict::kControl);
    EXPECT_EQ(sender->stats().rtt, Micros{}) << made_up;
  }
  EXPECT_EQ(sender->handle_control(now, report({.last_report = last.middle()})), Verdict::kControl);
  EXPECT_GT(sender->stats().rtt, Micros{});
}

TEST_F(RtpSenderTest, ATimeThatCannotBeIsNotTaken) {
  run_until(kStart + seconds(8));
  EXPECT_EQ(sender->handle_control(now, report({.last_report = 1, .report_delay = 0})), Verdict::kControl);
  EXPECT_EQ(sender->stats().rtt, Micros{});
}

TEST_F(RtpSenderTest, WhatIsNotAboutItsPacketsChangesNothing) {
  EXPECT_EQ(sender->handle_control(now, report({.ssrc = 5})), Verdict::kForeignSource);
  EXPECT_EQ(sender->handle_control(now, report({.ssrc = 5}, true)), Verdict::kForeignSource);
  EXPECT_EQ(sender->handle_control(now, {}), Verdict::kMalformed);
  EXPECT_FALSE(sender->has_been_heard());
  EXPECT_FALSE(sender->is_paused());
}

TEST_F(RtpSenderTest, WhoNeverReportedIsSentToForEver) {
  run_until(kStart + seconds(300));
  EXPECT_FALSE(sender->is_paused());
}

TEST_F(RtpSenderTest, WhoReportedAndFallsSilentIsPausedAndTriedAgain) {
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
  run_until(kStart + seconds(25));
  EXPECT_FALSE(sender->is_paused());
  run_until(kStart + millis(25'020));
  EXPECT_EQ(sender->pause(), Sender::Pause::kSilent);
  EXPECT_TRUE(run_until(kStart + seconds(56)).empty()) << "nor reports";
  run_until(kStart + millis(56'040));
  EXPECT_FALSE(sender->is_paused()) << "after 30 s and a probe";
  run_until(kStart + millis(81'060));
  EXPECT_TRUE(sender->is_paused()) << "25 s of trial";
  run_until(kStart + seconds(141));
  EXPECT_TRUE(sender->is_paused()) << "twice as long";
  run_until(kStart + seconds(143));
  EXPECT_FALSE(sender->is_paused());
}

// Captions, or data: reports may be minutes apart, for they have a twentieth of little.
TEST_F(RtpSenderTest, ASlowStreamsReceiverIsSilentForLonger) {
  begin({.opened = kStart, .ssrc = kSsrc, .reports = true});
  const auto send_for = [&](int end) {
    for (int s = 0; s < end && !sender->is_paused(); ++s) {
      sender->handle_progress(
          {.packets = static_cast<std::uint32_t>(++packets), .bytes = static_cast<std::uint32_t>(packets * 60)});
      sender->handle_timeout(now = now + seconds(1));
      std::array<std::byte, 256> scratch;
      (void)sender->poll_control(now, {}, scratch);
      EXPECT_GT(sender->next_deadline().at, now);
    }
  };
  for (int i = 0; i < 10; ++i) {  // 800 bit/s: a report of two members each 51 s, up to one and a half of it.
    EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
    send_for(80);
  }
  EXPECT_FALSE(sender->is_paused());
  const Instant gone = now;
  send_for(1'000);
  EXPECT_EQ(sender->pause(), Sender::Pause::kSilent);
  EXPECT_NEAR(static_cast<double>((now - gone).count) / 1e6, 256 - 80, 5) << "five of them";
}

TEST_F(RtpSenderTest, ByeIsTakenAtOnceAndAReportEndsThePause) {
  EXPECT_EQ(sender->handle_control(now, report({}, true)), Verdict::kControl);
  EXPECT_EQ(sender->pause(), Sender::Pause::kLeft);
  EXPECT_EQ(sender->handle_control(now + seconds(1), report({})), Verdict::kControl);
  EXPECT_FALSE(sender->is_paused());
}

// However the report and BYE were put together.
TEST_F(RtpSenderTest, WhoComesAfterAByeNeedNotReport) {
  std::vector<std::byte> bye(8);
  (void)wire::write_bye(bye, kReceiver);
  (void)sender->handle_control(now, report({}));
  run_until(kStart + seconds(2));
  EXPECT_EQ(sender->handle_control(now, bye), Verdict::kControl);
  run_until(kStart + seconds(31));
  EXPECT_TRUE(sender->is_paused());
  run_until(kStart + seconds(300));
  EXPECT_FALSE(sender->is_paused()) << "as to whoever never reported";
}

TEST_F(RtpSenderTest, ABareByeCountsFromWhoReported) {
  std::vector<std::byte> bye(8);
  (void)wire::write_bye(bye, kReceiver);
  EXPECT_EQ(sender->handle_control(now, bye), Verdict::kForeignSource);
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
  EXPECT_EQ(sender->handle_control(now, bye), Verdict::kControl);
  EXPECT_TRUE(sender->is_paused());
}

TEST_F(RtpSenderTest, AGroupGoesOnWhenOneLeavesOrHasNobodyThere) {
  begin({.opened = kStart, .ssrc = kSsrc, .is_group = true});
  EXPECT_EQ(sender->handle_control(now, report({}, true)), Verdict::kControl);
  sender->handle_unreachable(now);
  EXPECT_FALSE(sender->is_paused());
}

TEST_F(RtpSenderTest, AGroupGoesOnWhenWhoReportedFallsSilent) {
  begin({.opened = kStart, .ssrc = kSsrc, .is_group = true});
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
  run_until(kStart + seconds(300));
  EXPECT_EQ(sender->stats().pauses, 0u);
  EXPECT_LE(sender->next_deadline().at, now + millis(7'500)) << "its next report";
}

TEST_F(RtpSenderTest, BehindWhoSaidByeOneThatNeverReportsIsSentToForEver) {
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
  EXPECT_EQ(sender->handle_control(now, report({}, true)), Verdict::kControl);
  run_until(kStart + seconds(32));
  EXPECT_FALSE(sender->is_paused());
  run_until(kStart + seconds(300));
  EXPECT_EQ(sender->stats().pauses, 1u);
}

TEST_F(RtpSenderTest, BehindWhoWasUnreachableOneThatNeverReportsIsSentToForEver) {
  EXPECT_EQ(sender->handle_control(now, report({})), Verdict::kControl);
  sender->handle_unreachable(now);
  run_until(kStart + seconds(300));
  EXPECT_EQ(sender->stats().pauses, 1u);
}

TEST_F(RtpSenderTest, UnreachablePausesDoubleUpToFiveMinutes) {
  begin({.opened = kStart, .ssrc = kSsrc, .reports = false});
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 12; ++i) {
    sender->handle_unreachable(now);
    sender->handle_unreachable(now) /* Each packet under way brings one. */;
    ASSERT_EQ(sender->pause(), Sender::Pause::kUnreachable);
    const Instant due = sender->next_deadline().at;
    const Instant begun = now;
    while (!sender->is_probe_due(now)) sender->handle_timeout(now = now + millis(100));
    EXPECT_LE(due, now);
    pauses.push_back((now - begun).count / 1'000'000);
    sender->note_probe(now);
    sender->handle_timeout(now = now + seconds(1));
    ASSERT_FALSE(sender->is_paused()) << "nobody refused it: it rarely says so";
    now = now + millis(50);
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}));
  now = now + seconds(11);
  sender->handle_unreachable(now);
  EXPECT_EQ(sender->next_deadline().at, now + seconds(1)) << "somebody was there for a while";
}

TEST_F(RtpSenderTest, WhoseNextHopIsSilentIsPausedAsWhoIsUnreachable) {
  begin({.opened = kStart, .ssrc = kSsrc, .reports = false});
  sender->handle_unreachable(now, Sender::Pause::kUnresolved);
  EXPECT_EQ(sender->pause(), Sender::Pause::kUnresolved);
  EXPECT_EQ(sender->next_deadline().at, now + seconds(1));
  sender->note_probe(now = now + seconds(1));
  sender->handle_unreachable(now);
  EXPECT_EQ(sender->pause(), Sender::Pause::kUnresolved) << "for the reason that it began with";
  begin({.opened = kStart, .ssrc = kSsrc, .is_group = true});
  sender->handle_unreachable(now, Sender::Pause::kUnresolved);
  EXPECT_FALSE(sender->is_paused());
}

// Who comes late is found in a second or two, however long nobody was there.
TEST_F(RtpSenderTest, WhoRefusesIsSentAPacketASecondUntilSomebodyDoesNot) {
  begin({.opened = kStart, .ssrc = kSsrc, .reports = false});
  sender->handle_unreachable(now);
  int probes = 0;
  const Instant end = now + seconds(600);
  while (now < end) {
    now = sender->next_deadline().at;
    sender->handle_timeout(now);
    ASSERT_TRUE(sender->is_paused());
    if (!sender->is_probe_due(now)) continue;
    ++probes;
    sender->note_probe(now);
    EXPECT_EQ(sender->next_deadline().at, now + seconds(1));
    sender->handle_unreachable(now = now + millis(20));
    sender->handle_unreachable(now) /* Twice is once. */;
    const Micros rest = sender->next_deadline().at - now;
    EXPECT_GE(rest, millis(500));
    EXPECT_LT(rest, millis(1'500));
  }
  EXPECT_NEAR(probes, 600, 60);
  EXPECT_EQ(sender->stats().pauses, 1u);
  now = sender->next_deadline().at;
  ASSERT_TRUE(sender->is_probe_due(now));
  sender->note_probe(now);
  sender->handle_timeout(now + millis(999));
  EXPECT_TRUE(sender->is_paused());
  sender->handle_timeout(now + seconds(1));
  EXPECT_FALSE(sender->is_paused());
}

TEST_F(RtpSenderTest, WhoSaidByeIsProbedBeforeItIsTried) {
  EXPECT_EQ(sender->handle_control(now, report({}, true)), Verdict::kControl);
  now = now + seconds(30);
  sender->handle_timeout(now);
  ASSERT_TRUE(sender->is_probe_due(now));
  sender->note_probe(now);
  sender->handle_unreachable(now + millis(5));
  sender->handle_timeout(now + seconds(1));
  EXPECT_EQ(sender->pause(), Sender::Pause::kLeft);
  sender->flow_unprobed(now + seconds(2));
  EXPECT_FALSE(sender->is_paused());
}

class RtpSenderNackTest : public RtpSenderTest {
 protected:
  RtpSenderNackTest() { begin({.opened = kStart, .ssrc = kSsrc, .nack = true}); }
  static std::vector<std::byte> nack(std::vector<std::uint16_t> numbers, std::uint32_t source = kSsrc) {
    std::vector<std::byte> bytes(1'472);
    wire::NackWriter writer(bytes, kReceiver, source);
    for (const std::uint16_t number : numbers) EXPECT_TRUE(writer.add(number));
    bytes.resize(writer.finish());
    return bytes;
  }
  std::vector<std::uint16_t> asked() {
    std::vector<std::uint16_t> numbers;
    while (const auto number = sender->poll_repair()) numbers.push_back(*number);
    return numbers;
  }
};

TEST_F(RtpSenderNackTest, WhatIsAskedForIsSaidNumberByNumber) {
  const std::vector<std::uint16_t> wanted{65'530, 65'531, 65'535, 10, 700, 716, 717};
  EXPECT_EQ(sender->handle_control(now, nack(wanted)), Verdict::kControl);
  EXPECT_TRUE(sender->has_repairs());
  EXPECT_EQ(asked(), wanted);
  EXPECT_FALSE(sender->has_repairs());
  EXPECT_EQ(sender->stats().nacks, 1u);
}

TEST_F(RtpSenderNackTest, WhoDoesNotOfferItAndWhatIsNotOursAsksForNothing) {
  EXPECT_EQ(sender->handle_control(now, nack({1}, 5)), Verdict::kForeignSource);
  begin({.opened = kStart, .ssrc = kSsrc});
  EXPECT_EQ(sender->handle_control(now, nack({1})), Verdict::kForeignSource);
  EXPECT_FALSE(sender->has_repairs());
}

TEST_F(RtpSenderNackTest, WhatFindsNoRoomIsCountedAndWhatIsForgottenToo) {
  std::vector<std::uint16_t> wanted;
  for (std::uint16_t i = 0; i < 10; ++i) {
    wanted.push_back(static_cast<std::uint16_t>(100 * i));
    wanted.push_back(static_cast<std::uint16_t>(100 * i + 3));
  }
  (void)sender->handle_control(now, nack(wanted));
  EXPECT_EQ(sender->take_overflow(), 2u);
  EXPECT_EQ(sender->take_overflow(), 0u);
  EXPECT_EQ(sender->poll_repair(), 0);
  EXPECT_EQ(sender->forget_repairs(), 15u);
  EXPECT_TRUE(asked().empty());
}

TEST_F(RtpSenderNackTest, APauseForgetsWhatWasAskedFor) {
  EXPECT_EQ(sender->handle_control(now, nack({1, 40})), Verdict::kControl);
  sender->handle_unreachable(now);
  EXPECT_FALSE(sender->has_repairs());
  sender->flow_unprobed(now + seconds(2));
  ASSERT_FALSE(sender->is_paused());
  std::vector<std::byte> farewell = nack({1, 40});
  const std::vector<std::byte> bye = report({}, /*with_bye=*/true);
  farewell.insert(farewell.end(), bye.begin(), bye.end());
  EXPECT_EQ(sender->handle_control(now, farewell), Verdict::kControl);
  EXPECT_FALSE(sender->has_repairs()) << "asked for and left in one breath";
}

TEST_F(RtpSenderNackTest, WhoOnlyAsksIsNotPausedForItsSilence) {
  EXPECT_EQ(sender->handle_control(now, nack({1})), Verdict::kControl);
  run_until(kStart + seconds(300));
  EXPECT_FALSE(sender->is_paused());
}

TEST_F(RtpSenderTest, FarewellSaysByeBehindALastReport) {
  std::array<std::byte, 256> scratch;
  EXPECT_EQ(sender->write_farewell(scratch), 0u) << "nobody was ever sent anything";
  run_until(kStart + seconds(1));
  const std::size_t bytes = sender->write_farewell(scratch);
  wire::RtcpReader reader(ByteSpan{scratch}.first(bytes));
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kSenderReport);
  EXPECT_EQ(reader.next()->type, wire::RtcpType::kSourceDescription);
  const auto bye = reader.next();
  ASSERT_TRUE(bye);
  EXPECT_TRUE(wire::says_bye(*bye, kSsrc));
}

}  // namespace
}  // namespace fanlight::rtp
