#include "daemon/way_out.h"

#include <gtest/gtest.h>

#include "capacity/host.h"

namespace fanlight::control {
namespace {

Config listening_on(std::initializer_list<const char*> addresses) {
  Config config;
  for (const char* address : addresses) config.listen.push_back({*Endpoint::parse(address)});
  return config;
}

// The address that a call leaves from; empty when there is none.
std::string from(const Config& config, const char* to) {
  const auto path = way_out(config, *Endpoint::parse(to));
  return path ? path->local.text() : "";
}

TEST(WayOutTest, AWildcardReachesItsFamily) {
  EXPECT_EQ(from(listening_on({"0.0.0.0:9000"}), "192.0.2.1:7000"), "0.0.0.0:9000");
  EXPECT_EQ(from(listening_on({"0.0.0.0:9000"}), "[2001:db8::1]:7000"), "");
  EXPECT_EQ(from(listening_on({"[::]:9000"}), "192.0.2.1:7000"), "[::]:9000");
}

TEST(WayOutTest, WithATwinTheIpv6WildcardIsForIpv6Only) {
  const Config config = listening_on({"[::]:9000", "0.0.0.0:9000"});
  EXPECT_EQ(from(config, "192.0.2.1:7000"), "0.0.0.0:9000");
  EXPECT_EQ(way_out(config, *Endpoint::parse("192.0.2.1:7000"))->door, 1);
  EXPECT_EQ(from(config, "[2001:db8::1]:7000"), "[::]:9000");
}

TEST(WayOutTest, LoopbackStaysOnLoopback) {
  const Config config = listening_on({"127.0.0.1:9000", "192.0.2.9:9000"});
  EXPECT_EQ(from(config, "127.0.0.2:7000"), "127.0.0.1:9000");
  EXPECT_EQ(from(config, "198.51.100.1:7000"), "192.0.2.9:9000");
  EXPECT_EQ(from(listening_on({"127.0.0.1:9000"}), "198.51.100.1:7000"), "");
}

TEST(WayOutTest, AGroupIsReachedOnLoopbackWhereNothingElseIsLeft) {
  EXPECT_EQ(from(listening_on({"127.0.0.1:9000", "192.0.2.9:9000"}), "239.1.2.3:5004"), "192.0.2.9:9000");
  EXPECT_EQ(from(listening_on({"127.0.0.1:9000"}), "239.1.2.3:5004"), "127.0.0.1:9000");
}

TEST(WayOutTest, ADeviceOnTheLinkBeatsOneWithAGateway) {
  Config config;
  config.relay.port = PortKind::kEthernet;
  config.ethernet.udp_ports = {9000, 9001};
  DeviceOptions first;
  first.ipv4 = InterfaceAddress{IpAddress::v4(10, 1, 0, 1), 24, IpAddress::v4(10, 1, 0, 254)};
  DeviceOptions second;
  second.ipv4 = InterfaceAddress{IpAddress::v4(10, 2, 0, 1), 24, std::nullopt};
  config.ethernet.devices = {first, second};
  EXPECT_EQ(from(config, "10.2.0.7:7000"), "10.2.0.1:9000");
  EXPECT_EQ(way_out(config, *Endpoint::parse("10.2.0.7:7000"))->door, 1);
  EXPECT_EQ(from(config, "198.51.100.1:7000"), "10.1.0.1:9000");
  EXPECT_EQ(from(config, "[2001:db8::1]:7000"), "");
}

TEST(WayOutTest, ADestinationLeavesByTheDeviceThatItsSourceOrInterfaceNames) {
  Config config;
  config.relay.port = PortKind::kEthernet;
  for (const char* name : {"net_a,iface=x", "net_b"}) {
    DeviceOptions& device = config.ethernet.devices.emplace_back();
    device.eal = name;
    device.ipv4 = InterfaceAddress{IpAddress::v4(10, 1, 0, static_cast<std::uint8_t>(config.ethernet.devices.size())),
                                   24, std::nullopt};
  }
  const auto way = [&](const char* url) { return way_to(config, *parse_destination_url(url)); };
  EXPECT_EQ(way("rtp://239.0.0.1:5004?interface=net_b")->door, 1);
  EXPECT_EQ(way("rtp://10.1.0.9:5004?source=10.1.0.2")->door, 1);
  EXPECT_EQ(way("rtp://10.1.0.9:5004?source=10.1.0.2")->local, *Endpoint::parse("10.1.0.2:9000"));
  EXPECT_EQ(way("rtp://10.1.0.9:5004")->door, 0);
  EXPECT_EQ(way("rtp://239.0.0.1:5004").error().code, ErrorCode::kInvalid) << "either could be meant";
}

// What the kernel would refuse, packet by packet.
TEST(WayOutTest, OnSocketsRoutesAddressesAndInterfacesMayComeLater) {
  const Config config = listening_on({"0.0.0.0:9000"});
  const auto way = [&](const char* url) { return way_to(config, *parse_destination_url(url)); };
  const auto fault = [&](const char* url) {
    const Result<Path> found = way(url);
    EXPECT_TRUE(!found && found.error().code == ErrorCode::kUnavailable) << url;
    return found ? "" : found.error().what;
  };
  EXPECT_EQ(way("rtp://127.0.0.1:5004?source=127.0.0.9")->local, *Endpoint::parse("127.0.0.9:9000"));
  EXPECT_EQ(fault("rtp://127.0.0.1:5004?source=192.0.2.9"), "192.0.2.9 is no address of this host");
  EXPECT_EQ(fault("rtp://127.255.255.255:5004"),
            "127.255.255.255 is a link's broadcast address, or its route forbids it");
  EXPECT_NE(way("rtp://239.0.0.1:5004?interface=lo")->interface_index, 0u);
  EXPECT_EQ(way("rtp://239.0.0.1:5004?interface=nosuch").error().code, ErrorCode::kUnavailable);
}

// Reports and ICMP come to where packets came from, and only a socket that is bound there hears them.
TEST(WayOutTest, ADestinationLeavesByTheListenThatItsSourceIs) {
  const Config config = listening_on({"127.0.0.1:9000", "127.0.0.2:9001", "[::]:9002"});
  const auto way = [&](const char* url) { return way_to(config, *parse_destination_url(url)); };
  EXPECT_EQ(way("rtp://127.0.0.1:5004?source=127.0.0.2")->door, 1);
  EXPECT_EQ(way("rtp://127.0.0.1:5004?source=127.0.0.2")->local, *Endpoint::parse("127.0.0.2:9001"));
  EXPECT_EQ(way("rtp://127.0.0.1:5004?source=127.0.0.3")->door, 2) << "a wildcard hears them all";
  EXPECT_EQ(way("rtp://127.0.0.1:5004?source=127.0.0.3")->local, *Endpoint::parse("127.0.0.3:9002"));
  EXPECT_EQ(way("rtp://239.0.0.1:5004?source=127.0.0.2")->door, 1) << "its receivers' reports as well";
  EXPECT_EQ(way("rtp://[::1]:5004?source=::1")->door, 2);
}

TEST(WayOutTest, ASourceThatIsNotListenedAtIsRefused) {
  const Config config = listening_on({"127.0.0.1:9000", "[::]:9001", "0.0.0.0:9001", "[::1]:9002"});
  EXPECT_EQ(way_to(config, *parse_destination_url("rtp://127.0.0.1:5004?source=127.0.0.3"))->door, 2)
      << "[::]:9001 is for IPv6 alone";
  const auto refused = [](const Config& listening, const char* url) {
    const Result<Path> way = way_to(listening, *parse_destination_url(url));
    EXPECT_TRUE(!way && way.error().code == ErrorCode::kInvalid) << url;
    return way ? "" : way.error().what;
  };
  EXPECT_EQ(refused(listening_on({"127.0.0.1:9000"}), "rtp://127.0.0.1:5004?source=127.0.0.2"),
            "the relay does not listen at its source 127.0.0.2, so neither its receivers' reports nor ICMP would be "
            "heard: add a [[listen]] with that address, or with 0.0.0.0");
  EXPECT_NE(refused(listening_on({"0.0.0.0:9000"}), "rtp://[::1]:5004?source=::1").find("or with [::]"),
            std::string::npos);
}

TEST(IsOwnTest, AListenAddressIs) {
  const Config config = listening_on({"192.0.2.9:9000"});
  EXPECT_TRUE(is_own(config, *Endpoint::parse("192.0.2.9:9000")));
  EXPECT_FALSE(is_own(config, *Endpoint::parse("192.0.2.9:9001")));
  EXPECT_FALSE(is_own(config, *Endpoint::parse("192.0.2.10:9000")));
}

TEST(IsOwnTest, BehindAWildcardEveryAddressOfTheHostIs) {
  EXPECT_TRUE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("127.0.0.1:9000")));
  EXPECT_TRUE(is_own(listening_on({"[::]:9000"}), *Endpoint::parse("127.0.0.7:9000")));
  EXPECT_FALSE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("127.0.0.1:9001")));
  EXPECT_FALSE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("192.0.2.77:9000"))) << "documentation's";
  EXPECT_FALSE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("[::1]:9000")));
}

