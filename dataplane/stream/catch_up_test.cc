#include "stream/catch_up.h"

#include <gtest/gtest.h>

#include "stream/stream_fixture.h"
#include "wire/srt_nak.h"
#include "wire/test_ts.h"

namespace fanlight {
namespace {

// A stream of 100 packets a second whose last access point is positions 0 (PAT and PMT) and 1 (IDR).
class CatchUpTest : public ::testing::Test, protected StreamFixture {
 protected:
  static constexpr Micros kInterval = millis(10);
  explicit CatchUpTest(const StreamOptions& options = {}) : StreamFixture(options) {}

  std::vector<Departed> publish_next(const Bytes& payload = filler_packet()) {
    EXPECT_EQ(publish(next++, payload), Verdict::kAccepted);
    return serve();
  }
  // The stream goes on for `span`; answers what left.
  std::vector<Departed> run(Micros span) {
    std::vector<Departed> all;
    const Instant end = now + span;
    while (now < end) {
      now = now + millis(1);
      auto some = now.us % kInterval.count == 0 ? publish_next() : serve();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
  void run_gop(Micros since_picture) {
    publish_next(ts_datagram({pat_packet(), pmt_packet()}));
    publish_next(idr_packet());
    run(since_picture);
  }
  static std::size_t count(const std::vector<Departed>& departed, const Viewer& viewer) {
    return numbers_of(departed, viewer).size();
  }
  std::int64_t next = 0;
};

TEST_F(CatchUpTest, AViewerStartsWithTheTablesBeforeTheLastPicture) {
  run_gop(millis(1000));
  Viewer& viewer = join(8192, {500});
  const auto departed = run(millis(600));
  const auto numbers = numbers_of(departed, viewer);
  ASSERT_GT(numbers.size(), 102u);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], 500 + i) << "dense, from its own first number";
  EXPECT_EQ(departed.at(0).header.message, 1u) << "position 0";
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kJoinsAtPicture), 1u);
}

TEST_F(CatchUpTest, ThePaceIsEightTimesTheStreamsRate) {
  run_gop(millis(2000));
  Viewer& viewer = join();
  EXPECT_EQ(count(run(millis(100)), viewer), 80u);
  run(millis(185));
  EXPECT_EQ(viewer.place, Place::kLagging) << "2 s at seven times the stream's rate take 286 ms";
  run(millis(15));
  EXPECT_EQ(viewer.place, Place::kLive);
}

// What the viewer plays: each packet one latency after it was sent, and no later than the stream itself once it is
// live.
TEST_F(CatchUpTest, EachPacketCarriesTheTimeAtWhichItIsSent) {
  run_gop(millis(1000));
  Viewer& viewer = join();
  const Instant joined = now;
  std::uint32_t last = 0;
  for (int i = 0; i < 400; ++i) {
    now = now + millis(1);
    for (const Departed& one : now.us % kInterval.count == 0 ? publish_next() : serve()) {
      const Micros sent = now - joined;
      EXPECT_LE(one.header.time.raw, sent.count);
      EXPECT_GE(one.header.time.raw + 1250, sent.count);
      EXPECT_GE(one.header.time.raw, last);
      last = one.header.time.raw;
    }
  }
  EXPECT_EQ(viewer.place, Place::kLive);
}

TEST_F(CatchUpTest, ARepairOfThatTimeRepeatsItAndIsNotTooOld) {
  run_gop(millis(2000));
  Viewer& viewer = join();
  const auto departed = run(millis(700));
  const Departed original = departed.at(40);
  ASSERT_GT(now - stream.history().find({40})->first_sent, millis(2000));
  std::array<std::byte, 64> out;
  wire::LossReportWriter writer(out, {}, {});
  ASSERT_TRUE(writer.add({{40}, {40}}));
  EXPECT_EQ(viewer.sender.handle_control(now, {.type = wire::ControlType::kNak},
                                         std::span(out).subspan(16, writer.written() - 16), stream.edge_for(viewer),
                                         slabs.ranges),
            Verdict::kControl);
  repair.serve(now, stream, viewer, stream.history().next());
  queue.flush(port);
  ASSERT_EQ(port.departed.size(), 1u);
  EXPECT_EQ(port.departed[0].header.seq, original.header.seq);
  EXPECT_EQ(port.departed[0].header.time, original.header.time);
}

