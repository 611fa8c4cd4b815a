#include "daemon/dataplane_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/destination_check.h"

namespace fanlight::control {
namespace {

Config with(std::vector<std::string> names) {
  Config config;
  for (std::string& name : names) config.streams.emplace_back().name = std::move(name);
  return config;
}

TEST(DataplanePlanTest, AHistoryHoldsTheDeclaredBitrateForItsTime) {
  // 10 Mb/s for 5 + 2 + 1 s are 7,599 packets, for one second more 8,549.
  EXPECT_EQ(history_slots({10'000'000, millis(120), seconds(5)}), 8192u);
  EXPECT_EQ(history_slots({.gop_max = seconds(3)}), 16384u);
  EXPECT_EQ(history_slots({10'000, millis(120), seconds(1)}), 64u);
  EXPECT_EQ(history_slots({1'000'000'000, millis(120), seconds(60)}), std::size_t{1} << 23);
}

TEST(DataplanePlanTest, NamedStreamsPatternsAndSparesHaveRoom) {
  const auto plan = plan_dataplane(with({"a", "b", "live/*"}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->streams_max, 2 + kStreamsPerPattern + kSpareStreams);
  EXPECT_EQ(plan->history_slots, plan->streams_max * 8192);
  EXPECT_GT(plan->memory.receive.buffers, plan->history_slots);
  EXPECT_THAT(plan->text(), testing::HasSubstr("7 streams with 57344 history slots"));
}

// They are never displaced, and would leave the others waiting for memory for ever.
TEST(DataplanePlanTest, WhatTheFilePublishesUnderAPatternHasRoomBesideWhatComes) {
  Config config = with({"live/main", "live/a*", "live/*"});
  const std::size_t before = plan_dataplane(config)->streams_max;
  for (int i = 0; i < 12; ++i) config.feeds.push_back({.stream = "live/" + std::to_string(i), .terms = {}});
  config.feeds.push_back({.stream = "live/main", .terms = {}});
  config.calls.emplace_back().stream = "live/viewed";
  config.calls.push_back({.role = Role::kPublisher, .stream = "live/3", .url = {}});
  config.calls.push_back({.role = Role::kPublisher, .stream = "live/called", .url = {}});
  const auto plan = plan_dataplane(config);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->streams_max, before + 13);
  EXPECT_EQ(plan->history_slots, plan->streams_max * 8192);
  config.streams[1].bitrate_bits_max *= 2;
  EXPECT_EQ(plan_dataplane(config)->history_slots, plan->history_slots + kStreamsPerPattern * 8192);
  config.feeds.push_back({.stream = "live/another", .terms = {}});
  EXPECT_EQ(plan_dataplane(config)->history_slots, plan->history_slots + (kStreamsPerPattern + 2) * 8192)
      << "the first pattern that fits is its";
}

TEST(DataplanePlanTest, TooLittleMemoryForTheFilesFeedsIsAnError) {
  Config config = with({"live/*"});
  config.relay.memory_mb = 64;
  EXPECT_TRUE(plan_dataplane(config)) << plan_dataplane(config).error().what;
  for (int i = 0; i < 4; ++i) config.feeds.push_back({.stream = "live/" + std::to_string(i), .terms = {}});
  const auto plan = plan_dataplane(config);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kNoMemory);
}

TEST(DataplanePlanTest, SessionsAreToldBesideThePackets) {
  Config config = with({"a"});
  config.relay.workers = 3;
  config.relay.sessions_max = 20'000;
  EXPECT_THAT(plan_dataplane(config)->text(),
              testing::EndsWith("; beside it 60000 sessions, 30 MiB, and 64 MiB at most for their keys"));
}

TEST(DataplanePlanTest, AGivenMemoryIsUsedUpAndNotExceeded) {
  Config config = with({"a"});
  config.relay.memory_mb = 100;
  const auto plan = plan_dataplane(config);
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_LE(plan->memory.bytes(), std::size_t{100} << 20);
  EXPECT_GT(plan->memory.bytes(), std::size_t{98} << 20);
}

TEST(DataplanePlanTest, TooLittleMemoryForTheNamedStreamsIsAnError) {
  Config config = with({"a", "b", "c", "d"});
  config.relay.memory_mb = 64;
  const auto plan = plan_dataplane(config);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kNoMemory);
  EXPECT_THAT(plan.error().what, testing::HasSubstr("relay.memory_mb = 64 is too little"));
}

Config on_ethernet(std::size_t devices, std::uint32_t workers) {
  Config config = with({"a"});
  config.relay.port = PortKind::kEthernet;
  config.relay.workers = workers;
  config.ethernet.devices.resize(devices);
  return config;
}

TEST(DataplanePlanTest, EachWorkerHasAQueueOfEachDevice) {
  const auto one = plan_dataplane(on_ethernet(2, 1));
  const auto four = plan_dataplane(on_ethernet(2, 4));
  ASSERT_TRUE(one && four);
  const std::size_t more_descriptors = 2 * 3 * 2 * kDescriptorsPerQueue;
  EXPECT_GE(four->memory.receive.buffers, one->memory.receive.buffers + more_descriptors);
  EXPECT_GE(four->memory.headers.buffers, one->memory.headers.buffers + more_descriptors / 2);
  EXPECT_LT(four->memory.adopted.buffers, four->history_slots + 4 * kDescriptorsPerQueue);
}

TEST(DataplanePlanTest, MoreDescriptorsThanAPacketCanBeCountedOnAreRefused) {
  EXPECT_TRUE(plan_dataplane(on_ethernet(54, 64)));
  const auto plan = plan_dataplane(on_ethernet(55, 1));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().what, testing::HasSubstr("55 [[ethernet.device]] are too many"));
}

Config with_destinations(std::size_t count, std::uint32_t sessions_max) {
  Config config = with({"a"});
  config.relay.sessions_max = sessions_max;
  for (std::size_t i = 0; i < count; ++i) {
    DestinationRule rule = *parse_destination_url("rtp://192.0.2.1:5004?second=192.0.2.2:5004");
    rule.stream = "a";
    config.destinations.push_back(rule);
  }
  return config;
}

TEST(DataplanePlanTest, MoreDestinationsThanSessionsAreRefused) {
  EXPECT_TRUE(plan_dataplane(with_destinations(49, 100)));
  const auto plan = plan_dataplane(with_destinations(50, 100));
  ASSERT_FALSE(plan);
  EXPECT_EQ(
      plan.error().what,
      "the file has 100 sessions of destinations (a second leg is one, FEC two), and relay.sessions_max = 100 has "
      "room for 98 beside publishers; set it to 102 and what other viewers need");
  EXPECT_TRUE(plan_dataplane(with_destinations(50, 102)));
}

TEST(DataplanePlanTest, FecAtRunTimeHasBuffers) {
  Config config = with_destinations(2, 100);
  EXPECT_EQ(fec_streams_planned(config), kSpareFecStreams);
  for (DestinationRule& one : config.destinations) one.terms.fec = true;
  EXPECT_EQ(fec_streams_planned(config), 1 + kSpareFecStreams);
}

}  // namespace
}  // namespace fanlight::control