TEST(IsOwnTest, TheWildcardAddressIsThisHost) {
  EXPECT_TRUE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("0.0.0.0:9000")));
  EXPECT_FALSE(is_own(listening_on({"0.0.0.0:9000"}), *Endpoint::parse("0.0.0.0:9001")));
}

TEST(IsOwnTest, ACallThereIsFoundInTheConfiguration) {
  Config config = listening_on({"0.0.0.0:9000"});
  const auto call = [&](std::string host, std::uint16_t port) {
    config.calls.emplace_back().url = {.host = std::move(host), .port = port};
  };
  call("127.0.0.1", 9001);
  call("relay.example.net", 9000);
  EXPECT_FALSE(find_own_call(config));
  call("127.0.0.1", 9000);
  EXPECT_EQ(find_own_call(config), *Endpoint::parse("127.0.0.1:9000"));
}

TEST(IsOwnTest, ADevicesAddressWithOneOfItsPortsIs) {
  Config config;
  config.relay.port = PortKind::kEthernet;
  config.ethernet.devices.emplace_back().ipv4 = InterfaceAddress{IpAddress::v4(10, 0, 0, 1), 24, std::nullopt};
  EXPECT_TRUE(is_own(config, *Endpoint::parse("10.0.0.1:9000")));
  EXPECT_FALSE(is_own(config, *Endpoint::parse("10.0.0.1:9001")));
  EXPECT_FALSE(is_own(config, *Endpoint::parse("10.0.0.2:9000")));
}

