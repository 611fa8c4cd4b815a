#include "service/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <thread>

namespace fanlight::packager {
namespace {

// Leaves the process as it was for other tests: nothing blocked, nothing pending.
class SignalsTest : public testing::Test {
 protected:
  SignalsTest() { pthread_sigmask(SIG_BLOCK, nullptr, &before_); }
  ~SignalsTest() override {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_IGN), signal(number, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_{};
};

TEST_F(SignalsTest, EachGoesToWhoTakesThemOnAThreadOfTheirOwn) {
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    std::promise<std::pair<int, std::thread::id>> taken;
    Signals signals;
    signals.hand_to([&](int it) { taken.set_value({it, std::this_thread::get_id()}); });
    std::thread([&] { kill(getpid(), number); }).join();
    std::future<std::pair<int, std::thread::id>> seen = taken.get_future();
    ASSERT_EQ(seen.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    const auto [it, thread] = seen.get();
    EXPECT_EQ(it, number);
    EXPECT_NE(thread, std::this_thread::get_id());
  }
}

TEST_F(SignalsTest, OnceClosedTheyAreNobodys) {
  int count = 0;
  {
    Signals signals;
    signals.hand_to([&](int) { ++count; });
    signals.close();
    kill(getpid(), SIGTERM);
    signals.close();
  }
  EXPECT_EQ(count, 0);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_TRUE(sigismember(&pending, SIGTERM));
}

TEST_F(SignalsTest, WhatIsIgnoredDoesNothingBeforeSomebodyTakesThem) {
  signal(SIGHUP, SIG_IGN);  // As nohup does.
  std::promise<int> taken;
  Signals signals;
  kill(getpid(), SIGHUP);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  signals.hand_to([&](int it) { taken.set_value(it); });
  kill(getpid(), SIGINT);
  std::future<int> seen = taken.get_future();
  ASSERT_EQ(seen.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(seen.get(), SIGINT);
}

using SignalsDeathTest = SignalsTest;

TEST_F(SignalsDeathTest, UntilSomebodyTakesThemTheyEndTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Signals signals;
        kill(getpid(), SIGTERM);
        std::this_thread::sleep_for(std::chrono::seconds(10));
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace fanlight::packager
