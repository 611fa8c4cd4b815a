#include "access/issuer_doubts.h"

#include <gmock/gmock.h>

#include "config/config.h"

namespace fanlight::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string issuer(const std::string& name, const std::string& keys) {
  return "[[issuer]]\nname = \"" + name + "\"\n" + keys + "\n";
}

std::vector<std::string> doubts_of(const std::string& toml) {
  const auto config = parse_config("[[listen]]\naddress = \"127.0.0.1:9000\"\n" + toml, "file");
  EXPECT_TRUE(config) << toml;
  return config ? find_issuer_doubts(config->issuers) : std::vector<std::string>{};
}

const std::string kSecret = "secret = \"a secret of two and thirty bytes\"\n";
const std::string kOther = "secret = \"another one, of thirty-three bytes\"\n";

TEST(IssuerDoubtsTest, AnIssuerBehindOneWithItsKeyHasNoSay) {
  const struct {
    std::string first;
    std::string second;
    bool is_shadowed;
  } rows[] = {
      {kSecret, kSecret, true},
      {kSecret, kOther, false},
      {kSecret + "iss = \"a\"", kSecret + "iss = \"b\"", false},
      {kSecret, kSecret + "iss = \"b\"", true},
      {kSecret + "iss = \"a\"", kSecret, false},  // It has the say on all others.
  };
  for (const auto& row : rows)
    EXPECT_EQ(!doubts_of(issuer("shop", row.first) + issuer("club", row.second)).empty(), row.is_shadowed)
        << row.first << row.second;
}

TEST(IssuerDoubtsTest, AnIssuerWithoutAKeyIsTold) {
  const IssuerRule none{.name = "cms", .jwks = "set.json", .line = 7};
  EXPECT_THAT(find_issuer_doubts({none}), ElementsAre(AllOf(HasSubstr("issuer cms (line 7): set.json has no key"),
                                                            HasSubstr("none of its tokens"))));
}

TEST(IssuerDoubtsTest, TheSentenceNamesBothAndSaysWhatToDo) {
  EXPECT_THAT(
      doubts_of(issuer("shop", kSecret) + issuer("club", kSecret)),
      ElementsAre(AllOf(HasSubstr("issuer club (line 7)"), HasSubstr("issuer shop (line 3)"), HasSubstr("iss"))));
  EXPECT_THAT(doubts_of(issuer("shop", kSecret)), IsEmpty());
}

}  // namespace
}  // namespace fanlight::control
