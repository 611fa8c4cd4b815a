#include "fanlight_load/rtp_viewer.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanlight::load {
namespace {

constexpr std::uint32_t kSource = 0x1234'5678;

// A stream of 500 packets a second that begins with position 1,000, number 65,530 and timestamp 2^32 - 900.
class RtpViewerTest : public testing::Test {
 protected:
  RtpViewerTest() : maker_({.stream = 0, .run = 7, .group_packets = 100, .interval_ns = 2'000'000}) {}

  std::vector<std::byte> packet(std::int64_t n, std::int64_t position_more = 0, std::uint32_t ticks_more = 0) {
    std::vector<std::byte> bytes(wire::kRtpHeaderBytes + kPayloadBytes);
    const std::int64_t sent_ns = 1'000'000'000 + n * 2'000'000;
    wire::write_rtp_header(std::span(bytes).first<wire::kRtpHeaderBytes>(),
                           {.payload_type = terms_.payload_type,
                            .seq = static_cast<std::uint16_t>(65'530 + n),
                            .timestamp = static_cast<std::uint32_t>(-900 + n * 180) + ticks_more,
                            .ssrc = ssrc_});
    maker_.write(1'000 + n + position_more, sent_ns,
                 std::span(bytes).subspan(wire::kRtpHeaderBytes).first<kPayloadBytes>());
    return bytes;
  }
  bool take(const std::vector<std::byte>& bytes) {
    now_ns_ += 2'000'000;
    return viewer_.take_data(now_ns_, bytes, terms_, true, tally_).has_value();
  }
  bool take(std::int64_t n) { return take(packet(n)); }
  void hear_report() {
    std::array<std::byte, 64> out;
    const std::size_t bytes = wire::write_sender_report(out, {.ssrc = kSource, .time = {0x1'2345, 0x6789'0000}});
    viewer_.take_report(now_ns_, std::span(out).first(bytes), tally_);
  }

  RtpViewer::Terms terms_{.own_ssrc = 99};
  std::uint32_t ssrc_ = kSource;
  PayloadMaker maker_;
  RtpViewer viewer_;
  RtpTally tally_;
  std::int64_t now_ns_ = 1'000'000'000;
};

TEST_F(RtpViewerTest, AStreamInOrderIsWithoutFaultOverTheWraps) {
  for (std::int64_t n = 0; n < 20; ++n) EXPECT_TRUE(take(n));
  EXPECT_EQ(tally_.received, 20u);
  EXPECT_EQ(tally_.lost + tally_.late + tally_.duplicate + tally_.continuity_errors, 0u);
  EXPECT_EQ(tally_.timestamp_errors + tally_.hash_failures + tally_.foreign, 0u);
  EXPECT_EQ(viewer_.next_position(), 1'020);
  EXPECT_EQ(viewer_.jitter(), Micros{}) << "they come as they were sent";
}

TEST_F(RtpViewerTest, AGapIsALossUntilItIsFilled) {
  EXPECT_TRUE(take(0));
  EXPECT_TRUE(take(3));
  EXPECT_EQ(tally_.lost, 2u);
  EXPECT_TRUE(take(1));
  EXPECT_EQ(tally_.lost, 1u);
  EXPECT_EQ(tally_.late, 1u);
  EXPECT_FALSE(take(1));
  EXPECT_FALSE(take(3));
  EXPECT_EQ(tally_.duplicate, 2u);
  EXPECT_EQ(tally_.received, 3u);
}

TEST_F(RtpViewerTest, ANumberThatDoesNotGoWithItsPositionIsAContinuityError) {
  EXPECT_TRUE(take(0));
  EXPECT_TRUE(take(packet(1, 1))) << "a packet was left out, and the numbers closed up";
  EXPECT_EQ(tally_.continuity_errors, 1u);
}

TEST_F(RtpViewerTest, ATimestampGoesWithTheSendTime) {
  EXPECT_TRUE(take(0));
  EXPECT_TRUE(take(packet(1, 0, 1'700)));
  EXPECT_EQ(tally_.timestamp_errors, 0u) << "19 ms";
  EXPECT_TRUE(take(packet(2, 0, 1'900)));
  EXPECT_EQ(tally_.timestamp_errors, 1u) << "21 ms";
}

TEST_F(RtpViewerTest, EveryByteCounts) {
  std::vector<std::byte> bytes = packet(0);
  bytes.back() ^= std::byte{1};
  EXPECT_TRUE(take(bytes));
  EXPECT_EQ(tally_.hash_failures, 1u);
}

TEST_F(RtpViewerTest, WhatIsNotOursIsForeign) {
  EXPECT_FALSE(take(std::vector<std::byte>(40)));
  terms_.payload_type = 96;
  std::vector<std::byte> bytes = packet(0);
  terms_.payload_type = 33;
  EXPECT_FALSE(take(bytes));
  EXPECT_EQ(tally_.foreign, 2u);
  EXPECT_FALSE(viewer_.has_begun());
}

TEST_F(RtpViewerTest, AnotherPublisherGoesOnWithTheNumbers) {
  EXPECT_TRUE(take(0));
  maker_ = PayloadMaker({.stream = 0, .run = 8, .group_packets = 100, .interval_ns = 2'000'000});
  EXPECT_TRUE(take(packet(1, -900)));
  EXPECT_TRUE(take(packet(2, -900)));
  EXPECT_EQ(tally_.restarts, 1u);
  EXPECT_EQ(tally_.continuity_errors, 0u);
  ssrc_ = kSource + 1;
  EXPECT_TRUE(take(packet(3, -900)));
  EXPECT_EQ(tally_.sources, 1u) << "the relay's SSRC stays";
}

TEST_F(RtpViewerTest, BareStreamsHaveTheirPositionsForNumbers) {
  terms_.kind = FeedKind::kTransportStream;
  const auto bare = [&](std::int64_t n) {
    const std::vector<std::byte> whole = packet(n);
    return std::vector<std::byte>(whole.begin() + wire::kRtpHeaderBytes, whole.end());
  };
  EXPECT_TRUE(take(bare(0)));
  EXPECT_TRUE(take(bare(2)));
  EXPECT_EQ(tally_.lost, 1u);
  EXPECT_EQ(tally_.continuity_errors + tally_.timestamp_errors, 0u);
}

TEST_F(RtpViewerTest, ReportsAnswerASenderThatReports) {
  for (const std::int64_t n : {0, 1, 2, 5}) EXPECT_TRUE(take(n));
  std::array<std::byte, 200> out;
  EXPECT_EQ(viewer_.write_report(now_ns_, terms_, out), 0u) << "nobody asked";
  hear_report();
  const std::size_t bytes = viewer_.write_report(now_ns_ + 500'000'000, terms_, out);
  const ByteSpan said = ByteSpan(out).first(bytes);
  ASSERT_TRUE(wire::is_well_formed_rtcp(said));
  const auto block = wire::find_report_block(*wire::RtcpReader(said).next(), kSource);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->highest_seq, 65'535u);
  EXPECT_EQ(block->lost, 2);
  EXPECT_EQ(block->fraction_lost, 2 * 256 / 6);
  EXPECT_EQ(block->last_report, 0x2345'6789u);
  EXPECT_EQ(block->report_delay, 32'768u);
}

}  // namespace
}  // namespace fanlight::load
