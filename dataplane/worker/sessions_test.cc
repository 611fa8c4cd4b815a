#include "worker/sessions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace fanlight {
namespace {

Endpoint caller(std::uint16_t port) { return {IpAddress::v4(127, 0, 0, 1), port}; }

TEST(SessionsTest, AFreedSocketIdFindsNobodyAndComesBackWithAnotherGeneration) {
  Sessions sessions(3, 2, 1, {1, 2});
  Session* first = sessions.open();
  const SocketId old = first->socket;
  EXPECT_EQ(old.raw() >> 24, 3u);
  EXPECT_LT(old.raw(), 1u << 30);
  sessions.close(*first);
  EXPECT_EQ(sessions.find(old), nullptr);
  ASSERT_NE(sessions.open(), nullptr);
  Session* again = sessions.open();
  EXPECT_EQ(again, first);
  EXPECT_NE(again->socket, old);
  EXPECT_EQ(sessions.open(), nullptr) << "two slots, both taken";
}

TEST(SessionsTest, NoSocketIdIsEverZero) {
  Sessions sessions(0, 1, 1, {1, 2});
  for (int i = 0; i < 600; ++i) {
    Session* session = sessions.open();
    EXPECT_NE(session->socket, SocketId{});
    sessions.close(*session);
  }
}

TEST(SessionsTest, AnIdDoesNotComeBackSoonHoweverOftenItsSlotDoes) {
  Sessions sessions(0, 65'535, 1, {1, 2});  // The fewest bits for a generation.
  std::map<std::uint32_t, std::vector<std::uint32_t>> ids_of;
  for (int i = 0; i < 65'535 * 8; ++i) {
    Session* session = sessions.open();
    ids_of[sessions.slot_of(*session)].push_back(session->socket.raw());
    sessions.close(*session);
  }
  for (auto& [slot, ids] : ids_of) {
    ASSERT_EQ(ids.size(), 8u) << "the free slots go round";
    std::sort(ids.begin(), ids.end());
    ASSERT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
  }
}

// Off the path, an attacker would have to guess it along with the peer's address and port.
TEST(SessionsTest, AnIdIsNotToBeGuessedFromTheOneBefore) {
  std::set<std::uint32_t> first, second, steps;
  for (std::uint64_t key = 0; key < 1'000; ++key) {
    Sessions sessions(0, 1'024, 1, {key, 7});
    Session* session = sessions.open();
    const std::uint32_t slot = sessions.slot_of(*session);
    const SocketId one = session->socket;
    first.insert(one.raw());
    second.insert(sessions.open()->socket.raw());
    sessions.close(*session);
    for (int i = 0; i < 1'022; ++i) ASSERT_NE(sessions.open(), nullptr);
    session = sessions.open();
    ASSERT_EQ(sessions.slot_of(*session), slot);
    steps.insert(session->socket.raw() - one.raw());
  }
  EXPECT_GT(first.size(), 990u) << "of 2^24";
  EXPECT_GT(second.size(), 990u);
  EXPECT_GT(steps.size(), 700u) << "of 2 x 2,047: a slot's next ID follows from nothing that was seen";
}

// What a fresh packet to an IPv4 viewer reads of it is one cache line.
TEST(SessionsTest, AnEnvelopeBeginsACacheLine) {
  Sessions sessions(0, 3, 1, {1, 2});
  for (int i = 0; i < 3; ++i) {
    const auto at = reinterpret_cast<std::uintptr_t>(&sessions.open()->become_viewer({}, {}).envelope);
    EXPECT_EQ(at % 64, 0u);
  }
}

TEST(SessionsTest, CallersAreFoundThroughChurn) {
  std::mt19937 random(11);
  Sessions sessions(0, 64, 1, {1, 2});
  std::vector<Session*> open;
  std::uint16_t port = 1000;
  for (int step = 0; step < 20'000; ++step) {
    if (open.size() < 64 && random() % 2 == 0) {
      Session* session = sessions.open();
      session->path.remote = caller(++port);
      session->become_viewer({}, {}).envelope.peer = SocketId{port % 7u};
      sessions.index(*session);
      open.push_back(session);
    } else if (!open.empty()) {
      std::swap(open[random() % open.size()], open.back());
      const Endpoint gone = open.back()->path.remote;
      const SocketId peer = open.back()->peer();
      sessions.close(*open.back());
      open.pop_back();
      ASSERT_EQ(sessions.find_caller(gone, peer), nullptr);
    }
    for (Session* session : open) ASSERT_EQ(sessions.find_caller(session->path.remote, session->peer()), session);
  }
}

}  // namespace
}  // namespace fanlight
