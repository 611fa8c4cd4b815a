// Viewers of another make: real libsrt sockets, some hundred of them, on one UDP port and one epoll. They show what a
// client's library delivers, after its own repair and play delay; the same stamps are checked.
#pragma once

#include <atomic>

#include "fanlight_load/report.h"
#include "fanlight_load/settings.h"

namespace fanlight::load {

// libsrt keeps a thread per receiving socket.
inline constexpr std::size_t kLibsrtViewersMax = 1000;

[[nodiscard]] Result<Report> view_with_libsrt(const Settings& settings, const std::atomic<bool>& is_stopped,
                                              Progress& progress);

}  // namespace fanlight::load
