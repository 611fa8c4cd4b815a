// Fresh packets on their way to the live set: what is the same for every viewer, and how a viewer's envelope makes a
// header of it. The port stamps (design D7): no buffer, queue place or reference is taken per viewer above it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "packet/envelope.h"
#include "packet/packet.h"
#include "packet/rtp_marks.h"

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
  std::uint32_t ticks = 0;  // RTP's timestamp, less what the destination adds.
  // What stands in the headers of all alike: SRT's second word, the message's, or RTP's marker bit in its first.
  std::uint32_t word = 0;

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
  store_be64(out, seq << 32 | packet.word | key_flag);
  store_be64(out + 8, static_cast<std::uint64_t>(since_join) << 32 | envelope.peer.raw());
}

// Where an RTP stream's timestamps begin follows, as its numbers do, from the offset alone: destinations with the same
// one send the same header but for the SSRC. RFC 3550 §5.1 wants both to look random; the factor is 2^32 / golden
// ratio.
constexpr std::uint32_t tick_offset_of(SeqOffset offset) { return offset.value * 0x9E37'79B9u; }

constexpr std::uint32_t rtp_word(bool has_marker) { return has_marker ? 0x0080'0000u : 0u; }

// The first eight bytes of an RTP header; the SSRC follows.
inline std::uint64_t rtp_head(const Envelope& envelope, const FreshPacket& packet) noexcept {
  constexpr std::uint32_t kVersion2 = 0x8000'0000;
  const std::uint64_t first = kVersion2 | packet.word | std::uint32_t{envelope.payload_type} << 16 |
                              (envelope.offset.seq_of(packet.pos).raw & 0xFFFF);
  return first << 32 | (packet.ticks + tick_offset_of(envelope.offset));
}

// An RTP header: 12 bytes at `out`.
inline void stamp_rtp(std::byte* out, const Envelope& envelope, const FreshPacket& packet) noexcept {
  store_be64(out, rtp_head(envelope, packet));
  store_be32(out + 8, envelope.peer.raw());
}

// The header of a clear packet, whatever the viewer wears: header_bytes_of() at `out`.
inline void stamp_clear(std::byte* out, const Envelope& envelope, const FreshPacket& packet) noexcept {
  if (envelope.dress == Dress::kSrt) return stamp_fresh(out, envelope, packet);
  if (envelope.dress == Dress::kRtp) stamp_rtp(out, envelope, packet);
}

// As stamp_clear(), with zeros behind a shorter header: kFreshHeaderBytes at `out`, in two stores of eight whatever is
// worn. A sum that reads them so at once has them forwarded; were one made of two stores, it would wait until another
// CPU has given the line up, packet by packet.
inline void stamp_padded(std::byte* out, const Envelope& envelope, const FreshPacket& packet) noexcept {
  if (envelope.dress == Dress::kSrt) return stamp_fresh(out, envelope, packet);
  const bool is_rtp = envelope.dress == Dress::kRtp;
  store_be64(out, is_rtp ? rtp_head(envelope, packet) : 0);
  store_be64(out + 8, is_rtp ? std::uint64_t{envelope.peer.raw()} << 32 : 0);
}

}  // namespace fanlight
