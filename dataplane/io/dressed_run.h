// A fresh run for a port without a faster way: each packet dressed and handed to transmit() by itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "crypto/packet_cipher.h"
#include "io/port.h"

namespace fanlight::io {

// A datagram of its own: the shared payload, behind a header if it wears one, or header and ciphertext in one buffer.
// Empty when the pool is dry.
inline PacketRef dress_fresh(PacketPool& headers, const Envelope& envelope, const FreshPacket& packet) noexcept {
  const std::size_t header_bytes = header_bytes_of(envelope.dress);
  if (header_bytes == 0) return packet.payload.share();
  PacketRef dressed = dress(headers, packet.payload, header_bytes);
  if (dressed) stamp_clear(dressed.bytes().data(), envelope, packet);
  return dressed;
}

inline PacketRef seal_fresh(PacketPool& copies, const Envelope& envelope, const FreshPacket& packet,
                            const Seal& seal) noexcept {
  PacketRef sealed = copies.take();
  if (!sealed) return sealed;
  const ByteSpan clear = packet.payload.bytes();
  CHECK(sealed.resize(kFreshHeaderBytes + clear.size()));
  std::byte* const at = sealed.bytes().data();
  stamp_fresh(at, envelope, packet, seal.key_flag);
  CHECK(crypto::apply_one(*seal.key, envelope.offset.seq_of(packet.pos), clear, at + kFreshHeaderBytes));
  return sealed;
}

// As Port::transmit_fresh(): at most `most` departures, fewer when a pool runs dry or the port takes no more.
template <class P>
std::size_t transmit_dressed(P& port, PacketPool& headers, PacketPool& copies, const FreshRun& run,
                             std::size_t most = SIZE_MAX) noexcept {
  std::size_t left = 0;
  for (std::size_t i = run.packets_done; i < run.packets.size() * run.viewers.size() && left < most; ++i, ++left) {
    const std::size_t viewer = i / run.packets.size();
    const FreshPacket& packet = run.packets[i % run.packets.size()];
    const Envelope& envelope = *run.viewers[viewer];
    Departure departure{run.is_sealed() ? seal_fresh(copies, envelope, packet, run.seals[viewer])
                                        : dress_fresh(headers, envelope, packet),
                        &envelope};
    if (!departure.packet || port.transmit({&departure, 1}) == 0) break;
  }
  return left;
}

}  // namespace fanlight::io
