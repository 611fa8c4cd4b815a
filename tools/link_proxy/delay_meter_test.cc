#include "delay_meter.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanlight::link_proxy {
namespace {

constexpr std::uint32_t kControl = 1U << 31;
constexpr std::uint32_t kRetransmitted = 1U << 26;

// `sequence` and `timestamp` differ between the legs; only `content` is the same.
std::vector<std::byte> datagram(std::uint32_t first_word, std::uint32_t second_word, std::uint32_t content) {
  std::vector<std::byte> bytes(16 + 188, std::byte{0x47});
  store_be32(bytes.data(), first_word);
  store_be32(bytes.data() + 4, second_word);
  store_be32(bytes.data() + 20, content);
  return bytes;
}

TEST(DelayMeterTest, MatchesAPayloadBehindADifferentHeader) {
  DelayMeter meter(0);
  meter.sent_to_relay(datagram(100, 0, 1), 1'000'000);
  meter.received_for(1, datagram(7'000, 5, 1), 1'042'000);
  EXPECT_EQ(meter.summary().samples, 1U);
  EXPECT_DOUBLE_EQ(meter.summary().p50, 42.0);
}

TEST(DelayMeterTest, EachViewerIsASample) {
  DelayMeter meter(0);
  meter.sent_to_relay(datagram(100, 0, 1), 0);
  for (int viewer = 1; viewer <= 100; ++viewer) meter.received_for(viewer, datagram(1, 0, 1), viewer * 1'000);
  const DelaySummary summary = meter.summary();
  EXPECT_EQ(summary.samples, 100U);
  EXPECT_NEAR(summary.p50, 51, 1);
  EXPECT_NEAR(summary.p99, 99, 1);
  EXPECT_DOUBLE_EQ(summary.max, 100);
}

TEST(DelayMeterTest, ControlPacketsAndRetransmissionsAreNoSamples) {
  DelayMeter meter(0);
  meter.sent_to_relay(datagram(kControl, 0, 1), 0);
  meter.sent_to_relay(datagram(100, kRetransmitted, 2), 0);
  meter.sent_to_relay(datagram(100, 0, 3), 0);
  meter.received_for(1, datagram(100, kRetransmitted, 3), 9);
  EXPECT_EQ(meter.summary().samples, 0U);
  EXPECT_EQ(meter.unmatched(), 0U);
}

TEST(DelayMeterTest, AViewersFirstSecondIsSkipped) {
  DelayMeter meter(1'000'000'000);
  meter.sent_to_relay(datagram(100, 0, 1), 0);
  meter.sent_to_relay(datagram(101, 0, 2), 1'500'000'000);
  meter.received_for(1, datagram(1, 0, 1), 400'000'000);
  meter.received_for(1, datagram(2, 0, 2), 1'500'010'000);
  EXPECT_EQ(meter.summary().samples, 1U);
  EXPECT_DOUBLE_EQ(meter.summary().max, 10);
}

TEST(DelayMeterTest, AnUnknownPayloadIsCounted) {
  DelayMeter meter(0);
  meter.received_for(1, datagram(1, 0, 1), 5);
  EXPECT_EQ(meter.unmatched(), 1U);
}

TEST(DelayMeterTest, ShortDatagramsAreIgnored) {
  DelayMeter meter(0);
  const std::vector<std::byte> header_only(16);
  meter.sent_to_relay(header_only, 0);
  meter.received_for(1, header_only, 0);
  EXPECT_EQ(meter.unmatched(), 0U);
}

}  // namespace
}  // namespace fanlight::link_proxy
