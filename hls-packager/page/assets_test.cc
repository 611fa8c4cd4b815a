#include "page/assets.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace fanlight::packager {
namespace {

class AssetsTest : public testing::Test {
 protected:
  AssetsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "fanlight-assets-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::filesystem::create_directory(folder_ / "assets");
  }
  ~AssetsTest() override { std::filesystem::remove_all(folder_); }
  AssetsTest(const AssetsTest&) = delete;
  AssetsTest& operator=(const AssetsTest&) = delete;

  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  static std::string text_of(const Asset* asset) {
    if (asset == nullptr) return "nothing";
    const ByteSpan span = asset->document.plain.span();
    return {reinterpret_cast<const char*>(span.data()), span.size()};
  }

  std::filesystem::path folder_;
  Compressor compressor_;
};

TEST_F(AssetsTest, AreFoundByTheirPaths) {
  put("index.html", "list");
  put("play.html", "player");
  put("assets/app-1a2b.js", "script");
  put("assets/logo.png", "picture");
  put("secret.key", "key");
  const auto assets = Assets::load(folder_, compressor_);
  ASSERT_TRUE(assets) << assets.error().what;
  EXPECT_EQ(text_of(assets->find("/")), "list");
  EXPECT_EQ(text_of(assets->find("/play/live/main")), "player");
  const Asset* script = assets->find("/assets/app-1a2b.js");
  EXPECT_EQ(text_of(script), "script");
  EXPECT_TRUE(script->is_immutable);
  EXPECT_FALSE(assets->find("/")->is_immutable);
  EXPECT_GT(script->document.gzip.size(), 0u);
  EXPECT_EQ(assets->find("/assets/logo.png")->document.gzip.size(), 0u);
  for (const char* path :
       {"/secret.key", "/assets/../index.html", "/assets/", "/assets", "/play", "/live/a/index.m3u8", ""})
    EXPECT_EQ(assets->find(path), nullptr) << path;
}

TEST_F(AssetsTest, WhatIsNoPageIsRefused) {
  put("index.html", "list");
  const auto assets = Assets::load(folder_, compressor_);
  ASSERT_FALSE(assets);
  EXPECT_NE(assets.error().what.find("play.html"), std::string::npos);
  EXPECT_FALSE(Assets::load(folder_ / "nowhere", compressor_));
}

TEST_F(AssetsTest, WithoutAPageThereIsNothing) {
  EXPECT_FALSE(Assets().is_there());
  EXPECT_EQ(Assets().find("/"), nullptr);
}

}  // namespace
}  // namespace fanlight::packager
