// What callers without a stream ID ask for: old encoders cannot say. srt-wire §7, trap 10
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace fanlight::control {

// The listen address's, else the relay's; empty: they ask for nothing.
[[nodiscard]] std::string_view default_stream_id(const Config& config, const Path& path);

// The door of `listen`, one of the relay's addresses or one that a wildcard of them takes; without one, the first, if
// those who come `without_id` ask for the same everywhere.
[[nodiscard]] Result<std::uint16_t> way_in(const Config& config, const std::optional<Endpoint>& listen,
                                           bool without_id);

// A sentence about the first one that is no stream ID.
[[nodiscard]] std::optional<std::string> find_bad_default_stream_id(const Config& config);

}  // namespace fanlight::control
