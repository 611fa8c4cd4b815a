// Where the control API listens when nobody says otherwise. The daemon and the CLI must agree on it.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

namespace fanlight::control {

inline constexpr std::size_t kSocketPathBytesMax = 107;  // sun_path, less its final zero.
inline constexpr const char* kSystemApiPath = "/run/fanlight/api.sock";

// A service has the directory its manager made; root's relay is the system's; a user's own lives in their runtime
// directory, or where they have none, under /tmp.
[[nodiscard]] inline std::string default_api_path() {
  if (const char* service = std::getenv("RUNTIME_DIRECTORY"); service && *service)
    return std::string{service} + "/api.sock";
  if (geteuid() == 0) return kSystemApiPath;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime && *runtime) return std::string{runtime} + "/fanlight.sock";
  return "/tmp/fanlight-" + std::to_string(geteuid()) + "/api.sock";
}

}  // namespace fanlight::control
