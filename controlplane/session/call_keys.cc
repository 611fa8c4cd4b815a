#include "session/call_keys.h"

#include <array>
#include <cstring>

namespace fanlight::control {

bool make_call_keys(const Secret& passphrase, std::size_t key_bytes, CallKit& kit, SessionKek& session) {
  if (passphrase.is_empty()) return true;
  wire::Salt salt;
  std::array<std::byte, 32> plain;
  const auto key = MutableByteSpan{plain}.first(key_bytes);
  if (!crypto::fill_random(salt) || !crypto::fill_random(key)) return false;
  session = {crypto::derive_kek(passphrase.reveal(), salt, key_bytes), salt, wire::KeyFlag::kEven};
  std::array<std::byte, 40> wrapped;
  const std::size_t wrapped_bytes = crypto::wrap_keys(session.kek, key, wrapped);
  kit.ciphers = std::make_unique<crypto::SessionCiphers>();
  kit.ciphers->even.emplace(crypto::Key(key), salt);
  explicit_bzero(plain.data(), plain.size());
  kit.key_bytes = static_cast<std::uint16_t>(key_bytes);
  kit.key_message_bytes = static_cast<std::uint16_t>(
      wire::write_key_message(kit.key_message, {.keys = wire::KeyFlag::kEven,
                                                .key_bytes = key_bytes,
                                                .salt = salt,
                                                .wrapped = ByteSpan{wrapped}.first(wrapped_bytes)}));
  return wrapped_bytes > 0 && kit.key_message_bytes > 0;
}

}  // namespace fanlight::control
