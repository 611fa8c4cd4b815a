// What a source says of its own clock, and when that holds no more.
#include "engine/rtp/receiver_fixture.h"

namespace fanlight::rtp {
namespace {

constexpr wire::NtpTime kWall{0xE1234567, 0x4000'0000};

class RtpReceiverClockTest : public RtpReceiverTest {
 protected:
  static std::uint32_t ticks_of(Instant at) { return static_cast<std::uint32_t>(at.us * 9 / 100); }
  Verdict hear_clock(std::uint32_t timestamp, const wire::NtpTime& time = kWall, std::string_view name = "cam@host",
                     std::uint32_t ssrc = kSource) {
    std::array<std::byte, 128> out;
    std::size_t bytes = wire::write_sender_report(out, {.ssrc = ssrc, .time = time, .rtp_timestamp = timestamp});
    bytes += wire::write_cname(std::span(out).subspan(bytes), ssrc, name);
    return receiver.handle_control(now, std::span(out).first(bytes));
  }
};

TEST_F(RtpReceiverClockTest, ItsReportIsOneMomentByBothItsClocks) {
  (void)hear(1);
  EXPECT_FALSE(receiver.source_clock().is_known());
  now = now + millis(30);
  ASSERT_EQ(hear_clock(ticks_of(now) + 36'000), Verdict::kControl);  // It looks 400 ms ahead.
  const SourceClock& clock = receiver.source_clock();
  EXPECT_EQ(clock.time, kWall);
  EXPECT_EQ(clock.at, now);
  EXPECT_EQ(clock.ticks, ticks_of(now) + 36'000) << "as of the packets";
  EXPECT_EQ(clock.name, CanonicalName::of({}, CanonicalName::Of::kSource, std::as_bytes(std::span("cam@host", 8))));
}

TEST_F(RtpReceiverClockTest, ItIsMovedAsThePacketsAre) {
  (void)hear(1);
  (void)hear(700, seconds(1), kOther);
  (void)hear(701, {}, kOther);
  now = now + millis(30);
  const std::uint32_t timestamp = 0xDEAD'0000;  // Of a third.
  now = now + seconds(1);
  (void)receiver.handle_data(now, {.seq = 1, .timestamp = timestamp, .ssrc = 3});
  const auto placed = receiver.handle_data(now, {.seq = 2, .timestamp = timestamp, .ssrc = 3});
  ASSERT_EQ(hear_clock(timestamp + 90, kWall, "b", 3), Verdict::kControl);
  EXPECT_EQ(receiver.source_clock().ticks, placed.ticks + 90);
}

TEST_F(RtpReceiverClockTest, WhoHasNoClockOnTheWallIsNotTakenAtItsWord) {
  (void)hear(1);
  ASSERT_EQ(hear_clock(ticks_of(now), {}), Verdict::kControl);
  EXPECT_FALSE(receiver.source_clock().is_known());
}

TEST_F(RtpReceiverClockTest, ATimestampFarFromItsPacketsIsNoneOfTheirs) {
  (void)hear(1);
  ASSERT_EQ(hear_clock(ticks_of(now) + 31 * 90'000), Verdict::kControl);
  EXPECT_FALSE(receiver.source_clock().is_known());
  ASSERT_EQ(hear_clock(ticks_of(now) + 29 * 90'000), Verdict::kControl);
  EXPECT_TRUE(receiver.source_clock().is_known());
}

TEST_F(RtpReceiverClockTest, ItHoldsNoMoreWhenTimestampsJump) {
  (void)hear(1);
  ASSERT_EQ(hear_clock(ticks_of(now)), Verdict::kControl);
  now = now + millis(10);
  (void)receiver.handle_data(now, {.seq = 2, .timestamp = ticks_of(now) + 5 * 90'000, .ssrc = kSource});
  EXPECT_FALSE(receiver.source_clock().is_known());
  EXPECT_FALSE(receiver.source_clock().name.is_none()) << "it is the same source";
}

TEST_F(RtpReceiverClockTest, ItHoldsNoMoreWhenNumbersJumpOrAnotherSourceComes) {
  (void)hear(1);
  ASSERT_EQ(hear_clock(ticks_of(now)), Verdict::kControl);
  (void)hear(20'000);
  (void)hear(20'001);
  EXPECT_FALSE(receiver.source_clock().is_known());
  ASSERT_EQ(hear_clock(ticks_of(now)), Verdict::kControl);
  (void)hear(5, seconds(1), kOther);
  (void)hear(6, {}, kOther);
  EXPECT_EQ(receiver.source_clock(), SourceClock{}) << "nor its name";
}

TEST_F(RtpReceiverClockTest, OurOwnReportsHaveANameOfThisRun) {
  (void)hear(1);
  (void)hear_clock(ticks_of(now));
  const std::vector<std::byte> said = speak(seconds(8));
  wire::RtcpReader reader(said);
  (void)reader.next();
  const CanonicalName::Text text = CanonicalName::of({}, CanonicalName::Of::kRelay, {}).text();
  EXPECT_EQ(wire::find_cname(*reader.next(), 99), std::string_view(text.data(), text.size()));
}

}  // namespace
}  // namespace fanlight::rtp
