// Viewers that stall, flood or cannot keep up are cut with a reason, and only they.
#include <gtest/gtest.h>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kPublisherAt = RelayFixture::caller(5000);
const Endpoint kViewerAt = RelayFixture::caller(6000);

class SlowViewerTest : public ::testing::Test, protected RelayFixture {
 protected:
  static constexpr Micros kInterval = millis(10);
  SlowViewerTest() : RelayFixture(4096) {
    publisher = open(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
    command::OpenSession opened = opening(Role::kViewer, kViewerAt, SocketId{60}, {0});
    viewer = open(std::move(opened));
    run_for(millis(6));
  }
  // The stream goes on, a packet each 10 ms, and `viewer_says` speaks with each; answers why the viewer was closed.
  template <class F>
  std::optional<CloseReason> go_on(Micros span, F&& viewer_says) {
    for (const Instant end = now + span; now < end;) {
      hear(kPublisherAt, data(publisher, {kIsn.raw + sent++}));
      viewer_says();
      breathe(kInterval);
      while (auto closed = next_event<event::SessionClosed>())
        if (closed->socket == viewer) reason = closed->reason;
    }
    return reason;
  }
  void keep_alive() { hear(kViewerAt, bare(viewer, wire::ControlType::kKeepAlive)); }
  void acknowledge() { hear(kViewerAt, ack(viewer, {sent - 1}, sent)); }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }

  SocketId publisher;
  SocketId viewer;
  std::uint32_t sent = 0;
  std::optional<CloseReason> reason;
  std::vector<Said> left;
};

TEST_F(SlowViewerTest, WhoAcknowledgesNothingFor10SecondsIsCut) {
  go_on(seconds(1), [&] { acknowledge(); });
  EXPECT_FALSE(go_on(millis(9'900), [&] { keep_alive(); }));
  EXPECT_EQ(go_on(millis(300), [&] { keep_alive(); }), CloseReason::kStalled);
  EXPECT_EQ(read(Counter::kCutStalled), 1u);
}

TEST_F(SlowViewerTest, WhoHasNothingToAcknowledgeIsNot) {
  go_on(seconds(1), [&] { acknowledge(); });
  hear(kPublisherAt, data(publisher, {kIsn.raw + sent++}));  // Lost on the way, and the stream pauses behind it.
  for (int i = 0; i < 200; ++i) {
    hear(kPublisherAt, bare(publisher, wire::ControlType::kKeepAlive));
    keep_alive();
    breathe(millis(100));
  }
  EXPECT_FALSE(go_on(seconds(1), [&] { acknowledge(); }));
}

TEST_F(SlowViewerTest, WhoAcknowledgesSlowlyIsNot) {
  EXPECT_FALSE(go_on(seconds(40), [&] {
    if (sent % 500 == 0) acknowledge();
    keep_alive();
  }));
}

// Its window holds 4 packets, and it takes them every 300 ms: skipped several times a second.
TEST_F(SlowViewerTest, WhoIsSkippedAgainAndAgainIsCut) {
  std::uint32_t got = 0;
  const auto slow = [&] {
    keep_alive();
    for (const Said& one : to(std::exchange(left, {}), kViewerAt))
      if (one.data()) got = one.data()->seq.raw + 1;
    if (sent % 30 == 0) hear(kViewerAt, ack(viewer, {got}, sent, 4));
  };
  for (const Instant end = now + seconds(45); now < end && !reason;) {
    hear(kPublisherAt, data(publisher, {kIsn.raw + sent++}));
    slow();
    left = breathe(kInterval);
    while (auto closed = next_event<event::SessionClosed>())
      if (closed->socket == viewer) reason = closed->reason;
  }
  EXPECT_EQ(reason, CloseReason::kTooSlow);
  EXPECT_EQ(read(Counter::kCutTooSlow), 1u);
  EXPECT_GT(read(Counter::kViewerSkips), 30u);
}

TEST_F(SlowViewerTest, WhoAsksForTooMuchForHalfAMinuteIsCut) {
  const auto greedy = [&] {
    acknowledge();
    if (sent > 100) hear(kViewerAt, nak(viewer, {{{sent - 60}, {sent - 2}}}));
  };
  EXPECT_FALSE(go_on(seconds(30), greedy));
  EXPECT_EQ(go_on(seconds(15), greedy), CloseReason::kOverBudget);
  EXPECT_EQ(read(Counter::kCutOverBudget), 1u);
}

// One packet in five is lost, and its repair as well in one case of five.
TEST_F(SlowViewerTest, ALossOfAFifthIsHeld) {
  std::uint32_t lost = 0;
  EXPECT_FALSE(go_on(seconds(90), [&] {
    acknowledge();
    if (sent > 20 && sent % 5 == 0) lost = sent - 10;
    if (lost != 0) hear(kViewerAt, nak(viewer, {{{lost}, {lost}}}));
    if (sent % 25 != 0) lost = 0;
  }));
  EXPECT_EQ(read(Counter::kRepairsLimited), 0u);
}

TEST_F(SlowViewerTest, AFloodOfReportsIsNotRead) {
  go_on(seconds(1), [&] { acknowledge(); });
  for (int i = 0; i < 5'000; ++i) {
    hear(kViewerAt, nak(viewer, {{{10}, {10}}}));
    if (i % 50 == 0) breathe(millis(1));
  }
  breathe();
  EXPECT_GT(mailbox.counters.read(Verdict::kNakLimited), 2'500u);
}

}  // namespace
}  // namespace fanlight
