#include "config/device_choice.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

EthernetOptions two_devices() {
  EthernetOptions ethernet;
  DeviceOptions first;
  first.eal = "net_af_packet0,iface=eth1,qpairs=2";
  first.ipv4 = InterfaceAddress{ip("10.1.0.1"), 24, ip("10.1.0.254")};
  DeviceOptions second;
  second.eal = "0000:01:00.0";
  second.ipv4 = InterfaceAddress{ip("10.2.0.1"), 24, std::nullopt};
  second.ipv6 = InterfaceAddress{ip("fd02::1"), 64, std::nullopt};
  ethernet.devices = {first, second};
  return ethernet;
}

// Its place, or the word that was missing.
std::string chosen(const DeviceWish& wish) {
  const auto device = choose_device(two_devices(), wish);
  return device ? std::to_string(*device) : device.error();
}

TEST(DeviceChoiceTest, AHostIsReachedOverItsLinkElseByAGateway) {
  EXPECT_EQ(chosen({.peer = ip("10.2.0.7")}), "1");
  EXPECT_EQ(chosen({.peer = ip("198.51.100.1")}), "0");
  EXPECT_EQ(chosen({.peer = ip("2001:db8::1")}), "2001:db8::1 is on no device's link, and there is no ipv6_gateway");
}

TEST(DeviceChoiceTest, AGroupIsWhereOneDeviceCanBeMeant) {
  EXPECT_EQ(chosen({.peer = ip("ff15::1")}), "1") << "one of them speaks IPv6";
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1")}),
            "239.0.0.1 is a group, and several devices speak IPv4: interface must say which (net_af_packet0, "
            "0000:01:00.0)");
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1"), .interface = "net_af_packet0"}), "0");
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1"), .interface = "0000:01:00.0"}), "1");
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1"), .source = ip("10.2.0.1")}), "1");
}

TEST(DeviceChoiceTest, WhatADeviceIsNotOrHasNotIsSaid) {
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1"), .interface = "eth1"}),
            "no [[ethernet.device]] is called eth1; there are net_af_packet0, 0000:01:00.0");
  EXPECT_EQ(chosen({.peer = ip("ff15::1"), .interface = "net_af_packet0"}), "net_af_packet0 has no address of IPv6");
  EXPECT_EQ(chosen({.peer = ip("10.2.0.7"), .source = ip("10.9.0.1")}),
            "source 10.9.0.1 is not the address of an [[ethernet.device]]");
  EXPECT_EQ(chosen({.peer = ip("239.0.0.1"), .source = ip("10.2.0.1"), .interface = "net_af_packet0"}),
            "source 10.2.0.1 is not the address of net_af_packet0");
  EthernetOptions only_v4 = two_devices();
  only_v4.devices.pop_back();
  EXPECT_EQ(choose_device(only_v4, {.peer = ip("ff15::1")}).error(), "no [[ethernet.device]] has an address of IPv6");
}

}  // namespace
}  // namespace fanlight::control
