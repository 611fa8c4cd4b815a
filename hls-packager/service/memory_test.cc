#include "service/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace fanlight::packager {
namespace {

StreamSettings stream_of(std::uint32_t mbps, Micros window) {
  StreamSettings stream{.name = "a", .source = *parse_source("udp://127.0.0.1:5000")};
  stream.bitrate_max_mbps = mbps;
  stream.window = window;
  return stream;
}

TEST(MemoryTest, AStreamKeepsTwiceItsWindow) {
  const LiveOptions options = live_options_of(stream_of(20, seconds(30)));
  EXPECT_GE(options.bytes_max, 2'500'000u * 2 * 30);
  EXPECT_EQ(options.window, seconds(30));
  EXPECT_GT(memory_bound(options), options.bytes_max);
}

TEST(MemoryTest, WhatIsAskedForIsCounted) {
  Settings settings;
  settings.streams = {stream_of(5, seconds(30))};
  const MemoryBound one = memory_bound(settings, 1'000);
  settings.streams.push_back(stream_of(5, seconds(30)));
  EXPECT_EQ(memory_bound(settings, 1'000).streams, 2 * one.streams);
  EXPECT_EQ(memory_bound(settings, 1'000).connections, one.connections);
  settings.streams.back().window = seconds(3'600);
  EXPECT_GE(memory_bound(settings, 1'000).streams, 2 * one.streams + std::uint64_t{2} * 3'500 * 625'000);
  EXPECT_GE(memory_bound(settings, 2'000).connections, one.connections + std::uint64_t{1'000} * (50 << 10));
  settings.http.tls_listen = {*Endpoint::parse("127.0.0.1:8443")};
  EXPECT_GT(memory_bound(settings, 1'000).connections, one.connections + std::uint64_t{1'000} * (50 << 10));
  EXPECT_NE(described(one, settings, 1'000).find(" for 1000 connections"), std::string::npos);
}

TEST(MemoryTest, WhatIsTooMuchIsSaidAndWhatToLower) {
  Settings settings;
  settings.streams = {stream_of(5, seconds(30)), stream_of(50, seconds(7'200))};
  settings.streams.back().name = "long";
  const MemoryBound bound = memory_bound(settings, 1'000);
  EXPECT_EQ(what_is_too_much(settings, 1'000, {bound.all(), "this host has"}), "");
  const std::string connections = what_is_too_much(settings, 1'000, {bound.all() - 1, "this host has"});
  EXPECT_TRUE(connections.starts_with("this host has ")) << connections;
  EXPECT_NE(connections.find("connections_max"), std::string::npos) << connections;
  const std::string streams = what_is_too_much(settings, 1'000, {bound.streams, "the control group /x allows"});
  for (const char* said :
       {"the control group /x allows ", "long with", "bitrate_max_mbps (it is 50)", "window_s (7200)"})
    EXPECT_NE(streams.find(said), std::string::npos) << streams;
}

class MemoryLimitTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;

  void SetUp() override {
    std::filesystem::create_directories(root_ / "proc/self");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/system.slice/x.service");
    write("proc/meminfo", "MemTotal:        4194304 kB\nMemFree:         100 kB\nSwapTotal:       1048576 kB\n");
    write("proc/self/cgroup", "1:name=systemd:/y\n0::/system.slice/x.service\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& file, const std::string& text) const { std::ofstream(root_ / file) << text; }
  void group(const std::string& name, const std::string& max, const std::string& swap_max) const {
    write("sys/fs/cgroup/" + name + "/memory.max", max);
    write("sys/fs/cgroup/" + name + "/memory.swap.max", swap_max);
  }
  [[nodiscard]] std::uint64_t limit() const { return memory_limit(root_)->bytes; }
  [[nodiscard]] std::string whose() const { return memory_limit(root_)->of; }

  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / ("fanlight-memory-" + std::to_string(getpid()));
};

TEST_F(MemoryLimitTest, IsTheHostsWithItsSwapWhereNoGroupSaysLess) {
  EXPECT_EQ(limit(), 5 * kGibibyte);
  EXPECT_EQ(whose(), "this host has");
  group("system.slice/x.service", "max\n", "max\n");
  EXPECT_EQ(limit(), 5 * kGibibyte);
  group("system.slice/x.service", std::to_string(100 * kGibibyte), "0\n");
  EXPECT_EQ(limit(), 5 * kGibibyte);
}

TEST_F(MemoryLimitTest, IsTheSmallestOfAllGroupsThatItIsIn) {
  group("system.slice", std::to_string(kGibibyte) + "\n", "max\n");
  EXPECT_EQ(limit(), 2 * kGibibyte) << "with the host's swap";
  EXPECT_EQ(whose(), "the control group /system.slice allows");
  group("system.slice/x.service", std::to_string(kGibibyte) + "\n", "0\n");
  EXPECT_EQ(limit(), kGibibyte);
  EXPECT_EQ(whose(), "the control group /system.slice/x.service allows");
}

// As a container sees itself: it is the root.
TEST_F(MemoryLimitTest, MayBeTheRootsOfANamespace) {
  write("proc/self/cgroup", "0::/\n");
  group(".", std::to_string(kGibibyte), "0");
  EXPECT_EQ(limit(), kGibibyte);
  EXPECT_EQ(whose(), "the control group / allows");
}

TEST_F(MemoryLimitTest, MayBeSaidByNobody) {
  std::filesystem::remove(root_ / "proc/meminfo");
  EXPECT_FALSE(memory_limit(root_));
}

}  // namespace
}  // namespace fanlight::packager
