// Where the control API listens when nobody says otherwise. The daemon and the CLI must agree on it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>

namespace fanlight::control {

inline constexpr std::size_t kSocketPathBytesMax = 107;  // sun_path, less its final zero.
inline constexpr const char* kSystemApiPath = "/run/fanlight/api.sock";

// A user's own relay lives in their runtime directory; system services have none.
[[nodiscard]] inline std::string default_api_path() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime && *runtime ? std::string{runtime} + "/fanlight.sock" : kSystemApiPath;
}

}  // namespace fanlight::control
