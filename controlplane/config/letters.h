// Letters whatever the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace fanlight::control {

[[nodiscard]] inline bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// `word` is in small letters, `text` in whatever.
[[nodiscard]] inline bool begins_with(std::string_view text, std::string_view word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return text.size() >= word.size() && std::ranges::equal(text.substr(0, word.size()), word, {}, lower);
}

}  // namespace fanlight::control
