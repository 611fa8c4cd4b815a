#include "fanlight/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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

class FolderTest : public testing::Test {
 protected:
  FolderTest() : root_(std::filesystem::path(testing::TempDir()) / ("fanlight-places-" + std::to_string(getpid()))) {
    for (const char* folder : {"bin", "tools/fanlight", "controlplane"})
      std::filesystem::create_directories(root_ / folder);
  }
  ~FolderTest() override { std::filesystem::remove_all(root_); }
  std::string program(const std::string& path) {
    const std::filesystem::path made = root_ / path;
    std::ofstream(made) << "#!/bin/true\n";
    std::filesystem::permissions(made, std::filesystem::perms::owner_all);
    return made;
  }
  [[nodiscard]] std::string folder(const std::string& name) const { return root_ / name; }

  std::filesystem::path root_;
};

TEST_F(FolderTest, FanlightdIsFoundBesideTheProgramAsInstalled) {
  const std::string made = program("bin/fanlightd");
  EXPECT_EQ(find_fanlightd(folder("bin")), made);
}

TEST_F(FolderTest, FanlightdIsFoundWhereTheBuildPutsIt) {
  const std::string made = program("controlplane/fanlightd");
  EXPECT_TRUE(std::filesystem::equivalent(find_fanlightd(folder("tools/fanlight")), made));
}

TEST_F(FolderTest, WithoutANeighbourPathDecides) { EXPECT_EQ(find_fanlightd(folder("bin")), "fanlightd"); }

TEST(CapacityTest, AMissingFanlightdIsARefusal) {
  CapacityQuestion question;
  question.fanlightd = "/nowhere/fanlightd";
  EXPECT_EQ(measure_capacity(question, false), 1);
}

}  // namespace
}  // namespace fanlight::cli
