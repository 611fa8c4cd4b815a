// Where and how fast a viewer starts (design D11).
#pragma once

#include <optional>

#include "stream/stream.h"

namespace fanlight {

// The run from the last access point to live, or nothing when the viewer is to start with the next packet: the stream
// says so, there is no access point in the history, or it lies too far back to be live in time.
[[nodiscard]] std::optional<JoinRun> plan_join(Instant now, const Stream& stream, const Viewer& viewer) noexcept;

}  // namespace fanlight
