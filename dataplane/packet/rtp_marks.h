// What RTP says of a payload beside its number: its moment on the payload's own clock, and the marker bit. RFC 3550
// §5.1
//
// A source's timestamps go out as they came in, moved by a constant, so that a clock of 44,100 ticks a second stays
// exact. A transport stream's follow from stream time, whoever publishes it.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight {

// RFC 2250's timestamps count 90,000 a second.
constexpr std::uint32_t rtp_ticks(Micros span) { return ticks_of(span, 90'000); }

struct RtpMarks {
  std::uint32_t ticks = 0;  // Wraps.
  bool marker = false;      // The last packet of a frame, or what else the payload's format has it say.
  friend constexpr bool operator==(const RtpMarks&, const RtpMarks&) = default;

  // A transport stream's.
  [[nodiscard]] static constexpr RtpMarks of(StreamTime time) { return {.ticks = rtp_ticks(Micros{time.us})}; }
};

}  // namespace fanlight
