#include "engine/srt/cookie.h"

#include <gtest/gtest.h>

namespace fanlight::srt {
namespace {

const Endpoint kCaller{IpAddress::v4(127, 0, 0, 1), 5000};
constexpr SocketId kSocket{42};

TEST(CookieTest, LivesForTheCurrentAndThePreviousMinute) {
  const CookieJar jar({1, 2});
  const Instant start{600'000'000};
  const std::uint32_t cookie = jar.make(start, kCaller, kSocket);
  EXPECT_TRUE(jar.judge(start, kCaller, kSocket, cookie));
  EXPECT_TRUE(jar.judge(start + seconds(119), kCaller, kSocket, cookie));
  EXPECT_FALSE(jar.judge(start + seconds(120), kCaller, kSocket, cookie));
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
