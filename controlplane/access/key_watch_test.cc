#include "access/key_watch.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "jose/token_fixture.h"

namespace fanlight::control {
namespace {

using jose::jwks;
using jose::Signer;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KeyWatchTest : public testing::Test {
 protected:
  KeyWatchTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "fanlight-keys-XXXXXX";
    home_ = mkdtemp(pattern.data()) + std::string{"/"};
    replace("keys.json", jwks({first_.jwk()}));
    IssuerRule issuer{.name = "cms"};
    issuer.jwks = home_ + "keys.json";
    issuer.jwks_stamp = stamp_of(issuer.jwks);
    issuer.keys = *read_jwks_file(issuer.jwks);
    watch_ = KeyWatch({issuer, IssuerRule{.name = "other"}});
  }
  ~KeyWatchTest() override { std::filesystem::remove_all(home_); }

  // As tools that write such files do it: another file is moved there.
  void replace(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(home_ + "new") << text;
    chmod((home_ + "new").c_str(), mode);
    std::filesystem::rename(home_ + "new", home_ + name);
  }
  [[nodiscard]] bool takes(const Signer& signer) const {
    const auto& keys = watch_.issuers()[0].keys;
    return keys.size() == 1 && keys[0].verifies("text", signer.sign("text"));
  }

  std::string home_;
  Signer first_ = Signer::es256();
  Signer second_ = Signer::ed25519();
  KeyWatch watch_;
};

TEST_F(KeyWatchTest, AFileThatStaysIsReadOnce) {
  EXPECT_TRUE(watch_.is_needed());
  EXPECT_THAT(watch_.look(), IsEmpty());
  EXPECT_TRUE(takes(first_));
  EXPECT_FALSE(KeyWatch({IssuerRule{.name = "other"}}).is_needed());
}

TEST_F(KeyWatchTest, NewKeysReplaceTheOldOnes) {
  replace("keys.json", jwks({second_.jwk()}));
  const auto news = watch_.look();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_TRUE(news[0].is_taken);
  EXPECT_THAT(news[0].text, HasSubstr("keys.json was read again, 1 keys"));
  EXPECT_TRUE(takes(second_));
  EXPECT_THAT(watch_.look(), IsEmpty());
}

TEST_F(KeyWatchTest, ABrokenFileLeavesTheOldKeysAndIsToldOnce) {
  const struct {
    std::string text;
    mode_t mode;
    const char* says;
  } rows[] = {
      {R"({"keys":[)", 0644, "is not taken: no JSON"},
      {R"({"keys":)", 0644, "is not taken: no JSON"},
      {jwks({Signer::hs256().jwk()}), 0644, "has a secret (\"oct\") in it and mode 0644"},
      {jwks({second_.jwk()}), 0666, "has mode 0666"},
      {std::string(kKeyFileBytesMax + 1, ' '), 0644, "is longer than"},
  };
  for (const auto& row : rows) {
    replace("keys.json", row.text, row.mode);
    const auto news = watch_.look();
    ASSERT_THAT(news, SizeIs(1)) << row.says;
    EXPECT_FALSE(news[0].is_taken);
    EXPECT_THAT(news[0].text, HasSubstr(row.says));
    EXPECT_THAT(news[0].text, HasSubstr("; the keys in use stay"));
    EXPECT_TRUE(takes(first_));
    EXPECT_THAT(watch_.look(), IsEmpty());
  }
}

TEST_F(KeyWatchTest, ASetWithoutAKeyTakesAllBack) {
  for (const std::string& none : {std::string{R"({"keys":[]})"}, jwks({second_.jwk(R"(,"use":"enc")")})}) {
    replace("keys.json", jwks({first_.jwk()}));
    (void)watch_.look();
    EXPECT_TRUE(takes(first_));
    replace("keys.json", none);
    const auto news = watch_.look();
    ASSERT_THAT(news, SizeIs(1));
    EXPECT_TRUE(news[0].is_taken && news[0].is_bad);
    EXPECT_THAT(news[0].text, HasSubstr("none of its tokens counts"));
    EXPECT_THAT(watch_.issuers()[0].keys, IsEmpty());
    EXPECT_THAT(watch_.look(), IsEmpty());
  }
}

TEST_F(KeyWatchTest, AFileMayBeGoneForALookAndThenItsKeysAre) {
  std::filesystem::remove(home_ + "keys.json");
  auto news = watch_.look();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_FALSE(news[0].is_taken) << "a tool may be about to write it anew";
  EXPECT_TRUE(takes(first_));
  news = watch_.look();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_TRUE(news[0].is_taken && news[0].is_bad);
  EXPECT_THAT(news[0].text, HasSubstr("is still gone: none of its tokens counts"));
  EXPECT_THAT(watch_.issuers()[0].keys, IsEmpty());
  EXPECT_THAT(watch_.look(), IsEmpty());
  replace("keys.json", jwks({second_.jwk()}));
  EXPECT_THAT(watch_.look(), SizeIs(1));
  EXPECT_TRUE(takes(second_));
}

TEST_F(KeyWatchTest, AFileThatIsBackAtTheNextLookKeepsItsKeys) {
  std::filesystem::remove(home_ + "keys.json");
  (void)watch_.look();
  replace("keys.json", R"({"keys":[)");
  EXPECT_FALSE(watch_.look()[0].is_taken) << "half of it is written";
  EXPECT_TRUE(takes(first_));
  EXPECT_THAT(watch_.look(), IsEmpty());
}

TEST_F(KeyWatchTest, AModeThatIsPutRightIsSeen) {
  replace("keys.json", jwks({second_.jwk()}), 0666);
  ASSERT_THAT(watch_.look(), SizeIs(1));
  chmod((home_ + "keys.json").c_str(), 0644);
  const auto news = watch_.look();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_TRUE(news[0].is_taken);
}

}  // namespace
}  // namespace fanlight::control
