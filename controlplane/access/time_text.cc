#include "access/time_text.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace fanlight::control {

std::string time_text(std::int64_t wall_ms) {
  const auto whole = static_cast<std::time_t>(wall_ms / 1'000);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 64> out{};
  const std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(out.data() + size, out.size() - size, ".%03dZ", static_cast<int>(wall_ms % 1'000));
  return out.data();
}

}  // namespace fanlight::control
