// One moment by both clocks of a source: the one on its wall and the one of its packets, as its last report has them.
// Both run on from there, so the line through that moment is all that a receiver needs to play this source in step with
// others of the same wall. RFC 3550 §6.4.1
#pragma once

#include <cstdint>

#include "base/time.h"
#include "engine/rtp/canonical_name.h"
#include "wire/rtcp.h"

namespace fanlight::rtp {

struct SourceClock {
  wire::NtpTime time{};     // 0: the source has not said, or has no such clock.
  std::uint32_t ticks = 0;  // As its packets' are placed.
  Instant at{};             // When it was heard.
  CanonicalName name{};     // Of what said it; none: it has none.

  [[nodiscard]] bool is_known() const noexcept { return time != wire::NtpTime{}; }
  friend bool operator==(const SourceClock&, const SourceClock&) = default;
};

}  // namespace fanlight::rtp
