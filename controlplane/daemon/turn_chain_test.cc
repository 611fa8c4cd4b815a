#include "daemon/turn_chain.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

TEST(TurnChainTest, HoweverOftenStartedOneTurnIsTakenAtATime) {
  boost::asio::io_context loop{1};
  int turns = 0, at_others_turn = 0;
  TurnChain chain(loop, [&] { return ++turns < 100; });
  for (int i = 0; i < 10; ++i) chain.start();
  EXPECT_EQ(turns, 1);
  boost::asio::post(loop, [&] { at_others_turn = turns; });
  loop.run();
  EXPECT_EQ(at_others_turn, 2);
  EXPECT_EQ(turns, 100);
}

TEST(TurnChainTest, AChainThatEndedMayStartAgain) {
  boost::asio::io_context loop{1};
  int turns = 0;
  TurnChain chain(loop, [&] { return ++turns % 3 != 0; });
  chain.start();
  loop.run();
  EXPECT_EQ(turns, 3);
  loop.restart();
  chain.start();
  loop.run();
  EXPECT_EQ(turns, 6);
}

}  // namespace
}  // namespace fanlight::control
