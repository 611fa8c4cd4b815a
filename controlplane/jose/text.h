// Words of strangers in a line of a log.
#pragma once

#include <string>
#include <string_view>

namespace fanlight::jose {

inline constexpr std::size_t kShownBytesMax = 64;

// In quotes, cut when it is long, in ASCII.
[[nodiscard]] std::string shown(std::string_view text);
// Whether somebody can read it: no control characters, C1's included. Says nothing about UTF-8.
[[nodiscard]] bool is_plain(std::string_view text);

}  // namespace fanlight::jose
