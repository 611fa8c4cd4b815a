#include "base/prefix.h"

#include <gtest/gtest.h>

namespace fanlight {
namespace {

IpPrefix prefix(std::string_view text) { return *IpPrefix::parse(text); }
IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

TEST(IpPrefixTest, TextIsReadAndWrittenInOneForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"192.0.2.7", "192.0.2.7"},
      {"192.0.2.7/32", "192.0.2.7"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"::1", "::1"},
      {"::1/128", "::1"},
      {"::/0", "::/0"},
      {"2001:DB8:0::/48", "2001:db8::/48"},
      {"192.0.2.128/25", "192.0.2.128/25"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
  };
  for (const auto& [text, written] : cases) {
    const auto read = IpPrefix::parse(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->text(), written);
    EXPECT_EQ(IpPrefix::parse(read->text()), read) << text;
  }
}

TEST(IpPrefixTest, WhatIsNoPrefixIsRefused) {
  for (const char* bad :
       {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/-0", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0.0/ 8",
        "10/8", "2001:db8::/129", "::ffff:10.0.0.0/8", "host/8", "10.0.0.0/8/8", "10.0.0.0/4294967304"})
    EXPECT_FALSE(IpPrefix::parse(bad)) << bad;
}

TEST(IpPrefixTest, SetHostBitsAreRefusedWithBothMeanings) {
  const auto v4 = IpPrefix::read("10.1.2.3/8");
  ASSERT_FALSE(v4);
  EXPECT_EQ(v4.error().what, "\"10.1.2.3/8\": bits behind the prefix are set: meant is 10.0.0.0/8 or 10.1.2.3 alone");
  EXPECT_FALSE(IpPrefix::parse("2001:db8::1/64"));
  EXPECT_FALSE(IpPrefix::parse("192.0.2.1/31"));
  EXPECT_TRUE(IpPrefix::parse("192.0.2.2/31"));
}

TEST(IpPrefixTest, CoversItsAddressesUpToItsLastBitAndNoOtherFamily) {
  EXPECT_TRUE(prefix("10.0.0.0/8").covers(ip("10.255.255.255")));
  EXPECT_FALSE(prefix("10.0.0.0/8").covers(ip("11.0.0.0")));
  EXPECT_TRUE(prefix("192.0.2.128/25").covers(ip("192.0.2.128")));
  EXPECT_FALSE(prefix("192.0.2.128/25").covers(ip("192.0.2.127")));
  EXPECT_TRUE(prefix("2001:db8::/33").covers(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(prefix("2001:db8::/33").covers(ip("2001:db8:8000::1")));
  EXPECT_TRUE(prefix("::1").covers(ip("::1")));
  EXPECT_FALSE(prefix("::1").covers(ip("::2")));
  EXPECT_TRUE(prefix("0.0.0.0/0").covers(ip("203.0.113.9")));
  EXPECT_FALSE(prefix("0.0.0.0/0").covers(ip("2001:db8::1")));
  EXPECT_TRUE(prefix("::/0").covers(ip("2001:db8::1")));
  EXPECT_FALSE(prefix("::/0").covers(ip("203.0.113.9")));
  EXPECT_TRUE(prefix("10.0.0.0/8").covers(ip("::ffff:10.1.1.1")));
}

TEST(IpPrefixTest, CoversAPrefixInsideItAndNoWiderOne) {
  EXPECT_TRUE(prefix("10.0.0.0/8").covers(prefix("10.1.0.0/16")));
  EXPECT_TRUE(prefix("10.0.0.0/8").covers(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.0.0.0/16").covers(prefix("10.0.0.0/8")));
}

TEST(IpPrefixTest, AroundAnAddressIsTheBlockItIsIn) {
  EXPECT_EQ(IpPrefix::around(ip("192.0.2.7"), 24), prefix("192.0.2.0/24"));
  EXPECT_EQ(IpPrefix::around(ip("2001:db8:1:2ff::7"), 56), prefix("2001:db8:1:200::/56"));
}

TEST(IpPrefixTest, SitesAndNetworksAreWhatAddressesAreGivenOutBy) {
  EXPECT_EQ(host_of(ip("192.0.2.7")), ip("192.0.2.7"));
  EXPECT_EQ(host_of(ip("2001:db8:1:2ff::7")), ip("2001:db8:1:2ff::"));
  EXPECT_EQ(site_of(ip("192.0.2.7")), ip("192.0.2.0"));
  EXPECT_EQ(site_of(ip("2001:db8:1:2ff::7")), ip("2001:db8:1:200::"));
  EXPECT_EQ(network_of(ip("192.0.2.7")), ip("192.0.0.0"));
  EXPECT_EQ(network_of(ip("2001:db8:1:2ff::7")), ip("2001:db8::"));
}

}  // namespace
}  // namespace fanlight
