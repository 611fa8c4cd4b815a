#include "engine/srt/cookie.h"

#include <gtest/gtest.h>

#include "contract/limits.h"

namespace fanlight::srt {
namespace {

const Endpoint kCaller{IpAddress::v4(127, 0, 0, 1), 5000};
constexpr SocketId kSocket{42};

TEST(CookieTest, LivesForHalfOfItsLifeAtLeastAndNoLonger) {
  const CookieJar jar({1, 2});
  const Instant start{600'000'000};
  const std::uint32_t cookie = jar.make(start, kCaller, kSocket);
  EXPECT_TRUE(jar.judge(start, kCaller, kSocket, cookie));
  EXPECT_TRUE(jar.judge(start + kCookieLifeMax - micros(1), kCaller, kSocket, cookie));
  EXPECT_FALSE(jar.judge(start + kCookieLifeMax, kCaller, kSocket, cookie));
  const Instant late = start + kCookieLifeMax / 2 - micros(1);  // Before the next epoch.
  EXPECT_TRUE(jar.judge(late + kCookieLifeMax / 2, kCaller, kSocket, jar.make(late, kCaller, kSocket)));
}

TEST(CookieTest, BelongsToOneAddressPortAndSocket) {
  const CookieJar jar({1, 2});
  const std::uint32_t cookie = jar.make({}, kCaller, kSocket);
  EXPECT_FALSE(jar.judge({}, {kCaller.ip, 5001}, kSocket, cookie));
  EXPECT_FALSE(jar.judge({}, {IpAddress::v4(127, 0, 0, 2), 5000}, kSocket, cookie));
  EXPECT_FALSE(jar.judge({}, kCaller, SocketId{43}, cookie));
  EXPECT_FALSE(CookieJar({1, 3}).judge({}, kCaller, kSocket, cookie));
}

}  // namespace
}  // namespace fanlight::srt
