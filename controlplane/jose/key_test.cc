#include "jose/key.h"

#include <gmock/gmock.h>

#include "jose/base64url.h"
#include "jose/token_fixture.h"

namespace fanlight::jose {
namespace {

using testing::HasSubstr;

std::string decoded(std::string_view text) { return decode_base64url(text).value(); }

// RFC 7515 appendix A: one payload, three algorithms.
constexpr std::string_view kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

std::string rfc_text(std::string_view header) { return std::string{header} + "." + std::string{kRfcClaims}; }

// A good signature, and all that differ from it in one byte or in length.
void expect_only(const Key& key, const std::string& text, const std::string& signature) {
  EXPECT_TRUE(key.verifies(text, signature));
  EXPECT_FALSE(key.verifies(text + "A", signature));
  EXPECT_FALSE(key.verifies(text, signature + '\0'));
  EXPECT_FALSE(key.verifies(text, signature.substr(1)));
  EXPECT_FALSE(key.verifies(text, ""));
  EXPECT_FALSE(key.verifies(text, std::string(signature.size(), '\0')));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string other = signature;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(key.verifies(text, other)) << i;
  }
}

TEST(KeyTest, Hs256OfRfc7515A1) {
  const auto key =
      Key::of_secret(decoded("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"));
  ASSERT_TRUE(key);
  EXPECT_EQ(name_of(key->algorithm()), "HS256");
  expect_only(*key, rfc_text("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"),
              decoded("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
}

TEST(KeyTest, Rs256OfRfc7515A2) {
  const auto key = Key::of_rsa(
      decoded("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF"
              "d2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo"
              "7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM"
              "Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
      decoded("AQAB"));
  ASSERT_TRUE(key);
  EXPECT_EQ(name_of(key->algorithm()), "RS256");
  expect_only(
      *key, rfc_text("eyJhbGciOiJSUzI1NiJ9"),
      decoded("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGb"
              "ds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Ga"
              "rZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY"
              "9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"));
}

TEST(KeyTest, Es256OfRfc7515A3) {
  const auto key = Key::of_p256(decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  ASSERT_TRUE(key);
  EXPECT_EQ(name_of(key->algorithm()), "ES256");
  expect_only(*key, rfc_text("eyJhbGciOiJFUzI1NiJ9"),
              decoded("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"));
}

TEST(KeyTest, EdDsaOfRfc8037A4) {
  const auto key = Key::of_ed25519(decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  ASSERT_TRUE(key);
  EXPECT_EQ(name_of(key->algorithm()), "EdDSA");
  expect_only(*key, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
              decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
}

TEST(KeyTest, APemFileSaysItsAlgorithm) {
  for (const Signer& signer : {Signer::rs256(), Signer::es256(), Signer::ed25519()}) {
    const auto key = Key::of_pem(signer.pem());
    ASSERT_TRUE(key) << key.error().what;
    EXPECT_EQ(name_of(key->algorithm()), signer.algorithm());
    EXPECT_TRUE(key->verifies("text", signer.sign("text")));
    EXPECT_FALSE(key->verifies("text", signer.sign("other")));
  }
}

TEST(KeyTest, AnotherKeyOfTheSameKindVerifiesNothing) {
  EXPECT_FALSE(Signer::rs256().key().verifies("text", Signer::rs256().sign("text")));
  EXPECT_FALSE(Signer::es256().key().verifies("text", Signer::es256().sign("text")));
  EXPECT_FALSE(Signer::ed25519().key().verifies("text", Signer::ed25519().sign("text")));
  EXPECT_FALSE(
      Signer::hs256(std::string(32, 'a')).key().verifies("text", Signer::hs256(std::string(32, 'b')).sign("text")));
}

TEST(KeyTest, KeysAreTheSameByWhatTheyVerify) {
  const Signer secret = Signer::hs256(std::string(32, 'a'));
  for (const Signer& signer : {Signer::rs256(), Signer::es256(), Signer::ed25519()}) {
    EXPECT_TRUE(signer.key().is_same_as(*Key::of_pem(signer.pem())));
    EXPECT_FALSE(signer.key().is_same_as(secret.key()));
    EXPECT_FALSE(secret.key().is_same_as(signer.key()));
  }
  EXPECT_TRUE(secret.key().is_same_as(Signer::hs256(std::string(32, 'a')).key()));
  EXPECT_FALSE(secret.key().is_same_as(Signer::hs256(std::string(32, 'b')).key()));
  EXPECT_FALSE(Signer::es256().key().is_same_as(Signer::es256().key()));  // Made anew each time.
}

// A zero in front of s leaves its value: one signature must not have two texts.
TEST(KeyTest, AnEs256SignatureHas64BytesAndNoMore) {
  const Signer signer = Signer::es256();
  const std::string signature = signer.sign("text");
  EXPECT_FALSE(signer.key().verifies("text", signature.substr(0, 32) + '\0' + signature.substr(32)));
}

// DER is what OpenSSL itself writes; RFC 7518 §3.4 has 64 bytes and nothing else.
TEST(KeyTest, AnEs256SignatureInDerIsNone) {
  const Signer signer = Signer::es256();
  const std::string signature = signer.sign("text");
  std::string der = {0x30, 0x44, 0x02, 0x20};
  der += signature.substr(0, 32) + std::string{0x02, 0x20} + signature.substr(32);
  EXPECT_FALSE(signer.key().verifies("text", der));
}

TEST(KeyTest, WhatIsTooWeakOrOfAnotherKindIsRefused) {
  const struct {
    Result<Key> key;
    const char* says;
  } rows[] = {
      {Key::of_secret(std::string(31, 'x')), "a secret of 31 bytes; HS256 takes 32"},
      {Key::of_secret(std::string(513, 'x')), "513 bytes"},
      {Key::of_pem(Signer::rs256(1024).pem()), "an RSA key of 1024 bits; 2048"},
      {Key::of_rsa(std::string(640, '\xFF'), "\x01\x01\x01"), "an RSA key of 5120 bits"},
      {Key::of_pem(Signer::es256("P-384").pem()), "another curve than P-256"},
      {Key::of_pem(Signer::es256().private_pem()), "a private key"},
      {Key::of_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "openssl x509 -pubkey"},
      {Key::of_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "no public key in PEM"},
      {Key::of_pem(""), "no public key in PEM"},
      {Key::of_rsa(std::string(256, '\xFF'), "\x01"), "an RSA key whose modulus or exponent"},
      {Key::of_rsa("", ""), "an RSA key"},
      {Key::of_rsa(std::string(5000, '\xFF'), "\x03"), "too many bits"},
      {Key::of_p256(std::string(32, '\x01'), std::string(32, '\x01')), "not on P-256"},
      {Key::of_p256(std::string(31, '\x01'), std::string(32, '\x01')), "32 bytes each"},
      {Key::of_ed25519(std::string(31, '\x01')), "not of 32 bytes"},
  };
  for (const auto& row : rows) {
    ASSERT_FALSE(row.key) << row.says;
    EXPECT_THAT(row.key.error().what, HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace fanlight::jose
