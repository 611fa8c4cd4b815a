#include "jose/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace fanlight::jose {
namespace {

constexpr std::size_t kP256Bytes = 32;
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kMacBytes = 32;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

Error wrong(std::string what) { return {ErrorCode::kInvalid, std::move(what)}; }

// What a failed call leaves behind must not be somebody else's news.
struct ErrorsForgotten {
  ~ErrorsForgotten() { ERR_clear_error(); }
};

Number number_of(std::string_view big_endian) {
  return Number(BN_bin2bn(raw(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

// Null when OpenSSL refuses the values: a point off its curve, for one.
std::shared_ptr<EVP_PKEY> make_public(const char* kind, OSSL_PARAM_BLD* values) {
  const Params params(OSSL_PARAM_BLD_to_param(values));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  const bool is_made = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                       EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  return {is_made ? key : nullptr, EVP_PKEY_free};
}

bool is_sound(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

bool is_on_p256(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

// RFC 7518 §3.4 has r and s side by side, OpenSSL reads them in DER. Empty when they are not of P-256's size.
std::vector<unsigned char> der_of(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return {};
  Number r = number_of(signature.substr(0, kP256Bytes));
  Number s = number_of(signature.substr(kP256Bytes));
  const EcSignature pair(ECDSA_SIG_new());
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();  // The pair's from here on.
  (void)s.release();
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return {};
  std::vector<unsigned char> der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  i2d_ECDSA_SIG(pair.get(), &at);
  return der;
}

bool verifies_with(EVP_PKEY* key, const EVP_MD* digest, std::string_view text, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
}

// A file with a passphrase must not make the relay ask for it on a terminal.
int no_passphrase(char* /*into*/, int /*size*/, int /*is_writing*/, void* /*ours*/) { return -1; }

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  constexpr std::array<std::string_view, 4> kNames{"HS256", "RS256", "ES256", "EdDSA"};
  return kNames[static_cast<std::size_t>(algorithm)];
}

Result<Key> Key::of_secret(std::string_view secret) {
  if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax)
    return wrong("a secret of " + std::to_string(secret.size()) + " bytes; HS256 takes " +
                 std::to_string(kSecretBytesMin) + " to " + std::to_string(kSecretBytesMax));
  Key key;
  key.secret_ = std::make_shared<const crypto::SecretBytes>(std::as_bytes(std::span(secret)));
  return key;
}

Result<Key> Key::of_public(PublicKey key) {
  Key out;
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
      out.algorithm_ = Algorithm::kRs256;
      if (const int bits = EVP_PKEY_get_bits(key.get()); bits < kRsaBitsMin || bits > kRsaBitsMax)
        return wrong("an RSA key of " + std::to_string(bits) + " bits; " + std::to_string(kRsaBitsMin) + " to " +
                     std::to_string(kRsaBitsMax) + " are taken");
      if (!is_sound(key.get())) return wrong("an RSA key whose modulus or exponent cannot be one");
      break;
    case EVP_PKEY_EC:
      out.algorithm_ = Algorithm::kEs256;
      if (!is_on_p256(key.get())) return wrong("an EC key of another curve than P-256");
      if (!is_sound(key.get())) return wrong("an EC key whose point is not on P-256");
      break;
    case EVP_PKEY_ED25519:
      out.algorithm_ = Algorithm::kEdDsa;
      break;
    default:
      return wrong("a key that is neither RSA, P-256 nor Ed25519");
  }
  out.public_ = std::move(key);
  return out;
}

Result<Key> Key::of_rsa(std::string_view modulus, std::string_view exponent) {
  const ErrorsForgotten forgotten;
  if (modulus.size() > 2 * kRsaBitsMax / 8 || exponent.size() > 32) return wrong("an RSA key of too many bits");
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const ParamBuilder values(OSSL_PARAM_BLD_new());
  if (!n || !e || !values || OSSL_PARAM_BLD_push_BN(values.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(values.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return wrong("an RSA key that OpenSSL does not take");
  PublicKey key = make_public("RSA", values.get());
  return key ? of_public(std::move(key)) : wrong("an RSA key that OpenSSL does not take");
}

Result<Key> Key::of_p256(std::string_view x, std::string_view y) {
  const ErrorsForgotten forgotten;
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) return wrong("coordinates that are not of 32 bytes each");
  const std::string point = '\x04' + std::string{x} + std::string{y};  // SEC 1 §2.3.3, uncompressed.
  const ParamBuilder values(OSSL_PARAM_BLD_new());
  if (!values ||
      OSSL_PARAM_BLD_push_utf8_string(values.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(values.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return wrong("an EC key that OpenSSL does not take");
  PublicKey key = make_public("EC", values.get());
  return key ? of_public(std::move(key)) : wrong("an EC key whose point is not on P-256");
}

Result<Key> Key::of_ed25519(std::string_view x) {
  const ErrorsForgotten forgotten;
  if (x.size() != kEd25519Bytes) return wrong("an Ed25519 key that is not of 32 bytes");
  PublicKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(x), x.size()), EVP_PKEY_free);
  return key ? of_public(std::move(key)) : wrong("an Ed25519 key that OpenSSL does not take");
}

Result<Key> Key::of_pem(std::string_view text) {
  const ErrorsForgotten forgotten;
  if (text.find("PRIVATE KEY-----") != std::string_view::npos)
    return wrong("a private key, which only the issuer should have; `openssl pkey -pubout` makes the public one");
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos)
    return wrong("a certificate; `openssl x509 -pubkey -noout` takes the public key out of it");
  const std::unique_ptr<BIO, Freed<BIO_vfree>> file(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!file) return wrong("a key that OpenSSL does not take");
  PublicKey key(PEM_read_bio_PUBKEY(file.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  return key ? of_public(std::move(key)) : wrong("no public key in PEM (-----BEGIN PUBLIC KEY-----)");
}

bool Key::verifies(std::string_view text, std::string_view signature) const {
  const ErrorsForgotten forgotten;
  if (algorithm_ == Algorithm::kHs256) {
    std::array<unsigned char, kMacBytes> mac{};
    const bool is_made = HMAC(EVP_sha256(), secret_->bytes().data(), static_cast<int>(secret_->size()), raw(text),
                              text.size(), mac.data(), nullptr) != nullptr;
    return is_made && signature.size() == mac.size() && CRYPTO_memcmp(mac.data(), signature.data(), mac.size()) == 0;
  }
  if (algorithm_ == Algorithm::kEdDsa) return verifies_with(public_.get(), nullptr, text, signature);
  if (algorithm_ == Algorithm::kRs256) return verifies_with(public_.get(), EVP_sha256(), text, signature);
  const std::vector<unsigned char> der = der_of(signature);
  return !der.empty() &&
         verifies_with(public_.get(), EVP_sha256(), text, {reinterpret_cast<const char*>(der.data()), der.size()});
}

bool Key::is_same_as(const Key& other) const {
  if (algorithm_ != other.algorithm_) return false;
  return is_secret() ? *secret_ == *other.secret_ : EVP_PKEY_eq(public_.get(), other.public_.get()) == 1;
}

}  // namespace fanlight::jose
