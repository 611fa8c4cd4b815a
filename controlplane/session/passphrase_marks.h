// Tells passphrases apart without keeping them: a hash under a key that this process drew. 0: none.
#pragma once

#include <cstdint>
#include <span>

#include "base/siphash.h"
#include "config/secret.h"
#include "crypto/aes.h"

namespace fanlight::control {

class PassphraseMarks {
 public:
  PassphraseMarks() {
    // Without random bytes marks are still unequal; they stay in this process.
    (void)crypto::fill_random(std::as_writable_bytes(std::span(key_)));
  }
  [[nodiscard]] std::uint64_t of(const Secret& passphrase) const {
    if (passphrase.is_empty()) return 0;
    return siphash(key_, std::as_bytes(std::span(passphrase.reveal()))) | 1;
  }

 private:
  HashKey key_{};
};

}  // namespace fanlight::control
