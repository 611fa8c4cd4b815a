// What every protocol engine keeps to, as concepts: no base class, no virtual call, yet a new protocol fails to compile
// with the name of the missing sentence.
//
// Contract
//   · Time comes in as `now` and does not run backwards.
//   · handle_* takes input and emits nothing. poll_* emits and takes nothing.
//   · Feed a whole burst, then poll until each poll_* answers empty; after that next_deadline() is true.
//   · A spurious handle_timeout() is a no-op. A missed one is late, never wrong.
//   · No allocation after construction, no exceptions, no logging, no locks. One thread.
//   · Sizes are bounded; running into a bound is counted, not a surprise.
#pragma once

#include <concepts>
#include <optional>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/verdict.h"

namespace fanlight {

// What an engine writes into the header of a control packet: the session's clock and the peer's socket ID.
struct ControlStamp {
  WireTime time;
  SocketId peer;
};

// What a stream tells a sending engine about itself, as of now.
struct StreamEdge {
  PacketPos next;           // The first position not yet sent to this viewer.
  Instant last_fresh = {};  // When data last left for this viewer.
};

// A caller connects or is rejected; what is up shuts down or falls idle; either may never be answered.
enum class PeerEvent : std::uint8_t { kShutdown, kIdle, kConnectTimeout, kConnected, kRejected };

template <class E>
concept Engine = requires(E engine, const E constant, Instant now, MutableByteSpan scratch, ControlStamp stamp) {
  { engine.poll_control(now, stamp, scratch) }
  noexcept->std::same_as<std::size_t>;
  { engine.poll_event() }
  noexcept->std::same_as<std::optional<PeerEvent>>;
  { constant.next_deadline() }
  noexcept->std::same_as<Deadline>;
};

}  // namespace fanlight
