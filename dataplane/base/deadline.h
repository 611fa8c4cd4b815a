// A wake-up that can explain itself.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight {

enum class TimerKind : std::uint8_t { kNone, kAck, kNak, kTooLate, kKeepAlive, kIdle, kStart, kHandshake, kReport };

struct Deadline {
  Instant at = Instant::never();
  TimerKind why = TimerKind::kNone;
};

constexpr Deadline sooner(Deadline a, Deadline b) { return b.at < a.at ? b : a; }

}  // namespace fanlight
