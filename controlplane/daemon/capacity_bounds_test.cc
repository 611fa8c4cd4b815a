#include "daemon/capacity_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capacity/report.h"
#include "contract/limits.h"
#include "crypto/session_ciphers.h"

namespace fanlight::control {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Config config_with(std::uint64_t bits, Micros latency_max = seconds(5)) {
  Config config;
  config.streams.emplace_back().name = "live/main";
  config.streams.back().bitrate_bits_max = bits;
  config.streams.back().latency_max = latency_max;
  config.listen.push_back({*Endpoint::parse("127.0.0.1:9000")});
  return config;
}

DataplanePlan plan_of(const Config& config) {
  Result<DataplanePlan> plan = plan_dataplane(config);
  EXPECT_TRUE(plan);
  return *std::move(plan);
}

const Bounds::Cap* cap_of(const Bounds& bounds, Limit limit) {
  for (const Bounds::Cap& cap : bounds.caps)
    if (cap.limit == limit) return &cap;
  return nullptr;
}

TEST(CapacityBoundsTest, WhatMemoryIsLeftByPacketsIsForSessions) {
  const Config config = config_with(10'000'000);
  const DataplanePlan plan = plan_of(config);
  const std::size_t room = 100 * kSessionBytes + kSessionBytes / 2;
  const Bounds bounds = bounds_of(config, plan, {.memory_bytes = plan.memory.bytes() + room}, {}, false);
  const Bounds::Cap* cap = cap_of(bounds, Limit::kMemory);
  ASSERT_NE(cap, nullptr);
  EXPECT_EQ(cap->viewers, 100u);
  EXPECT_THAT(cap->way_up, HasSubstr("bitrate_max_mbps"));
  const Bounds sealed = bounds_of(config, plan, {.memory_bytes = plan.memory.bytes() + room}, {}, true);
  EXPECT_EQ(cap_of(sealed, Limit::kMemory)->viewers, room / (kSessionBytes + sizeof(crypto::SessionCiphers)));
}

TEST(CapacityBoundsTest, MemoryThatSufficesOrIsUnknownBoundsNothing) {
  const Config config = config_with(10'000'000);
  const DataplanePlan plan = plan_of(config);
  EXPECT_EQ(cap_of(bounds_of(config, plan, {.memory_bytes = 0}, {}, false), Limit::kMemory), nullptr);
  EXPECT_EQ(cap_of(bounds_of(config, plan, {.memory_bytes = plan.memory.bytes() * 2}, {}, false), Limit::kMemory),
            nullptr);
}

TEST(CapacityBoundsTest, PacketsThatDoNotFitLeaveNobody) {
  const Config config = config_with(1'000'000'000, seconds(60));
  const DataplanePlan plan = plan_of(config);
  EXPECT_EQ(cap_of(bounds_of(config, plan, {.memory_bytes = 1 << 30}, {}, false), Limit::kMemory)->viewers, 0u);
}

TEST(CapacityBoundsTest, HugepagesHoldPacketsOfEthernetPortsOnly) {
  Config config = config_with(10'000'000);
  const std::size_t plenty = std::size_t{1} << 40;
  DataplanePlan plan = plan_of(config);
  HostFacts host{.memory_bytes = plan.sessions_max * kSessionBytes + 1, .hugepage_bytes = plenty};
  EXPECT_NE(cap_of(bounds_of(config, plan, host, {}, false), Limit::kMemory), nullptr) << "sockets use ordinary pages";
  config.relay.port = PortKind::kEthernet;
  config.ethernet.devices.resize(1);
  plan = plan_of(config);
  host.memory_bytes = plan.sessions_max * kSessionBytes + 1;
  EXPECT_EQ(cap_of(bounds_of(config, plan, host, {}, false), Limit::kMemory), nullptr);
  EXPECT_THAT(notes_on(config, plan, host, {}), Not(Contains(HasSubstr("vm.nr_hugepages"))));
  host.hugepage_bytes = 0;
  EXPECT_THAT(notes_on(config, plan, host, {}), Contains(HasSubstr("sysctl -w vm.nr_hugepages=")));
}

// With capacity_mbps = EGRESS, which is of VIEWERS.
TEST(CapacityBoundsTest, AsManyAreLetInAsAreAdvised) {
  EXPECT_EQ(RelayOptions{}.admission_share, CapacityReport::kAdvised);
}

TEST(CapacityBoundsTest, TheFastestStreamsHistoryCounts) {
  Config config = config_with(100'000'000);
  config.streams.push_back(config.streams.front());
  config.streams.back().name = "live/small";
  config.streams.back().bitrate_bits_max = 1'000'000;
  const Bounds bounds = bounds_of(config, plan_of(config), {}, {}, false);
  EXPECT_EQ(bounds.history_packets, history_slots({100'000'000, millis(120), seconds(5)}));
  EXPECT_EQ(bounds.history_span, millis(120));
}

TEST(CapacityBoundsTest, FilesAreForAddressesAndWorkers) {
  Config config = config_with(10'000'000);
  config.relay.workers = 64;
  const DataplanePlan plan = plan_of(config);
  EXPECT_EQ(cap_of(bounds_of(config, plan, {.open_files_max = 1024}, {}, false), Limit::kOpenFiles), nullptr);
  const Bounds tight = bounds_of(config, plan, {.open_files_max = 150}, {}, false);
  ASSERT_NE(cap_of(tight, Limit::kOpenFiles), nullptr);
  EXPECT_EQ(cap_of(tight, Limit::kOpenFiles)->viewers, 0u);
  EXPECT_THAT(cap_of(tight, Limit::kOpenFiles)->way_up, HasSubstr("ulimit -n"));
}

TEST(CapacityBoundsTest, ABufferThatWasCutIsTold) {
  const Config config = config_with(10'000'000);
  const DataplanePlan plan = plan_of(config);
  const Trial trial{.passes = {}, .receive_buffer_bytes = 212'992, .receive_buffer_asked = 8 << 20};
  const Bounds bounds = bounds_of(config, plan, {}, trial, false);
  EXPECT_EQ(bounds.receive_buffer_bytes, 212'992u);
  EXPECT_THAT(notes_on(config, plan, {}, bounds), Contains(HasSubstr("sysctl -w net.core.rmem_max=8388608")));
}

}  // namespace
}  // namespace fanlight::control
