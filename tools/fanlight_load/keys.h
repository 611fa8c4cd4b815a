// Keys for a crowd: one salt and one derived key for all, since deriving takes 2 ms; a key of its own and a key message
// of its own for each session.
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
  KeyMaker(std::string_view passphrase, std::size_t key_bytes);
  [[nodiscard]] SessionKeys make() const;
  [[nodiscard]] std::size_t key_bytes() const { return kek_.size(); }

 private:
  wire::Salt salt_;
  crypto::Key kek_;
};

}  // namespace fanlight::load
