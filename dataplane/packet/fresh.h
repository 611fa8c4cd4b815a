// Fresh packets on their way to the live set: what is the same for every viewer, and how a viewer's envelope makes a
// header of it. The port stamps (design D7): no buffer, queue place or reference is taken per viewer above it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "packet/envelope.h"
#include "packet/packet.h"

namespace fanlight {

namespace crypto {
class KeySchedule;
}

inline constexpr std::size_t kFreshHeaderBytes = 16;  // An SRT data header (draft §3.1); no dress is larger.

constexpr std::size_t header_bytes_of(Dress dress) {
  constexpr std::size_t kRtpBytes = 12;  // RFC 3550 §5.1
  return dress == Dress::kSrt ? kFreshHeaderBytes : dress == Dress::kRtp ? kRtpBytes : 0;
}

struct FreshPacket {
  PacketRef payload;  // Clear and not empty; a reference of the pass's own.
  PacketPos pos;
  StreamTime time;
  std::uint32_t message_word = 0;  // The header's second word, the same for every clear viewer.

  // --- Written by: port. Opaque to everybody else: what it worked out of the payload, once per pass. 0: nothing yet.
  std::uint64_t port_note = 0;
};

// What makes a viewer's packets its own. The port encrypts while it stamps.
struct Seal {
  const crypto::KeySchedule* key = nullptr;
  std::uint32_t key_flag = 0;  // To be set in the message word.
};

// A slice of a pass: each viewer gets each packet, viewer by viewer.
struct FreshRun {
  std::span<FreshPacket> packets;
  std::span<const Envelope* const> viewers;
  std::size_t packets_done = 0;   // Of the first viewer: what left before the port was full.
  std::span<const Seal> seals{};  // Of the viewer at the same index; none when all are clear.

  [[nodiscard]] std::size_t departures() const noexcept { return packets.size() * viewers.size() - packets_done; }
  [[nodiscard]] bool is_sealed() const noexcept { return !seals.empty(); }
  // All viewers of a run wear the same.
  [[nodiscard]] Dress dress() const noexcept { return viewers.front()->dress; }
};

// Writes the SRT header of `packet` for the viewer of `envelope`: 16 bytes at `out`.
inline void stamp_fresh(std::byte* out, const Envelope& envelope, const FreshPacket& packet,
                        std::uint32_t key_flag = 0) noexcept {
  const std::int64_t since_join = std::max<std::int64_t>(0, (packet.time - envelope.time_zero).count);
  const std::uint64_t seq = envelope.offset.seq_of(packet.pos).raw;
  // Two stores of eight bytes: a checksum that reads them so need not wait for four of four.
  store_be64(out, seq << 32 | packet.message_word | key_flag);
  store_be64(out + 8, static_cast<std::uint64_t>(since_join) << 32 | envelope.peer.raw());
}

// RFC 2250's timestamps count 90,000 a second.
constexpr std::uint32_t rtp_ticks(Micros span) { return static_cast<std::uint32_t>(span.count * 9 / 100); }

// An RTP header: 12 bytes at `out`.
inline void stamp_rtp(std::byte* out, const Envelope& envelope, const FreshPacket& packet) noexcept {
  constexpr std::uint32_t kVersion2 = 0x8000'0000;
  const std::uint64_t first =
      kVersion2 | std::uint32_t{envelope.payload_type} << 16 | (envelope.offset.seq_of(packet.pos).raw & 0xFFFF);
  store_be64(out, first << 32 | rtp_ticks(packet.time - envelope.time_zero));
  store_be32(out + 8, envelope.peer.raw());
}

// The header of a clear packet, whatever the viewer wears: header_bytes_of() at `out`.
inline void stamp_clear(std::byte* out, const Envelope& envelope, const FreshPacket& packet) noexcept {
  if (envelope.dress == Dress::kSrt) return stamp_fresh(out, envelope, packet);
  if (envelope.dress == Dress::kRtp) stamp_rtp(out, envelope, packet);
}

}  // namespace fanlight
