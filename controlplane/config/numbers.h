// Numbers in text that is not TOML's: URLs' and session descriptions'.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fanlight::control {

// A whole number up to `most`, digits alone.
[[nodiscard]] inline std::optional<std::uint32_t> whole_number(std::string_view text, std::int64_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

}  // namespace fanlight::control
