#include "http/poller.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/sockets.h"

namespace fanlight::packager {
namespace {

class PollerFixture : public testing::Test {
 protected:
  struct Pair {
    Pair() {
      std::array<int, 2> ends{};
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
      ours = Descriptor(ends[0]);
      theirs = Descriptor(ends[1]);
    }
    void say(std::string_view text) const {
      EXPECT_EQ(::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
    }
    // Empty: nothing has come. "end": the other side has closed, or "reset": before it had read all.
    [[nodiscard]] std::string hear() const {
      std::array<char, 1'024> text{};
      const ssize_t got = recv(theirs.get(), text.data(), text.size(), 0);
      if (got < 0 && errno == ECONNRESET) return "reset";
      return got == 0 ? "end" : std::string(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    Descriptor ours, theirs;
  };

  virtual Poller::Kind kind() = 0;
  void SetUp() override {
    Result<std::unique_ptr<Poller>> opened = Poller::open(kind());
    if (!opened && opened.error().code == ErrorCode::kUnavailable) GTEST_SKIP() << opened.error().what;
    ASSERT_TRUE(opened) << opened.error().what;
    poller_ = *std::move(opened);
    ASSERT_TRUE(poller_->enter());
    has_entered_ = true;
  }
  void TearDown() override {
    if (has_entered_) poller_->leave();
  }
  // Whatever is there by now.
  std::map<std::uint64_t, std::uint32_t> told(int at_most_ms = 0) {
    std::map<std::uint64_t, std::uint32_t> events;
    for (const Poller::News& news : poller_->wait(at_most_ms)) events[news.name] |= news.events;
    return events;
  }
  void watch(const std::vector<Pair>& crowd) {
    for (std::size_t i = 0; i < crowd.size(); ++i) ASSERT_TRUE(poller_->watch_edge(crowd[i].ours.get(), i));
    while (!told().empty()) {
    }
  }
  void speak_and_forget(std::vector<Pair>& crowd) {
    for (std::size_t i = 0; i < crowd.size(); ++i) {
      crowd[i].say("and");
      poller_->forget(crowd[i].ours.get(), i);
      crowd[i].ours.close();
    }
  }
  static std::size_t resets(const std::vector<Pair>& crowd) {
    return static_cast<std::size_t>(std::ranges::count(crowd, "reset", &Pair::hear));
  }

  std::unique_ptr<Poller> poller_;
  bool has_entered_ = false;
};

class PollerTest : public PollerFixture, public testing::WithParamInterface<Poller::Kind> {
  Poller::Kind kind() override { return GetParam(); }
};

class UringPollerTest : public PollerFixture {
  Poller::Kind kind() override { return Poller::Kind::kUring; }
};

using Told = std::map<std::uint64_t, std::uint32_t>;

TEST_P(PollerTest, ALevelIsToldForAsLongAsThereIsSomethingToRead) {
  const Pair pair;
  ASSERT_TRUE(poller_->watch_level(pair.ours.get(), 7));
  EXPECT_EQ(told(), Told{});
  pair.say("a");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(told(1'000), (Told{{7, EPOLLIN}})) << i;
  poller_->mute(pair.ours.get(), 7);
  (void)told();
  EXPECT_EQ(told(), Told{});
  poller_->unmute(pair.ours.get(), 7);
  EXPECT_EQ(told(1'000), (Told{{7, EPOLLIN}}));
}

TEST_P(PollerTest, AnEdgeIsToldOnce) {
  const Pair pair;
  ASSERT_TRUE(poller_->watch_edge(pair.ours.get(), 1ULL << 40));
  EXPECT_EQ(told(1'000), (Told{{1ULL << 40, EPOLLOUT}}));
  EXPECT_EQ(told(), Told{});
  pair.say("a");
  EXPECT_EQ(told(1'000)[1ULL << 40] & EPOLLIN, std::uint32_t{EPOLLIN});
  EXPECT_EQ(told(), Told{}) << "though nobody has read";
  pair.say("b");
  EXPECT_EQ(told(1'000)[1ULL << 40] & EPOLLIN, std::uint32_t{EPOLLIN});
}

TEST_P(PollerTest, WhoLeavesIsTold) {
  Pair pair;
  ASSERT_TRUE(poller_->watch_edge(pair.ours.get(), 1));
  (void)told(1'000);
  pair.theirs.close();
  EXPECT_EQ(told(1'000)[1] & (EPOLLRDHUP | EPOLLHUP), std::uint32_t{EPOLLRDHUP | EPOLLHUP});
}

TEST_P(PollerTest, WhatIsForgottenAndClosedIsClosedForThePeer) {
  Pair edge, level;
  ASSERT_TRUE(poller_->watch_edge(edge.ours.get(), 1));
  ASSERT_TRUE(poller_->watch_level(level.ours.get(), 2));
  (void)told(1'000);
  poller_->forget(edge.ours.get(), 1);
  poller_->forget(level.ours.get(), 2);
  edge.ours.close();
  level.ours.close();
  (void)told();
  EXPECT_EQ(edge.hear(), "end");
  EXPECT_EQ(level.hear(), "end");
  EXPECT_EQ(told(), Told{});
}

TEST_P(PollerTest, LeavingClosesWhatWasForgottenLast) {
  Pair pair;
  ASSERT_TRUE(poller_->watch_edge(pair.ours.get(), 1));
  (void)told(1'000);
  poller_->forget(pair.ours.get(), 1);
  pair.ours.close();
  poller_->leave();
  has_entered_ = false;
  EXPECT_EQ(pair.hear(), "end");
}

// What has just been said is news that the kernel has yet to tell.
TEST_P(PollerTest, WhoSpeaksWhileItIsForgottenSeesTheEnd) {
  std::vector<Pair> crowd(500);
  watch(crowd);
  speak_and_forget(crowd);
  for (int turn = 0; turn < 100; ++turn) (void)told();
  EXPECT_EQ(resets(crowd), crowd.size());
}

TEST_P(PollerTest, WhoSpeaksWhileItIsLeftSeesTheEnd) {
  std::vector<Pair> crowd(500);
  watch(crowd);
  speak_and_forget(crowd);
  poller_->leave();
  has_entered_ = false;
  EXPECT_EQ(resets(crowd), crowd.size());
}

TEST_F(UringPollerTest, ABatchReadsAndWritesWithoutWaiting) {
  SocketBatch* batch = poller_->batch();
  EXPECT_TRUE(batch->submit().empty());
  Pair full, quiet, gone;
  const Pair talks;
  talks.say("hello");
  gone.theirs.close();
  std::array<char, 4'096> much{};
  while (::send(full.ours.get(), much.data(), much.size(), 0) > 0) {
  }
  std::array<std::byte, 16> room{};
  OutQueue out;
  out.push(SharedBytes::copy_of("one "), Instant::never());
  out.push(SharedBytes::copy_of("two"), Instant::never());
  batch->push_receive(10, talks.ours.get(), room);
  batch->push_receive(11, quiet.ours.get(), room);
  batch->push_send(12, talks.ours.get(), out);
  batch->push_send(13, full.ours.get(), out);
  batch->push_send(14, gone.ours.get(), out);
  Told results;
  for (const SocketBatch::Outcome& one : batch->submit()) {
    EXPECT_EQ(one.number, one.name - 10);
    EXPECT_EQ(one.kind, one.name < 12 ? SocketBatch::Kind::kReceive : SocketBatch::Kind::kSend);
    results[one.name] = static_cast<std::uint32_t>(one.result);
  }
  const auto minus = [](int error) { return static_cast<std::uint32_t>(-error); };
  EXPECT_EQ(results, (Told{{10, 5}, {11, minus(EAGAIN)}, {12, 7}, {13, minus(EAGAIN)}, {14, minus(EPIPE)}}));
  EXPECT_EQ(std::memcmp(room.data(), "hello", 5), 0);
  EXPECT_EQ(talks.hear(), "one two");
  EXPECT_EQ(out.size(), 7U) << "who pushed it consumes it";
  EXPECT_TRUE(batch->submit().empty());
}

TEST_F(UringPollerTest, BatchesOfAnySizeAreAnsweredWhole) {
  SocketBatch* batch = poller_->batch();
  const Pair pair;
  std::array<std::byte, 1> room{};
  for (int round = 0; round < 20; ++round) {  // More than the ring has places.
    for (std::size_t i = 0; i < SocketBatch::kMax; ++i) {
      EXPECT_FALSE(batch->is_full());
      batch->push_receive(i, pair.ours.get(), room);
    }
    EXPECT_TRUE(batch->is_full());
    EXPECT_EQ(batch->submit().size(), SocketBatch::kMax);
  }
}

// More news at once than the ring has room for: a watch may end, and says so. Linux 6.18 ended none.
TEST_F(UringPollerTest, OfACrowdNobodyIsMissed) {
  constexpr std::uint64_t kCrowd = 20'000;
  const Descriptor bell(eventfd(0, EFD_NONBLOCK));
  for (std::uint64_t name = 0; name < kCrowd; ++name) ASSERT_TRUE(poller_->watch_edge(bell.get(), name));
  std::size_t ended = 0;
  for (int round = 0; round < 3; ++round) {
    for (int drained = 0; drained < 100 && !told().empty(); ++drained) {
    }
    eventfd_write(bell.get(), 1);
    std::vector<bool> is_told(kCrowd);
    std::uint64_t left = kCrowd;
    for (int turn = 0; turn < 1'000 && left > 0; ++turn)
      for (const Poller::News& news : poller_->wait(100)) {
        if ((news.events & EPOLLIN) == 0) continue;
        left -= !is_told[news.name];
        is_told[news.name] = true;
        if (!news.is_last) continue;
        ++ended;
        ASSERT_TRUE(poller_->watch_edge(bell.get(), news.name));
      }
    EXPECT_EQ(left, 0U) << round << ", " << ended << " have ended";
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, PollerTest, testing::Values(Poller::Kind::kEpoll, Poller::Kind::kUring),
                         [](const auto& one) { return one.param == Poller::Kind::kEpoll ? "epoll" : "io_uring"; });

}  // namespace
}  // namespace fanlight::packager
