// Keys for a crowd: a few salts and the keys derived with them for all, since deriving takes 2 ms; a key of its own and
// a key message of its own for each session.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "crypto/aes.h"
#include "crypto/session_ciphers.h"

namespace fanlight::load {

struct SessionKeys {
  std::vector<std::byte> message;  // As KMREQ; empty: clear.
  std::unique_ptr<crypto::SessionCiphers> ciphers;
};

class KeyMaker {
 public:
  // `key_bytes`: 16, 24 or 32.
  KeyMaker(std::string_view passphrase, std::size_t key_bytes, std::size_t salts = 1);
  // Session `n` takes the n-th salt, in turn.
  [[nodiscard]] SessionKeys make(std::size_t n) const;
  // Takes the key that a key message of the relay's brings into its place; false when it is none of ours.
  [[nodiscard]] bool install(ByteSpan message, crypto::SessionCiphers& ciphers) const;
  [[nodiscard]] std::size_t key_bytes() const { return derived_.front().kek.size(); }

 private:
  struct Derived {
    wire::Salt salt{};
    crypto::Key kek;
  };
  std::vector<Derived> derived_;
};

}  // namespace fanlight::load
