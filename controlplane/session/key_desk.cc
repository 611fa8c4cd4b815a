#include "session/key_desk.h"

#include <algorithm>

namespace fanlight::control {

using wire::Reject;

namespace {

HashKey random_hash_key() {
  HashKey key{};
  CHECK(crypto::fill_random(std::as_writable_bytes(std::span(&key, 1))));
  return key;
}

}  // namespace

KeyDesk::KeyDesk() : print_key_(random_hash_key()) {}

Result<AgreedKeys, Reject> KeyDesk::unwrap(const crypto::Key& kek, const wire::KeyMessage& message) const {
  const std::optional<crypto::StreamKeys> keys = crypto::unwrap_keys(kek, message);
  if (!keys || (!keys->even && !keys->odd)) return Reject::kBadSecret;

  AgreedKeys agreed{.ciphers = std::make_unique<crypto::SessionCiphers>(), .key_bytes = message.key_bytes};
  const auto print_of = [&](const std::optional<crypto::Key>& key) {
    return key ? siphash(print_key_, key->bytes()) | 1 : 0;
  };
  if (keys->even) agreed.ciphers->even.emplace(*keys->even, message.salt);
  if (keys->odd) agreed.ciphers->odd.emplace(*keys->odd, message.salt);
  agreed.ciphers->sending = keys->even ? wire::KeyFlag::kEven : wire::KeyFlag::kOdd;
  agreed.session = {kek, message.salt, agreed.ciphers->sending};
  agreed.prints = {print_of(keys->even), print_of(keys->odd)};
  return agreed;
}

Result<AgreedKeys, Reject> KeyDesk::agree(Instant now, const IpAddress& caller, const Secret& passphrase,
                                          ByteSpan key_message) {
  if (passphrase.is_empty() != key_message.empty()) return Reject::kUnsecure;
  if (key_message.empty()) return AgreedKeys{};
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  if (message->cipher != wire::Cipher::kAesCtr) return Reject::kCrypto;
  const crypto::Key* kek = find_kek(passphrase, *message);
  const bool may_try = kek != nullptr ? budget_.take_guess(now, caller) : budget_.take(now, caller);
  if (!may_try) return Reject::kOverload;
  if (kek == nullptr) kek = &derive_kek(passphrase, *message);
  auto agreed = unwrap(*kek, *message);
  agreed ? budget_.note_success(now, caller) : budget_.note_failure(now, caller);
  return agreed;
}

Result<AgreedKeys, Reject> KeyDesk::refresh(Instant now, const Secret& passphrase, ByteSpan key_message,
                                            PublisherKeys& keys) {
  if (passphrase.is_empty()) return Reject::kUnsecure;
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return Reject::kRogue;
  const bool is_alike = message->key_bytes == keys.session.kek.size() && message->cipher == wire::Cipher::kAesCtr;
  if (!is_alike) return Reject::kCrypto;
  const crypto::Key* kek = message->salt == keys.session.salt ? &keys.session.kek : find_kek(passphrase, *message);
  if (kek == nullptr) {
    constexpr Micros kInterval = PublisherKeys::kOtherSaltsInterval;
    if (!keys.other_salts.has_token(now, PublisherKeys::kOtherSaltsBurst, kInterval)) return Reject::kOverload;
    keys.other_salts.take(now, kInterval);
    kek = &derive_kek(passphrase, *message);
  }
  auto agreed = unwrap(*kek, *message);
  if (!agreed) return agreed;
  if (keys.memory.is_replay(agreed->prints)) return Reject::kConflict;
  agreed->is_news = keys.memory.is_news(agreed->prints);
  if (agreed->is_news) {
    constexpr Micros kInterval = PublisherKeys::kNewKeysInterval;
    if (!keys.new_keys.has_token(now, PublisherKeys::kNewKeysBurst, kInterval)) return Reject::kOverload;
    keys.new_keys.take(now, kInterval);
  }
  keys.memory.take(agreed->prints);
  keys.session = agreed->session;
  return agreed;
}

KeyPrints KeyDesk::prints_of(const crypto::Key& kek, ByteSpan key_message) const {
  const std::optional<wire::KeyMessage> message = wire::parse_key_message(key_message);
  if (!message) return {};
  const auto agreed = unwrap(kek, *message);
  return agreed ? agreed->prints : KeyPrints{};
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
