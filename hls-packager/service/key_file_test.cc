#include "service/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "service/settings.h"

namespace fanlight::packager {
namespace {

constexpr const char* kKeys =
    "00000000000000000000000000000001:11111111111111111111111111111111\n"
    "00000000000000000000000000000002:22222222222222222222222222222222\n";

class KeyFileTest : public testing::Test {
 protected:
  KeyFileTest() {
    char name[] = "/tmp/fanlight-keys-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~KeyFileTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_ + "/k.txt";
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  [[nodiscard]] auto settings_with(const std::string& lines) const {
    return parse_settings("[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n" + lines, folder_ + "/p.toml");
  }
  std::string folder_;
};

TEST_F(KeyFileTest, OfItsOwnersAloneItIsRead) {
  const auto keys = load_keys(write(kKeys));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 2u);
}

TEST_F(KeyFileTest, WhatOthersReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0620}) {
    const auto keys = load_keys(write(kKeys, mode));
    ASSERT_FALSE(keys);
    EXPECT_NE(keys.error().front().accepted.find("chmod 600 " + folder_), std::string::npos);
  }
}

TEST_F(KeyFileTest, MistakesHaveTheFileAndTheLine) {
  EXPECT_EQ(load_keys(write("\nsecret\n")).error().front().found, folder_ + "/k.txt:2: a line that is no key");
  EXPECT_EQ(load_keys(folder_).error().front().found, folder_ + ", which is no file of keys");
  EXPECT_EQ(load_keys(folder_ + "/none").error().front().found,
            folder_ + "/none, which cannot be read: No such file or directory");
}

TEST_F(KeyFileTest, AStreamNamesItsFileBesideTheConfiguration) {
  write(kKeys);
  const auto settings = settings_with("keys_file = \"k.txt\"\nrotate_segments = 4\nserve_keys = true\n");
  ASSERT_TRUE(settings) << settings.error().lines.front();
  const KeyRing& ring = *settings->streams.front().keys;
  EXPECT_EQ(ring.keys.size(), 2u);
  EXPECT_EQ(ring.rotate_segments, 4u);
  EXPECT_TRUE(ring.is_served);
  EXPECT_FALSE(settings_with("")->streams.front().keys) << "off by default";
  EXPECT_FALSE(settings_with("keys_file = \"k.txt\"\n")->streams.front().keys->is_served) << "served when said";
}

TEST_F(KeyFileTest, WhatDoesNotGoTogetherIsSaid) {
  write(std::string(kKeys).substr(0, 66));
  for (const auto& [lines, said] : std::vector<std::pair<std::string, std::string>>{
           {"serve_keys = true\n",
            "p.toml:4: stream.serve_keys: found it without keys_file, accepted both, or neither"},
           {"rotate_segments = 2\n", "p.toml:4: stream.rotate_segments: found it without keys_file"},
           {"keys_file = \"k.txt\"\nrotate_segments = 2\n",
            "p.toml:5: stream.rotate_segments: found 2 with one key, accepted two keys at least"},
           {"keys_file = \"none\"\n", "p.toml:4: stream.keys_file: found " + folder_ + "/none, which cannot be read"},
           {"keys_file = 7\n", "p.toml:4: stream.keys_file"}}) {
    const auto settings = settings_with(lines);
    ASSERT_FALSE(settings) << lines;
    EXPECT_NE(settings.error().lines.front().find(said), std::string::npos) << settings.error().lines.front();
  }
}

TEST_F(KeyFileTest, AGroupsStreamsHaveOneSetOfKeys) {
  write(kKeys);
  const std::string second = "[[stream]]\nname = \"b\"\nsource = \"udp://127.0.0.1:5002\"\n";
  const std::string group = "[[group]]\nname = \"g\"\nstreams = [\"a\", \"b\"]\n", keys = "keys_file = \"k.txt\"\n";
  EXPECT_TRUE(settings_with(keys + second + keys + group));
  EXPECT_FALSE(settings_with(keys + second + group));
  EXPECT_FALSE(settings_with(keys + second + keys + "serve_keys = true\n" + group));
}

}  // namespace
}  // namespace fanlight::packager
