// What the texts in heads are made of (RFC 9110 §5.6, RFC 3986): kinds of characters, names without regard to case,
// lists.
#pragma once

#include <cstddef>
#include <string_view>

namespace fanlight::packager {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A name: of a method, a field, a coding. Never empty.
[[nodiscard]] bool is_token(std::string_view text) noexcept;
// What targets are written in: no spaces, no controls, nothing beyond ASCII, no fragment.
[[nodiscard]] bool is_target(std::string_view text) noexcept;
// No control characters but tabs. Bytes beyond ASCII are opaque, and allowed.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;
// "example.org", "example.org:8443", "192.0.2.1", "[2001:db8::1]:443". Never empty.
[[nodiscard]] bool is_host(std::string_view text) noexcept;

// ASCII; `lower` is in lower case.
[[nodiscard]] bool equals_nocase(std::string_view text, std::string_view lower) noexcept;
[[nodiscard]] bool starts_with_nocase(std::string_view text, std::string_view lower) noexcept;
// Without the spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

// Elements between commas, the empty ones left out.
template <class Take>
void for_each_in_list(std::string_view list, Take&& take) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (const std::string_view element = trimmed(list.substr(0, comma)); !element.empty()) take(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace fanlight::packager
