// Why a viewer that costs others too much is cut, if its stream cuts at all. Generous: what a bad minute does to an
// honest viewer is repaired or skipped.
#pragma once

#include <optional>

#include "contract/commands.h"
#include "stream/viewer.h"

namespace fanlight {

inline constexpr Micros kStallMax = seconds(10);

[[nodiscard]] inline std::optional<CloseReason> judge_slow(Instant now, const Viewer& viewer) noexcept {
  if (viewer.sender.stalled_for(now) >= kStallMax) return CloseReason::kStalled;
  if (viewer.skips.is_worn_out()) return CloseReason::kTooSlow;
  if (viewer.excess.is_worn_out()) return CloseReason::kOverBudget;
  return std::nullopt;
}

}  // namespace fanlight
