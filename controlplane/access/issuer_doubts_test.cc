#include "access/issuer_doubts.h"

#include <gmock/gmock.h>

#include "access/issuer_table.h"
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

// As many keys are tried as kKeysTriedMax says, those of all issuers together that a token may be of.
TEST(IssuerDoubtsTest, KeysBehindMoreThanAreTriedAreDoubted) {
  const auto secret = [](int number, const std::string& more = "") {
    return issuer("i" + std::to_string(number),
                  "secret = \"secret number " + std::to_string(100 + number) + ", of two and thirty\"\n" + more);
  };
  std::string eight;
  for (int i = 1; i <= kKeysTriedMax; ++i) eight += secret(i);
  EXPECT_THAT(doubts_of(eight), IsEmpty());
  EXPECT_THAT(doubts_of(eight + secret(9)), ElementsAre(AllOf(HasSubstr("issuer i9"), HasSubstr("8 others"))));
  EXPECT_THAT(doubts_of(eight + secret(9, "iss = \"a\"\n")), ElementsAre(HasSubstr("issuer i9")))
      << "those without an iss come first";
  EXPECT_THAT(doubts_of(secret(9, "iss = \"a\"\n") + eight), IsEmpty()) << "tokens of a are not theirs";
}

}  // namespace
}  // namespace fanlight::control
