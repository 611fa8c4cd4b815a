// SRT's keys, on OpenSSL: key derivation and RFC 3394 key wrap. draft §6, srt-wire §4.1, §4.4. Nothing here keeps time
// or knows a session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "wire/srt_key_message.h"

namespace fanlight::crypto {

// A key of 16, 24 or 32 bytes that wipes itself.
class Key {
 public:
  Key() = default;
  explicit Key(ByteSpan bytes) noexcept;  // CHECKs the length.
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  [[nodiscard]] ByteSpan bytes() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  friend bool operator==(const Key& a, const Key& b) noexcept;  // Constant time.

 private:
  std::array<std::byte, 32> bytes_{};
  std::size_t size_ = 0;
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
