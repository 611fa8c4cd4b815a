// ACK content: light (4 bytes), small (16) or full (28). draft §3.2.4, srt-wire §1.6
//
//  +0  first sequence number not received       all
//  +4  smoothed RTT, µs                         small, full
//  +8  RTT variance, µs                         small, full
//  +12 free receive buffer, packets             small, full
//  +16 receive speed, packets/s                 full
//  +20 estimated link capacity, packets/s       full
//  +24 receive rate, bytes/s                    full
#pragma once

#include <cstdint>
#include <optional>

#include "wire/srt_header.h"

namespace fanlight::wire {

using PacketsPerSecond = Strong<struct PacketsPerSecondTag, std::uint32_t>;
using BytesPerSecond = Strong<struct BytesPerSecondTag, std::uint32_t>;

struct AckRtt {
  Micros rtt{};
  Micros variance{};
  std::uint32_t window_packets = 0;
  friend bool operator==(const AckRtt&, const AckRtt&) = default;
};
struct AckRates {
  PacketsPerSecond receive_speed{};
  PacketsPerSecond capacity{};
  BytesPerSecond receive_rate{};
  friend bool operator==(const AckRates&, const AckRates&) = default;
};

struct Ack {
  SeqNo first_missing{};
  std::optional<AckRtt> rtt{};      // Absent in a light ACK.
  std::optional<AckRates> rates{};  // Absent in light and small ACKs.
  friend bool operator==(const Ack&, const Ack&) = default;
};

// What a sender acts on.
struct AckNews {
  SeqNo first_missing{};
  bool is_light = false;  // Then there is nothing else.
  std::uint32_t window_packets = 0;
  Micros rtt{};
  Micros variance{};
};

// `content` is what follows the header. Takes 4, 16, 24, 28 and 32 bytes and anything longer; a set bit 31 is
// malformed.
[[nodiscard]] std::optional<Ack> parse_ack(ByteSpan content) noexcept;
// The same of what a sender acts on: inline, for it happens a million times a second.
[[nodiscard]] inline std::optional<AckNews> parse_ack_news(ByteSpan content) noexcept {
  constexpr std::size_t kLight = 4, kSmall = 16, kUdt = 24, kFull = 28;  // UDT's has no receive rate: read as small.
  const std::size_t size = content.size();
  if (size != kLight && size != kSmall && size != kUdt && size < kFull) return std::nullopt;
  const std::byte* const at = content.data();
  const SeqNo first_missing{load_be32(at)};
  if ((first_missing.raw & ~kSeqMask) != 0) return std::nullopt;
  if (size == kLight) return AckNews{.first_missing = first_missing, .is_light = true};
  return AckNews{.first_missing = first_missing,
                 .window_packets = load_be32(at + 12),
                 .rtt = {load_be32(at + 4)},
                 .variance = {load_be32(at + 8)}};
}
// The whole packet: header (type and length follow from `ack`) and content. `number` is 0 for a light ACK.
// Answers its size in bytes, 0 when `out` is too small.
[[nodiscard]] std::size_t write_ack(MutableByteSpan out, const Ack& ack, std::uint32_t number, WireTime time,
                                    SocketId destination) noexcept;

}  // namespace fanlight::wire
