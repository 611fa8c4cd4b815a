// AES-128 in CBC over some of the blocks of a range, each range begun with the IV anew: the scheme `cbcs` of ISO/IEC
// 23001-7 §10.4. What is left behind the last whole block stays in the clear.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "cmaf/protection.h"

struct evp_cipher_ctx_st;

namespace fanlight::packager {

class CbcsCipher {
 public:
  CbcsCipher(const CipherBlock& key, const CipherBlock& iv);

  // In place. Of ten blocks the first.
  void encrypt_pattern(MutableByteSpan range);
  // All of them.
  void encrypt_all(MutableByteSpan range);

 private:
  void begin();
  void encrypt(MutableByteSpan blocks);

  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
  CipherBlock iv_;
};

}  // namespace fanlight::packager