// A session's timer does it, in the relay.
TEST_F(CatchUpTest, WhoIsNotHeardGetsTenPacketsAndOneMoreAsOftenAsItsSilenceDoubles) {
  run_gop(millis(1000));
  Viewer& viewer = join_unheard();
  const Instant joined = now;
  std::size_t got = 0;
  std::vector<std::int64_t> later;     // ms
  while (now < joined + seconds(2)) {  // As far as its history goes back.
    const std::size_t some = count(run(millis(1)), viewer);
    if (got >= 10) later.insert(later.end(), some, (now - joined).count / 1000);
    got += some;
    const Instant widens_at = viewer.widens_at(now - millis(1));
    EXPECT_EQ(viewer.window_end(widens_at) - viewer.window_end(widens_at - micros(1)), 1);
    if (now >= widens_at) stream.note_window(now, viewer);
  }
  EXPECT_EQ(later, (std::vector<std::int64_t>{14, 21, 41, 81, 161, 321, 641, 1281})) << "the first by its line";
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 0u);
}

TEST_F(CatchUpTest, WhoIsHeardGetsTheOthersAtThePaceOfItsRun) {
  run_gop(millis(1000));
  Viewer& viewer = join_unheard();
  EXPECT_EQ(count(run(millis(40)), viewer), 11u);
  EXPECT_EQ(viewer.place, Place::kParked);
  viewer.sender.handle_sign_of_life(now);
  stream.note_heard(now, viewer);
  const auto departed = run(millis(20));
  EXPECT_EQ(count(departed, viewer), 17u) << "one every 1.25 ms, and not at once what 40 ms were worth";
  EXPECT_EQ(numbers_of(departed, viewer).front(), 11u);
  run(millis(200));
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 0u);
}

TEST_F(CatchUpTest, WhoIsHeardLateHasItsWholeLatencyForWhatComesThen) {
  run_gop(millis(1000));
  Viewer& viewer = join_unheard();
  const Instant joined = now;
  const auto first = run(millis(200));  // Longer than its latency.
  ASSERT_EQ(count(first, viewer), 11u);
  viewer.sender.handle_sign_of_life(now);
  stream.note_heard(now, viewer);
  std::uint32_t last = first.back().header.time.raw;
  std::size_t got = 0;
  for (int i = 0; i < 400; ++i) {
    now = now + millis(1);
    for (const Departed& one : now.us % kInterval.count == 0 ? publish_next() : serve()) {
      const Micros sent = now - joined;
      EXPECT_LE(one.header.time.raw, sent.count);
      EXPECT_GE(one.header.time.raw + 2250, sent.count);
      EXPECT_GE(one.header.time.raw, last);
      EXPECT_EQ(one.header.seq.raw, 11 + got) << "dense";
      last = one.header.time.raw;
      ++got;
    }
  }
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 0u);
}

TEST_F(CatchUpTest, ARepairOfWhatCameBeforeADelayCarriesTheTimeItHad) {
  run_gop(millis(1000));
  Viewer& viewer = join_unheard();
  const auto first = run(millis(200));
  viewer.sender.handle_sign_of_life(now);
  stream.note_heard(now, viewer);
  run(millis(50));
  EXPECT_EQ(viewer.stamp({9}, stream.history().find({9})->time).count, first.at(9).header.time.raw);
}

TEST_F(CatchUpTest, AtLiveTooAndAnIdleStreamKeepsNobodyAwake) {
  Viewer& viewer = join_unheard();
  serve();
  EXPECT_EQ(viewer.place, Place::kUnheard);
  EXPECT_EQ(CatchUp::deadline(now, stream), Instant::never());
  EXPECT_EQ(count(run(millis(300)), viewer), 14u);
  viewer.sender.handle_sign_of_life(now);
  stream.note_heard(now, viewer);
  run(millis(30));
  EXPECT_EQ(viewer.place, Place::kLive);
}

