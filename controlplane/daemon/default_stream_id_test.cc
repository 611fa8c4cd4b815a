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

TEST(DefaultStreamIdTest, WhatIsNoStreamIdIsRefused) {
  EXPECT_FALSE(find_bad_default_stream_id(config_of("live/main", "#!::r=a,m=publish")));
  EXPECT_FALSE(find_bad_default_stream_id(config_of("", "")));
  EXPECT_THAT(*find_bad_default_stream_id(config_of("live//main", "")), HasSubstr("[relay] default_stream_id"));
  EXPECT_THAT(*find_bad_default_stream_id(config_of("", "#!::r=a,m=both")), HasSubstr("[[listen]] default_stream_id"));
}

}  // namespace
}  // namespace fanlight::control
