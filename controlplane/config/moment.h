// Moments as people write them: RFC 3339, "2026-12-24T18:00:00Z" or with an offset, "2026-12-24 19:00:00+01:00".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanlight::control {

// Seconds since 1970-01-01T00:00:00Z; parts of a second are left out. Empty when the text is none, or has no offset:
// nobody should have to guess which clock was meant.
[[nodiscard]] std::optional<std::int64_t> parse_moment(std::string_view text);
// In UTC.
[[nodiscard]] std::string moment_text(std::int64_t seconds);

}  // namespace fanlight::control
