// What callers without a stream ID ask for: old encoders cannot say. srt-wire §7, trap 10
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace fanlight::control {

// The listen address's, else the relay's; empty: they ask for nothing.
[[nodiscard]] std::string_view default_stream_id(const Config& config, const Path& path);

// A sentence about the first one that is no stream ID.
[[nodiscard]] std::optional<std::string> find_bad_default_stream_id(const Config& config);

}  // namespace fanlight::control
