// JSON in which two readers find the same: no object has a member twice, and none is deeper than somebody would mean
// it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace fanlight::jose {

inline constexpr std::size_t kJsonDepthMax = 8;

// Empty for what is not JSON (RFC 8259, UTF-8 included), for a number that no double holds, and for the above.
[[nodiscard]] std::optional<nlohmann::json> parse_json(std::string_view text);

}  // namespace fanlight::jose
