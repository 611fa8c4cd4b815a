#include "fanlight_load/settings.h"

#include <gtest/gtest.h>

namespace fanlight::load {
namespace {

Settings calling(const char* relay) {
  Settings settings;
  settings.relay = *Endpoint::parse(relay);
  return settings;
}

TEST(LoadSettingsTest, LoopbackMayBeLoaded) {
  EXPECT_TRUE(judge_destination(calling("127.9.8.7:9000")));
  EXPECT_TRUE(judge_destination(calling("[::1]:9000")));
}

TEST(LoadSettingsTest, AnotherHostNeedsTheUsersWord) {
  Settings settings = calling("192.0.2.1:9000");
  EXPECT_FALSE(judge_destination(settings));
  settings.owned = {*Network::parse("192.0.3.0/24")};
  EXPECT_FALSE(judge_destination(settings));
  settings.owned.push_back(*Network::parse("192.0.2.0/24"));
  EXPECT_TRUE(judge_destination(settings));
  EXPECT_FALSE(judge_destination(calling("[2001:db8::1]:9000")));
}

TEST(LoadSettingsTest, DeviceThatLeadsToAProgramHereMayBeLoadedAndANetworkCardMayNot) {
  Settings settings = calling("10.77.0.1:9000");
  settings.is_ethernet = true;
  settings.ethernet.devices = {"net_vhost0,iface=/tmp/x"};
  EXPECT_TRUE(judge_destination(settings));
  settings.ethernet.devices = {"net_af_packet0,iface=eth0"};
  EXPECT_FALSE(judge_destination(settings));
  settings.ethernet.devices = {"0000:03:00.0"};
  EXPECT_FALSE(judge_destination(settings));
}

TEST(LoadSettingsTest, DeviceThatLeadsThroughTheKernelToANetworkMayNotBeLoaded) {
  Settings settings = calling("10.77.0.1:9000");
  settings.is_ethernet = true;
  for (const char* good : {"net_pcap0,rx_pcap=/tmp/in,tx_pcap=/tmp/out", "net_virtio_user0,path=/tmp/x,server=1"}) {
    settings.ethernet.devices = {good};
    EXPECT_TRUE(judge_destination(settings)) << good;
  }
  for (const char* bad :
       {"net_pcap0,iface=va", "net_pcap0", "net_pcap0,rx_iface=va,tx_pcap=/tmp/out", "net_pcap0,rx_pcap=/a,tx_iface=va",
        "net_virtio_user0,path=/dev/vhost-net,iface=tap0", "net_virtio_user0,path=/dev/vhost-vdpa-0",
        "net_virtio_user0,path=/tmp/../dev/vhost-net", "net_virtio_user0,path=//dev/vhost-net"}) {
    settings.ethernet.devices = {bad};
    EXPECT_FALSE(judge_destination(settings)) << bad;
  }
}

TEST(LoadSettingsTest, QueuesAreThoseOfTheDevicesArguments) {
  EXPECT_EQ(queues_of("net_vhost0,iface=/tmp/x,queues=4,client=1"), 4u);
  EXPECT_EQ(queues_of("net_virtio_user0,path=/tmp/x,cq=1,queues=2"), 2u);
  EXPECT_EQ(queues_of("net_af_packet0,iface=eth0,qpairs=3"), 3u);
  EXPECT_EQ(queues_of("net_vhost0,iface=/tmp/queues=7"), 1u);
  EXPECT_EQ(queues_of("net_vhost0,iface=/tmp/x,queues=0"), 1u);
  EXPECT_EQ(queues_of("0000:03:00.0"), 1u);
}

TEST(LoadSettingsTest, NetworksHavePrefixes) {
  const auto network = Network::parse("10.1.0.0/20");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->contains(*IpAddress::parse("10.1.15.255")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("10.1.16.0")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Network::parse("::/0")->contains(*IpAddress::parse("10.1.16.0")));
  for (const char* wrong : {"10.1.0.0/33", "10.1.0.0/x", "10.1.0/8", "", "2001:db8::/129", "10.0.0.0/8 "})
    EXPECT_FALSE(Network::parse(wrong)) << wrong;
}

TEST(LoadSettingsTest, StreamNamesCountFromOne) {
  Settings settings;
  settings.name = "live/{n}/{n}";
  EXPECT_EQ(settings.stream_name(0), "live/1/1");
  EXPECT_EQ(settings.stream_name(11), "live/12/12");
}

}  // namespace
}  // namespace fanlight::load
