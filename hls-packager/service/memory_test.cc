#include "service/memory.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace fanlight::packager
