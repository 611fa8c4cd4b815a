// What a URL begins with. Its letters' case says nothing: RFC 3986 §3.1
#pragma once

#include <string_view>

#include "config/letters.h"

namespace fanlight::control {

inline constexpr std::string_view kSrtScheme = "srt://";
inline constexpr std::string_view kRtpScheme = "rtp://";
inline constexpr std::string_view kUdpScheme = "udp://";

[[nodiscard]] inline bool has_scheme(std::string_view url, std::string_view scheme) { return begins_with(url, scheme); }

}  // namespace fanlight::control