FeedRule feed(const char* local, std::string interface = {}) {
  return {.stream = "live/a", .terms = {.local = *Endpoint::parse(local)}, .interface = std::move(interface)};
}

TEST(ComesToFeedTest, WhatThisHostSendsToItself) {
  Config config = listening_on({"0.0.0.0:9000"});
  config.feeds = {feed("0.0.0.0:5004"), feed("239.1.2.3:6004")};
  const auto comes = [&](const char* to) { return comes_to_feed(config, *Endpoint::parse(to)); };
  EXPECT_TRUE(comes("127.0.0.7:5004"));
  EXPECT_TRUE(comes("127.0.0.1:5005")) << "its RTCP's";
  EXPECT_FALSE(comes("192.0.2.77:5004"));
  EXPECT_FALSE(comes("239.1.2.3:5004")) << "a wildcard hears no group";
  EXPECT_TRUE(comes("239.1.2.3:6004"));
  config.feeds[1].terms.source = IpAddress::v4(192, 0, 2, 77);
  EXPECT_FALSE(comes("239.1.2.3:6004")) << "another host's are taken there, alone";
  config.feeds[1].terms.source = IpAddress::v4(127, 0, 0, 9);
  EXPECT_TRUE(comes("239.1.2.3:6004"));
}

TEST(ComesToFeedTest, ADevicesAddressIsOursAsWell) {
  Config config;
  config.relay.port = PortKind::kEthernet;
  config.ethernet.devices.emplace_back().ipv4 = InterfaceAddress{IpAddress::v4(10, 0, 0, 1), 24, std::nullopt};
  config.feeds = {feed("239.1.2.3:6004")};
  config.feeds[0].terms.source = IpAddress::v4(10, 0, 0, 2);
  EXPECT_FALSE(comes_to_feed(config, *Endpoint::parse("239.1.2.3:6004")));
  config.feeds[0].terms.source = IpAddress::v4(10, 0, 0, 1);
  EXPECT_TRUE(comes_to_feed(config, *Endpoint::parse("239.1.2.3:6004")));
}

