// Overload: the desk turns viewers away before the relay sends more than it carries.
#include "session/admission.h"

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

class AdmissionTest : public DeskTest {
 protected:
  static constexpr std::int32_t kOverload = 2402;
  void SetUp() override { begin({rule("live/main"), rule("live/other")}); }  // 10 Mb/s at most each.

  void report(std::uint16_t stream, std::uint64_t bytes, std::size_t worker = 0, std::uint64_t ticket = 0) {
    event::StreamReport event;
    event.ticket = ticket;
    event.stream = StreamIndex{stream};
    event.bytes = bytes;
    desk_->handle_event(now_, std::move(event), worker);
  }
  // Three looks, a second apart, between which so much came each time.
  void measure(std::uint16_t stream, double megabits) {
    const auto bytes = static_cast<std::uint64_t>(megabits * 1e6 / 8);
    report(stream, came_);
    for (int i = 0; i < 2; ++i) {
      wait(seconds(1));
      report(stream, came_ += bytes);
    }
  }
  // So many that one more would be refused.
  std::uint32_t fill(const std::string& stream) {
    std::uint32_t viewers = 0;
    while (viewers < 100 && rejection_of(viewer(stream, 1'000 + next_++)) == 0) ++viewers;
    return viewers;
  }
  std::uint32_t next_ = 0;
  std::uint64_t came_ = 1'000;
};

TEST_F(AdmissionTest, WithoutALimitEverybodyIsLetIn) { EXPECT_EQ(fill("live/main"), 100u); }

TEST_F(AdmissionTest, ViewersBeyondTheLimitHearOverload) {
  desk().limit_egress(25e6);
  EXPECT_EQ(fill("live/main"), 2u);  // Nothing is measured yet: 10 Mb/s each.
  take_notices();
  EXPECT_EQ(rejection_of(viewer("live/other", 5)), kOverload);
  EXPECT_NE(take_notices().front().find("(2402)"), std::string::npos);
  EXPECT_EQ(desk().admission().refused, 2u);
}

TEST_F(AdmissionTest, AMeasuredStreamCountsAsItIs) {
  desk().limit_egress(25e6);
  measure(0, 4);
  EXPECT_EQ(fill("live/main"), 6u);
  EXPECT_NEAR(desk().admission().bits, 24e6, 1e3);
}

TEST_F(AdmissionTest, EveryStreamsViewersCount) {
  desk().limit_egress(25e6);
  measure(0, 4);
  EXPECT_EQ(rejection_of(viewer("live/other", 1)), 0);
  EXPECT_EQ(fill("live/main"), 3u);
}

TEST_F(AdmissionTest, APublisherIsNoLoadAndNeverTurnedAway) {
  desk().limit_egress(10e6);
  EXPECT_EQ(fill("live/main"), 1u);
  let_in({.stream_id = "#!::r=live/main,m=publish", .socket = 88});
  EXPECT_NEAR(desk().admission().bits, 10e6, 1);
}

TEST_F(AdmissionTest, WhoLeavesMakesRoom) {
  desk().limit_egress(10e6);
  const command::OpenSession first = let_in(viewer("live/main", 1));
  EXPECT_EQ(rejection_of(viewer("live/main", 2)), kOverload);
  closed(first);
  EXPECT_EQ(rejection_of(viewer("live/main", 3)), 0);
}

TEST_F(AdmissionTest, RunningViewersStayWhenTheStreamGrows) {
  desk().limit_egress(25e6);
  measure(0, 4);
  fill("live/main");
  measure(0, 40);
  EXPECT_GT(desk().admission().bits, 25e6);
  std::vector<Command> commands = take_commands();
  EXPECT_EQ(find<command::CloseSession>(commands), nullptr);
}

TEST_F(AdmissionTest, TheWorkersAreAskedOnceASecondAndOnlyWhenThereIsALimit) {
  EXPECT_EQ(desk().next_deadline(), Instant::never());
  desk().limit_egress(25e6);
  wait(seconds(1));
  auto question = take<command::AskReport>();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->ticket, 0u);  // Nobody waits for the answer.
  EXPECT_EQ(desk().next_deadline(), now_ + seconds(1));
  wait(millis(500));
  EXPECT_FALSE(take<command::AskReport>());
}

TEST_F(AdmissionTest, WhoAsksForAReportMeasuresNothing) {
  desk().limit_egress(25e6);
  report(0, 1'000);
  wait(seconds(1));
  report(0, 501'000);
  for (int i = 0; i < 3; ++i) {
    wait(millis(600));
    report(0, 501'000 + 1'000 * static_cast<std::uint64_t>(i), 0, desk().ask_report(SocketId{}));
  }
  EXPECT_EQ(fill("live/main"), 2u) << "10 Mb/s, the rule's word";
  report(0, 1'400'000);  // Over 1.8 s, 4 Mb/s.
  EXPECT_EQ(fill("live/main"), 4u);
}

TEST_F(AdmissionTest, AStreamWithoutAPublisherKeepsItsRate) {
  StreamRate rate;
  rate.note(Instant{0}, 0);
  rate.note(Instant{1'000'000}, 125'000);
  rate.note(Instant{2'000'000}, 250'000);
  EXPECT_DOUBLE_EQ(rate.bits_or(7), 1e6);
  rate.note(Instant{3'000'000}, 250'000);
  EXPECT_DOUBLE_EQ(rate.bits_or(7), 1e6);
}

// It came 50 ms before a look, and came back 50 ms before a later one.
TEST_F(AdmissionTest, AMomentOfAPublisherIsNotItsRate) {
  StreamRate rate;
  rate.note(Instant{0}, 0);
  rate.note(Instant{1'000'000}, 31'250);
  EXPECT_EQ(rate.bits_or(10e6), 10e6) << "the rule's word";
  rate.note(Instant{2'000'000}, 31'250 + 625'000);
  EXPECT_DOUBLE_EQ(rate.bits_or(10e6), 5e6);
  rate.note(Instant{3'000'000}, 31'250 + 625'000);
  rate.note(Instant{4'000'000}, 2 * 31'250 + 625'000);
  EXPECT_DOUBLE_EQ(rate.bits_or(10e6), 5e6);
}

TEST_F(AdmissionTest, ABusySecondMovesTheRateByAQuarter) {
  StreamRate rate;
  rate.note(Instant{0}, 0);
  rate.note(Instant{1'000'000}, 125'000);
  rate.note(Instant{2'000'000}, 250'000);
  rate.note(Instant{2'000'100}, 900'000);  // Another worker's word for the same moment.
  rate.note(Instant{3'000'000}, 250'000 + 625'000);
  EXPECT_DOUBLE_EQ(rate.bits_or(0), 2e6);
}

}  // namespace
}  // namespace fanlight::control
