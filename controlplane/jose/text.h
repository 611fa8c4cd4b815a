// Words of strangers in a line of a log.
#pragma once

#include <string>
#include <string_view>

namespace fanlight::jose {

inline constexpr std::size_t kShownBytesMax = 64;

// In quotes, cut when it is long, in ASCII.
[[nodiscard]] std::string shown(std::string_view text);
// Whether somebody sees what it says: no control characters, C1's included, none that are invisible or turn the writing
// round. Says nothing about UTF-8.
[[nodiscard]] bool is_plain(std::string_view text);
// Plain, not empty, and no longer than a user or group may be.
inline constexpr std::size_t kNameBytesMax = 128;
[[nodiscard]] inline bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && is_plain(text);
}

}  // namespace fanlight::jose
