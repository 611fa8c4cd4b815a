// Bytes that stand as two hexadecimal digits each, of either case.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace fanlight::packager {

// Empty: they are not two digits.
[[nodiscard]] inline std::optional<std::byte> parse_hex_byte(std::string_view digits) {
  std::uint8_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.size() != 2 || error != std::errc{} || at != end) return std::nullopt;
  return std::byte{value};
}

}  // namespace fanlight::packager
