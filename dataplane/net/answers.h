// What we say because somebody asked: who has our address, are we there. And what we say unasked: here we are.
// Stateless. Nothing is answered to a group or to nobody, except that an address is taken.
#pragma once

#include "net/frame.h"

namespace fanlight::net {

// The answer to `frame`, which judge_frame() has seen: ARP reply, neighbour advertisement or echo reply.
// Answers the size of the frame written, 0 when there is nothing to say or it does not fit. `out` must not overlap
// `frame`.
[[nodiscard]] std::size_t write_answer(const Interface& interface, ByteSpan frame, const FrameView& view,
                                       MutableByteSpan out) noexcept;

// For start and link up: tells switches and neighbours where `own` lives now. A gratuitous ARP request
// (RFC 5227 §2.3) or an unsolicited neighbour advertisement (RFC 4861 §7.2.6). 0 when `own` is not ours.
[[nodiscard]] std::size_t write_announcement(const Interface& interface, const IpAddress& own,
                                             MutableByteSpan out) noexcept;

}  // namespace fanlight::net
