#include "worker/sessions.h"

#include <gtest/gtest.h>

#include <random>
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
