#include "daemon/feed_doors.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

Config on_devices(std::string_view feeds, std::uint32_t workers = 2) {
  const std::string text =
      "[relay]\nport = \"ethernet\"\nworkers = " + std::to_string(workers) +
      "\n[ethernet]\nudp_ports = [9000, 5004, 5005, 6000]\n"
      "[[ethernet.device]]\neal = \"net_a\"\nipv4 = \"10.0.0.1/24\"\n"
      "[[ethernet.device]]\neal = \"net_b\"\nipv4 = \"10.1.0.1/24\"\n[[stream]]\nname = \"live/*\"\n" +
      std::string{feeds};
  Result<Config, ConfigErrors> config = parse_config(text, "f");
  EXPECT_TRUE(config) << config.error().lines.front();
  return *std::move(config);
}

std::string feed(std::string_view stream, std::string_view url, std::string_view more = "") {
  return "[[feed]]\nstream = \"live/" + std::string{stream} + "\"\nurl = \"" + std::string{url} + "\"\n" +
         std::string{more} + "\n";
}

TEST(FeedDoorsTest, OnDevicesFeedsAreDealtOutByAddress) {
  const FeedDoorPlan plan =
      plan_feed_doors(on_devices(feed("a", "rtp://10.0.0.1:5004", "ssrc = 1") + feed("b", "udp://10.0.0.1:6000") +
                                 feed("c", "rtp://10.0.0.1:5004", "ssrc = 2")));
  ASSERT_EQ(plan.feeds.size(), 3u);
  EXPECT_EQ(plan.feeds[0].worker, 0u);
  EXPECT_EQ(plan.feeds[1].worker, 1u);
  EXPECT_EQ(plan.feeds[2].worker, 0u) << "where the other of its address is";
  ASSERT_EQ(plan.addresses.size(), 3u) << "and RTCP's";
  EXPECT_EQ(plan.addresses[1].local, *Endpoint::parse("10.0.0.1:5005"));
  EXPECT_EQ(plan.addresses[1].worker, 0u);
  EXPECT_TRUE(plan.doors.empty());
}

TEST(FeedDoorsTest, OnDevicesEachJoinsItsGroupsOnce) {
  const FeedDoorPlan plan = plan_feed_doors(
      on_devices(feed("a", "rtp://239.0.0.1:5004", "interface = \"net_b\"\nsource = \"10.1.0.7\"\nssrc = 1") +
                 feed("b", "udp://239.0.0.1:6000", "interface = \"net_b\"\nsource = \"10.1.0.7\"") +
                 feed("c", "udp://239.0.0.2:6000", "interface = \"net_a\"")));
  ASSERT_EQ(plan.joins.size(), 2u);
  EXPECT_EQ(plan.joins[0], (std::vector<io::GroupJoin>{{IpAddress::v4(239, 0, 0, 2)}}));
  EXPECT_EQ(plan.joins[1], (std::vector<io::GroupJoin>{{IpAddress::v4(239, 0, 0, 1), IpAddress::v4(10, 1, 0, 7)}}));
}

TEST(FeedDoorsTest, OnSocketsWorkerZeroHasThemAll) {
  const auto config =
      parse_config("[relay]\nworkers = 2\n[[listen]]\naddress = \"0.0.0.0:9000\"\n[[stream]]\nname = \"live/*\"\n" +
                       feed("a", "rtp://239.0.0.1:5004") + feed("b", "rtp://0.0.0.0:6000"),
                   "f");
  ASSERT_TRUE(config);
  const FeedDoorPlan plan = plan_feed_doors(*config);
  EXPECT_TRUE(plan.addresses.empty());
  EXPECT_EQ(plan.feeds[1].worker, 0u);
  ASSERT_EQ(plan.doors.size(), 4u);
  EXPECT_EQ(plan.doors[0].groups.size(), 1u);
}

// ff02::77 of one interface is not that of another.
TEST(FeedDoorsTest, AGroupOfALinkHasADoorOnEach) {
  const auto plan_of = [](const std::string& group) {
    const std::string url = "rtp://[" + group + "]:6000";
    const auto config = parse_config("[[listen]]\naddress = \"[::]:9000\"\n[[stream]]\nname = \"live/*\"\n" +
                                         feed("a", url, "interface = \"v0\"\nssrc = 1\nrtcp = \"off\"") +
                                         feed("b", url, "interface = \"v1\"\nssrc = 2\nrtcp = \"off\""),
                                     "f");
    EXPECT_TRUE(config);
    return plan_feed_doors(*config);
  };
  const FeedDoorPlan of_link = plan_of("ff02::77");
  EXPECT_EQ(of_link.doors.size(), 2u);
  EXPECT_NE(of_link.feeds[0].doors.data, of_link.feeds[1].doors.data);
  EXPECT_EQ(plan_of("ff15::77").doors.size(), 1u);
}

// A socket's filter is all of its feeds'.
TEST(FeedDoorsTest, WhoWantsAnybodysHearsThem) {
  const std::string url = "rtp://239.0.0.1:5004";
  const std::string with_source = feed("a", url, "source = \"192.0.2.1\"\nssrc = 1");
  const std::string without = feed("b", url, "ssrc = 2");
  for (const std::string& feeds : {with_source + without, without + with_source}) {
    const auto config =
        parse_config("[[listen]]\naddress = \"0.0.0.0:9000\"\n[[stream]]\nname = \"live/*\"\n" + feeds, "f");
    ASSERT_TRUE(config) << config.error().lines.front();
    const FeedDoorPlan plan = plan_feed_doors(*config);
    ASSERT_EQ(plan.doors.size(), 2u);
    for (const io::FeedDoor& door : plan.doors) EXPECT_EQ(door.groups, std::vector{io::GroupMembership{}});
  }
  const FeedDoorPlan on_device =
      plan_feed_doors(on_devices(feed("a", url, "interface = \"net_a\"\nsource = \"10.0.0.7\"\nssrc = 1") +
                                 feed("b", url, "interface = \"net_a\"\nssrc = 2")));
  EXPECT_EQ(on_device.joins[0], (std::vector<io::GroupJoin>{{IpAddress::v4(239, 0, 0, 1)}}));
}

}  // namespace
}  // namespace fanlight::control
