// The socket file of the control API: ours alone (mode 0600), and taken from nobody who still answers on it.
#pragma once

#include <string>

#include "base/result.h"

namespace fanlight::control {

// A listening, non-blocking Unix socket at `path`; the caller closes it. A file left behind by a relay that died is
// replaced; one that somebody answers on is kInUse.
[[nodiscard]] Result<int> listen_at(const std::string& path);

}  // namespace fanlight::control
