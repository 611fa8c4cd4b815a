#include "fanlight_load/keys.h"

#include <algorithm>
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

KeyMaker::KeyMaker(std::string_view passphrase, std::size_t key_bytes, std::size_t salts) {
  for (std::size_t i = 0; i < salts; ++i) {
    const wire::Salt salt = random_salt();
    derived_.push_back({salt, crypto::derive_kek(passphrase, salt, key_bytes)});
  }
}

SessionKeys KeyMaker::make(std::size_t n) const {
  const auto& [salt, kek] = derived_[n % derived_.size()];
  std::array<std::byte, 32> bytes;
  CHECK(crypto::fill_random(bytes));
  const crypto::Key key(ByteSpan(bytes).first(kek.size()));
  std::array<std::byte, 72> wrapped;
  const std::size_t wrapped_bytes = crypto::wrap_keys(kek, key.bytes(), wrapped);
  SessionKeys keys;
  keys.message.resize(wire::kKeyMessageBytesMax);
  keys.message.resize(wire::write_key_message(
      keys.message, {.key_bytes = kek.size(), .salt = salt, .wrapped = ByteSpan{wrapped}.first(wrapped_bytes)}));
  CHECK(!keys.message.empty());
  keys.ciphers = std::make_unique<crypto::SessionCiphers>();
  keys.ciphers->even.emplace(key, salt);
  return keys;
}

bool KeyMaker::install(ByteSpan message, crypto::SessionCiphers& ciphers) const {
  const std::optional<wire::KeyMessage> read = wire::parse_key_message(message);
  if (!read) return false;
  const auto ours = std::ranges::find(derived_, read->salt, &Derived::salt);
  if (ours == derived_.end() || ours->kek.size() != read->key_bytes) return false;
  const std::optional<crypto::StreamKeys> keys = crypto::unwrap_keys(ours->kek, *read);
  if (!keys) return false;
  if (keys->even) ciphers.even.emplace(*keys->even, read->salt);
  if (keys->odd) ciphers.odd.emplace(*keys->odd, read->salt);
  return true;
}

}  // namespace fanlight::load
