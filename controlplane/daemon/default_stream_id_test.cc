#include "daemon/default_stream_id.h"

#include <gmock/gmock.h>

namespace fanlight::control {
namespace {

using testing::HasSubstr;

Config config_of(std::string relays, std::string firsts) {
  Config config;
  config.relay.default_stream_id = std::move(relays);
  config.listen = {{.address = {}, .default_stream_id = std::move(firsts)}, {.address = {}}};
  return config;
}

TEST(DefaultStreamIdTest, TheListenAddressesOwnComesBeforeTheRelays) {
  const Config config = config_of("live/main", "publish:live/encoder");
  EXPECT_EQ(default_stream_id(config, {.remote = {}, .local = {}, .door = 0}), "publish:live/encoder");
  EXPECT_EQ(default_stream_id(config, {.remote = {}, .local = {}, .door = 1}), "live/main");
  EXPECT_EQ(default_stream_id(config_of("", ""), {.remote = {}, .local = {}, .door = 0}), "");
}

TEST(DefaultStreamIdTest, OnEthernetADoorIsNoListenAddress) {
  Config config = config_of("live/main", "publish:live/encoder");
  config.relay.port = PortKind::kEthernet;
  EXPECT_EQ(default_stream_id(config, {.remote = {}, .local = {}, .door = 0}), "live/main");
}

std::optional<Endpoint> at(const char* text) { return Endpoint::parse(text); }

TEST(WayInTest, ListenAddressesAreFoundByWhatTheyTake) {
  Config config;
  for (const char* address : {"0.0.0.0:9000", "[::]:9000", "192.0.2.1:9001", "[::]:9002"})
    config.listen.push_back({.address = *at(address)});
  const struct {
    const char* to;
    int door;
  } rows[] = {{"0.0.0.0:9000", 0},   {"192.0.2.1:9000", 0},  {"[2001:db8::1]:9000", 1}, {"192.0.2.1:9001", 2},
              {"192.0.2.7:9002", 3}, {"192.0.2.2:9001", -1}, {"192.0.2.1:9003", -1}};
  for (const auto& row : rows) {
    const auto door = way_in(config, at(row.to), true);
    EXPECT_EQ(door ? *door : -1, row.door) << row.to;
  }
  EXPECT_THAT(way_in(config, at("192.0.2.1:9003"), true).error().what,
              HasSubstr("found 192.0.2.1:9003, accepted one of 0.0.0.0:9000, [::]:9000, 192.0.2.1:9001, [::]:9002"));
}

TEST(WayInTest, ItNeedsToBeSaidWhereItMakesADifference) {
  Config config = config_of("live/main", "publish:live/encoder");
  EXPECT_THAT(way_in(config, {}, true).error().what, HasSubstr("do not ask for the same everywhere"));
  EXPECT_TRUE(way_in(config, {}, false)) << "it says what it asks for";
  EXPECT_TRUE(way_in(config_of("live/main", "live/main"), {}, true));
  EXPECT_TRUE(way_in(config_of("", ""), {}, true));
  config.relay.port = PortKind::kEthernet;
  EXPECT_TRUE(way_in(config, {}, true)) << "there the relay's counts alone";
  EXPECT_FALSE(way_in(config, at("192.0.2.1:9000"), true));
}

TEST(DefaultStreamIdTest, WhatIsNoStreamIdIsRefused) {
  EXPECT_FALSE(find_bad_default_stream_id(config_of("live/main", "#!::r=a,m=publish")));
  EXPECT_FALSE(find_bad_default_stream_id(config_of("", "")));
  EXPECT_THAT(*find_bad_default_stream_id(config_of("live//main", "")), HasSubstr("[relay] default_stream_id"));
  EXPECT_THAT(*find_bad_default_stream_id(config_of("", "#!::r=a,m=both")), HasSubstr("[[listen]] default_stream_id"));
}

}  // namespace
}  // namespace fanlight::control
