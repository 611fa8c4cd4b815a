// A line of a report, as printf writes it; 255 bytes at most.
#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace fanlight::control {

template <class... T>
[[nodiscard]] std::string formatted(const char* format, T... values) {
  std::array<char, 256> out{};
  std::snprintf(out.data(), out.size(), format, values...);
  return out.data();
}

}  // namespace fanlight::control
