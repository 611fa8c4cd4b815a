#include "crypto/srtp_derivation.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/check.h"

namespace fanlight::crypto {
namespace {

const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

// The label, of what is derived, in the 112 bits of the salt; then AES in counter mode. RFC 3711 §4.3.1, §4.3.3
void derive(const SrtpMaster& master, std::uint8_t label, MutableByteSpan out) {
  constexpr std::size_t kLabelOffset = 7;
  std::array<std::byte, 16> counter{};
  std::ranges::copy(master.salt(), counter.begin());
  counter[kLabelOffset] ^= std::byte{label};
  const EVP_CIPHER* cipher = master.key().size() == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  int size = 0;  // `out` is zero: what comes is the key stream itself.
  CHECK(context != nullptr &&
        EVP_EncryptInit_ex(context.get(), cipher, nullptr, raw(master.key().data()), raw(counter.data())) == 1 &&
        EVP_EncryptUpdate(context.get(), raw(out.data()), &size, raw(out.data()), static_cast<int>(out.size())) == 1);
  CHECK(static_cast<std::size_t>(size) == out.size());
}

void derive(const SrtpMaster& master, std::uint8_t first_label, SrtpSessionKey& half) {
  derive(master, first_label, std::span(half.key).first(master.key().size()));
  if (!form_of(master.suite).is_aead) derive(master, static_cast<std::uint8_t>(first_label + 1), half.authentication);
  derive(master, static_cast<std::uint8_t>(first_label + 2), std::span(half.salt).first(master.salt().size()));
}

}  // namespace

SrtpSessionKey::~SrtpSessionKey() {
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(authentication.data(), authentication.size());
  OPENSSL_cleanse(salt.data(), salt.size());
}

SrtpSessionKeys derive_srtp(const SrtpMaster& master) {
  CHECK(master.key_and_salt.size() == form_of(master.suite).master_bytes());
  SrtpSessionKeys keys;
  derive(master, 0, keys.rtp);
  derive(master, 3, keys.rtcp);
  return keys;
}

}  // namespace fanlight::crypto
