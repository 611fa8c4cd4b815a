// Keys of tests, for whoever asks, where that is said.
#include "origin/origin.h"
#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

const std::string kKeyId = "00112233445566778899aabbccddeeff";

class KeysOriginTest : public testing::Test {
 protected:
  KeysOriginTest() { show.add_segment(3); }

  void publish(std::shared_ptr<const ServedKeys> keys) {
    auto rendition = std::make_shared<RenditionSnapshot>(*show.snapshot());
    rendition->inits.front().of_further_keys = {bytes_from("v0/init 0 of the second key")};
    StreamSnapshot stream;
    stream.name = "live/main";
    stream.multivariant = document_from("multivariant");
    stream.renditions.push_back(std::move(rendition));
    stream.keys = std::move(keys);
    rig.published.publish(std::make_shared<const StreamSnapshot>(std::move(stream)), rig.now);
    rig.settle();
  }
  static std::shared_ptr<const ServedKeys> keys() {
    ServedKeys served{.by_id = {{kKeyId, bytes_from("sixteen bytes of")}}, .licence = bytes_from("{\"keys\":[]}")};
    return std::make_shared<const ServedKeys>(std::move(served));
  }

  OriginRig rig;
  Show show;
};

TEST_F(KeysOriginTest, AKeyIsItsBytesAndNobodyKeepsIt) {  // H-90
  publish(keys());
  const std::uint64_t key = rig.ask(kMain + kKeyId + ".key"), licence = rig.ask(kMain + "licence.json");
  EXPECT_EQ(rig.response(key).status, 200);
  EXPECT_EQ(rig.body(key), "sixteen bytes of");
  EXPECT_EQ(rig.field(key, "content-type"), "application/octet-stream");
  EXPECT_EQ(rig.body(licence), "{\"keys\":[]}");
  EXPECT_EQ(rig.field(licence, "content-type"), "application/json");
  for (const std::uint64_t request : {key, licence}) {
    EXPECT_EQ(rig.field(request, "cache-control"), "no-store");
    EXPECT_EQ(rig.field(request, "access-control-allow-origin"), "*");
  }
  EXPECT_EQ(rig.origin.counters().answers[static_cast<std::size_t>(RequestKind::kKey)][0].get(), 2u);
}

TEST_F(KeysOriginTest, WithoutLeaveThereAreNone) {
  publish(nullptr);
  for (const std::string& name : {kKeyId + ".key", std::string("licence.json")})
    EXPECT_EQ(rig.response(rig.ask(kMain + name)).status, 404) << name;
}

TEST_F(KeysOriginTest, OtherKeysAreNotThere) {
  publish(keys());
  for (const std::string& path : {kMain + std::string(32, '0') + ".key", kMain + "v0/" + kKeyId + ".key",
                                  "/live/live/other/" + kKeyId + ".key", kMain + "v0/licence.json"})
    EXPECT_EQ(rig.response(rig.ask(path)).status, 404) << path;
}

TEST_F(KeysOriginTest, AnInitSegmentIsThereForEachKey) {
  publish(nullptr);
  EXPECT_EQ(rig.body(rig.ask(kMain + "v0/i0.mp4")), "v0/init 0");
  EXPECT_EQ(rig.body(rig.ask(kMain + "v0/i0.1.mp4")), "v0/init 0 of the second key");
  EXPECT_EQ(rig.response(rig.ask(kMain + "v0/i0.2.mp4")).status, 404);
}

}  // namespace
}  // namespace fanlight::packager
