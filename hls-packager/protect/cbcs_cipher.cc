#include "protect/cbcs_cipher.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kPatternBytes = 10 * kCipherBlockBytes;

const unsigned char* bytes_of(const CipherBlock& block) { return reinterpret_cast<const unsigned char*>(block.data()); }

}  // namespace

void CbcsCipher::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

CbcsCipher::CbcsCipher(const CipherBlock& key, const CipherBlock& iv) : context_(EVP_CIPHER_CTX_new()), iv_(iv) {
  CHECK(context_ != nullptr);
  CHECK(EVP_EncryptInit_ex(context_.get(), EVP_aes_128_cbc(), nullptr, bytes_of(key), bytes_of(iv)) == 1);
}

void CbcsCipher::begin() {
  CHECK(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, bytes_of(iv_)) == 1);
  EVP_CIPHER_CTX_set_padding(context_.get(), 0);
}

void CbcsCipher::encrypt(MutableByteSpan blocks) {
  if (blocks.empty()) return;
  auto* const at = reinterpret_cast<unsigned char*>(blocks.data());
  int written = 0;
  CHECK(EVP_EncryptUpdate(context_.get(), at, &written, at, static_cast<int>(blocks.size())) == 1);
  CHECK(static_cast<std::size_t>(written) == blocks.size());
}

void CbcsCipher::encrypt_pattern(MutableByteSpan range) {
  begin();
  for (; range.size() >= kCipherBlockBytes; range = range.subspan(std::min(kPatternBytes, range.size())))
    encrypt(range.first(kCipherBlockBytes));
}

void CbcsCipher::encrypt_all(MutableByteSpan range) {
  begin();
  encrypt(range.first(range.size() / kCipherBlockBytes * kCipherBlockBytes));
}

}  // namespace fanlight::packager
