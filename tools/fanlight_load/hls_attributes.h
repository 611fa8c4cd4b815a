// Attribute lists of playlist tags: `A=1,B="x,y",C=YES` (RFC 8216bis §4.2).
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace fanlight::load {

class HlsAttributes {
 public:
  explicit HlsAttributes(std::string_view list) : list_(list) {}
  // Without its quotes.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    for (std::string_view rest = list_; !rest.empty();) {
      const std::size_t equals = rest.find('=');
      if (equals == std::string_view::npos) return std::nullopt;
      const std::string_view key = rest.substr(0, equals);
      rest.remove_prefix(equals + 1);
      const bool is_quoted = rest.starts_with('"');
      if (is_quoted) rest.remove_prefix(1);
      const std::size_t size = std::min(rest.find(is_quoted ? '"' : ','), rest.size());
      if (key == name) return rest.substr(0, size);
      rest.remove_prefix(std::min(size + (is_quoted ? 2 : 1), rest.size()));
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string text(std::string_view name) const { return std::string(find(name).value_or("")); }
  [[nodiscard]] bool says_yes(std::string_view name) const { return find(name) == "YES"; }

 private:
  std::string_view list_;
};

[[nodiscard]] inline std::optional<std::uint64_t> hls_integer(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Seconds with decimals, to the nearest microsecond.
[[nodiscard]] inline std::optional<Micros> hls_seconds(std::string_view text) {
  constexpr double kLongest = 1e9;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_sound = error == std::errc{} && end == text.data() + text.size() && value >= 0 && value < kLongest;
  if (!is_sound) return std::nullopt;
  return Micros{std::llround(value * 1e6)};
}

}  // namespace fanlight::load
