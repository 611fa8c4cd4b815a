#include "origin/resource.h"

namespace fanlight::packager {
namespace {

std::string read(std::string_view path) {
  const std::optional<Resource> resource = parse_resource(path);
  if (!resource) return "-";
  static constexpr const char* kKinds[] = {"index", "mpd", "init", "segment", "part", "key", "licence"};
  return resource->folder + " " + kKinds[static_cast<int>(resource->kind)] + " " + std::to_string(resource->number) +
         "." + std::to_string(resource->part) + resource->key_id;
}

TEST(ResourceTest, PathsNamePlaylistsAndMedia) {
  EXPECT_EQ(read("/live/a/index.m3u8"), "a index 0.0");
  EXPECT_EQ(read("/live/live/main/v0/index.m3u8"), "live/main/v0 index 0.0");
  EXPECT_EQ(read("/live/live/main/manifest.mpd"), "live/main mpd 0.0");
  EXPECT_EQ(read("/live/a/v0/i3.mp4"), "a/v0 init 3.0");
  EXPECT_EQ(read("/live/a/v0/s17.m4s"), "a/v0 segment 17.0");
  EXPECT_EQ(read("/live/a/v0/s17.4.m4s"), "a/v0 part 17.4");
  EXPECT_EQ(read("/live/a/v0/s18446744073709551615.m4s"), "a/v0 segment 18446744073709551615.0");
}

TEST(ResourceTest, PathsNameKeys) {
  EXPECT_EQ(read("/live/a/v0/i3.2.mp4"), "a/v0 init 3.2");
  EXPECT_EQ(read("/live/live/main/licence.json"), "live/main licence 0.0");
  EXPECT_EQ(read("/live/live/main/00112233445566778899aabbccddeeff.key"),
            "live/main key 0.000112233445566778899aabbccddeeff");
  for (const char* name : {".key", "00112233445566778899AABBCCDDEEFF.key", "00112233445566778899aabbccddeef.key",
                           "00112233-4455-6677-8899-aabbccddeef.key", "i3.0.mp4", "i3.1.1.mp4", "licence"})
    EXPECT_EQ(read(std::string("/live/a/") + name), "-") << name;
}

TEST(ResourceTest, EscapesAreReadStrictly) {
  EXPECT_EQ(read("/live/%61%20b/index.m3u8"), "a b index 0.0");
  EXPECT_EQ(read("/live/caf%C3%A9/index.m3u8"), "caf\xC3\xA9 index 0.0");
  for (const char* path :
       {"/live/%/index.m3u8", "/live/%4/index.m3u8", "/live/%zz/index.m3u8", "/live/a%2Fb/index.m3u8",
        "/live/a%00/index.m3u8", "/live/a%5cb/index.m3u8", "/live/a%0a/index.m3u8", "/live/a b/index.m3u8",
        "/live/a\xC3/index.m3u8", "/live/a/index.m3u8%"})
    EXPECT_EQ(read(path), "-") << path;
}

TEST(ResourceTest, NothingLeavesItsFolder) {
  for (const char* path : {"/live/../index.m3u8", "/live/a/./index.m3u8", "/live/a/%2e%2E/index.m3u8",
                           "/live//index.m3u8", "//live/a/index.m3u8", "/live/a//index.m3u8", "/live/a/index.m3u8/",
                           "live/a/index.m3u8", "", "/", "/live", "/live/", "/live/index.m3u8", "/lives/a/index.m3u8"})
    EXPECT_EQ(read(path), "-") << path;
}

TEST(ResourceTest, NumbersHaveOneName) {
  for (const char* name :
       {"s01.m4s", "s.m4s", "s-1.m4s", "s+1.m4s", "s1..m4s", "s1.2.3.m4s", "s1.02.m4s", "i.mp4", "i00.mp4",
        "s18446744073709551616.m4s", "s1.m4s.", "S1.m4s", "s1 .m4s", "i1.m4s", "s.1.m4s", "segment1.m4s", "s1.m4"})
    EXPECT_EQ(read(std::string("/live/a/v0/") + name), "-") << name;
}

TEST(ResourceTest, PathsAreNoLongerThanTheyNeedBe) {
  const std::string longest = "/live/" + std::string(kPathBytesMax - 17, 'a') + "/index.m3u8";
  ASSERT_EQ(longest.size(), kPathBytesMax);
  EXPECT_NE(read(longest), "-");
  EXPECT_EQ(read("/live/a" + longest.substr(6)), "-");
}

TEST(ResourceTest, AFolderIsInAnother) {
  EXPECT_EQ(split_folder("a/b/v0")->parent, "a/b");
  EXPECT_EQ(split_folder("a/b/v0")->name, "v0");
  EXPECT_FALSE(split_folder("a"));
}

TEST(ResourceTest, ARenditionsFolderIsALetterAndANumber) {
  for (const char* name : {"v0", "a0", "a12", "v4294967295"}) EXPECT_TRUE(is_rendition_folder(name)) << name;
  for (const char* name : {"", "v", "a", "x0", "V0", "v00", "a01", "v-1", "v0x", "va", "0", "junk", "v12345678901"})
    EXPECT_FALSE(is_rendition_folder(name)) << name;
}

}  // namespace
}  // namespace fanlight::packager
