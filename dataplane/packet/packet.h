// PacketRef: one handle, two bodies. Production holds rte_mbufs; tests, fuzzers and the simulator hold heap buffers of
// the same shape. One alias per build, no templates through the house (design D1).
//
// Both bodies offer, with the same meaning:
//   class PacketRef            move-only; owns one reference to a chain of segments
//     explicit operator bool   does it hold anything?
//     bytes()                  the first segment's data
//     total_bytes()            all segments together
//     for_each_segment(f)      f(ByteSpan) for each segment, first to last
//     share()                  another reference to the same single-segment packet (count moves by one). The references
//                              of one packet may go to several threads; each PacketRef is one thread's at a time
//     trim_front(n)            drop n bytes from the front; n <= bytes().size()
//     resize(n)                make the first segment n bytes long; false when it has no room
//     prepend(n)               n bytes more at the front, uninitialised; empty span when no headroom is left
//     chain(PacketRef tail)    hang a single-segment packet behind this single-segment one
//     reset()                  give the reference back
//   class PacketPool           a fixed number of buffers of one size; take() answers an empty PacketRef when dry. One
//                              thread takes; a buffer may come back from any
//     take()                   an empty packet (0 bytes, full headroom)
//     adopt(PacketRef lent)    a buffer of this pool that looks into the lent packet's bytes and keeps that reference:
//                              from now on only this buffer's own count moves. Empty when dry; the lent one is then
//                              gone
//     available()              buffers not in use right now
#pragma once

#ifdef FANLIGHT_PACKET_MBUF
#include "packet/mbuf/packet_ref.h"
#else
#include "packet/heap/packet_ref.h"
#endif

namespace fanlight {

// A viewer's view of a packet: a header buffer of its own in front, the shared payload behind it. No payload byte is
// copied. Empty when the header pool is dry; the caller counts that.
inline PacketRef dress(PacketPool& headers, const PacketRef& payload, std::size_t header_bytes) noexcept {
  PacketRef header = headers.take();
  if (!header) return header;
  if (!header.resize(header_bytes)) return PacketRef{};
  header.chain(payload.share());
  return header;
}

}  // namespace fanlight
