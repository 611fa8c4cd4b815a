#include "worker/half_open.h"

#include <gtest/gtest.h>

namespace fanlight {
namespace {

class HalfOpenTest : public ::testing::Test {
 protected:
  static constexpr HashKey kKey{11, 12};
  Sessions sessions_{0, 256, 1, kKey};
  HalfOpen half_open_{kKey, sessions_};
  Instant now_{5'000'000};

  Session& open(const IpAddress& from) {
    Session& session = *sessions_.open();
    session.path.remote = {from, 5000};
    session.opened = now_ = now_ + millis(1);
    half_open_.add(session);
    return session;
  }
  Session& open_v4(int a, int b, int c) {
    const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
    return open(IpAddress::v4(byte(a), byte(b), byte(c), 7));
  }
  Session& first_to_go() { return half_open_.first_to_go(now_); }
  // It goes, as it would.
  Session& make_room() {
    Session& gone = first_to_go();
    half_open_.remove(gone);
    return gone;
  }
};

TEST_F(HalfOpenTest, TheOldestOfTheGreediestSiteGoes) {
  Session& first = open_v4(10, 1, 1);
  std::vector<Session*> crowd;
  for (int i = 0; i < 20; ++i) crowd.push_back(&open_v4(192, 168, 2));
  Session& last = open_v4(10, 2, 1);
  for (std::size_t i = 0; i < 19; ++i) EXPECT_EQ(&make_room(), crowd[i]) << "number " << i;
  EXPECT_EQ(&make_room(), &first) << "one of each: who waited longest";
  EXPECT_EQ(&make_room(), crowd[19]);
  EXPECT_EQ(&make_room(), &last);
  EXPECT_EQ(half_open_.size(), 0u);
}

TEST_F(HalfOpenTest, ANetworkThatSweepsThroughItsSitesGivesWayToOthers) {
  Session& honest = open_v4(10, 1, 1);
  Session& neighbours = open_v4(10, 1, 1);
  for (int i = 0; i < 100; ++i) open_v4(192, 168, i);
  for (int i = 0; i < 98; ++i) EXPECT_EQ(make_room().path.remote.ip.bytes[12], 192) << "number " << i;
  EXPECT_TRUE(honest.is_half_open && neighbours.is_half_open);
}

TEST_F(HalfOpenTest, WhoIsHeardLeavesFromAnyPlace) {
  std::vector<Session*> crowd;
  for (int i = 0; i < 5; ++i) crowd.push_back(&open_v4(192, 168, 2));
  half_open_.remove(*crowd[2]);
  half_open_.remove(*crowd[0]);
  half_open_.remove(*crowd[4]);
  EXPECT_EQ(half_open_.size(), 2u);
  crowd.push_back(&open_v4(192, 168, 2));
  EXPECT_EQ(&make_room(), crowd[1]);
  EXPECT_EQ(&make_room(), crowd[3]);
  EXPECT_EQ(&make_room(), crowd[5]);
  EXPECT_FALSE(crowd[1]->is_half_open);
}

TEST_F(HalfOpenTest, ManySitesOfManyNetworksAllLeave) {
  std::vector<Session*> all;
  for (int i = 0; i < 240; ++i) all.push_back(&open_v4(10 + i % 7, i % 31, i));
  half_open_.limit(239);
  EXPECT_TRUE(half_open_.is_over_limit());
  for (Session* session : all) half_open_.remove(*session);
  EXPECT_EQ(half_open_.size(), 0u);
  EXPECT_FALSE(half_open_.is_over_limit());
  Session& one = open_v4(10, 1, 1);
  EXPECT_EQ(&first_to_go(), &one) << "nobody else is left";
}

}  // namespace
}  // namespace fanlight
