#include "ingest/source.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

TEST(SourceTest, ACallHasAStreamAndALatency) {
  const auto source = parse_source("srt://relay.example:9000?streamid=live/main&latency=20&passphrase=0123456789");
  ASSERT_TRUE(source);
  const auto& url = std::get<SrtUrl>(*source);
  EXPECT_EQ(url.host, "relay.example");
  EXPECT_EQ(url.port, 9000);
  EXPECT_EQ(url.stream_id, "live/main");
  EXPECT_EQ(url.latency, millis(20));
  EXPECT_EQ(public_text(*source), "srt://relay.example:9000?streamid=live/main&latency=20");
}

TEST(SourceTest, AnAddressIsListenedTo) {
  const auto bare = parse_source("udp://239.1.2.3:5004");
  ASSERT_TRUE(bare);
  EXPECT_EQ(std::get<UdpSource>(*bare), (UdpSource{*Endpoint::parse("239.1.2.3:5004"), false}));
  const auto rtp = parse_source("rtp://[::1]:5004/");
  ASSERT_TRUE(rtp);
  EXPECT_EQ(std::get<UdpSource>(*rtp), (UdpSource{*Endpoint::parse("[::1]:5004"), true}));
  EXPECT_EQ(public_text(*rtp), "rtp://[::1]:5004");
}

TEST(SourceTest, NoTokenIsSaid) {
  for (const auto& [id, said] :
       {std::pair{"live/main?jwt=eyJh.eyJi.c_-", "live/main?jwt=..."},
        {"live/main%3Fu=ann%26jwt%3DeyJh.eyJi.c_-", "live/main?u=ann%26jwt=..."},
        {"live/main%253Fjwt%253DeyJh%252EeyJi.c_-", "live/main?jwt=..."},
        {"%23!::r=live/main,jwt=eyJh.eyJi.c_-,m=request", "%23!::r=live/main,jwt=...,m=request"},
        {"publish:live/main::jwt=eyJh.eyJi.c_-%26u=ann", "publish:live/main::jwt=...%26u=ann"}}) {
    const auto source = parse_source("srt://relay:9000?streamid=" + std::string(id));
    ASSERT_TRUE(source) << id;
    EXPECT_EQ(public_text(*source), "srt://relay:9000?streamid=" + std::string(said));
  }
}

TEST(SourceTest, WhatIsWrongIsSaidAndNoSecretIs) {
  for (const char* text :
       {"", "http://a:1", "srt://a", "srt://a:9000?passphrase=short", "srt://a:9000?colour=red", "udp://a:1",
        "udp://127.0.0.1", "udp://127.0.0.1:0", "rtp://127.0.0.1:5004?x=1", "udp://250.0.0.1:5004"}) {
    const auto source = parse_source(text);
    ASSERT_FALSE(source) << text;
    EXPECT_FALSE(source.error().empty()) << text;
    EXPECT_EQ(source.error().find("short"), std::string::npos);
  }
}

}  // namespace
}  // namespace fanlight::packager
