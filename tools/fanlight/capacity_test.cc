#include "fanlight/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanlight::cli {
namespace {

using testing::ElementsAre;

TEST(CapacityTest, WhatWasNotAskedForIsLeftToFanlightd) {
  EXPECT_THAT(arguments_of({}, false),
              ElementsAre("fanlightd", "--capacity", "--config", "/etc/fanlight/fanlight.toml"));
}

TEST(CapacityTest, EveryWordIsPassedOn) {
  CapacityQuestion question;
  question.config = "a.toml";
  question.megabits = {2.5, 10};
  question.viewers = 300;
  question.key_bits = 128;
  EXPECT_THAT(arguments_of(question, true),
              ElementsAre("fanlightd", "--capacity", "--config", "a.toml", "--bitrate", "2.5", "--bitrate", "10",
                          "--viewers", "300", "--encrypted", "128", "--json"));
}

TEST(CapacityTest, AMissingFanlightdIsARefusal) {
  CapacityQuestion question;
  question.fanlightd = "/nowhere/fanlightd";
  EXPECT_EQ(measure_capacity(question, false), 1);
}

}  // namespace
}  // namespace fanlight::cli
