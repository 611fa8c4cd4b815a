#include "fanlight_load/keys.h"

#include <array>

#include "base/check.h"

namespace fanlight::load {
namespace {

wire::Salt random_salt() {
  wire::Salt salt;
  CHECK(crypto::fill_random(salt));
  return salt;
}

}  // namespace

KeyMaker::KeyMaker(std::string_view passphrase, std::size_t key_bytes)
    : salt_(random_salt()), kek_(crypto::derive_kek(passphrase, salt_, key_bytes)) {}

SessionKeys KeyMaker::make() const {
  std::array<std::byte, 32> bytes;
  CHECK(crypto::fill_random(bytes));
  const crypto::Key key(ByteSpan(bytes).first(kek_.size()));
  std::array<std::byte, 72> wrapped;
  const std::size_t wrapped_bytes = crypto::wrap_keys(kek_, key.bytes(), wrapped);
  SessionKeys keys;
  keys.message.resize(wire::kKeyMessageBytesMax);
  keys.message.resize(wire::write_key_message(
      keys.message, {.key_bytes = kek_.size(), .salt = salt_, .wrapped = ByteSpan{wrapped}.first(wrapped_bytes)}));
  CHECK(!keys.message.empty());
  keys.ciphers = std::make_unique<crypto::SessionCiphers>();
  keys.ciphers->even.emplace(key, salt_);
  return keys;
}

}  // namespace fanlight::load
