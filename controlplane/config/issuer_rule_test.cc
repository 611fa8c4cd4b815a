#include "config/issuer_rule.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"
#include "jose/token_fixture.h"

namespace fanlight::control {
namespace {

using jose::jwks;
using jose::Signer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kRest[] = "[[listen]]\naddress = \"127.0.0.1:9000\"\n";

class IssuerRuleTest : public testing::Test {
 protected:
  IssuerRuleTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "fanlight-issuer-XXXXXX";
    home_ = mkdtemp(pattern.data()) + std::string{"/"};
  }
  ~IssuerRuleTest() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, std::string_view text, mode_t mode = 0644) const {
    std::ofstream(home_ + name) << text;
    chmod((home_ + name).c_str(), mode);
  }
  [[nodiscard]] Result<Config, ConfigErrors> parse(const std::string& text) const {
    return parse_config(kRest + text, home_ + "f.toml");
  }
  [[nodiscard]] std::string errors_of(const std::string& text) const {
    const auto config = parse(text);
    std::string all;
    if (!config)
      for (const std::string& line : config.error().lines) all += line.substr(home_.size()) + "\n";
    return all;
  }
  std::string home_;
};

TEST_F(IssuerRuleTest, KeysComeFromASetAFileOrASecret) {
  write("keys.json", jwks({Signer::es256().jwk(R"(,"kid":"a")"), Signer::ed25519().jwk()}));
  write("key.pem", Signer::rs256().pem());
  write("secret", "a secret of two and thirty bytes\n", 0600);
  const auto config = parse(
      "[[issuer]]\nname = \"cms\"\niss = \"https://cms\"\naud = \"relay\"\nleeway_s = 0\nrequire_exp = false\n"
      "end_at_expiry = true\njwks = \"keys.json\"\n"
      "[[issuer]]\nname = \"club\"\npublic_key = \"key.pem\"\n[[issuer]]\nname = \"x\"\nsecret_file = \"secret\"\n");
  ASSERT_TRUE(config) << config.error().lines[0];
  ASSERT_EQ(config->issuers.size(), 3u);
  const IssuerRule& cms = config->issuers[0];
  EXPECT_EQ(cms.iss, "https://cms");
  EXPECT_EQ(cms.aud, "relay");
  EXPECT_EQ(cms.leeway_s, 0);
  EXPECT_FALSE(cms.needs_exp);
  EXPECT_TRUE(cms.ends_at_expiry);
  EXPECT_EQ(cms.keys.size(), 2u);
  EXPECT_EQ(cms.jwks, home_ + "keys.json");
  EXPECT_EQ(cms.jwks_stamp, stamp_of(cms.jwks));
  const IssuerRule& club = config->issuers[1];
  EXPECT_EQ(club.leeway_s, 10);
  EXPECT_TRUE(club.needs_exp && !club.ends_at_expiry && club.jwks.empty());
  EXPECT_EQ(jose::name_of(club.keys.at(0).algorithm()), "RS256");
  EXPECT_TRUE(config->issuers[2].keys.at(0).verifies("text", Signer::hs256().sign("text")));
}

