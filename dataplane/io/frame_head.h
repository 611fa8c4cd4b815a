// Ethernet, IP and UDP in front of a datagram, from its envelope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "net/ethernet.h"
#include "net/udp_head.h"
#include "packet/envelope.h"

namespace fanlight::io {

struct FrameEnds {
  const net::MacAddress& to;
  const net::MacAddress& from;
};

[[nodiscard]] inline std::size_t frame_head_bytes(const Envelope& envelope) noexcept {
  return net::kEthernetBytes + envelope.head_bytes;
}

// frame_head_bytes() at `at`. The envelope has a head of ours, and the frame is no longer than its family allows: the
// caller has looked.
inline void write_frame_head(std::byte* at, FrameEnds ends, const Envelope& envelope, std::uint16_t datagram_bytes,
                             net::PayloadSum sum, net::ChecksumMode mode) noexcept {
  const std::size_t head_bytes = envelope.head_bytes;
  const bool is_v4 = head_bytes == net::kUdpHeadBytesV4;
  std::memcpy(at, ends.to.data(), net::kMacBytes);
  std::memcpy(at + net::kMacBytes, ends.from.data(), net::kMacBytes);
  store_be16(at + 2 * net::kMacBytes, is_v4 ? net::kEtherTypeIpv4 : net::kEtherTypeIpv6);
  const std::size_t written = net::write_udp_head({at + net::kEthernetBytes, head_bytes},
                                                  ByteSpan{envelope.head}.first(head_bytes), datagram_bytes, sum, mode);
  DCHECK(written == head_bytes);
}

}  // namespace fanlight::io
