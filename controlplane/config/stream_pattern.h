// What a stream's name or pattern is about, wherever one is written: streams, policies, keys, tokens, events.
#pragma once

#include <string_view>

namespace fanlight::control {

// "live/*" covers "live/main" and "live/a/b", not "live/"; a name covers itself.
[[nodiscard]] constexpr bool covers(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.size() > pattern.size() && name.starts_with(pattern);
}

}  // namespace fanlight::control
