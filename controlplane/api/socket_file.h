// The socket file of the control API: ours alone (mode 0600), and taken from nobody who still answers on it.
#pragma once

#include <string>

#include "base/result.h"

namespace fanlight::control {

// A listening, non-blocking Unix socket at `path`; the caller closes it. A file left behind by a relay that died is
// replaced; one that somebody answers on is kInUse.
[[nodiscard]] Result<int> listen_at(const std::string& path);

// Called by root for a relay that will open the socket as that user: what an earlier relay left is cleared away, and
// the directory becomes that user's if it was not there, or is /run/fanlight. Any other stays its owner's, who must let
// the user write there.
[[nodiscard]] Result<Done> prepare_place(const std::string& path, unsigned uid, unsigned gid);

}  // namespace fanlight::control
