#include "stream/release.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "stream/stream_fixture.h"
#include "wire/rtp_header.h"

namespace fanlight {
namespace {

constexpr Micros kWait = millis(50);

using Positions = std::vector<std::int64_t>;

class ReleaseTest : public ::testing::Test, protected StreamFixture {
 protected:
  ReleaseTest() : StreamFixture({.latency_max = seconds(2), .order_wait = kWait}) {}

  Destination& enter(Dress dress = Dress::kRtp, SeqNo first_seq = {0}) {
    Destination& one = destinations.emplace_back(stream, rtp::Sender::Options{.opened = now});
    one.envelope.dress = dress;
    one.envelope.payload_type = 33;
    one.envelope.peer = SocketId{0x1234'5678};
    one.envelope.offset = SeqOffset::between(stream.history().next(), first_seq);
    EXPECT_TRUE(stream.release().enter(one, stream.history()));
    return one;
  }
  // The positions of a pass, which then is over.
  Positions take() { return take({missing, kWait, {}}); }
  Positions take(const Release::Bounds& bounds) {
    Positions positions;
    if (!stream.release().begin_pass(now, stream.history(), bounds)) return positions;
    for (const FreshPacket& packet : stream.release().pass().fresh()) positions.push_back(packet.pos.value);
    for (const Dress dress : Release::kDresses)
      while (stream.release().destinations(dress).next() != nullptr) {
      }
    stream.release().end_pass();
    return positions;
  }
  std::deque<Destination> destinations;
  PacketPos missing{0};  // The publisher waits for all of it.
};

TEST_F(ReleaseTest, WhatComesInOrderGoesAtOnce) {
  enter();
  publish_run(0, 3);
  EXPECT_EQ(take(), (Positions{0, 1, 2, 3}));
  publish_run(4, 4);
  EXPECT_EQ(take(), (Positions{4}));
  EXPECT_EQ(take(), (Positions{}));
}

TEST_F(ReleaseTest, AStreamMayHaveAllOfTheRelaysDestinations) {
  const std::size_t free_before = places.free_blocks();
  for (std::size_t i = 0; i + 1 < kDestinationsMax; ++i) enter(Dress::kRtp);
  Destination& bare = enter(Dress::kPlain);
  Destination& middle = destinations[kDestinationsMax / 2];
  stream.release().leave(middle);
  publish_run(0, 0);
  ASSERT_TRUE(stream.release().begin_pass(now, stream.history(), {missing, kWait, {}}));
  const auto served = [&](Dress dress) {
    Release::Destinations& its = stream.release().destinations(dress);
    std::size_t count = 0;
    for (; !its.is_pass_done(); its.note_served(its.waiting().size(), 1)) {
      count += its.waiting().size();
    }
    return count;
  };
  EXPECT_EQ(served(Dress::kRtp), kDestinationsMax - 2);
  EXPECT_EQ(served(Dress::kPlain), 1u);
  stream.release().end_pass();
  EXPECT_EQ(stream.release().packets_sent_to(bare), 1u);
  EXPECT_EQ(stream.release().packets_sent_to(middle), 0u);
  for (Destination& one : destinations) stream.release().leave(one);
  EXPECT_EQ(places.free_blocks(), free_before) << "what is not needed is given back";
}

TEST_F(ReleaseTest, WithoutAPlaceNobodyEnters) {
  PlacePool small{PlacePool::kBlock, 0};
  Release release;
  release.lend_from(small);
  for (std::size_t i = 0; i <= PlacePool::kBlock; ++i) {
    Destination& one = destinations.emplace_back(stream, rtp::Sender::Options{.opened = now});
    one.envelope.dress = Dress::kRtp;
    EXPECT_EQ(release.enter(one, stream.history()), i < PlacePool::kBlock);
  }
}

TEST_F(ReleaseTest, AGapHoldsUpWhatIsBehindItUntilItIsFilled) {
  enter();
  publish_run(0, 1);
  publish_run(3, 4);
  EXPECT_EQ(take(), (Positions{0, 1}));
  EXPECT_EQ(take(), (Positions{}));
  EXPECT_EQ(stream.release().due(), now + kWait);
  EXPECT_EQ(publish(2), Verdict::kAcceptedLate);
  EXPECT_EQ(take(), (Positions{2, 3, 4}));
  EXPECT_EQ(stream.release().due(), Instant::never());
  EXPECT_EQ(stream.release().take_given_up(), 0u);
}

TEST_F(ReleaseTest, AGapIsWaitedForSoLongAndNoLonger) {
  enter();
  publish_run(0, 0);
  publish_run(3, 3);
  EXPECT_EQ(take(), (Positions{0}));
  now = now + kWait - micros(1);
  EXPECT_EQ(take(), (Positions{}));
  now = now + micros(1);
  EXPECT_EQ(take(), (Positions{3}));
  EXPECT_EQ(stream.release().take_given_up(), 2u);
  EXPECT_EQ(publish(1), Verdict::kAcceptedLate);
  EXPECT_EQ(take(), (Positions{})) << "too late: it never goes out of order";
}

TEST_F(ReleaseTest, WhatThePublisherGivesUpIsNotWaitedFor) {
  enter();
  publish_run(0, 0);
  publish_run(3, 3);
  publish_run(5, 5);
  EXPECT_EQ(take(), (Positions{0}));
  missing = {4};
  EXPECT_EQ(take(), (Positions{3}));
  missing = {6};
  EXPECT_EQ(take(), (Positions{5}));
}

TEST_F(ReleaseTest, EachGapIsAsOldAsItsFirstSight) {
  enter();
  publish_run(0, 0);
  publish_run(10, 10);  // 1 to 9 are missing now ...
  now = now + millis(30);
  publish_run(12, 12);  // ... and 11 since here.
  EXPECT_EQ(publish(5), Verdict::kAcceptedLate);
  EXPECT_EQ(take(), (Positions{0}));
  now = now + millis(20);
  EXPECT_EQ(take(), (Positions{5, 10})) << "6 to 9 are no younger for 5 having come late";
  EXPECT_EQ(stream.release().due(), now + millis(30));
  now = now + millis(30);
  EXPECT_EQ(take(), (Positions{12}));
}

TEST_F(ReleaseTest, WhatCouldNotBeOpenedIsNotWaitedFor) {
  enter();
  publish_run(0, 0);
  stream.advance_to({3});
  publish_run(3, 3);
  EXPECT_EQ(take(), (Positions{0, 3}));
}

TEST_F(ReleaseTest, WhenTheRingWentRoundItGoesOnBehind) {
  enter();
  publish_run(0, 0);
  publish_run(2, 2 + static_cast<std::int64_t>(kSlots));
  const Positions first = take();
  ASSERT_EQ(first.size(), kFreshMax);
  EXPECT_EQ(first.front(), 3);
  EXPECT_EQ(stream.release().take_given_up(), 3u);
}

TEST_F(ReleaseTest, WhatWaitedForASecondIsSkipped) {
  enter();
  publish_run(0, 9);
  now = now + seconds(1);
  EXPECT_EQ(take().size(), 10u) << "a second is not too long";
  publish_run(10, 19);
  now = now + millis(900);
  publish_run(20, 29);
  now = now + millis(101);
  EXPECT_EQ(take(), (Positions{}))
      << "all that is there: behind what is older than a second alone it would stay as late";
  EXPECT_EQ(stream.release().take_skipped(), 20u);
  EXPECT_EQ(stream.release().take_given_up(), 0u);
  publish_run(30, 30);
  EXPECT_EQ(take(), (Positions{30}));
  EXPECT_EQ(stream.release().take_skipped(), 0u);
}

TEST_F(ReleaseTest, WhatAGapHeldUpIsNotSkipped) {
  const Release::Bounds patient{missing, seconds(3), {}};
  enter();
  publish_run(0, 0);
  publish_run(2, static_cast<std::int64_t>(2 + kFreshMax));
  EXPECT_EQ(take(patient), (Positions{0}));
  now = now + millis(2'900);
  EXPECT_EQ(take(patient), (Positions{}));
  now = now + millis(100);
  EXPECT_EQ(take(patient).size(), kFreshMax);
  EXPECT_EQ(take(patient), (Positions{static_cast<std::int64_t>(2 + kFreshMax)})) << "more than a pass takes";
  EXPECT_EQ(stream.release().take_skipped(), 0u);
}

TEST_F(ReleaseTest, ManyGapsAreStillEachGivenUp) {
  enter();
  publish_run(0, 0);
  for (std::int64_t pos = 2; pos < 250; pos += 2) publish_run(pos, pos);
  EXPECT_EQ(take(), (Positions{0}));
  now = now + kWait;
  Positions all;
  for (Positions some = take(); !some.empty(); some = take()) all.insert(all.end(), some.begin(), some.end());
  EXPECT_EQ(all.size(), 124u);
  EXPECT_EQ(all.back(), 248);
}

TEST_F(ReleaseTest, AWaitForCompanyEndsWithTheOldest) {
  enter();
  publish_run(0, 0);
  now = now + millis(3);
  publish_run(1, 1);
  EXPECT_FALSE(stream.release().begin_pass(now, stream.history(), {missing, kWait, millis(5)}));
  EXPECT_EQ(stream.release().due(), now + millis(2));
  now = now + millis(2);
  ASSERT_TRUE(stream.release().begin_pass(now, stream.history(), {missing, kWait, millis(5)}));
  EXPECT_EQ(stream.release().pass().packets, 2u);
}

TEST_F(ReleaseTest, WhatIsNoTransportStreamDoesNotGoAsOne) {
  const Destination& one = enter();
  Bytes no_sync = ts_payload(2 * 188);
  no_sync[188] = std::byte{0x48};
  ASSERT_EQ(publish(0), Verdict::kAccepted);
  ASSERT_EQ(publish(1, no_sync), Verdict::kAccepted);
  ASSERT_EQ(publish(2, 189), Verdict::kAccepted);
  ASSERT_EQ(publish(3), Verdict::kAccepted);
  EXPECT_EQ(take({.missing = missing, .wait = kWait, .coalesce = {}, .is_transport_stream = true}), (Positions{0, 3}));
  EXPECT_EQ(stream.release().packets_sent_to(one), 2u);
  const Release::Unfit unfit = stream.release().take_unfit();
  EXPECT_EQ(unfit.packets, 2u);
  EXPECT_EQ(unfit.bytes, 189u);
  EXPECT_EQ(stream.release().take_unfit().packets, 0u);
  EXPECT_EQ(stream.release().take_given_up(), 0u);
  ASSERT_EQ(publish(4, 189), Verdict::kAccepted);
  EXPECT_EQ(take(), (Positions{4})) << "another payload is not looked into";
}

TEST_F(ReleaseTest, ARunOfWhichNothingMayGoHoldsUpNobody) {
  enter();
  const auto last = static_cast<std::int64_t>(kFreshMax);
  for (std::int64_t pos = 0; pos < last; ++pos) ASSERT_EQ(publish(pos, 100), Verdict::kAccepted);
  publish_run(last, last);
  const Release::Bounds bounds{.missing = missing, .wait = kWait, .coalesce = {}, .is_transport_stream = true};
  EXPECT_EQ(take(bounds), (Positions{}));
  EXPECT_LE(stream.release().due(), now);
  EXPECT_EQ(take(bounds), (Positions{last}));
}

TEST_F(ReleaseTest, FiguresAreExactWheneverSomebodyComesOrGoes) {
  Destination& first = enter();
  publish_run(0, 2);
  take();
  Destination& second = enter();
  publish_run(3, 4);
  ASSERT_TRUE(stream.release().begin_pass(now, stream.history(), {missing, kWait, {}}));
  EXPECT_EQ(stream.release().destinations(Dress::kRtp).next(), &first);
  EXPECT_EQ(stream.release().packets_sent_to(first), 5u);
  EXPECT_EQ(stream.release().packets_sent_to(second), 0u);
  stream.release().leave(first);
  EXPECT_EQ(first.packets_sent, 5u);
  EXPECT_EQ(first.bytes_sent, 5u * 188);
  EXPECT_EQ(stream.release().destinations(Dress::kRtp).next(), &second);
  stream.release().end_pass();
  EXPECT_EQ(stream.release().packets_sent_to(second), 2u);
}

// Takes what leaves as it is.
struct RawPort : CollectingPort {
  std::vector<std::pair<const Envelope*, Bytes>> said;
  std::size_t transmit(std::span<io::Departure> departures) noexcept {
    for (io::Departure& one : departures) {
      Bytes& bytes = said.emplace_back(one.envelope, Bytes{}).second;
      one.packet.for_each_segment([&](ByteSpan part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
      one.packet.reset();
    }
    return departures.size();
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept {
    return io::transmit_dressed(*this, headers, copies, run, take_max);
  }
};

TEST_F(ReleaseTest, RtpAndBareDestinationsShareThePayload) {
  RawPort raw;
  FanOut out{dresser, slabs, io::AnyPort::of(raw)};
  Destination& rtp = enter(Dress::kRtp, {0xFFFF});
  Destination& bare = enter(Dress::kPlain);
  const Bytes payload(188, std::byte{0x47});
  ASSERT_EQ(publish(0, payload), Verdict::kAccepted);
  ASSERT_EQ(publish(2, payload), Verdict::kAccepted);
  out.begin_breath();
  ASSERT_EQ(out.release(now, stream, {3}), FanOut::Outcome::kDone);
  ASSERT_EQ(raw.said.size(), 4u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& [envelope, bytes] = raw.said[i];
    EXPECT_EQ(envelope, &rtp.envelope);
    const auto parsed = wire::parse_rtp(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->header, (wire::RtpHeader{.payload_type = 33,
                                               .seq = static_cast<std::uint16_t>(i == 0 ? 0xFFFF : 1),
                                               .timestamp = rtp_ticks(Micros{now.us}) + tick_offset_of({0xFFFF}),
                                               .ssrc = 0x1234'5678}))
        << "the number of what was lost is left out";
    EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.end()), payload);
    EXPECT_EQ(raw.said[2 + i].first, &bare.envelope);
    EXPECT_EQ(raw.said[2 + i].second, payload);
  }
}

TEST_F(ReleaseTest, AFullPortPausesAndNothingIsSentTwice) {
  RawPort raw;
  FanOut out{dresser, slabs, io::AnyPort::of(raw)};
  for (int i = 0; i < 3; ++i) enter();
  publish_run(0, 4);
  raw.take_max = 4;
  std::size_t rounds = 0;
  for (outcome = FanOut::Outcome::kBlocked; outcome != FanOut::Outcome::kDone; ++rounds) {
    ASSERT_LT(rounds, 10u);
    out.begin_breath();
    outcome = out.release(now, stream, {5});
  }
  EXPECT_EQ(raw.said.size(), 15u);
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(wire::parse_rtp(raw.said[i].second)->header.seq, i % 5);
}

}  // namespace
}  // namespace fanlight
