#pragma once

namespace fanlight::cli {

#ifdef FANLIGHT_VERSION
inline constexpr const char* kVersion = FANLIGHT_VERSION;
#else
inline constexpr const char* kVersion = "0.0.0";  // Built without meson, which knows it.
#endif

}  // namespace fanlight::cli
