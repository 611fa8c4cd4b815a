#include "access/issuer_table.h"

#include <gmock/gmock.h>

#include "jose/token_fixture.h"

namespace fanlight::control {
namespace {

using jose::encode_base64url;
using jose::Signer;
using testing::HasSubstr;
using testing::Not;
using wire::Reject;

constexpr WallTime kNow{1'800'000'000};

IssuerRule issuer(std::string name, const Signer& signer, std::string kid = "") {
  IssuerRule rule{.name = std::move(name)};
  rule.keys.push_back(signer.key());
  rule.keys.back().set_id(std::move(kid));
  return rule;
}

std::string claims(const std::string& more = "") { return R"({"exp":1800003600)" + more + "}"; }

AccessRequest asking(const std::string& stream, const std::string& token, Role role = Role::kViewer) {
  AccessRequest request;
  request.wanted.name = stream;
  request.wanted.role = role;
  request.wanted.token = token;
  request.at = kNow;
  return request;
}

class IssuerTableTest : public testing::Test {
 protected:
  // 0 and an empty fault when the token is good.
  int code_of(const IssuerTable& table, std::string_view token, WallTime at = kNow) {
    const auto result = table.verify(token, at);
    fault_ = result ? "" : result.error().why;
    return result ? 0 : static_cast<int>(result.error().reason);
  }
  int code_of_claims(std::string_view text, WallTime at = kNow) {
    return code_of(IssuerTable({issuer("cms", signer_)}), signer_.token(text), at);
  }
  Signer signer_ = Signer::es256();
  std::string fault_;
};

TEST_F(IssuerTableTest, EveryAlgorithmLetsItsTokensIn) {
  for (const Signer& signer : {Signer::hs256(), Signer::rs256(), Signer::es256(), Signer::ed25519()}) {
    const IssuerTable table({issuer("cms", signer)});
    EXPECT_EQ(code_of(table, signer.token(claims())), 0) << signer.algorithm() << fault_;
    EXPECT_EQ(code_of(table, signer.token(R"({"alg":")" + signer.algorithm() + R"(","kid":"any"})", claims())), 0);
  }
}

TEST_F(IssuerTableTest, ATokenSaysWhatItsBearerMay) {
  const auto result =
      IssuerTable({issuer("cms", signer_)})
          .verify(signer_.token(
                      claims(R"(,"sub":"ann","group":"gold","stream":"live/*","mode":"publish","ip":"10.0.0.0/8",)"
                             R"("latency_ms":200,"latency_max_ms":2000,"iat":1799999999.5,"x":{"y":[1]})")),
                  kNow);
  ASSERT_TRUE(result) << result.error().why;
  EXPECT_EQ(result->issuer, "cms");
  EXPECT_EQ(result->user, "ann");
  EXPECT_EQ(result->group, "gold");
  EXPECT_EQ(result->stream, "live/*");
  EXPECT_EQ(result->role, Role::kPublisher);
  EXPECT_EQ(result->address, IpPrefix::parse("10.0.0.0/8"));
  EXPECT_EQ(result->latency, millis(200));
  EXPECT_EQ(result->latency_max, millis(2000));
  EXPECT_EQ(result->expires, WallTime{1'800'003'610});
  const auto bare = IssuerTable({issuer("cms", signer_)}).verify(signer_.token(claims()), kNow);
  ASSERT_TRUE(bare);
  EXPECT_TRUE(bare->user.empty() && bare->stream.empty() && !bare->role && !bare->address && !bare->latency);
}

TEST_F(IssuerTableTest, DatesAreJudgedWithTheLeewayOnBothSides) {
  const struct {
    const char* claims;
    int code;
  } rows[] = {
      {R"({"exp":1800000001})", 0},
      {R"({"exp":1799999991})", 0},  // 9 s ago; the leeway is 10.
      {R"({"exp":1799999990})", 2401},
      {R"({"exp":1799999990.9})", 2401},
      {R"({"exp":1799999991.9})", 0},
      {R"({"exp":0})", 2401},
      {R"({"exp":-1})", 2401},
      {R"({"exp":-1e15})", 2401},
      {R"({"exp":1.8e9,"nbf":0})", 0},
      {R"({"exp":1900000000,"nbf":1800000010})", 0},
      {R"({"exp":1900000000,"nbf":1800000010.1})", 2401},
      {R"({"exp":1900000000,"nbf":1800000011})", 2401},
      {R"({"exp":1900000000,"nbf":-5})", 0},
      {R"({"exp":9007199254740991})", 0},
      {R"({"exp":9007199254740992})", 2400},
      {R"({"exp":18446744073709551615})", 2400},
      {R"({"exp":1e300})", 2400},
      {R"({"exp":"1900000000"})", 2400},
      {R"({"exp":null})", 2400},
      {R"({"exp":true})", 2400},
      {R"({"exp":[1900000000]})", 2400},
      {R"({"exp":{"a":1}})", 2400},
      {R"({"exp":1900000000,"nbf":"0"})", 2400},
      {R"({"exp":1900000000,"iat":"yesterday"})", 2400},
      {R"({"exp":1900000000,"iat":-1})", 0},
      {R"({})", 2401},
      {R"({"EXP":1900000000})", 2401},
  };
  for (const auto& row : rows) EXPECT_EQ(code_of_claims(row.claims), row.code) << row.claims << ": " << fault_;
}

TEST_F(IssuerTableTest, AnIssuerMayDoWithoutAnEnd) {
  IssuerRule rule = issuer("cms", signer_);
  rule.needs_exp = false;
  const auto result = IssuerTable({rule}).verify(signer_.token("{}"), kNow);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->expires);
  EXPECT_EQ(code_of(IssuerTable({rule}), signer_.token(R"({"exp":1})")), 2401);
}

TEST_F(IssuerTableTest, AClaimOfAnotherKindIsMalformed) {
  for (const char* more : {R"(,"sub":7)",
                           R"(,"sub":"a\u0000b")",
                           R"(,"sub":"\u001b[2J")",
                           R"(,"sub":"\u009b")",
                           R"(,"iss":{})",
                           R"(,"aud":7)",
                           R"(,"aud":["a",7])",
                           R"(,"aud":[["a"]])",
                           R"(,"stream":"../x")",
                           R"(,"stream":"")",
                           R"(,"stream":["a"])",
                           R"(,"stream":"a*b")",
                           R"(,"mode":"Publish")",
                           R"(,"mode":"")",
                           R"(,"mode":["view"])",
                           R"(,"ip":"localhost")",
                           R"(,"ip":"10.0.0.1/8")",
                           R"(,"ip":7)",
                           R"(,"ip":"")",
                           R"(,"latency_ms":-1)",
                           R"(,"latency_ms":60001)",
                           R"(,"latency_ms":1.5)",
                           R"(,"latency_ms":"200")",
                           R"(,"latency_max_ms":1e99)",
                           R"(,"latency_ms":500,"latency_max_ms":400)",
                           R"(,"group":null)"})
    EXPECT_EQ(code_of_claims(claims(more)), 2400) << more;
  EXPECT_EQ(code_of_claims(claims(R"(,"sub":")" + std::string(257, 'x') + "\"")), 2400);
}

TEST_F(IssuerTableTest, OnlyTheAudienceOfAnIssuerGetsIn) {
  IssuerRule rule = issuer("cms", signer_);
  rule.aud = "relay";
  const IssuerTable table({rule});
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"aud":"relay")"))), 0);
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"aud":["shop","relay"])"))), 0);
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"aud":"Relay")"))), 2401);
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"aud":["shop"])"))), 2401);
  EXPECT_THAT(fault_, HasSubstr("not for aud \"relay\", for \"shop\""));
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"aud":[])"))), 2401);
  EXPECT_EQ(code_of(table, signer_.token(claims())), 2401);
  EXPECT_EQ(code_of_claims(claims(R"(,"aud":"shop")")), 2401);
  EXPECT_THAT(fault_, HasSubstr("has no aud"));
}

TEST_F(IssuerTableTest, TheIssuerIsTheOneThatATokenNames) {
  const Signer other = Signer::ed25519();
  IssuerRule cms = issuer("cms", signer_);
  IssuerRule club = issuer("club", other);
  cms.iss = "https://cms";
  club.iss = "https://club";
  const IssuerTable table({cms, club});
  const auto result = table.verify(other.token(claims(R"(,"iss":"https://club")")), kNow);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->issuer, "club");
  EXPECT_EQ(code_of(table, other.token(claims(R"(,"iss":"https://cms")"))), 2401) << "another's key";
  EXPECT_EQ(code_of(table, other.token(claims(R"(,"iss":"https://club/")"))), 2401);
  EXPECT_THAT(fault_, HasSubstr("iss \"https://club/\", which no issuer has"));
  EXPECT_EQ(code_of(table, other.token(claims())), 2401);
  IssuerRule any = issuer("any", other);
  EXPECT_EQ(IssuerTable({cms, any}).verify(other.token(claims(R"(,"iss":"x")")), kNow)->issuer, "any");
}

// --- attacks

TEST_F(IssuerTableTest, ATokenWithoutASignatureIsNone) {
  const IssuerTable table({issuer("cms", signer_), issuer("other", Signer::hs256())});
  for (const char* alg : {"none", "None", "NONE", "nOnE", "", "HS512", "RS384", "PS256", "ES256K", "es256", "ES256 ",
                          "hs256", "EdDsa", "dir", "A128KW"}) {
    const std::string header = std::string{R"({"alg":")"} + alg + R"("})";
    const std::string bare = encode_base64url(header) + "." + encode_base64url(claims()) + ".";
    EXPECT_EQ(code_of(table, bare), 2401) << alg;
    EXPECT_EQ(code_of(table, signer_.token(header, claims())), 2401) << alg;
  }
}

// CVE-2015-9235: the public key is known to everybody, and taken for a secret by who lets the token choose.
TEST_F(IssuerTableTest, APublicKeyIsNoSecret) {
  for (const Signer& signer : {Signer::rs256(), Signer::es256(), Signer::ed25519()}) {
    const IssuerTable table({issuer("cms", signer)});
    for (const std::string& secret : {signer.pem(), signer.pem().substr(0, signer.pem().size() - 1), signer.jwk()}) {
      std::string text = encode_base64url(R"({"alg":"HS256"})") + "." + encode_base64url(claims());
      text += "." + encode_base64url(jose::mac_of(secret, text));
      EXPECT_EQ(code_of(table, text), 2401) << signer.algorithm();
      EXPECT_THAT(fault_, HasSubstr("for which there is no key"));
      // The same with the header of the key's own algorithm.
      text = encode_base64url(R"({"alg":")" + signer.algorithm() + R"("})") + "." + encode_base64url(claims());
      text += "." + encode_base64url(jose::mac_of(secret, text));
      EXPECT_EQ(code_of(table, text), 2401) << signer.algorithm();
    }
  }
}

TEST_F(IssuerTableTest, ATokenDoesNotBringItsOwnKey) {
  const Signer mallory = Signer::es256();
  const IssuerTable table({issuer("cms", signer_, "a")});
  for (const std::string& more : {",\"jwk\":" + mallory.jwk(), std::string{R"(,"jku":"https://mallory/keys")"},
                                  std::string{R"(,"x5u":"x","x5c":["x"])"}, std::string{R"(,"kid":"a")"},
                                  std::string{R"(,"kid":"/dev/null")"}, std::string{R"(,"kid":"' OR 1=1 --")"}})
    EXPECT_EQ(code_of(table, mallory.token(R"({"alg":"ES256")" + more + "}", claims())), 2401) << more;
}

TEST_F(IssuerTableTest, AKidChoosesAmongTheKeysOfItsIssuer) {
  const Signer old = Signer::es256();
  IssuerRule cms = issuer("cms", signer_, "new");
  cms.iss = "cms";
  IssuerRule club = issuer("club", old, "old");
  club.iss = "club";
  const IssuerTable table({cms, club});
  const auto token = [](const Signer& by, const char* kid, const char* iss) {
    return by.token(std::string{R"({"alg":"ES256","kid":")"} + kid + "\"}",
                    claims(std::string{R"(,"iss":")"} + iss + "\""));
  };
  EXPECT_EQ(code_of(table, token(signer_, "new", "cms")), 0);
  EXPECT_EQ(code_of(table, token(signer_, "old", "cms")), 2401);
  EXPECT_EQ(code_of(table, token(old, "old", "cms")), 2401);
  EXPECT_EQ(code_of(table, token(old, "old", "club")), 0);
  EXPECT_EQ(code_of(table, signer_.token(claims(R"(,"iss":"cms")"))), 0) << "without a kid all are tried";
}

TEST_F(IssuerTableTest, CriticalExtensionsAreNotUnderstood) {
  const IssuerTable table({issuer("cms", signer_)});
  for (const char* more : {R"(,"crit":["exp"])", R"(,"crit":["b64"],"b64":false)", R"(,"crit":[])", R"(,"crit":null)"})
    EXPECT_EQ(code_of(table, signer_.token(std::string{R"({"alg":"ES256")"} + more + "}", claims())), 2401) << more;
}

// CVE-2022-21449: r = s = 0 verified everything.
TEST_F(IssuerTableTest, AnEmptyEcdsaSignatureIsNone) {
  const std::string text = encode_base64url(R"({"alg":"ES256"})") + "." + encode_base64url(claims());
  for (const std::string& signature :
       {std::string(64, '\0'), std::string(64, '\xFF'), std::string{}, std::string(63, '\1')})
    EXPECT_EQ(code_of(IssuerTable({issuer("cms", signer_)}), text + "." + encode_base64url(signature)), 2401);
}

TEST_F(IssuerTableTest, AClaimThatWasChangedIsNotSigned) {
  const std::string token = signer_.token(claims(R"(,"mode":"view")"));
  const std::string forged = token.substr(0, token.find('.') + 1) + encode_base64url(claims(R"(,"mode":"publish")")) +
                             token.substr(token.rfind('.'));
  EXPECT_EQ(code_of(IssuerTable({issuer("cms", signer_)}), forged), 2401);
  EXPECT_THAT(fault_, HasSubstr("its signature is not of any key"));
  EXPECT_THAT(fault_, Not(HasSubstr(token.substr(token.rfind('.') + 1))));
}

TEST_F(IssuerTableTest, ATokenIsTriedWithSoManyKeysAtMost) {
  IssuerRule rule{.name = "cms"};
  for (int i = 0; i < kKeysTriedMax; ++i)
    rule.keys.push_back(Signer::hs256(std::string(32, static_cast<char>('a' + i))).key());
  rule.keys.push_back(Signer::hs256().key());
  EXPECT_EQ(code_of(IssuerTable({rule}), Signer::hs256().token(claims())), 2401);
  EXPECT_THAT(fault_, HasSubstr("more than 8 keys might be its own"));
  rule.keys.back().set_id("last");
  for (int i = 0; i < kKeysTriedMax; ++i) rule.keys[static_cast<std::size_t>(i)].set_id(std::to_string(i));
  EXPECT_EQ(code_of(IssuerTable({rule}), Signer::hs256().token(R"({"alg":"HS256","kid":"last"})", claims())), 0);
}

// --- requests

TEST_F(IssuerTableTest, ARequestHearsWhatItsTokenIsWorth) {
  const IssuerTable table({issuer("cms", signer_)});
  const std::string good = signer_.token(claims(R"(,"stream":"live/*","mode":"view","ip":"192.0.2.0/24")"));
  const struct {
    std::string token;
    const char* stream;
    Role role;
    const char* from;
    const char* fault;
  } rows[] = {
      {good, "live/main", Role::kViewer, "192.0.2.9", ""},
      {good, "vod/main", Role::kViewer, "192.0.2.9", "token of cms is for stream live/*"},
      {good, "live", Role::kViewer, "192.0.2.9", "token of cms is for stream live/*"},
      {good, "live/main", Role::kPublisher, "192.0.2.9", "token of cms is for viewing"},
      {good, "live/main", Role::kViewer, "192.0.3.9", "token of cms is for address 192.0.2.0/24"},
      {good, "live/main", Role::kViewer, "2001:db8::1", "token of cms is for address 192.0.2.0/24"},
      {signer_.token(claims(R"(,"stream":"a","mode":"publish")")), "ab", Role::kPublisher, "::1",
       "token of cms is for stream a"},
      {signer_.token(claims(R"(,"mode":"publish")")), "ab", Role::kViewer, "::1", "token of cms is for publishing"},
  };
  for (const auto& row : rows) {
    AccessRequest request = asking(row.stream, row.token, row.role);
    request.from.ip = *IpAddress::parse(row.from);
    EXPECT_FALSE(table.judge(request));
    EXPECT_EQ(request.token_fault, row.fault);
    EXPECT_EQ(request.is_token_misplaced, *row.fault != '\0');
    EXPECT_EQ(request.claims.has_value(), *row.fault == '\0');
  }
}

TEST_F(IssuerTableTest, OnlyAMalformedTokenIsTurnedDownAtOnce) {
  const IssuerTable table({issuer("cms", signer_)});
  const auto judged = [&](const IssuerTable& by, const std::string& token) {
    AccessRequest request = asking("a", token);
    const auto reason = by.judge(request);
    fault_ = request.token_fault;
    EXPECT_FALSE(request.claims || request.is_token_misplaced);
    return reason;
  };
  EXPECT_EQ(judged(table, "cut.off"), Reject::kBadRequest);
  EXPECT_EQ(fault_, "malformed token: not three parts with dots between them");
  EXPECT_EQ(judged(table, Signer::es256().token(claims())), std::nullopt);
  EXPECT_NE(fault_, "");
  EXPECT_EQ(judged(table, ""), std::nullopt);
  EXPECT_EQ(fault_, "");
  EXPECT_EQ(judged(IssuerTable{}, "cut.off"), std::nullopt) << "nobody reads tokens";
  EXPECT_EQ(fault_, "");
}

}  // namespace
}  // namespace fanlight::control
