#include "worker/ban_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace fanlight {
namespace {

IpPrefix prefix(std::string_view text) { return *IpPrefix::parse(text); }
IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

TEST(BanListTest, CoversWhatAnyOfItsPrefixesCovers) {
  BanList bans;
  EXPECT_FALSE(bans.covers(ip("192.0.2.7")));
  for (const char* text : {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "2001:db8::/32"})
    EXPECT_TRUE(bans.add(prefix(text)));
  EXPECT_TRUE(bans.covers(ip("10.200.0.1")));
  EXPECT_TRUE(bans.covers(ip("192.0.2.7")));
  EXPECT_FALSE(bans.covers(ip("192.0.2.8")));
  EXPECT_TRUE(bans.covers(ip("2001:db8:ffff::1")));
  EXPECT_FALSE(bans.covers(ip("2001:db9::1")));
  bans.remove(prefix("10.0.0.0/8"));
  EXPECT_FALSE(bans.covers(ip("10.200.0.1")));
  EXPECT_TRUE(bans.covers(ip("10.1.2.3"))) << "the narrower one is a ban of its own";
}

TEST(BanListTest, APrefixStandsInItOnce) {
  BanList bans;
  EXPECT_TRUE(bans.add(prefix("192.0.2.0/24")));
  EXPECT_TRUE(bans.add(prefix("192.0.2.0/24")));
  EXPECT_EQ(bans.size(), 1u);
  bans.remove(prefix("192.0.2.0/25"));
  EXPECT_EQ(bans.size(), 1u);
  bans.remove(prefix("192.0.2.0/24"));
  EXPECT_FALSE(bans.covers(ip("192.0.2.1")));
}

TEST(BanListTest, AWholeFamilyCanBeShutOut) {
  BanList bans;
  EXPECT_TRUE(bans.add(prefix("::/0")));
  EXPECT_TRUE(bans.covers(ip("2001:db8::1")));
  EXPECT_FALSE(bans.covers(ip("192.0.2.7")));
}

TEST(BanListTest, AgreesWithAPlainListUntilItIsFull) {
  std::mt19937 random(5);
  BanList bans;
  std::vector<IpPrefix> plain;
  const auto any_address = [&] {
    IpAddress address = random() % 2 == 0 ? IpAddress::v4(10, 0, 0, 0) : IpAddress{};
    for (std::size_t i = 13; i < 16; ++i) address.bytes[i] = static_cast<std::uint8_t>(random());
    if (!address.is_v4()) address.bytes[0] = 0x20;
    return address;
  };
  while (plain.size() < kBansMax) {
    const IpAddress at = any_address();
    const IpPrefix one = IpPrefix::around(at, static_cast<int>(at.is_v4() ? 20 + random() % 13 : 112 + random() % 17));
    if (std::ranges::find(plain, one) == plain.end()) plain.push_back(one);
    ASSERT_TRUE(bans.add(one));
    if (random() % 4 != 0 || plain.empty()) continue;
    std::swap(plain[random() % plain.size()], plain.back());
    bans.remove(plain.back());
    plain.pop_back();
  }
  EXPECT_FALSE(bans.add(prefix("192.0.2.0/24"))) << "full";
  for (int i = 0; i < 20'000; ++i) {
    const IpAddress address = any_address();
    ASSERT_EQ(bans.covers(address),
              std::ranges::any_of(plain, [&](const IpPrefix& one) { return one.covers(address); }))
        << address.text();
  }
}

}  // namespace
}  // namespace fanlight