TEST_F(CatchUpTest, APictureTooFarBackIsLeftAlone) {
  run_gop(millis(2000));
  for (Micros left = millis(1600); left > Micros{}; left = left - kInterval) {
    now = now + kInterval;
    publish_next();
  }
  Viewer& viewer = join();  // 362 packets are behind it, of which 256 are held.
  run(millis(10));
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kJoinsLive), 1u);
}

// A thousand packets a second, of which it sees three: thirty a second, if a moment could be trusted.
TEST_F(CatchUpTest, WhoComesInAStreamsFirstMomentIsNotLeftBehind) {
  publish_next(ts_datagram({pat_packet(), pmt_packet()}));
  publish_next(idr_packet());
  publish_next();
  Viewer& viewer = join();
  for (int i = 0; i < 2500; ++i) {
    now = now + millis(1);
    publish_next();
  }
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 0u);
}

TEST_F(CatchUpTest, NobodyWaitsLongForItsTurn) {
  run_gop(millis(200));
  Viewer& viewer = join();
  now = now + millis(501);
  serve();
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kJoinsLive), 1u);
}

TEST_F(CatchUpTest, WhoFindsNoRunToBorrowStartsAtLive) {
  run_gop(millis(200));
  std::vector<JoinRun*> lent;
  while (JoinRun* run = slabs.runs.take(JoinRun{})) lent.push_back(run);
  EXPECT_EQ(lent.size(), kViewers / 4);
  const Viewer& viewer = join();
  EXPECT_EQ(count(run(millis(50)), viewer), 5u);
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kJoinsLive), 1u);
  slabs.runs.give_back(*lent.back());
  const Viewer& next_one = join();
  EXPECT_GT(count(run(millis(50)), next_one), 20u);
  EXPECT_EQ(counters.read(Counter::kJoinsAtPicture), 1u);
}

// A second and a margin after it went live, nothing it was sent that way is repaired any more.
TEST_F(CatchUpTest, ARunIsReadAsLongAsItsPacketsAreRepaired) {
  run_gop(millis(1000));
  Viewer& viewer = join();
  while (viewer.place != Place::kLive) run(millis(1));
  EXPECT_FALSE(viewer.run->is_over(now + repair_age_max(viewer.sender.latency()) - micros(1)));
  EXPECT_TRUE(viewer.run->is_over(now + repair_age_max(viewer.sender.latency())));
  EXPECT_EQ(slabs.runs.lent(), 1u);
  slabs.take_back(viewer);
  EXPECT_EQ(slabs.runs.lent(), 0u);
}

TEST_F(CatchUpTest, WhatArrivesAfterThePictureIsAllThatIsSent) {
  run_gop(millis(300));
  publish_next(ts_datagram({pat_packet(), pmt_packet()}));
  publish_next(idr_packet());
  Viewer& viewer = join();
  const auto departed = run(millis(20));
  EXPECT_EQ(departed.at(0).header.message, static_cast<std::uint32_t>(next - 4) + 1);
  EXPECT_EQ(viewer.place, Place::kLive);
}

// The picture is in the history and nobody has it yet.
TEST_F(CatchUpTest, WhoComesJustBeforeThePictureStartsWithIt) {
  run_gop(millis(300));
  Viewer& viewer = join();
  now = now + millis(1);
  const std::int64_t tables = next;
  ASSERT_EQ(publish(next++, filler_packet()), Verdict::kAccepted);
  ASSERT_EQ(publish(next++, ts_datagram({pat_packet(), pmt_packet()})), Verdict::kAccepted);
  ASSERT_EQ(publish(next++, idr_packet()), Verdict::kAccepted);
  auto departed = serve();
  const auto more = run(millis(20));
  departed.insert(departed.end(), more.begin(), more.end());
  ASSERT_FALSE(departed.empty());
  EXPECT_EQ(departed[0].header.message, static_cast<std::uint32_t>(tables + 1) + 1);
  EXPECT_EQ(count(departed, viewer), 4u);
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kJoinsAtPicture), 1u);
}

