// The keys of a presentation, and which of them a segment is encrypted with. Their file has a line for each:
//
//   # comment
//   KEYID:KEY          both of 32 hexadecimal digits
//
// Which key is whose follows from the segment's number alone, so that renditions, groups and restarts agree. The keys
// are used in turn: behind the last the first comes again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cmaf/protection.h"

namespace fanlight::packager {

struct ContentKey {
  CipherBlock id{};
  CipherBlock secret{};
  friend bool operator==(const ContentKey&, const ContentKey&) = default;
};

inline constexpr std::size_t kContentKeysMax = 64;  // Each has an init segment of its own.

struct KeyRing {
  std::vector<ContentKey> keys{};     // At least one.
  std::uint32_t rotate_segments = 0;  // So many segments have one key; 0: all have the first.
  bool is_served = false;             // To whoever asks: for tests.
  friend bool operator==(const KeyRing&, const KeyRing&) = default;

  [[nodiscard]] std::size_t slot_of(std::uint64_t segment) const noexcept {
    return rotate_segments == 0 ? 0 : static_cast<std::size_t>(segment / rotate_segments % keys.size());
  }
  // As an IV every key has its own ID, which is no secret and no other's.
  [[nodiscard]] KeyMark mark_of(std::size_t slot) const { return {.id = keys[slot].id, .iv = keys[slot].id}; }
};

// Never has a key in it.
struct KeyFileProblem {
  std::size_t line = 0;  // 0: of the file as such.
  std::string found{};
  std::string accepted{};
  friend bool operator==(const KeyFileProblem&, const KeyFileProblem&) = default;
};

[[nodiscard]] Result<std::vector<ContentKey>, std::vector<KeyFileProblem>> parse_keys(std::string_view text);

// "0123456789abcdef0123456789abcdef"
[[nodiscard]] std::string key_id_text(const CipherBlock& id);
// "01234567-89ab-cdef-0123-456789abcdef"
[[nodiscard]] std::string key_id_uuid(const CipherBlock& id);
// JSON Web Keys, all of them, as ClearKey's licences are. Encrypted Media Extensions §9.1.4
[[nodiscard]] std::string licence_text(const KeyRing& ring);

}  // namespace fanlight::packager