TEST(HostTest, ItsAddressesAreThoseThatItsInterfacesHave) {
  const std::set<IpAddress> all = addresses_of_host();
  EXPECT_TRUE(all.contains(IpAddress::v4(127, 0, 0, 1)));
  for (const IpAddress& one : all) EXPECT_TRUE(is_address_of_host(one)) << one.text();
  EXPECT_FALSE(all.contains(IpAddress::v4(192, 0, 2, 77)));
}

TEST(WayOutTest, AFeedNeedsItsInterfaceOrAddress) {
  const Config config = listening_on({"[::]:9000"});
  EXPECT_EQ(fault_of(config, feed("239.1.2.3:5004", "fanlight-none"))->what,
            "this machine has no interface fanlight-none");
  EXPECT_EQ(fault_of(config, feed("192.0.2.77:5004"))->what, "192.0.2.77 is no address of this host");
  EXPECT_FALSE(fault_of(config, feed("192.0.2.77:5004"))->is_of_one_leg);
  for (const char* here : {"0.0.0.0:5004", "[::]:5004", "127.0.0.1:5004"})
    EXPECT_FALSE(fault_of(config, feed(here))) << here;
  EXPECT_FALSE(fault_of(config, feed("239.1.2.3:5004", "lo")));
}

TEST(WayOutTest, OfAFeedsTwoLegsOneIsEnoughAndTheOtherIsTold) {
  const Config config = listening_on({"[::]:9000"});
  FeedRule rule = feed("239.1.2.3:5004", "fanlight-none");
  rule.terms.second = FeedLeg{.local = *Endpoint::parse("239.1.2.4:5004")};
  rule.second_interface = "lo";
  EXPECT_EQ(fault_of(config, rule)->what, "first leg: this machine has no interface fanlight-none");
  EXPECT_TRUE(fault_of(config, rule)->is_of_one_leg);
  std::swap(rule.interface, rule.second_interface);
  EXPECT_EQ(fault_of(config, rule)->what, "second leg: this machine has no interface fanlight-none");
  EXPECT_TRUE(fault_of(config, rule)->is_of_one_leg);
  rule.interface = "fanlight-nil";
  EXPECT_EQ(fault_of(config, rule)->what,
            "first leg: this machine has no interface fanlight-nil; second leg: this machine has no interface "
            "fanlight-none");
  EXPECT_FALSE(fault_of(config, rule)->is_of_one_leg);
  rule.interface = rule.second_interface = "lo";
  EXPECT_FALSE(fault_of(config, rule));
}

TEST(WayOutTest, OnDevicesAFeedNeedsNothing) {
  Config config;
  config.relay.port = PortKind::kEthernet;
  EXPECT_FALSE(fault_of(config, feed("239.1.2.3:5004", "fanlight-none")));
}

}  // namespace
}  // namespace fanlight::control
