// What a stream's name or pattern is, and what it is about, wherever one is written: stream IDs, streams, policies,
// keys, tokens, events. One spelling for all: a rule for a name that nobody can ask for would never hold, and nobody
// would see.
#pragma once

#include <string_view>

namespace fanlight::control {

[[nodiscard]] constexpr bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}
// Segments of [A-Za-z0-9._-] between single slashes, at most kStreamNameBytesMax bytes, no ".." and no segment ".".
[[nodiscard]] bool is_stream_name(std::string_view text);
// A stream name's beginning with one '*' at the end: "live/*", "*".
[[nodiscard]] bool is_stream_pattern(std::string_view text);

// What is accepted, for messages.
inline constexpr char kStreamNameText[] =
    "the name of one stream: letters, digits and '._-' between single slashes, 128 bytes";
inline constexpr char kRuleNameText[] =
    "a stream's name (letters, digits and '._-' between single slashes, 128 bytes), or a beginning of names with '*' "
    "at "
    "its end";

// "live/*" covers "live/main" and "live/a/b", not "live/"; a name covers itself.
[[nodiscard]] constexpr bool covers(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.size() > pattern.size() && name.starts_with(pattern);
}

}  // namespace fanlight::control
