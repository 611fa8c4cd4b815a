// Wall time as the world writes it.
#pragma once

#include <cstdint>
#include <string>

namespace fanlight::control {

// "2026-11-26T04:05:16.123Z" for milliseconds since 1970-01-01T00:00:00Z.
[[nodiscard]] std::string time_text(std::int64_t wall_ms);

}  // namespace fanlight::control
