// A passphrase that wipes itself and cannot be printed. Fixed size: no allocator keeps an old copy.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

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
  explicit Secret(std::string_view text) : size_(text.size()) {
    CHECK(fits(text));
    std::copy(text.begin(), text.end(), text_.begin());
  }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { explicit_bzero(text_.data(), text_.size()); }

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  // For key derivation only; the view must not outlive the secret.
  [[nodiscard]] std::string_view reveal() const { return {text_.data(), size_}; }

  // Constant time in the content: both arrays are padded with zeros.
  friend bool operator==(const Secret& a, const Secret& b) {
    unsigned difference = a.size_ != b.size_;
    for (std::size_t i = 0; i < kBytesMax; ++i) difference |= static_cast<unsigned char>(a.text_[i] ^ b.text_[i]);
    return difference == 0;
  }
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::array<char, kBytesMax> text_{};
  std::size_t size_ = 0;
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