TEST_F(IssuerRuleTest, AMistakeIsToldWithItsLineAndKey) {
  write("public", jwks({Signer::hs256().jwk()}), 0644);
  write("shared", jwks({Signer::es256().jwk()}), 0664);
  write("broken", "{", 0644);
  write("private", Signer::es256().private_pem(), 0600);
  const struct {
    const char* text;
    const char* says;
  } rows[] = {
      {"jwks = \"gone\"", "f.toml:5: issuer.jwks: found "},
      {"jwks = \"gone\"", "gone, which cannot be read: No such file or directory, accepted the path of a JWK set"},
      {"jwks = \"broken\"", "broken, which is not taken: no JSON"},
      {"jwks = \"public\"", "public, which has a secret (\"oct\") in it and mode 0644: chmod 600"},
      {"jwks = \"shared\"", "shared, which has mode 0664, so that others can put keys into it"},
      {"jwks = \".\"", "is no regular file"},
      {"public_key = \"private\"", "f.toml:5: issuer.public_key: found "},
      {"public_key = \"private\"", "a private key, which only the issuer should have"},
      {"secret = \"short\"", "f.toml:5: issuer.secret: found 5 bytes, accepted a string of 32 to 512 bytes"},
      {"secret_file = \"public\"", "issuer.secret_file: found "},
      {"", "f.toml:3: issuer: found no keys, accepted one of jwks, public_key, secret, secret_file, secret_credential"},
      {"jwks = \"shared\"\npublic_key = \"private\"", "found keys from 2 places"},
      {"jwks = \"gone\"\nleeway_s = 301", "f.toml:6: issuer.leeway_s: found 301, accepted 0 to 300"},
      {"jwks = \"gone\"\nexp = true", "issuer.exp: found an unknown key"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(errors_of(std::string{"[[issuer]]\nname = \"cms\"\n"} + row.text + "\n"), HasSubstr(row.says));
  EXPECT_THAT(errors_of("[[issuer]]\nsecret = \"" + std::string(40, 's') + "\"\n"),
              AllOf(HasSubstr("issuer.name: found nothing"), Not(HasSubstr("sss"))));
}

TEST_F(IssuerRuleTest, TheFileOfAStrangerIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  write("key.pem", Signer::es256().pem());
  const std::string issuer = "[[issuer]]\nname = \"cms\"\npublic_key = \"key.pem\"\n";
  EXPECT_TRUE(parse(issuer)) << "root's own";
  ASSERT_EQ(chown((home_ + "key.pem").c_str(), 1, 1), 0);
  EXPECT_THAT(errors_of(issuer), HasSubstr("key.pem, which belongs to user 1, who can put keys into it"));
  EXPECT_TRUE(parse("[relay]\nuser = \"daemon\"\n" + issuer)) << "user 1 is the relay's";
}

// A reload reads as relay.user: a file that root alone reads would shut every one.
TEST_F(IssuerRuleTest, AFileThatTheRelaysUserMayNotReadIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
  const std::string relay = "[relay]\nuser = \"daemon\"\n";
  const std::string pem = "[[issuer]]\nname = \"a\"\npublic_key = \"key.pem\"\n";
  const std::string set = "[[issuer]]\nname = \"b\"\njwks = \"set.json\"\n";
  write("key.pem", Signer::es256().pem(), 0600);
  write("set.json", jwks({Signer::es256().jwk()}), 0640);
  EXPECT_TRUE(parse(pem + set)) << "who stays root reads them";
  EXPECT_THAT(errors_of(relay + pem), HasSubstr("key.pem, which relay.user may not read at a reload: chown daemon it"));
  EXPECT_THAT(errors_of(relay + set), HasSubstr("set.json, which relay.user may not read"));
  ASSERT_EQ(chown((home_ + "set.json").c_str(), 0, 1), 0);
  EXPECT_TRUE(parse(relay + set)) << "by its group";
  EXPECT_THAT(errors_of("[relay]\nuser = \"daemon\"\ngroup = \"nogroup\"\n" + set), HasSubstr("may not read"));
  ASSERT_EQ(chmod((home_ + "key.pem").c_str(), 0604), 0);
  EXPECT_TRUE(parse(relay + pem)) << "as anybody";
  ASSERT_EQ(chown((home_ + "set.json").c_str(), 1, 0), 0);
  ASSERT_EQ(chmod((home_ + "set.json").c_str(), 0400), 0);
  EXPECT_TRUE(parse(relay + set)) << "as its owner";
}

TEST_F(IssuerRuleTest, NamesAreUniqueAndPoliciesKnowThem) {
  const std::string secret = "secret = \"" + std::string(40, 's') + "\"\n";
  const auto errors = errors_of(
      "[[policy]]\ntoken = \"cns\"\nthen = \"allow\"\n[[policy]]\ntoken = \"cms\"\nthen = \"allow\"\n"
      "[[issuer]]\nname = \"cms\"\niss = \"a\"\n" +
      secret + "[[issuer]]\nname = \"cms\"\niss = \"a\"\n" + secret);
  EXPECT_EQ(errors,
            "f.toml:3: policy.token: found \"cns\", accepted the name of an [[issuer]]\n"
            "f.toml:14: issuer.name: found \"cms\" twice, accepted a name of its own for each [[issuer]]\n"
            "f.toml:15: issuer.iss: found \"a\" twice, accepted one issuer's; several keys stand in one JWK set\n");
}

}  // namespace
}  // namespace fanlight::control
