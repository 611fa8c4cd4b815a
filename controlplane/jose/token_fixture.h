// Issuers as tests have them: keys made on the spot, and tokens signed with them or made wrong on purpose.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jose/key.h"

namespace fanlight::jose {

inline std::string encode_base64url(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < here ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k <= here; ++k) text += kLetters[bits >> (18 - 6 * k) & 63];
  }
  return text;
}

inline std::string mac_of(std::string_view secret, std::string_view text) {
  std::array<unsigned char, 32> mac{};
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), nullptr);
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

// The private half of a key pair, or a secret.
class Signer {
 public:
  static Signer hs256(std::string secret = "a secret of two and thirty bytes") {
    Signer signer(nullptr, "HS256");
    signer.secret_ = std::move(secret);
    return signer;
  }
  static Signer rs256(unsigned bits = 2048) { return {EVP_RSA_gen(bits), "RS256"}; }
  static Signer es256(const char* curve = "P-256") { return {EVP_EC_gen(curve), "ES256"}; }
  static Signer ed25519() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "EdDSA"}; }

  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }
  [[nodiscard]] std::string sign(std::string_view text) const {
    if (!pair_) return mac_of(secret_, text);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::vector<unsigned char> out(512);
    std::size_t size = out.size();
    EVP_DigestSignInit(context.get(), nullptr, algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, pair_.get());
    EXPECT_EQ(EVP_DigestSign(context.get(), out.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                             text.size()),
              1);
    return algorithm_ == "ES256" ? side_by_side(out.data(), size)
                                 : std::string(reinterpret_cast<const char*>(out.data()), size);
  }
  // A token of that header and these claims, as they are.
  [[nodiscard]] std::string token(std::string_view header, std::string_view claims) const {
    const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
    return text + "." + encode_base64url(sign(text));
  }
  [[nodiscard]] std::string token(std::string_view claims) const {
    return token(R"({"alg":")" + algorithm_ + R"("})", claims);
  }
  [[nodiscard]] std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, pair_.get());
    return taken(bio);
  }
  [[nodiscard]] std::string private_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, pair_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return taken(bio);
  }
  [[nodiscard]] Key key() const { return pair_ ? *Key::of_pem(pem()) : *Key::of_secret(secret_); }
  // `more` are further members, with a comma before each.
  [[nodiscard]] std::string jwk(const std::string& more = "") const {
    const auto member = [](const char* name, const std::string& bytes) {
      return std::string{",\""} + name + "\":\"" + encode_base64url(bytes) + "\"";
    };
    if (!pair_) return R"({"kty":"oct")" + member("k", secret_) + more + "}";
    if (algorithm_ == "RS256")
      return R"({"kty":"RSA")" + member("n", number(OSSL_PKEY_PARAM_RSA_N)) +
             member("e", number(OSSL_PKEY_PARAM_RSA_E)) + more + "}";
    if (algorithm_ == "EdDSA") return R"({"kty":"OKP","crv":"Ed25519")" + member("x", raw_public()) + more + "}";
    return R"({"kty":"EC","crv":"P-256")" + member("x", number(OSSL_PKEY_PARAM_EC_PUB_X, 32)) +
           member("y", number(OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + more + "}";
  }

 private:
  Signer(EVP_PKEY* pair, std::string algorithm) : pair_(pair, EVP_PKEY_free), algorithm_(std::move(algorithm)) {}

  static std::string taken(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
  }
  static std::string side_by_side(const unsigned char* der, std::size_t size) {
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::array<unsigned char, 64> out{};
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out.data() + 32, 32);
    ECDSA_SIG_free(pair);
    return {reinterpret_cast<const char*>(out.data()), out.size()};
  }
  [[nodiscard]] std::string number(const char* name, int bytes = 0) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(pair_.get(), name, &value);
    std::vector<unsigned char> out(static_cast<std::size_t>(bytes == 0 ? BN_num_bytes(value) : bytes));
    BN_bn2binpad(value, out.data(), static_cast<int>(out.size()));
    BN_free(value);
    return {reinterpret_cast<const char*>(out.data()), out.size()};
  }
  [[nodiscard]] std::string raw_public() const {
    std::array<unsigned char, 32> out{};
    std::size_t size = out.size();
    EVP_PKEY_get_raw_public_key(pair_.get(), out.data(), &size);
    return {reinterpret_cast<const char*>(out.data()), size};
  }

  std::shared_ptr<EVP_PKEY> pair_;
  std::string secret_;
  std::string algorithm_;
};

inline std::string jwks(const std::vector<std::string>& keys) {
  std::string set = R"({"keys":[)";
  for (const std::string& key : keys) set += (set.back() == '[' ? "" : ",") + key;
  return set + "]}";
}

}  // namespace fanlight::jose
