#include "worker/responses.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace fanlight {
namespace {

class ResponsesTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kPlaces = 128;
  Responses::Kept keep(std::uint32_t socket) {
    const std::vector<std::byte> datagram(80 + socket % 8, std::byte(socket));
    const Responses::Kept kept =
        responses.keep(SocketId{socket}, datagram, [&](SocketId other) { return !heard.contains(other.raw()); });
    place[socket] = kept.place;
    return kept;
  }
  // Sockets count from 1.
  void fill() {
    for (std::uint32_t socket = 1; socket <= kPlaces; ++socket) EXPECT_FALSE(keep(socket).has_forgotten);
  }
  Response* find(std::uint32_t socket) { return responses.find(SocketId{socket}, place[socket]); }
  std::set<std::uint32_t> heard;
  std::array<std::uint32_t, 4 * kPlaces> place{};
  Responses responses{16 * kPlaces};
};

TEST_F(ResponsesTest, EachIsFoundAsItWasKept) {
  fill();
  for (std::uint32_t socket = 1; socket <= kPlaces; ++socket) {
    ASSERT_NE(find(socket), nullptr);
    EXPECT_EQ(find(socket)->content().size(), 80 + socket % 8);
    EXPECT_EQ(find(socket)->content()[0], std::byte(socket));
  }
  EXPECT_EQ(responses.find(SocketId{1}, place[2]), nullptr);
  EXPECT_EQ(responses.find(SocketId{1}, kPlaces), nullptr);
}

TEST_F(ResponsesTest, WhoWasHeardMakesRoomAndNobodyElse) {
  fill();
  for (std::uint32_t socket = 60; socket <= kPlaces; socket += 40) heard.insert(socket);  // 60 and 100.
  EXPECT_FALSE(keep(200).has_forgotten);
  EXPECT_FALSE(keep(201).has_forgotten);
  for (std::uint32_t socket = 1; socket <= kPlaces; ++socket)
    EXPECT_EQ(find(socket) == nullptr, heard.contains(socket)) << socket;
}

TEST_F(ResponsesTest, WhenAllAreWaitedForTheOldestIsForgotten) {
  fill();
  EXPECT_TRUE(keep(200).has_forgotten);
  EXPECT_EQ(find(1), nullptr);
  EXPECT_NE(find(2), nullptr);
  EXPECT_NE(find(200), nullptr);
}

// However many callers are never heard of again, others keep theirs for the time it takes to fill a good part of the
// places: each costs one.
TEST_F(ResponsesTest, AFloodOfCallersForgetsOneForEach) {
  fill();
  for (std::uint32_t socket = 200; socket < 210; ++socket) EXPECT_TRUE(keep(socket).has_forgotten);
  std::size_t left = 0;
  for (std::uint32_t socket = 1; socket <= kPlaces; ++socket) left += find(socket) != nullptr ? 1 : 0;
  EXPECT_EQ(left, kPlaces - 10);
}

}  // namespace
}  // namespace fanlight
