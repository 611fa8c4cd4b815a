#include "session/key_desk.h"

#include <algorithm>

namespace fanlight::control {

using wire::Reject;

namespace {

Result<AgreedKeys, Reject> unwrap(const crypto::Key& kek, const wire::KeyMessage& message) {
  const std::optional<crypto::StreamKeys> keys = crypto::unwrap_keys(kek, message);
  if (!keys || (!keys->even && !keys->odd)) return Reject::kBadSecret;

  auto ciphers = std::make_unique<crypto::SessionCiphers>();
  if (keys->even) ciphers->even.emplace(*keys->even, message.salt);
  if (keys->odd) ciphers->odd.emplace(*keys->odd, message.salt);
  ciphers->sending = keys->even ? wire::KeyFlag::kEven : wire::KeyFlag::kOdd;
  return AgreedKeys{std::move(ciphers), message.key_bytes};
}

}  // namespace

Result<AgreedKeys, Reject> KeyDesk::agree(Instant now, const IpAddress& caller, const Secret& passphrase,
                                          ByteSpan key_message) {
  if (passphrase.is_empty() != key_message.empty()) return Reject::kUnsecure;
  if (key_message.empty()) return AgreedKeys{};
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  if (message->cipher != wire::Cipher::kAesCtr) return Reject::kCrypto;
  if (const crypto::Key* kek = find_kek(passphrase, *message)) return unwrap(*kek, *message);
  if (!budget_.take(now, caller)) return Reject::kOverload;
  return unwrap(derive_kek(passphrase, *message), *message);
}

Result<AgreedKeys, Reject> KeyDesk::refresh(const Secret& passphrase, ByteSpan key_message, std::size_t key_bytes) {
  if (passphrase.is_empty()) return Reject::kUnsecure;
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  if (message->key_bytes != key_bytes || message->cipher != wire::Cipher::kAesCtr) return Reject::kCrypto;
  const crypto::Key* kek = find_kek(passphrase, *message);
  return unwrap(kek != nullptr ? *kek : derive_kek(passphrase, *message), *message);
}

const crypto::Key* KeyDesk::find_kek(const Secret& passphrase, const wire::KeyMessage& message) {
  const auto found = std::find_if(cached_.begin(), cached_.end(), [&](const CachedKek& cached) {
    return cached.salt == message.salt && cached.kek.size() == message.key_bytes && cached.passphrase == passphrase;
  });
  if (found == cached_.end()) return nullptr;
  cached_.splice(cached_.begin(), cached_, found);
  return &cached_.front().kek;
}

const crypto::Key& KeyDesk::derive_kek(const Secret& passphrase, const wire::KeyMessage& message) {
  ++derivations_;
  cached_.push_front(
      {passphrase, message.salt, crypto::derive_kek(passphrase.reveal(), message.salt, message.key_bytes)});
  if (cached_.size() > kCachedMax) cached_.pop_back();
  return cached_.front().kek;
}

}  // namespace fanlight::control
