// What a token's signature is checked with. A key has one algorithm from the start: a token can name it, never choose
// it. (RFC 8725 §3.1: a public key that is taken for an HMAC secret lets everybody sign.)
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret_memory.h"

namespace fanlight::jose {

enum class Algorithm : std::uint8_t { kHs256, kRs256, kEs256, kEdDsa };
// As a token's header has it: "ES256". RFC 7518 §3.1, RFC 8037 §3.1
[[nodiscard]] std::string_view name_of(Algorithm algorithm);

class Key {
 public:
  static constexpr std::size_t kSecretBytesMin = 32;  // RFC 7518 §3.2
  static constexpr std::size_t kSecretBytesMax = 512;
  static constexpr int kRsaBitsMin = 2048;
  static constexpr int kRsaBitsMax = 4096;  // A signature must fit into a token.

  // The errors say what is wrong with the key, and never what it is. Numbers are big-endian, as a JWK has them.
  [[nodiscard]] static Result<Key> of_secret(std::string_view secret);
  [[nodiscard]] static Result<Key> of_rsa(std::string_view modulus, std::string_view exponent);
  [[nodiscard]] static Result<Key> of_p256(std::string_view x, std::string_view y);
  [[nodiscard]] static Result<Key> of_ed25519(std::string_view x);
  // "-----BEGIN PUBLIC KEY-----": RSA, P-256 or Ed25519.
  [[nodiscard]] static Result<Key> of_pem(std::string_view text);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] bool is_secret() const { return algorithm_ == Algorithm::kHs256; }
  // Empty: it answers for every `kid`.
  [[nodiscard]] const std::string& id() const { return id_; }
  void set_id(std::string id) { id_ = std::move(id); }
  [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;
  // What verifies with one verifies with the other, whatever their IDs.
  [[nodiscard]] bool is_same_as(const Key& other) const;

 private:
  using PublicKey = std::shared_ptr<EVP_PKEY>;
  [[nodiscard]] static Result<Key> of_public(PublicKey key);

  Algorithm algorithm_ = Algorithm::kHs256;
  std::string id_;
  std::shared_ptr<const crypto::SecretBytes> secret_;  // HS256 alone; copies share it.
  PublicKey public_;                                   // All others.
};

}  // namespace fanlight::jose
