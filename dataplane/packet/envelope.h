// A viewer's envelope: all that stands in front of a payload, kept ready. The port writes the lower layers once per
// session (Port::address), the stream keeps what a header is made from; stamping a packet reads nothing else of the
// viewer.
//
// A session puts it at the beginning of a cache line: IPv4 fits that line together with the stream's part; IPv6 and
// kernel-socket addresses take the next as well.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"

namespace fanlight {

// What stands between UDP and the payload.
enum class Dress : std::uint8_t {
  kSrt,    // An SRT data header.
  kRtp,    // An RTP header.
  kPlain,  // Nothing.
};

struct Envelope {
  // --- Written by: stream. What the header of this viewer is made from.
  SeqOffset offset;      // seq = pos + offset; RTP: its low 16 bits, and the timestamps' offset follows from it
  SocketId peer;         // destination socket ID; RTP: our SSRC
  StreamTime time_zero;  // SRT: ts = max(0, stream time − time_zero)
  Dress dress = Dress::kSrt;
  std::uint8_t payload_type = 0;  // RTP's.
  std::uint8_t ttl = 0;           // 0: the host's own; set before the port addresses it.

  // --- Written by: port. Opaque to everybody else.
  std::uint8_t head_bytes = 0;  // Used bytes of `head`.
  std::uint16_t door = 0;
  std::uint16_t neighbour = 0;  // Ethernet: index of the next hop whose MAC goes in front.
  std::array<std::byte, 72> head{};
};
static_assert(sizeof(Envelope) == 96);

// In front of whom it leads to, so that an envelope's address is enough to find the one behind it.
struct Enveloped {
  Envelope envelope;
};
static_assert(std::is_standard_layout_v<Enveloped>);

}  // namespace fanlight
