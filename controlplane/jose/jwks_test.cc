#include "jose/jwks.h"

#include <gmock/gmock.h>

#include "jose/token_fixture.h"

namespace fanlight::jose {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string error_of(const std::string& text) {
  const auto keys = parse_jwks(text);
  return keys ? "" : keys.error().what;
}

TEST(JwksTest, KeysOfAllKindsStandInOneSet) {
  const std::vector<Signer> signers{Signer::hs256(), Signer::rs256(), Signer::es256(), Signer::ed25519()};
  const auto keys = parse_jwks(jwks({signers[0].jwk(), signers[1].jwk(R"(,"kid":"r","use":"sig","alg":"RS256")"),
                                     signers[2].jwk(R"(,"kid":"e","key_ops":["verify"])"),
                                     signers[3].jwk(R"(,"kid":"d","alg":"EdDSA","x5t":"more")")}));
  ASSERT_TRUE(keys) << keys.error().what;
  ASSERT_EQ(keys->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(name_of((*keys)[i].algorithm()), signers[i].algorithm());
    EXPECT_TRUE((*keys)[i].verifies("text", signers[i].sign("text"))) << i;
    EXPECT_EQ((*keys)[i].id(), std::string(i == 0 ? "" : i == 1 ? "r" : i == 2 ? "e" : "d"));
  }
}

TEST(JwksTest, KeysForOtherWorkAreLeftOut) {
  const Signer signer = Signer::es256();
  for (const std::string& other :
       {signer.jwk(R"(,"use":"enc")"), signer.jwk(R"(,"use":7)"), signer.jwk(R"(,"key_ops":["sign"])"),
        signer.jwk(R"(,"key_ops":"verify")"), signer.jwk(R"(,"alg":"ES512")"), signer.jwk(R"(,"alg":"es256")"),
        Signer::hs256().jwk(R"(,"alg":"HS512")"), Signer::hs256().jwk(R"(,"alg":"A256GCM")"),
        Signer::rs256().jwk(R"(,"alg":"PS256")"), std::string{R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})"},
        std::string{R"({"kty":"OKP","crv":"X25519","x":"AA"})"}, std::string{R"({"kty":"new"})"}, std::string{"{}"}}) {
    const auto none = parse_jwks(jwks({other}));
    ASSERT_TRUE(none) << other;
    EXPECT_TRUE(none->empty()) << other;
    const auto keys = parse_jwks(jwks({other, signer.jwk()}));
    ASSERT_TRUE(keys) << other;
    EXPECT_EQ(keys->size(), 1u);
  }
}

TEST(JwksTest, AKeyThatIsNotSoundSpoilsTheSet) {
  const Signer good = Signer::es256();
  const struct {
    std::string key;
    const char* says;
  } rows[] = {
      {R"({"kty":"RSA","kid":"a\u001b","n":"AQAB","e":"AQAB"})", "keys[1] (kid \"a?\"): an RSA key of 17 bits"},
      {R"({"kty":"RSA","e":"AQAB"})", "keys[1]: \"n\" is not there"},
      {R"({"kty":"EC","crv":"P-256","x":"AA==","y":"AA"})", "\"x\" is not there, or not base64url"},
      {R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", "32 bytes each"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"AA"})", "not of 32 bytes"},
      {R"({"kty":"oct","k":"c2hvcnQ"})", "a secret of 5 bytes"},
      {good.jwk(R"(,"d":"AA")"), "a private key"},
      {R"("text")", "keys[1]: no object"},
  };
  for (const auto& row : rows) EXPECT_THAT(error_of(jwks({good.jwk(), row.key})), HasSubstr(row.says));
  EXPECT_THAT(error_of(jwks({R"({"kty":"oct","k":"c2hvcnQ"})"})), Not(HasSubstr("c2hvcnQ")));
}

TEST(JwksTest, AKidNamesOneKeyOfAKind) {
  const std::string kid = R"(,"kid":"a")";
  EXPECT_THAT(error_of(jwks({Signer::es256().jwk(kid), Signer::es256().jwk(kid)})), HasSubstr("keys[1] (kid \"a\")"));
  EXPECT_EQ(error_of(jwks({Signer::es256().jwk(kid), Signer::ed25519().jwk(kid)})), "");
  EXPECT_EQ(error_of(jwks({Signer::es256().jwk(), Signer::es256().jwk()})), "");
}

TEST(JwksTest, WhatIsNoSetIsSaid) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[],"keys":[]})", "-----BEGIN PUBLIC KEY-----"})
    EXPECT_NE(error_of(text), "") << text;
  EXPECT_EQ(error_of(R"({"keys":[]})"), "") << "no key is what a set may say";
  EXPECT_THAT(error_of(jwks(std::vector<std::string>(kKeysPerSetMax + 1, "{}"))), HasSubstr("65 keys"));
}

}  // namespace
}  // namespace fanlight::jose
