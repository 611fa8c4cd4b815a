// SRT's keys, on OpenSSL: key derivation and RFC 3394 key wrap. draft §6, srt-wire §4.1, §4.4. Nothing here keeps time
// or knows a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/secret_memory.h"
#include "wire/srt_key_message.h"

namespace fanlight::crypto {

// A key of 16, 24 or 32 bytes, in secret memory wherever the object itself lies.
class Key {
 public:
  Key() = default;
  explicit Key(ByteSpan bytes);  // CHECKs the length.
  [[nodiscard]] ByteSpan bytes() const noexcept { return bytes_.bytes(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  friend bool operator==(const Key& a, const Key& b) noexcept = default;  // Constant time.

 private:
  SecretBytes bytes_;
};

// PBKDF2-HMAC-SHA1 over the last 8 bytes of the salt, 2048 rounds (about 1.5–3 ms): control thread only.
[[nodiscard]] Key derive_kek(std::string_view passphrase, const wire::Salt& salt, std::size_t key_bytes);

struct StreamKeys {  // What a key message carries once unwrapped.
  std::optional<Key> even;
  std::optional<Key> odd;
};
// RFC 3394. Empty when the integrity check fails: a wrong passphrase.
[[nodiscard]] std::optional<StreamKeys> unwrap_keys(const Key& kek, const wire::KeyMessage& message);
// The wrapped string for one key, or for both (even first). Answers its size, 0 on a failure of the library.
[[nodiscard]] std::size_t wrap_keys(const Key& kek, ByteSpan keys, MutableByteSpan out);
// Random bytes from the system's generator. False when it fails.
[[nodiscard]] bool fill_random(MutableByteSpan out);

}  // namespace fanlight::crypto
