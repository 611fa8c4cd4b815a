// A viewer's envelope: all that stands in front of a payload, kept ready. The port writes the lower layers once per
// session (Port::address), the stream keeps the SRT part; stamping a packet reads nothing else of the viewer.
//
// A session puts it at the beginning of a cache line: IPv4 fits that line together with the SRT part; IPv6 and
// kernel-socket addresses take the next as well.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"

namespace fanlight {

struct Envelope {
  // --- Written by: stream. What the SRT header of this viewer is made from.
  SeqOffset offset;      // seq = pos + offset
  SocketId peer;         // destination socket ID
  StreamTime time_zero;  // ts = max(0, stream time − time_zero)

  // --- Written by: port. Opaque to everybody else.
  std::uint16_t door = 0;
  std::uint16_t neighbour = 0;  // Ethernet: index of the next hop whose MAC goes in front.
  std::uint8_t head_bytes = 0;  // Used bytes of `head`.
  std::array<std::byte, 75> head{};
};
static_assert(sizeof(Envelope) == 96);

}  // namespace fanlight