// A window of 20 packets: it acknowledges nothing for a second.
TEST_F(CatchUpTest, WhoseWindowIsFullIsParkedUntilItsAckArrives) {
  Viewer& viewer = join(20);
  serve();
  EXPECT_EQ(count(run(millis(1000)), viewer), 20u);
  EXPECT_EQ(viewer.place, Place::kParked);
  EXPECT_EQ(CatchUp::deadline(now, stream), Instant::never());
  std::array<std::byte, 64> out;
  const std::size_t bytes = wire::write_ack(out, {{20}, wire::AckRtt{millis(20), millis(5), 8192}, {}}, 1, {}, {});
  EXPECT_EQ(viewer.sender.handle_control(now, {.type = wire::ControlType::kAck, .info = 1},
                                         std::span(out).subspan(16, bytes - 16), stream.edge_for(viewer), slabs.ranges),
            Verdict::kControl);
  stream.note_window(now, viewer);
  serve();
  EXPECT_EQ(viewer.place, Place::kLive) << "what it missed was past its play time";
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 1u);
}

// 600 newcomers at once, each 100 packets behind: 480 packets a millisecond are due, and 64 is what a breath gives.
TEST_F(CatchUpTest, ACrowdThatJoinsDoesNotDelayTheLiveSet) {
  run_gop(millis(1000));
  Viewer& live = join();
  run(millis(500));
  ASSERT_EQ(live.place, Place::kLive);
  for (int i = 0; i < 600; ++i) join();
  for (int i = 0; i < 300; ++i) {
    now = now + millis(1);
    const bool has_packet = now.us % kInterval.count == 0;
    if (has_packet) {
      ASSERT_EQ(publish(next++, filler_packet()), Verdict::kAccepted);
    }
    const auto departed = serve();
    EXPECT_EQ(count(departed, live), has_packet ? 1u : 0u) << "in the breath in which it came";
    EXPECT_LE(departed.size(), kCatchUpPerBreath + (has_packet ? stream.audience(CipherClass::kClear).size() : 0));
  }
  std::size_t at_live = 0;
  for (const auto& viewer : viewers) at_live += viewer->place == Place::kLive ? 1 : 0;
  EXPECT_GT(at_live, 80u);
}

// They take turns: while the budget does not reach for all, nobody new starts, and those that started get to live.
TEST_F(CatchUpTest, WhoStartedGetsToLiveWithoutASkip) {
  run_gop(millis(1000));
  for (int i = 0; i < 600; ++i) join();
  run(millis(1500));
  for (const auto& viewer : viewers) EXPECT_EQ(viewer->place, Place::kLive);
  EXPECT_EQ(counters.read(Counter::kViewerSkips), 0u);
  EXPECT_GT(counters.read(Counter::kJoinsAtPicture), 200u) << "80 catch up at a time, in 140 ms";
  EXPECT_EQ(counters.read(Counter::kJoinsAtPicture) + counters.read(Counter::kJoinsLive), 600u);
}

class JoinLiveTest : public CatchUpTest {
 protected:
  JoinLiveTest() : CatchUpTest({.join = {.at_picture = false}}) {}
};

TEST_F(JoinLiveTest, AStreamMayStartItsViewersWithTheNextPacket) {
  run_gop(millis(200));
  Viewer& viewer = join();
  serve();
  EXPECT_EQ(viewer.place, Place::kLive);
  EXPECT_EQ(count(publish_next(), viewer), 1u);
}

class BoundedJoinTest : public CatchUpTest {
 protected:
  // 400 packets of 188 + 44 bytes a second.
  BoundedJoinTest() : CatchUpTest({.join = {.bits_max = 400 * 232 * 8}}) {}
};

TEST_F(BoundedJoinTest, TheBoundOfTheStreamIsKept) {
  run_gop(millis(500));
  publish_next(ts_datagram({pat_packet(), pmt_packet()}));
  publish_next(idr_packet());
  run(millis(500));
  Viewer& viewer = join();
  EXPECT_LE(count(run(millis(100)), viewer), 41u);
}

}  // namespace
}  // namespace fanlight
