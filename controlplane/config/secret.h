// A passphrase: in secret memory, wherever the object itself lies, and nothing prints it.
#pragma once

#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "crypto/secret_memory.h"

namespace fanlight::control {

class Secret {
 public:
  // srt-wire §4.1: libsrt's documents say 79, one less than its code takes.
  static constexpr std::size_t kBytesMin = 10;
  static constexpr std::size_t kBytesMax = 79;
  // Empty means "no passphrase: clear only".
  [[nodiscard]] static constexpr bool fits(std::string_view text) {
    return text.empty() || (text.size() >= kBytesMin && text.size() <= kBytesMax);
  }

  Secret() = default;
  explicit Secret(std::string_view text) : text_(std::as_bytes(std::span(text))) { CHECK(fits(text)); }

  [[nodiscard]] bool is_empty() const { return text_.size() == 0; }
  // For key derivation only; the view must not outlive the secret.
  [[nodiscard]] std::string_view reveal() const {
    return {reinterpret_cast<const char*>(text_.bytes().data()), text_.size()};
  }

  friend bool operator==(const Secret& a, const Secret& b) = default;  // Constant time for one length.
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  crypto::SecretBytes text_;
};

// Wipes a string that carried a passphrase here.
inline void wipe(std::string& text) {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

// Wipes them when it ends, however that comes about; short ones may have stayed behind when they were moved from.
class WipedAtEnd {
 public:
  explicit WipedAtEnd(std::vector<std::string*> texts) : texts_(std::move(texts)) {}
  ~WipedAtEnd() {
    for (std::string* text : texts_) {
      text->resize(text->capacity());  // A terminator may stand in front of what is left.
      wipe(*text);
    }
  }
  WipedAtEnd(const WipedAtEnd&) = delete;
  WipedAtEnd& operator=(const WipedAtEnd&) = delete;

 private:
  std::vector<std::string*> texts_;
};

}  // namespace fanlight::control
