// What a received frame is to us. Judged by its bytes and our interface alone; nothing is remembered here.
//
// Every frame leaves with one verdict. kAccepted is a UDP datagram for one of our ports, to us or to
// a group that we joined; kUnreachable says that one of ours came to nobody (net/unreachable.h); kArp, kNdp, kIcmpEcho,
// kIgmp and kMld may be answered (net/answers.h) and taught from (net/neighbours.h); everything else is counted and
// dropped. kMalformed: bytes are missing or lengths disagree. kBadIpHeader: the header is whole, and says what it must
// not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/verdict.h"
#include "net/ethernet.h"
#include "net/interface.h"

namespace fanlight::net {

enum class FrameKind : std::uint8_t { kOther, kUdp, kArp, kNdp, kEcho, kGroups, kUnreachable };

struct FrameView {
  Verdict verdict = Verdict::kMalformed;
  FrameKind kind = FrameKind::kOther;  // Anything but kOther promises a payload that lies in the frame.
  MacAddress source_mac{};
  Endpoint remote;  // Ports of UDP only; the addresses of an ARP packet are its sender and target.
  Endpoint local;   // kUnreachable: both, and the payload, are those of the datagram of ours that it quotes.
  std::size_t payload_offset = 0;  // UDP: behind its header. Otherwise: the ARP packet, the ICMP message.
  std::size_t payload_size = 0;

  [[nodiscard]] ByteSpan payload_of(ByteSpan frame) const { return frame.subspan(payload_offset, payload_size); }
};

[[nodiscard]] FrameView judge_frame(const Interface& interface, ByteSpan frame) noexcept;
// The same without the short way for plain datagrams (net/plain_datagram.h).
[[nodiscard]] FrameView judge_frame_at_length(const Interface& interface, ByteSpan frame) noexcept;

}  // namespace fanlight::net
