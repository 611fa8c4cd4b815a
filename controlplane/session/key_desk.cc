#include "session/key_desk.h"

#include <algorithm>

namespace fanlight::control {

using wire::Reject;

Result<AgreedKeys, Reject> KeyDesk::agree(const Secret& passphrase, ByteSpan key_message) {
  if (passphrase.is_empty() != key_message.empty()) return Reject::kUnsecure;
  if (key_message.empty()) return AgreedKeys{};
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  return unwrap(passphrase, *message);
}

Result<AgreedKeys, Reject> KeyDesk::refresh(const Secret& passphrase, ByteSpan key_message, std::size_t key_bytes) {
  if (passphrase.is_empty()) return Reject::kUnsecure;
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  if (message->key_bytes != key_bytes) return Reject::kCrypto;
  return unwrap(passphrase, *message);
}

Result<AgreedKeys, Reject> KeyDesk::unwrap(const Secret& passphrase, const wire::KeyMessage& message) {
  if (message.cipher != wire::Cipher::kAesCtr) return Reject::kCrypto;
  const crypto::Key& kek = kek_for(passphrase, message.salt, message.key_bytes);
  const std::optional<crypto::StreamKeys> keys = crypto::unwrap_keys(kek, message);
  if (!keys || (!keys->even && !keys->odd)) return Reject::kBadSecret;

  auto ciphers = std::make_unique<crypto::SessionCiphers>();
  if (keys->even) ciphers->even.emplace(*keys->even, message.salt);
  if (keys->odd) ciphers->odd.emplace(*keys->odd, message.salt);
  ciphers->sending = keys->even ? wire::KeyFlag::kEven : wire::KeyFlag::kOdd;
  return AgreedKeys{std::move(ciphers), message.key_bytes};
}

const crypto::Key& KeyDesk::kek_for(const Secret& passphrase, const wire::Salt& salt, std::size_t key_bytes) {
  const auto found = std::find_if(cached_.begin(), cached_.end(), [&](const CachedKek& cached) {
    return cached.salt == salt && cached.kek.size() == key_bytes && cached.passphrase == passphrase;
  });
  if (found != cached_.end()) {
    cached_.splice(cached_.begin(), cached_, found);
    return cached_.front().kek;
  }
  ++derivations_;
  cached_.push_front({passphrase, salt, crypto::derive_kek(passphrase.reveal(), salt, key_bytes)});
  if (cached_.size() > kCachedMax) cached_.pop_back();
  return cached_.front().kek;
}

}  // namespace fanlight::control
