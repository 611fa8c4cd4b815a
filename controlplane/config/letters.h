// Letters whatever the locale.
#pragma once

namespace fanlight::control {

[[nodiscard]] inline bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace fanlight::control
